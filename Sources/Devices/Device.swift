public import Logins

/// A phone, browser or other device that a user has enrolled. It has no rights of its own: its
/// credentials decide.
public struct Device: Hashable, Sendable {
    /// What runs on it, as it says.
    public enum Platform: String, Hashable, Sendable, CaseIterable {
        case android
        case ios
        case web
        case desktop
        case other
    }

    /// How the device says that it protects its key. Not proved unless there is an attestation.
    public enum Protection: String, Hashable, Sendable, CaseIterable {
        case unknown
        /// In a file or the memory of an app.
        case software
        /// In hardware that does not give it out (Secure Enclave, TEE, StrongBox, TPM).
        case hardware
    }

    /// Where a notification channel reaches the device.
    public struct Channel: Hashable, Sendable {
        public let channel: ChannelID
        /// What the channel needs: a push token, or a subscription as JSON. At most `longest` bytes.
        public let address: String

        /// Bytes of an address.
        public static let longest = 4096

        public init(channel: ChannelID, address: String) {
            self.channel = channel
            self.address = address
        }

        /// Whether both are the same to the byte.
        public func isExactly(_ other: Channel) -> Bool {
            channel == other.channel && address.utf8.elementsEqual(other.address.utf8)
        }
    }

    /// 128 random bits in base64url. Not a secret.
    public let id: DeviceID
    public let user: UserID
    /// How its user recognises it, at most `longestName` characters.
    public var name: String
    public let platform: Platform
    /// BCP 47 tags, the preferred one first, at most `mostLanguages`.
    public var languages: [String]
    public var protection: Protection
    /// At most `mostChannels`.
    public var channels: [Channel]
    public let createdAt: Timestamp
    /// The last request, to the minute.
    public let lastSeenAt: Timestamp

    /// Characters of a name.
    public static let longestName = 100
    public static let mostLanguages = 8
    public static let mostChannels = 8

    public init(
        id: DeviceID,
        user: UserID,
        name: String,
        platform: Platform,
        languages: [String] = [],
        protection: Protection = .unknown,
        channels: [Channel] = [],
        createdAt: Timestamp,
        lastSeenAt: Timestamp
    ) {
        self.id = id
        self.user = user
        self.name = name
        self.platform = platform
        self.languages = languages
        self.protection = protection
        self.channels = channels
        self.createdAt = createdAt
        self.lastSeenAt = lastSeenAt
    }
}
