/// What a person said, once, with how it is known that they said it.
public struct Decision: Hashable, Sendable {
    public enum Choice: Hashable, Sendable, CaseIterable {
        case approve
        case deny
        /// The person closes the prompt without an answer of substance.
        case cancel
        /// "This wasn't me": a denial that also raises an alarm.
        case reportAsFraud
    }

    public let choice: Choice
    public let evidence: Evidence
    public let decidedAt: Timestamp
    /// What an approval grants; nothing for anything else, and until the login it is for has
    /// filled it in.
    public internal(set) var grant: Grant
    /// What ties the decision to the question it answers: 32 bytes that a device's key can sign.
    /// Nil where there was no question to answer.
    public let challenge: [UInt8]?

    public init(
        _ choice: Choice,
        evidence: Evidence,
        at decidedAt: Timestamp,
        grant: Grant = .nothing,
        challenge: [UInt8]? = nil
    ) {
        self.choice = choice
        self.evidence = evidence
        self.decidedAt = decidedAt
        self.grant = grant
        self.challenge = challenge
    }
}

/// How a decision was proved. Later methods (a device key, a passkey) are further cases.
public struct Evidence: Hashable, Sendable {
    public enum Method: Hashable, Sendable, CaseIterable {
        /// Whoever holds the prompt's link tapped: possession of the link, nothing more.
        case tap
    }

    public let method: Method
    /// Where it came in: the prompt's page or the device interface.
    public let via: Via
    /// The address of the peer, as text.
    public let address: String?

    public enum Via: Hashable, Sendable, CaseIterable { case page, device }

    public init(method: Method, via: Via, address: String?) {
        self.method = method
        self.via = via
        self.address = address
    }
}

/// What a login ended in. There is exactly one.
public enum Outcome: Hashable, Sendable {
    case approved(Decision)
    case denied(Decision)
    case cancelled(Decision)
    case expired
    case failed(Failure)
    /// Approved, and then the consent changed before the server was told: nothing is granted.
    case voided(Decision)

    public init(_ decision: Decision) {
        switch decision.choice {
        case .approve: self = .approved(decision)
        case .deny, .reportAsFraud: self = .denied(decision)
        case .cancel: self = .cancelled(decision)
        }
    }

    /// The decision behind it, where a person made one.
    public var decision: Decision? {
        switch self {
        case .approved(let decision), .denied(let decision), .cancelled(let decision),
            .voided(let decision):
            decision
        case .expired, .failed: nil
        }
    }

    public var isApproval: Bool {
        switch self {
        case .approved: true
        case .denied, .cancelled, .expired, .failed, .voided: false
        }
    }
}

/// Why a login failed without the person's doing.
public enum Failure: Hashable, Sendable, CaseIterable {
    case userUnknown
    case userDisabled
    case noChannel
    case everyChannelRefused
    case tooManyLoginsOfUser
    case tooManyLoginsOfClient
    case tooManyStartsOfUser
    case tooManyStartsOfClient
    /// The consent cannot be shown faithfully, or the server has none.
    case consentUnusable
    case consentGone
    /// The person has no account that the consent could be for.
    case noAccounts
    /// The consent names an account that is not one of the person's.
    case accountNotTheirs
    /// Another login for the same consent is pending [ST-6].
    case consentBusy
    /// A newer login for the same consent took its place.
    case superseded
    /// An operator gave it up.
    case abandoned

    /// Whether the server hears of it. A rejection would reach the consent, and with it the other
    /// login that the person is being asked about.
    public var isTold: Bool {
        switch self {
        case .consentBusy, .superseded: false
        case .userUnknown, .userDisabled, .noChannel, .everyChannelRefused, .tooManyLoginsOfUser,
            .tooManyLoginsOfClient, .tooManyStartsOfUser, .tooManyStartsOfClient,
            .consentUnusable, .consentGone, .noAccounts, .accountNotTheirs, .abandoned:
            true
        }
    }
}
