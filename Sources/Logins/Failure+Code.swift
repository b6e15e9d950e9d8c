extension Failure {
    /// One word, for a column that programs read; it must not change.
    public var code: String {
        switch self {
        case .userUnknown: "userUnknown"
        case .userDisabled: "userDisabled"
        case .noChannel: "noChannel"
        case .everyChannelRefused: "everyChannelRefused"
        case .tooManyLoginsOfUser: "tooManyLoginsOfUser"
        case .tooManyLoginsOfClient: "tooManyLoginsOfClient"
        case .tooManyStartsOfUser: "tooManyStartsOfUser"
        case .tooManyStartsOfClient: "tooManyStartsOfClient"
        case .consentUnusable: "consentUnusable"
        case .contextMissing: "contextMissing"
        case .numberMissing: "numberMissing"
        case .messageUnacceptable: "messageUnacceptable"
        case .wrongCodes: "wrongCodes"
        case .consentGone: "consentGone"
        case .noAccounts: "noAccounts"
        case .accountNotTheirs: "accountNotTheirs"
        case .consentOfAnother: "consentOfAnother"
        case .interrupted: "interrupted"
        case .malformedStart: "malformedStart"
        case .clientBlocked: "clientBlocked"
        case .reportedByUser: "reportedByUser"
        case .tooManyPrompts: "tooManyPrompts"
        case .coolingDown: "coolingDown"
        case .tooManyUsersOfClient: "tooManyUsersOfClient"
        case .replaced: "replaced"
        case .consentBusy: "consentBusy"
        case .superseded: "superseded"
        case .abandoned: "abandoned"
        }
    }
}
