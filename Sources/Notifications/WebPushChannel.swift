import Configuration
import Consents
import Cryptography
public import HTTP
import JOSE
import JSON
public import Logins
public import Telemetry

/// Sends prompts to browsers (Web Push: RFC 8030, RFC 8291, RFC 8292).
///
/// The message is encrypted for the browser and has a reference and neutral text only: whoever opens it
/// reads the rest after signing in.
public final class WebPushChannel: NotificationChannel {
    public struct Settings: Sendable {
        public var vapid: VAPID
        /// Hosts that subscriptions may name, also the domains of hosts if they begin with a dot; empty
        /// for every host with a public address.
        public var hosts: [String]
        /// Authorities, proxy, and whether internal addresses are allowed.
        public var destination: Destination
        public var timeLimit: Duration

        /// By default every public address.
        public init(
            vapid: VAPID,
            hosts: [String] = [],
            destination: Destination = Destination(allowsInternalAddresses: false),
            timeLimit: Duration = .seconds(10)
        ) {
            self.vapid = vapid
            self.hosts = hosts
            self.destination = destination
            self.timeLimit = timeLimit
        }

        func allows(_ host: String) -> Bool {
            hosts.isEmpty
                || hosts.contains { allowed in
                    allowed.hasPrefix(".") ? host.hasSuffix(allowed) : host == allowed
                }
        }

        /// Whether messages may be sent to a subscription, as far as its address tells.
        func accepts(_ subscription: PushSubscription) -> Bool {
            let scope = HostScope(subscription.host)
            return allows(subscription.host)
                && (destination.allowsInternalAddresses
                    || !scope.isInternal && !scope.isProbablyInternal)
        }
    }

    /// Push services give messages up after four weeks.
    private static let longestLife: Int64 = 28 * 86_400

    public let id: ChannelID
    public let retries = RetrySchedule(first: .seconds(5), cap: .minutes(5), jitter: 0.2)
    public var isEnabled: Bool { true }
    let settings: Settings
    private let brand: String
    private let fan: AddressFan
    private let client: any OutboundHTTP
    private let clock: any WallClock
    private let log: Logger

    /// `brand` is the name that users know the operator by.
    public init(
        id: ChannelID,
        settings: Settings,
        brand: String,
        subscriptions: any ChannelAddresses,
        client: any OutboundHTTP,
        clock: any WallClock,
        log: Logger
    ) {
        self.id = id
        self.settings = settings
        self.brand = brand
        fan = AddressFan(channel: id, addresses: subscriptions)
        self.client = client
        self.clock = clock
        self.log = log
    }

    /// Whether the user's record or a device of the user has a subscription for this channel.
    public func reaches(_ user: User) -> Bool { user.isFound(by: id) }

    public var usesDevices: Bool { true }

    /// The key that browsers subscribe with.
    public var onlineChecks: [OnlineCheck] {
        let key = settings.vapid.publicKey
        return [OnlineCheck("applicationServerKey") { .works(key) }]
    }

