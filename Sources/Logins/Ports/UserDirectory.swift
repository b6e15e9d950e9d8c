/// Looks up users. It reports what it knows; others decide whether that is enough.
public protocol UserDirectory: Sendable {
    /// The user with that identifier, or nil.
    ///
    /// - Throws: `unavailable` if the directory cannot be asked now.
    func user(_ id: UserID) async throws(DirectoryError) -> User?

    /// The same answer if it is known without waiting, else nil. `.some(nil)` means that there is no
    /// such user.
    func peek(_ id: UserID) -> User??
}

extension UserDirectory {
    public func peek(_ id: UserID) -> User?? { nil }
}

/// A user as a directory knows them.
public struct User: Hashable, Sendable {
    public let id: UserID
    /// Whether the user may approve logins.
    public let isActive: Bool
    /// The channels that may notify the user; nil means every configured one.
    public let channels: Set<ChannelID>?
    /// The user's language as a BCP 47 tag, if known.
    public let language: String?
    /// The user's time zone by its name in the time zone database, such as `America/Sao_Paulo`, if
    /// known.
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

/// The directory could not be asked. This says nothing about the user.
public enum DirectoryError: Error, Hashable, Sendable {
    /// The reason, for logs.
    case unavailable(String)
}
