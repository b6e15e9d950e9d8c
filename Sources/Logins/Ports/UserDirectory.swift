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

    /// Whether a text can be a name of the time zone database: up to 64 letters, digits, `_`, `+` and
    /// `-` in parts divided by `/`. It then is no path to anywhere else.
    public static func isTimeZone(_ text: String) -> Bool {
        text.utf8.count <= 64
            && text.utf8.split(separator: 0x2F, omittingEmptySubsequences: false).allSatisfy {
                !$0.isEmpty
                    && $0.allSatisfy { byte in
                        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || byte == 0x5F
                            || byte == 0x2B || byte == 0x2D
                    }
            }
    }
}

/// The directory could not be asked; this says nothing about the user.
public enum DirectoryError: Error, Hashable, Sendable {
    case unavailable(String)
}
