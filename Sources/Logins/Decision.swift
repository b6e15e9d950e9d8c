/// What a user decided, with the evidence for it.
public struct Decision: Hashable, Sendable {
    /// The possible answers.
    public enum Choice: Hashable, Sendable, CaseIterable {
        case approve
        case deny
        /// The user closes the prompt without approving or denying.
        case cancel
        /// "This wasn't me": a denial that is also logged as suspected fraud.
        case reportAsFraud
    }

    public let choice: Choice
    public let evidence: Evidence
    public let decidedAt: Timestamp
    /// What an approval grants, filled in by the login. Nothing for other choices.
    public internal(set) var grant: Grant
    /// Ties the decision to its question: 32 bytes that a device's key can sign. Nil if there was no
    /// question.
    public let challenge: [UInt8]?
    /// Why an approval by the user counted; nil for other decisions.
    public let merit: Merit?
    /// How the user gave the right number of the binding message; nil if none was needed.
    public let matched: NumberMatching?

    /// How an approval counts by the policy.
    public struct Merit: Hashable, Sendable {
        /// The name of the rule that decided.
        public let rule: String
        /// The authentication context class that was reached, whatever was requested; nil for none.
        public let acr: String?

        public init(rule: String, acr: String?) {
            self.rule = rule
            self.acr = acr
        }
    }

    public init(
        _ choice: Choice,
        evidence: Evidence,
        at decidedAt: Timestamp,
        grant: Grant = .nothing,
        challenge: [UInt8]? = nil,
        merit: Merit? = nil,
        matched: NumberMatching? = nil
    ) {
        self.choice = choice
        self.evidence = evidence
        self.decidedAt = decidedAt
        self.grant = grant
        self.challenge = challenge
        self.merit = merit
        self.matched = matched
    }
}

/// How a decision was authenticated.
public struct Evidence: Hashable, Sendable {
    /// The methods of deciding.
    public enum Method: Hashable, Sendable, CaseIterable {
        /// A tap by whoever holds the prompt's link. Proves possession of the link only.
        case tap
        /// A backend that acts for the user by delegation. Never the user's authentication.
        case delegation
        /// A fresh sign-in at the bank's identity provider, for this decision alone.
        case signIn
        /// A signature by the key of a registered device.
        case deviceKey
        /// The same, together with the device's PIN.
        case deviceKeyAndPIN
        /// An assertion of a passkey, with user verification (WebAuthn).
        case passkey

        /// Whether a decision by this method has a `Proof`.
        public var hasProof: Bool {
            switch self {
            case .tap, .delegation, .signIn: false
            case .deviceKey, .deviceKeyAndPIN, .passkey: true
            }
        }
    }

    /// A signature over the decision's challenge. Whoever has it and the decision can verify it
    /// without Beckon.
    public struct Proof: Hashable, Sendable {
        /// The registered credential whose key signed.
        public let credential: CredentialID
        /// Its public key: SubjectPublicKeyInfo in DER (RFC 5280 §4.1).
        public let publicKey: [UInt8]
        /// What was signed, as it was received: a compact JWS of a device, or the JSON of a
        /// passkey's assertion.
        public let statement: String

        public init(credential: CredentialID, publicKey: [UInt8], statement: String) {
            self.credential = credential
            self.publicKey = publicKey
            self.statement = statement
        }
    }

    /// A sign-in that confirmed the decision, as the provider's signed ID token described it. The
    /// token's nonce contained the decision's challenge.
    public struct SignIn: Hashable, Sendable {
        public let issuer: String
        /// When the user authenticated (`auth_time`).
        public let at: Timestamp
        /// How strongly, in the provider's words (`acr`); nil if it said nothing.
        public let context: String?
        /// By what means (`amr`).
        public let methods: [String]

        public init(issuer: String, at: Timestamp, context: String?, methods: [String]) {
            self.issuer = issuer
            self.at = at
            self.context = context
            self.methods = methods
        }
    }

    /// The client that decided for the user.
    public struct Delegate: Hashable, Sendable {
        public let client: APIClientID
        /// `jti` of the access token, which the audit ties to the assertion.
        public let token: String

        public init(client: APIClientID, token: String) {
            self.client = client
            self.token = token
        }
    }

    public let method: Method
    public let via: Via
    /// The peer's IP address, as text.
    public let address: String?
    /// Of a decision by delegation; nil for any other.
    public let delegate: Delegate?
    /// Of a decision by sign-in; nil for any other.
    public let signIn: SignIn?
    /// Of a decision by a device's key or a passkey; nil for any other.
    public let proof: Proof?
    /// The key of the enrolled device that sent a decision without signing it; nil for any other. The
    /// device proved its key for the request, not for the decision.
    public let device: CredentialID?

    /// The user's credential that the decision came from: what signed it, or the device that sent it.
    public var credential: CredentialID? { proof?.credential ?? device }

    /// Where the decision was made: on the prompt's page, through the device interface, through the
    /// backend interface, or in the inbox.
    public enum Via: Hashable, Sendable, CaseIterable { case page, device, backend, inbox }

