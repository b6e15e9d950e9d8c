import Configuration
import Consents
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Threads

/// Sends prompts to apps on Apple's devices (APNs over HTTP/2, with a provider token).
///
/// A message has a reference and neutral text only. Apple refuses provider tokens that are older than
/// an hour, and those that are made more often than every 20 minutes.
final class APNsChannel: NotificationChannel {
    struct Settings: Sendable {
        /// Of P-256, with Apple's identifier of the key.
        var key: SigningKey
        var team: String
        /// The app's identifier (`apns-topic`).
        var topic: String
        var url: String
        var destination: Destination
        var timeLimit: Duration
    }

    static let tokenReuse = Duration.seconds(40 * 60)
    private static let responseLimit = 64 << 10

    let id: ChannelID
    let retries = RetrySchedule(first: .seconds(5), cap: .minutes(5), jitter: 0.2)
    var isEnabled: Bool { true }
    private let settings: Settings
    private let brand: String
    private let fan: AddressFan
    private let client: any OutboundHTTP
    private let clock: any WallClock
    private let token = Locked<(text: String, until: Timestamp)?>(nil)

    init(
        id: ChannelID,
        settings: Settings,
        brand: String,
        addresses: any ChannelAddresses,
        client: any OutboundHTTP,
        clock: any WallClock
    ) {
        self.id = id
        self.settings = settings
        self.brand = brand
        fan = AddressFan(channel: id, addresses: addresses)
        self.client = client
        self.clock = clock
    }

    /// Whether the user's record or a device of the user has a token of an app.
    func reaches(_ user: User) -> Bool { user.isFound(by: id) }

    var usesDevices: Bool { true }

    func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        await send(
            PromptText(prompt, brand: brand, details: false),
            about: .login(prompt.key),
            to: prompt.user,
            until: prompt.ends
        )
    }

    func tell(_ notice: Notice) async -> DeliveryAnswer {
        await send(
            PromptText(notice, details: false),
            about: notice.subject,
            to: notice.user,
            until: clock.now() + .seconds(86_400)
        )
    }

    var onlineChecks: [OnlineCheck] {
        [OnlineCheck("apns") { .skipped("use beckon notify-test, which sends a message") }]
    }

    private func send(
        _ text: PromptText,
        about subject: Notice.Subject,
        to user: User,
        until end: Timestamp
    ) async -> DeliveryAnswer {
        let now = clock.now()
        guard now < end else { return .later("the prompt has expired", after: nil) }
        guard let token = providerToken(at: now) else {
            return .refused("the provider token cannot be signed")
        }
        let fields = [
            Field("authorization", "bearer \(token)"),
            Field("apns-topic", settings.topic),
            Field("apns-push-type", "alert"),
            Field("apns-priority", "10"),
            Field("apns-expiration", "\(end.milliseconds / 1000)"),
            Field("apns-collapse-id", WebPushChannel.topic(of: subject)),
            Field("content-type", "application/json"),
        ]
        let body = JSONValue.members([
            "aps": .members([
                "alert": .members(["title": .string(text.title), "body": .string(text.text)]),
                "sound": .string("default"),
            ]),
            "reference": .text(subject.reference),
        ]).bytes
        return await fan.send(to: user) { address in
            // It becomes a part of a path.
            guard Self.isToken(address) else {
                return .refused("the device token is not hexadecimal")
            }
            return await self.post(address, fields, body, token)
        }
    }

    private static func isToken(_ text: String) -> Bool {
        (2...200).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 6 }
    }

    private func post(
        _ address: String,
        _ fields: [Field],
        _ body: [UInt8],
        _ token: String
    ) async -> DeliveryAnswer {
        let request = OutboundRequest(
            .post,
            "\(settings.url)/3/device/\(address)",
            fields: fields,
            body: body,
            destination: settings.destination,
            timeLimit: settings.timeLimit,
            responseLimit: Self.responseLimit
        )
        do throws(OutboundError) {
            return answer(to: try await client.send(request), for: token)
        } catch {
            if case .forbiddenAddress = error { return .refused(error.reason) }
            return .later(error.reason, after: nil)
        }
    }

    private func answer(to response: OutboundResponse, for used: String) -> DeliveryAnswer {
        let cause = (try? JSONValue(response.body))?["reason"]?.string
        let reason =
            "status \(response.status)" + (cause.map { " \(ConsoleChannel.harmless($0))" } ?? "")
        switch (response.status, cause) {
        case (200, _): return .delivered
        // The app was removed, or has another token by now.
        case (410, _): return .gone(reason)
        case (403, "ExpiredProviderToken"):
            token.withLock { if $0?.text.utf8.elementsEqual(used.utf8) == true { $0 = nil } }
            return .later(reason, after: nil)
        case (408, _), (429, _), (500..<600, _):
            let now = clock.now().milliseconds / 1000
            return .later(reason, after: response.retryAfter(secondsSince1970: now))
        default: return .refused(reason)
        }
    }

    /// Nil if it cannot be signed.
    private func providerToken(at now: Timestamp) -> String? {
        token.withLock { token in
            if let token, now < token.until { return token.text }
            let claims = JSONValue.members([
                "iss": .string(settings.team), "iat": .integer(now.milliseconds / 1000),
            ])
            guard let text = try? JWS.sign(payload: claims.bytes, key: settings.key) else {
                return nil
            }
            token = (text, now + Self.tokenReuse)
            return text
        }
    }
}

extension ChannelKind {
    /// Apps on Apple's devices.
    public static let apns = ChannelKind(
        name: "apns",
        about: "apps on Apple's devices; users need device tokens as address",
        example: "ios"
    ) { section in
        guard let settings = APNsChannel.Settings(section) else { return nil }
        return { id, context in
            APNsChannel(
                id: id,
                settings: settings,
                brand: context.brand,
                addresses: context.addresses,
                client: context.client,
                clock: context.clock
            )
        }
    }
}

extension APNsChannel.Settings {
    init?(_ section: Section) {
        let allowsInternal = section.flag(
            "allow_internal",
            default: false,
            "Allow loopback and private addresses, and plain http, for tests."
        )
        let secret = section.secret(
            "signing_key",
            example: "{ file: \"secrets/AuthKey_ABC123DEFG.p8\" }",
            required: true,
            "Apple's key for push messages."
        )
        let keyID = section.requiredText(
            "key_id",
            example: "ABC123DEFG",
            "Apple's identifier of the key."
        )
        let team = section.requiredText("team_id", example: "DEF123GHIJ", "Your team at Apple.")
        let topic = section.requiredText(
            "topic",
            example: "com.bank.app",
            "The app's identifier (apns-topic)."
        )
        let url =
            section.url(
                "url",
                internalSwitch: ("allow_internal", allowsInternal),
                example: "https://api.sandbox.push.apple.com",
                "The base URL of APNs. Default: https://api.push.apple.com."
            ) ?? "https://api.push.apple.com"
        var destination = section.destination(allowsInternal: allowsInternal)
        destination.usesHTTP2 = true
        let timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one call."
        )
        let isHeader = topic.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        if !isHeader { section.problem("topic", "must be the identifier of an app") }
        guard let secret, !keyID.isEmpty, !team.isEmpty, !topic.isEmpty, isHeader else {
            return nil
        }
        guard
            let key = secret.withText({ try? SigningKey(text: $0, algorithm: .es256, id: keyID) })
        else {
            section.problem("signing_key", "must be a private key of P-256, as PEM or JWK")
            return nil
        }
        self.init(
            key: key,
            team: team,
            topic: topic,
            url: url,
            destination: destination,
            timeLimit: timeLimit
        )
    }
}
