/// Who the people are. It says what it knows; whether that is enough is decided elsewhere.
public protocol UserDirectory: Sendable {
    /// Nil when nobody has that name.
    func user(_ id: UserID) async throws(DirectoryError) -> User?

    /// The same answer when it is known without waiting: nil when it is not, `.some(nil)` when it
    /// is known that nobody has that name.
    func peek(_ id: UserID) -> User??
}

extension UserDirectory {
    public func peek(_ id: UserID) -> User?? { nil }
}

public struct User: Hashable, Sendable {
    public let id: UserID
    public let isActive: Bool
    /// The channels that may be used for them; nil for every configured one.
    public let channels: Set<ChannelID>?
    /// A BCP 47 language tag, if they chose one.
    public let language: String?
    /// A name of the time zone database, such as `America/Sao_Paulo`, if it is known.
    public let timeZone: String?

    public init(
        id: UserID,
        isActive: Bool,
        channels: Set<ChannelID>? = nil,
        language: String? = nil,
        timeZone: String? = nil
    ) {
        self.id = id
        self.isActive = isActive
        self.channels = channels
        self.language = language
        self.timeZone = timeZone
    }
}

/// The directory could not be asked; this says nothing about the user.
public enum DirectoryError: Error, Hashable, Sendable {
    case unavailable(String)
}
