/// Who the people are. It says what it knows; whether that is enough is decided elsewhere.
public protocol UserDirectory: Sendable {
    /// Nil when nobody has that name.
    func user(_ id: UserID) async throws(DirectoryError) -> User?
}

public struct User: Hashable, Sendable {
    public let id: UserID
    public let isActive: Bool
    /// The channels that may be used for them; nil for every configured one.
    public let channels: Set<ChannelID>?
    /// A BCP 47 language tag, if they chose one.
    public let language: String?

    public init(
        id: UserID,
        isActive: Bool,
        channels: Set<ChannelID>? = nil,
        language: String? = nil
    ) {
        self.id = id
        self.isActive = isActive
        self.channels = channels
        self.language = language
    }
}

/// The directory could not be asked; this says nothing about the user.
public enum DirectoryError: Error, Hashable, Sendable {
    case unavailable(String)
}
