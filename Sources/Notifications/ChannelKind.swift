public import Configuration
public import HTTP
public import Logins
public import Mail
public import Telemetry

/// A kind of channel: its section of the configuration, and how a channel is made of it.
///
/// Each kind is declared in the file of its channel. The application only lists the kinds that it
/// offers, so a new kind is one file and one line.
public struct ChannelKind: Sendable {
    /// What a channel needs besides its settings.
    public struct Context: Sendable {
        /// For calls to the operator's servers.
        public var client: any OutboundHTTP
        /// For messages to the operator's mail server.
        public var mail: any MailTransport
        /// Addresses that belong to users' devices.
        public var addresses: any ChannelAddresses
        /// The name that users know the operator by.
        public var brand: String
        /// The time.
        public var clock: any WallClock
        /// What is worth a line.
        public var log: Logger
        /// Writes a line to standard output.
        public var output: @Sendable (String) -> Void

        /// What a channel needs besides its settings.
        public init(
            client: any OutboundHTTP,
            mail: any MailTransport,
            addresses: any ChannelAddresses,
            brand: String,
            clock: any WallClock,
            log: Logger,
            output: @escaping @Sendable (String) -> Void
        ) {
            self.client = client
            self.mail = mail
            self.addresses = addresses
            self.brand = brand
            self.clock = clock
            self.log = log
            self.output = output
        }
    }

    /// Makes the channel of that name.
    public typealias Maker = @Sendable (ChannelID, Context) -> any NotificationChannel

    /// Its name in the configuration.
    public let name: String
    /// What it does, as half a sentence.
    public let about: String
    /// What such a channel is called in the example configuration; nil leaves it out.
    public let example: String?
    /// Declares and reads the keys of a section, without `kind`. Nil when they have problems, which
    /// the section has noted.
    public let read: @Sendable (Section) -> Maker?
}

/// A channel of the configuration, not yet made.
public struct ConfiguredChannel: Sendable {
    /// The operator's name for it; stored with logins and users.
    public let id: ChannelID
    /// Makes it.
    public let make: @Sendable (ChannelKind.Context) -> any NotificationChannel

    /// Reads every channel of the key `channels`, in the order of the file.
    public static func all(_ root: Section, kinds: [ChannelKind]) -> [ConfiguredChannel] {
        let sections = root.named(
            "channels",
            examples: kinds.compactMap { kind in kind.example.map { ($0, kind.name) } },
            """
            Channels that notify users, at least one. Their names are stored with logins and \
            users: never change them.
            """
        )
        if sections.isEmpty { root.problem("channels", "must name at least one channel") }
        return sections.compactMap { name, section in
            defer { section.end() }
            let kind = section.kind(
                among: kinds.map { ($0.name, $0) },
                kinds.map { "\($0.name): \($0.about)." }.joined(separator: " ")
            )
            guard let make = kind?.read(section) else { return nil }
            guard let id = ChannelID(name) else {
                section.problem("", "is not a valid name for a channel")
                return nil
            }
            return ConfiguredChannel(id: id) { make(id, $0) }
        }
    }
}
