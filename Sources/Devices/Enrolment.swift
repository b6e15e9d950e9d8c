public import Logins

/// A user's chance to enrol one device, with a code that is shown to them once.
///
/// The code is `Locator` and secret in one text (`EnrolmentCode`); only its digest is stored.
public struct Enrolment: Hashable, Sendable {
    /// The code's first part, by which the enrolment is found. Not a secret.
    public let locator: String
    /// SHA-256 of the whole code.
    public let digest: [UInt8]
    public let user: UserID
    /// Wrong codes with this locator so far.
    public let wrongTries: Int
    public let createdAt: Timestamp
    public let endsAt: Timestamp

    /// How long a code can be used.
    public static let lifetime = Duration.seconds(600)
    /// The wrong try that ends it.
    public static let mostTries = 5
    /// Codes of one user that wait at a time.
    public static let mostWaiting = 5

    public init(
        locator: String,
        digest: [UInt8],
        user: UserID,
        wrongTries: Int = 0,
        createdAt: Timestamp,
        endsAt: Timestamp
    ) {
        self.locator = locator
        self.digest = digest
        self.user = user
        self.wrongTries = wrongTries
        self.createdAt = createdAt
        self.endsAt = endsAt
    }

    /// Whether its code can still be used.
    public func isWaiting(at now: Timestamp) -> Bool {
        now < endsAt && wrongTries < Self.mostTries
    }
}
