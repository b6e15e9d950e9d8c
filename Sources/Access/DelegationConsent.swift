public import Logins

/// A user's consent that a delegated client may act for them, given once.
public struct DelegationConsent: Hashable, Sendable {
    /// Where the consent was given.
    public enum Channel: String, Hashable, Sendable, CaseIterable {
        /// On the bank's own onboarding screen, recorded by its backend.
        case backend
        case inbox
        /// By an administrator, on the word of the bank.
        case admin
    }

    /// 160 random bits in base64url.
    public let id: String
    public let user: UserID
    public let client: APIClientID
    /// The version of the text that was shown. 1–64 characters.
    public let textVersion: String
    /// SHA-256 over the text that was shown, in UTF-8: 32 bytes.
    public let textDigest: [UInt8]
    /// The language of the text, a BCP 47 tag.
    public let language: String
    public let acceptedAt: Timestamp
    /// The user's address at that time, numeric.
    public let address: String
    public let channel: Channel
    /// Nil while the consent is in force.
    public let withdrawnAt: Timestamp?

    /// - Throws: `APIClientProblem` with the member that breaks a rule.
    public init(
        id: String,
        user: UserID,
        client: APIClientID,
        textVersion: String,
        textDigest: [UInt8],
        language: String,
        acceptedAt: Timestamp,
        address: String,
        channel: Channel,
        withdrawnAt: Timestamp? = nil
    ) throws(APIClientProblem) {
        guard Identifier<Names.Consent>(textVersion) != nil, textVersion.unicodeScalars.count <= 64
        else {
            throw APIClientProblem(member: "text_version", rule: "must have 1 to 64 characters")
        }
        guard textDigest.count == 32 else {
            throw APIClientProblem(member: "text_sha256", rule: "must be 32 bytes in base64url")
        }
        guard User.isLanguageTag(language) else {
            throw APIClientProblem(member: "language", rule: "must be a language tag (BCP 47)")
        }
        guard !address.isEmpty, address.utf8.count <= 64 else {
            throw APIClientProblem(member: "address", rule: "must be an IP address")
        }
        self.id = id
        self.user = user
        self.client = client
        self.textVersion = textVersion
        self.textDigest = textDigest
        self.language = language
        self.acceptedAt = acceptedAt
        self.address = address
        self.channel = channel
        self.withdrawnAt = withdrawnAt
    }

    /// Whether it is in force.
    public var isInForce: Bool { withdrawnAt == nil }

    /// The same consent, withdrawn.
    public func withdrawn(at moment: Timestamp) -> DelegationConsent { Self(self, moment) }

    private init(_ consent: DelegationConsent, _ moment: Timestamp) {
        id = consent.id
        user = consent.user
        client = consent.client
        textVersion = consent.textVersion
        textDigest = consent.textDigest
        language = consent.language
        acceptedAt = consent.acceptedAt
        address = consent.address
        channel = consent.channel
        withdrawnAt = moment
    }
}
