/// Looks up users. It reports what it knows; others decide whether that is enough.
public protocol UserDirectory: Sendable {
    /// The user with that identifier, or nil.
    ///
    /// - Throws: `unavailable` if the directory cannot be asked now.
    func user(_ id: UserID) async throws(DirectoryError) -> User?

    /// The same answer if it is known without waiting, else nil. `.some(nil)` means that there is no
    /// such user.
    func peek(_ id: UserID) -> User??

    /// The user as the directory knows them now, never as they were known before. An approval is
    /// judged by this.
    func current(_ id: UserID) async throws(DirectoryError) -> User?

    /// Drops what is remembered of a user, of whom something has just changed. Default: nothing is
    /// remembered.
    func forget(_ id: UserID)

    /// Questions that show whether the directory can be asked; about a user who should exist, or
    /// with nil about one who need not. Default: none.
    func onlineChecks(about user: UserID?) -> [OnlineCheck]
}

extension UserDirectory {
    public func current(_ id: UserID) async throws(DirectoryError) -> User? {
        try await user(id)
    }

    public func peek(_ id: UserID) -> User?? { nil }

    public func forget(_ id: UserID) {}
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
    /// The user's CPF, and the CNPJ of each company that the user may act for; empty if not known.
    public let documents: Set<IdentityDocument>
    /// Where a channel finds the user, such as an e-mail address or a telephone number; for the
    /// channels that need one.
    public let addresses: [ChannelID: String]
    /// The channels that one of the user's devices has an address for.
    public let deviceChannels: Set<ChannelID>

    public init(
        id: UserID,
        isActive: Bool,
        channels: Set<ChannelID>? = nil,
        language: String? = nil,
        timeZone: String? = nil,
        documents: Set<IdentityDocument> = [],
        addresses: [ChannelID: String] = [:],
        deviceChannels: Set<ChannelID> = []
    ) {
        self.id = id
        self.isActive = isActive
        self.channels = channels
        self.language = language
        self.timeZone = timeZone
        self.documents = documents
        self.addresses = addresses
        self.deviceChannels = deviceChannels
    }

    /// Whether the user's record or a device of the user has an address for a channel.
    public func isFound(by channel: ChannelID) -> Bool {
        addresses[channel] != nil || deviceChannels.contains(channel)
    }

    /// Whether a text can be an address for a channel: 1 to 4096 bytes without spaces and control
    /// characters. The channel has further rules.
    public static func isAddress(_ text: String) -> Bool {
        (1...4096).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                !$0.properties.isWhitespace && $0.properties.generalCategory != .control
            }
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

/// The directory could not be asked. This says nothing about the user.
public enum DirectoryError: Error, Hashable, Sendable {
    /// The reason, for logs.
    case unavailable(String)
}