    /// A decision by the user. `device` is the key of the enrolled device that sent it unsigned.
    public init(method: Method, via: Via, address: String?, device: CredentialID? = nil) {
        self.method = method
        self.via = via
        self.address = address
        delegate = nil
        signIn = nil
        proof = nil
        self.device = device
    }

    /// An approval by the user, confirmed by a fresh sign-in.
    public init(signIn: SignIn, via: Via, address: String?) {
        method = .signIn
        self.via = via
        self.address = address
        delegate = nil
        self.signIn = signIn
        proof = nil
        device = nil
    }

    /// A decision by the user, proved by a signature. `method` is one that has a proof.
    public init(proof: Proof, method: Method, via: Via, address: String?) {
        self.method = method
        self.via = via
        self.address = address
        delegate = nil
        signIn = nil
        self.proof = proof
        device = nil
    }

    /// A decision by a backend for the user.
    public init(delegate: Delegate, address: String?) {
        method = .delegation
        via = .backend
        self.address = address
        self.delegate = delegate
        signIn = nil
        proof = nil
        device = nil
    }
}

/// How a login ended. A login has exactly one outcome.
public enum Outcome: Hashable, Sendable {
    case approved(Decision)
    case denied(Decision)
    case cancelled(Decision)
    /// Nobody decided in time.
    case expired
    /// It ended without the user.
    case failed(Failure)
    /// Approved, but not any more when it was to be reported: nothing is granted. The failure says
    /// why its user may not approve; nil if the consent changed.
    case voided(Decision, Failure?)

    /// The outcome of a user's decision.
    public init(_ decision: Decision) {
        switch decision.choice {
        case .approve: self = .approved(decision)
        case .deny, .reportAsFraud: self = .denied(decision)
        case .cancel: self = .cancelled(decision)
        }
    }

    /// The decision behind it, if there was one.
    public var decision: Decision? {
        switch self {
        case .approved(let decision), .denied(let decision), .cancelled(let decision),
            .voided(let decision, _):
            decision
        case .expired, .failed: nil
        }
    }

    /// Whether the server is told that the user approved.
    public var isApproval: Bool {
        switch self {
        case .approved: true
        case .denied, .cancelled, .expired, .failed, .voided: false
        }
    }
}

/// Why a login failed without the user.
public enum Failure: Hashable, Sendable, CaseIterable {
    case userUnknown
    case userDisabled
    /// No channel can reach the user.
    case noChannel
    /// Every channel refused the prompt.
    case everyChannelRefused
    /// The user has too many live logins.
    case tooManyLoginsOfUser
    /// The client has too many live logins.
    case tooManyLoginsOfClient
    /// Too many logins per minute were started for the user.
    case tooManyStartsOfUser
    /// Too many logins per minute were started by the client.
    case tooManyStartsOfClient
    /// The consent cannot be shown completely, or the server has none.
    case consentUnusable
    /// It shows neither a consent nor a binding message, and the profile demands one.
    case contextMissing
    /// The binding message has no number, and the configuration demands one.
    case numberMissing
    /// The configuration does not accept the binding message: too long, or with other characters.
    case messageUnacceptable
    /// The user gave a wrong number too often. Suspicious: it may not have been the user.
    case wrongCodes
    /// The server no longer has the consent.
    case consentGone
    /// The user has no account that the consent could be for.
    case noAccounts
    /// The consent names an account that is not one of the user's.
    case accountNotTheirs
    /// The consent is in the name of another person or company.
    case consentOfAnother
    /// The process died twice in a row while it worked on the login.
    case interrupted
    /// The user said of an earlier login of the client that it was not theirs, and the client is
    /// blocked for the user.
    case clientBlocked
    /// The user said of another login of the client that it was not theirs while this one was live.
    case reportedByUser
    /// The user has got too many prompts since the last approval.
    case tooManyPrompts
    /// The user has declined too often, and is left alone for a while.
    case coolingDown
    /// The client starts logins for too many users.
    case tooManyUsersOfClient
    /// A newer login of the same client for the same user replaced it.
    case replaced
    /// Another login for the same consent is live [ST-6].
    case consentBusy
    /// A newer login for the same consent replaced it.
    case superseded
    /// What the server said about the login cannot be used.
    case malformedStart
    /// An operator gave up on it.
    case abandoned

    /// Whether the failure is reported. A report would reject the consent, and so the other login
    /// that asks for it.
    public var isTold: Bool {
        switch self {
        case .consentBusy, .superseded: false
        case .userUnknown, .userDisabled, .noChannel, .everyChannelRefused, .tooManyLoginsOfUser,
            .tooManyLoginsOfClient, .tooManyStartsOfUser, .tooManyStartsOfClient,
            .consentUnusable, .contextMissing, .numberMissing, .messageUnacceptable, .wrongCodes,
            .consentGone,
            .noAccounts, .accountNotTheirs,
            .consentOfAnother,
            .malformedStart,
            .clientBlocked, .reportedByUser, .tooManyPrompts, .coolingDown,
            .tooManyUsersOfClient, .replaced,
            .interrupted,
            .abandoned:
            true
        }
    }
}