    public func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        await send(
            PromptText(prompt, brand: brand, details: false),
            about: .login(prompt.key),
            to: prompt.user,
            until: prompt.ends
        )
    }

    public func tell(_ notice: Notice) async -> DeliveryAnswer {
        await send(
            PromptText(notice, details: false),
            about: notice.subject,
            to: notice.user,
            until: clock.now() + .seconds(86_400)
        )
    }

    private func send(
        _ text: PromptText,
        about subject: Notice.Subject,
        to user: User,
        until end: Timestamp
    ) async -> DeliveryAnswer {
        let content = JSONValue.members([
            "title": .string(text.title), "text": .string(text.text),
            "reference": .text(subject.reference),
            "language": .string(text.language), "direction": .string(text.direction),
        ]).bytes
        let topic = Self.topic(of: subject)
        return await fan.send(to: user) { address in
            await self.send(content, topic, to: address, until: end)
        }
    }

    /// The first 32 characters of a digest of the subject, so that a repeat replaces the message before
    /// (RFC 8030 §5.4).
    static func topic(of subject: Notice.Subject) -> String {
        let parts = ["beckon-topic-v1"] + subject.names
        let digest = SHA256.digest(parts.flatMap { [0] + Array($0.utf8) })
        return String(Base64URL.encode(digest).prefix(32))
    }

    private func send(
        _ content: [UInt8],
        _ topic: String,
        to address: String,
        until end: Timestamp
    ) async -> DeliveryAnswer {
        guard let subscription = PushSubscription(address) else {
            return .gone("the subscription cannot be read")
        }
        guard settings.allows(subscription.host) else {
            return .refused("the push service is not in hosts")
        }
        let now = clock.now()
        // Rounded down: 0 would mean that a browser which is offline gets nothing (RFC 8030 §5.2).
        let life = min((end.milliseconds - now.milliseconds) / 1000, Self.longestLife)
        guard life > 0 else { return .later("the prompt has expired", after: nil) }
        let request: OutboundRequest
        do throws(KeyError) {
            request = OutboundRequest(
                .post,
                subscription.endpoint,
                fields: [
                    Field("TTL", String(life)),
                    Field("Urgency", "high"),
                    Field("Topic", topic),
                    Field("Content-Type", "application/octet-stream"),
                    Field("Content-Encoding", "aes128gcm"),
                    Field(
                        "Authorization",
                        try settings.vapid.authorization(for: subscription.origin, at: now)
                    ),
                ],
                body: try PushEncryption.body(content, for: subscription),
                destination: settings.destination,
                timeLimit: settings.timeLimit,
                responseLimit: 64 << 10
            )
        } catch {
            return .refused("the message cannot be encrypted: the key \(error)")
        }
        do throws(OutboundError) {
            return answer(to: try await client.send(request), at: subscription.origin)
        } catch {
            if case .forbiddenAddress = error { return .refused(error.reason) }
            return .later(error.reason, after: nil)
        }
    }

    private func answer(
        to response: OutboundResponse,
        at origin: String
    ) -> DeliveryAnswer {
        let reason = "status \(response.status)"
        switch response.status {
        case 200...299: return .delivered
        // The subscription has ended (RFC 8030 §7.3).
        case 404, 410: return .gone(reason)
        case 408, 425, 429, 500...599:
            let now = clock.now().milliseconds / 1000
            return .later(reason, after: response.retryAfter(secondsSince1970: now))
        case 401, 403:
            // The key or the contact is wrong, for every subscription at this service.
            log.error("web_push.not_authorized") {
                $0.member("channel", id.value)
                $0.member("service", origin)
                $0.member("status", response.status)
            }
            return .refused(reason)
        // Also a redirect, which would lead the message elsewhere, and 413: a repeat is as long.
        default: return .refused(reason)
        }
    }
}

extension ChannelKind {
    /// Browsers.
    public static let webPush = ChannelKind(
        name: "web_push",
        about: "browsers that have subscribed (Web Push); users need subscriptions as address",
        example: "browser"
    ) { section in
        guard let settings = WebPushChannel.Settings(section) else { return nil }
        return { id, context in
            WebPushChannel(
                id: id,
                settings: settings,
                brand: context.brand,
                subscriptions: context.addresses,
                client: context.client,
                clock: context.clock,
                log: context.log
            )
        }
    }
}

extension WebPushChannel.Settings {
    init?(_ section: Section) {
        let allowsInternal = section.flag(
            "allow_internal",
            default: false,
            "Allow push services at loopback and private addresses."
        )
        let secret = section.secret(
            "vapid_key",
            example: "{ file: \"secrets/vapid.jwk\" }",
            required: true,
            """
            The key of P-256 that subscriptions are made for, made by `beckon keys generate \
            --alg=ES256`. With another key, every browser must subscribe again.
            """
        )
        let contact = section.requiredText(
            "contact",
            example: "mailto:ops@bank.example",
            "Whom push services contact about problems: mailto: or https:."
        )
        let hosts = section.texts(
            "hosts",
            example: ["fcm.googleapis.com", ".push.services.mozilla.com", ".push.apple.com"],
            """
            Hosts of push services that subscriptions may name; with a dot before it, the hosts below \
            a domain. Default: every host with a public address.
            """
        )
        let destination = section.destination(allowsInternal: allowsInternal)
        let timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one call."
        )
        if !contact.isEmpty, !VAPID.isContact(contact) {
            section.problem(
                "contact",
                "must be mailto: or https: with a public domain; push services refuse others"
            )
        }
        let key = secret.flatMap { secret in secret.withText { try? SigningKey(text: $0) } }
        guard secret != nil, VAPID.isContact(contact) else { return nil }
        guard let key, let vapid = VAPID(key, contact: contact) else {
            section.problem("vapid_key", "must be a private key of P-256, as JWK or PEM")
            return nil
        }
        self.init(
            vapid: vapid,
            hosts: hosts.map { $0.lowercased() },
            destination: destination,
            timeLimit: timeLimit
        )
    }
}
