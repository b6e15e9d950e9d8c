import Logins

/// A case of the domain that is stored by name. Names are frozen: a case may be renamed in the
/// code, its stored name never, because rows that were written years ago must still be read.
protocol StoredName: CaseIterable {
    var storedName: String { get }
}

extension StoredName {
    /// Nil for a name that is never written.
    init?(storedName: String) {
        guard let value = Self.allCases.first(where: { $0.storedName == storedName }) else {
            return nil
        }
        self = value
    }
}

extension PendingLogin.PhaseName: StoredName {
    var storedName: String {
        switch self {
        case .preparing: "preparing"
        case .waiting: "waiting"
        case .reporting: "reporting"
        case .settled: "settled"
        case .stranded: "stranded"
        }
    }
}

extension PendingLogin.ExpiryRule: StoredName {
    var storedName: String {
        switch self {
        case .never: "never"
        case .lodgedConsents: "lodged_consents"
        case .always: "always"
        }
    }
}

extension Decision.Choice: StoredName {
    var storedName: String {
        switch self {
        case .approve: "approve"
        case .deny: "deny"
        case .cancel: "cancel"
        case .reportAsFraud: "fraud"
        }
    }
}

extension Evidence.Method: StoredName {
    var storedName: String {
        switch self {
        case .tap: "tap"
        case .delegation: "delegation"
        case .signIn: "sign_in"
        case .deviceKey: "device_key"
        case .deviceKeyAndPIN: "device_key_and_pin"
        case .passkey: "passkey"
        }
    }
}

extension Evidence.Via: StoredName {
    var storedName: String {
        switch self {
        case .page: "page"
        case .device: "device"
        case .backend: "backend"
        case .inbox: "inbox"
        }
    }
}

extension Failure: StoredName {
    var storedName: String {
        switch self {
        case .userUnknown: "user_unknown"
        case .userDisabled: "user_disabled"
        case .noChannel: "no_channel"
        case .everyChannelRefused: "every_channel_refused"
        case .tooManyLoginsOfUser: "too_many_logins_of_user"
        case .tooManyLoginsOfClient: "too_many_logins_of_client"
        case .tooManyStartsOfUser: "too_many_starts_of_user"
        case .tooManyStartsOfClient: "too_many_starts_of_client"
        case .consentUnusable: "consent_unusable"
        case .contextMissing: "context_missing"
        case .numberMissing: "number_missing"
        case .messageUnacceptable: "message_unacceptable"
        case .wrongCodes: "wrong_codes"
        case .consentGone: "consent_gone"
        case .noAccounts: "no_accounts"
        case .accountNotTheirs: "account_not_theirs"
        case .consentOfAnother: "consent_of_another"
        case .interrupted: "interrupted"
        case .clientBlocked: "client_blocked"
        case .reportedByUser: "reported_by_user"
        case .tooManyPrompts: "too_many_prompts"
        case .coolingDown: "cooling_down"
        case .tooManyUsersOfClient: "too_many_users_of_client"
        case .replaced: "replaced"
        case .consentBusy: "consent_busy"
        case .superseded: "superseded"
        case .malformedStart: "malformed_start"
        case .abandoned: "abandoned"
        }
    }
}

extension NumberMatching: StoredName {
    var storedName: String {
        switch self {
        case .off: "off"
        case .show: "show"
        case .choose: "choose"
        case .enter: "enter"
        }
    }
}

extension PendingLogin.Settlement: StoredName {
    var storedName: String {
        switch self {
        case .reported: "reported"
        case .deliveredUnconfirmed: "delivered_unconfirmed"
        case .leftToExpire: "left_to_expire"
        case .gone: "gone"
        case .abandoned: "abandoned"
        }
    }
}

/// Names of cases that carry values; they are read together with these.
enum StoredNames {
    /// Stands for the user of a redacted login, whose row has none.
    static let redactedUser = "redacted"

    static func name(_ outcome: Outcome) -> String {
        switch outcome {
        case .approved: "approved"
        case .denied: "denied"
        case .cancelled: "cancelled"
        case .expired: "expired"
        case .failed: "failed"
        case .voided: "voided"
        }
    }

    static func name(_ stranding: PendingLogin.Stranding) -> String {
        switch stranding {
        case .gone: "gone"
        case .outOfTime: "out_of_time"
        case .refused: "refused"
        }
    }

    static func name(_ state: PendingLogin.Delivery.State) -> String {
        switch state {
        case .due: "due"
        case .delivered: "delivered"
        case .refused: "refused"
        case .spared: "spared"
        }
    }
}
