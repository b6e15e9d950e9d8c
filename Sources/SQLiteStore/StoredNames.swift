import Logins

/// The words that stand in the database for cases of the domain. They are frozen: a case may be
/// renamed in the code, its word here never, because rows written years ago must still be read.
enum StoredNames {
    /// What stands for a user who has been erased. Read back only; the row itself has NULL.
    static let redactedUser = "redacted"

    static func name(_ phase: PendingLogin.PhaseName) -> String {
        switch phase {
        case .preparing: "preparing"
        case .waiting: "waiting"
        case .reporting: "reporting"
        case .settled: "settled"
        case .stranded: "stranded"
        }
    }

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

    static func name(_ choice: Decision.Choice) -> String {
        switch choice {
        case .approve: "approve"
        case .deny: "deny"
        case .cancel: "cancel"
        case .reportAsFraud: "fraud"
        }
    }

    static func name(_ method: Evidence.Method) -> String {
        switch method {
        case .tap: "tap"
        }
    }

    static func name(_ via: Evidence.Via) -> String {
        switch via {
        case .page: "page"
        case .device: "device"
        }
    }

    static func name(_ failure: Failure) -> String {
        switch failure {
        case .userUnknown: "user_unknown"
        case .userDisabled: "user_disabled"
        case .noChannel: "no_channel"
        case .everyChannelRefused: "every_channel_refused"
        case .tooManyLoginsOfUser: "too_many_logins_of_user"
        case .tooManyLoginsOfClient: "too_many_logins_of_client"
        case .tooManyStartsOfUser: "too_many_starts_of_user"
        case .tooManyStartsOfClient: "too_many_starts_of_client"
        case .consentUnusable: "consent_unusable"
        case .consentGone: "consent_gone"
        case .noAccounts: "no_accounts"
        case .accountNotTheirs: "account_not_theirs"
        case .consentBusy: "consent_busy"
        case .superseded: "superseded"
        case .abandoned: "abandoned"
        }
    }

    static func name(_ settlement: PendingLogin.Settlement) -> String {
        switch settlement {
        case .reported: "reported"
        case .deliveredUnconfirmed: "delivered_unconfirmed"
        case .leftToExpire: "left_to_expire"
        case .gone: "gone"
        case .abandoned: "abandoned"
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
        }
    }

    static func number(_ rule: PendingLogin.ExpiryRule) -> Int64 {
        switch rule {
        case .never: 0
        case .lodgedConsents: 1
        case .always: 2
        }
    }

    // MARK: Back. Nil for a word that nobody ever wrote.

    static func phase(_ name: String) -> PendingLogin.PhaseName? {
        PendingLogin.PhaseName.allCases.first { self.name($0) == name }
    }

    static func expiryRule(_ number: Int64) -> PendingLogin.ExpiryRule? {
        PendingLogin.ExpiryRule.allCases.first { self.number($0) == number }
    }

    static func choice(_ name: String) -> Decision.Choice? {
        Decision.Choice.allCases.first { self.name($0) == name }
    }

    static func method(_ name: String) -> Evidence.Method? {
        Evidence.Method.allCases.first { self.name($0) == name }
    }

    static func via(_ name: String) -> Evidence.Via? {
        Evidence.Via.allCases.first { self.name($0) == name }
    }

    static func failure(_ name: String) -> Failure? {
        Failure.allCases.first { self.name($0) == name }
    }

    static func settlement(_ name: String) -> PendingLogin.Settlement? {
        PendingLogin.Settlement.allCases.first { self.name($0) == name }
    }
}
