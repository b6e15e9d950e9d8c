public import Logins

/// That a person accepted the operator's terms: who, what, when and from where.
public struct TermsAcceptance: Hashable, Sendable {
    public let application: SignInApplication
    public let person: Person
    /// Of the terms.
    public let version: String
    /// SHA-256 of the text that was shown.
    public let digest: [UInt8]
    /// The language of that text.
    public let language: String
    public let acceptedAt: Timestamp
    /// The address that the acceptance came from.
    public let address: String

    public init(
        application: SignInApplication,
        person: Person,
        version: String,
        digest: [UInt8],
        language: String,
        acceptedAt: Timestamp,
        address: String
    ) {
        self.application = application
        self.person = person
        self.version = version
        self.digest = digest
        self.language = language
        self.acceptedAt = acceptedAt
        self.address = address
    }
}
