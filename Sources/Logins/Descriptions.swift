/// What operators read of these values, in logs, commands and messages.

extension Failure: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .userUnknown: "the directory does not know the user"
        case .userDisabled: "the user is disabled"
        case .noChannel: "no channel can reach the user"
        case .everyChannelRefused: "every channel refused the prompt"
        case .tooManyLoginsOfUser: "the user has too many pending logins"
        case .tooManyLoginsOfClient: "the client has too many pending logins"
        case .tooManyStartsOfUser: "too many logins per minute for the user"
        case .tooManyStartsOfClient: "too many logins per minute from the client"
        case .consentUnusable: "the consent cannot be shown completely, or there is none"
        case .contextMissing: "there is neither a consent nor a binding message"
        case .numberMissing: "the binding message has no number to match"
        case .messageUnacceptable: "the binding message is not acceptable"
        case .wrongCodes: "the user gave a wrong number too often"
        case .consentGone: "the server no longer has the consent"
        case .noAccounts: "the user has no account that fits the consent"
        case .accountNotTheirs: "the account in the consent is not the user's"
        case .consentOfAnother: "the consent is in the name of another person or company"
        case .interrupted: "the process died twice while it worked on the login"
        case .malformedStart: "the start has something that cannot be read"
        case .clientBlocked: "the user has reported the client, which is blocked for the user"
        case .reportedByUser: "the user has reported another login of the client"
        case .tooManyPrompts: "too many prompts since the user's last approval"
        case .coolingDown: "the user has declined too often and is left alone"
        case .tooManyUsersOfClient: "the client starts logins for too many users"
        case .replaced: "a newer login of the client replaced it"
        case .consentBusy: "another login for the same consent is pending"
        case .superseded: "a newer login for the same consent replaced it"
        case .abandoned: "an operator gave up on it"
        }
    }
}

extension PendingLogin.Stranding: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .gone: "unknown to the server"
        case .outOfTime: "out of time"
        case .refused(let words): "refused: \(words)"
        }
    }
}

extension PendingLogin.Settlement: CustomStringConvertible {
    /// A word or two.
    public var description: String {
        switch self {
        case .reported: "reported"
        case .deliveredUnconfirmed: "delivered, unconfirmed"
        case .leftToExpire: "left to expire"
        case .gone: "gone"
        case .abandoned: "abandoned"
        }
    }
}

extension Decision.Choice: CustomStringConvertible {
    /// A word or a few.
    public var description: String {
        switch self {
        case .approve: "approve"
        case .deny: "deny"
        case .cancel: "cancel"
        case .reportAsFraud: "report as fraud"
        }
    }
}

extension Evidence.Method: CustomStringConvertible {
    /// A word.
    public var description: String {
        switch self {
        case .tap: "tap"
        case .delegation: "delegation"
        case .signIn: "sign_in"
        case .deviceKey: "device_key"
        case .deviceKeyAndPIN: "device_key_pin"
        case .passkey: "passkey"
        }
    }
}

extension Evidence.Via: CustomStringConvertible {
    /// A word.
    public var description: String {
        switch self {
        case .page: "page"
        case .device: "device"
        case .backend: "backend"
        case .inbox: "inbox"
        }
    }
}

extension StoreError: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .locked: "the store is in use by another process"
        case .full: "the disk or a quota is full"
        case .damaged(let what): "the store is damaged: \(what)"
        case .unavailable(let what): "the store is unavailable: \(what)"
        case .closed: "the store is closed"
        }
    }
}

extension DirectoryError: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .unavailable(let reason): reason
        }
    }
}

extension PendingLogin.Refusal: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .notReady: "the prompt is not ready yet"
        case .alreadyEnded: "the login has ended"
        case .pastDeadline: "the time for it is over"
        case .unfit(let problem): "\(problem)"
        case .consentBusy: "another login for the same consent is pending"
        case .userBlocked: "the user is blocked after failed attempts"
        case .key(.removed): "the key is registered no more"
        case .key(.proofUsed): "the proof was used before"
        case .outOfPhase: "the login is in another phase"
        }
    }
}

extension Selection.Problem: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .accountMissing: "an account must be selected"
        case .oneAccountOnly: "exactly one account must be selected"
        case .accountUnknown: "an account was not offered, or is selected twice"
        case .accountFixed: "the consent names another account"
        case .noAccountsTaken: "this consent takes no accounts"
        case .scopeUnknown: "a scope was not requested, or is selected twice"
        case .scopeRequired: "a scope that is not optional is missing"
        case .scopeMissing: "no scope is selected"
        case .differentCustomers: "the accounts belong to different customers"
        case .shownMissing: "the approval does not name what was shown"
        case .otherConsent: "the consent that was shown is not the current one"
        case .codeMissing: "the number of the binding message is missing"
        case .codeWrong: "the number is wrong"
        }
    }
}
