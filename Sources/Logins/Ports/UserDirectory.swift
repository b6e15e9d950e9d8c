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

    /// Whether a text has the form of a name of the time zone database: at most 64 characters in up to
    /// three parts separated by `/`, each of letters, digits, `_`, `+` and `-`. Such a name cannot
    /// lead out of the database's folder.
    public static func isTimeZone(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: 0x2F, omittingEmptySubsequences: false)
        return text.utf8.count <= 64 && parts.count <= 3
            && parts.allSatisfy { part in
                !part.isEmpty
                    && part.allSatisfy { isAlphanumeric($0) || [0x5F, 0x2B, 0x2D].contains($0) }
            }
    }

    /// Whether a text has the form of a language tag (RFC 5646 §2.1): 2 to 35 characters in parts of
    /// 1 to 8 letters and digits, separated by `-`.
    public static func isLanguageTag(_ text: String) -> Bool {
        (2...35).contains(text.utf8.count)
            && text.utf8.split(separator: 0x2D, omittingEmptySubsequences: false).allSatisfy {
                (1...8).contains($0.count) && $0.allSatisfy(isAlphanumeric)
            }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26
    }
}

/// The directory could not be asked; this says nothing about the user.
public enum DirectoryError: Error, Hashable, Sendable {
    case unavailable(String)
}
