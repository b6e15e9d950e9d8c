import Configuration
import Consents
import HTTP
import Logins

/// Sends prompts through an HTTP service of any kind, such as one for text messages: a request that the
/// operator writes as a template.
///
/// Such services and telephone networks are read by others, so a message says that something waits and
/// nothing else unless the settings say so.
final class GatewayChannel: NotificationChannel {
    struct Settings: Sendable {
        var method: HTTP.Method
        var url: String
        var fields: [(name: String, text: String, secret: Secret?)]
        var body: MessageTemplate
        var statuses: StatusMap
        /// Whether a message names the client.
        var details: Bool
        /// Whether `{link}` may be used.
        var link: Bool
        var destination: Destination
        var timeLimit: Duration
    }

    /// Bytes of a response; more than a gateway needs.
    static let responseLimit = 64 << 10

    let id: ChannelID
    let retries = RetrySchedule(first: .seconds(5), cap: .minutes(5), jitter: 0.2)
    var isEnabled: Bool { true }
    private let settings: Settings
    private let brand: String
    private let client: any OutboundHTTP
    private let clock: any WallClock

    init(
        id: ChannelID,
        settings: Settings,
        brand: String,
        client: any OutboundHTTP,
        clock: any WallClock
    ) {
        self.id = id
        self.settings = settings
        self.brand = brand
        self.client = client
        self.clock = clock
    }

    /// Whether the user has an address for this channel.
    func reaches(_ user: User) -> Bool { user.addresses[id] != nil }

    func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        let text = PromptText(prompt, brand: brand, details: settings.details)
        return await send(
            text,
            about: .login(prompt.key),
            "beckon-gateway-v1",
            to: prompt.user,
            [
                .expires: RFC3339.format(milliseconds: prompt.ends.milliseconds),
                .link: settings.link && !prompt.isTest ? prompt.link : "",
            ],
            prompt.origin
        )
    }

    func tell(_ notice: Notice) async -> DeliveryAnswer {
        await send(
            PromptText(notice, details: settings.details),
            about: notice.subject,
            "beckon-gateway-notice-v1",
            to: notice.user,
            [:],
            notice.origin
        )
    }

    var onlineChecks: [OnlineCheck] {
        [OnlineCheck("gateway") { .skipped("use beckon notify-test, which sends a message") }]
    }

    private func send(
        _ text: PromptText,
        about subject: Notice.Subject,
        _ kind: String,
        to user: User,
        _ more: [MessageTemplate.Name: String],
        _ origin: PendingLogin.Origin?
    ) async -> DeliveryAnswer {
        guard let address = user.addresses[id] else {
            return .gone("the user has no address for this channel")
        }
        var values: [MessageTemplate.Name: String] = [
            .to: address, .title: text.title, .text: text.text,
            .reference: subject.reference ?? "", .language: text.language,
            .id: PromptMessage.id(of: [], kind, about: subject, through: id),
        ]
        values.merge(more) { $1 }
        let fields = settings.fields.map { field in
            Field(field.name, field.text + (field.secret?.withText { $0 } ?? ""))
        }
        let request = OutboundRequest(
            settings.method,
            settings.url,
            fields: [Field("Content-Type", settings.body.content.contentType)] + fields,
            body: settings.body.bytes(values),
            destination: settings.destination,
            timeLimit: settings.timeLimit,
            responseLimit: Self.responseLimit
        )
        do throws(OutboundError) {
            return answer(to: try await client.send(request))
        } catch {
            if case .forbiddenAddress = error { return .refused(error.reason) }
            // An ambiguous attempt too: a second message is better than none.
            return .later(error.reason, after: nil)
        }
    }

    private func answer(to response: OutboundResponse) -> DeliveryAnswer {
        let reason = "status \(response.status)"
        switch settings.statuses.meaning(of: response.status) {
        case .delivered: return .delivered
        case .refused: return .refused(reason)
        case .later:
            let now = clock.now().milliseconds / 1000
            return .later(reason, after: response.retryAfter(secondsSince1970: now))
        }
    }
}

extension MessageTemplate.Content {
    fileprivate var contentType: String {
        switch self {
        case .json, .form: rawValue
        case .plain: rawValue + "; charset=utf-8"
        }
    }
}

extension ChannelKind {
    /// An HTTP service that takes requests of its own form.
    public static let gateway = ChannelKind(
        name: "gateway",
        about: "an HTTP service such as one for SMS, called as a template says",
        example: "gateway"
    ) { section in
        guard let settings = GatewayChannel.Settings(section) else { return nil }
        return { id, context in
            GatewayChannel(
                id: id,
                settings: settings,
                brand: context.brand,
                client: context.client,
                clock: context.clock
            )
        }
    }
}

extension GatewayChannel.Settings {
    private enum Verb: String, CaseIterable { case POST, PUT, PATCH }

    init?(_ section: Section) {
        let allowsInternal = section.flag(
            "allow_internal",
            default: false,
            "Allow loopback and private addresses, and plain http."
        )
        let proxyResolves = section.flag(
            "proxy_resolves",
            default: false,
            "Give a proxy the host name instead of the checked address, as for webhook."
        )
        let verb = section.choice("method", default: Verb.POST, "The method of the request.")
        let url = section.url(
            "url",
            internalSwitch: ("allow_internal", allowsInternal),
            allowsQuery: true,
            example: "https://sms.example/v1/messages",
            required: true,
            "Where the request is sent."
        )
        let fields = Self.fields(section)
        let content = section.choice(
            "content_type",
            default: MessageTemplate.Content.json,
            "What the body is, which decides how values are escaped."
        )
        let names = MessageTemplate.Name.allCases.map { "{\($0.rawValue)}" }
        let text = section.requiredText(
            "body",
            example: "{\"to\": \"{to}\", \"text\": \"{text}\", \"id\": \"{id}\"}",
            """
            The body, with names in braces that are replaced: \(names.joined(separator: ", ")). It \
            must contain {to}, the user's address for this channel; {id} is the same for each repeat.
            """
        )
        let details = section.flag(
            "details",
            default: false,
            "Name the client in {title} and {text}. What it asks for is never in them."
        )
        let link = section.flag(
            "link",
            default: false,
            "Allow {link}. Anybody who reads the message can then decide."
        )
        let statuses = Self.statuses(section)
        let destination = section.destination(
            allowsInternal: allowsInternal,
            proxyResolves: proxyResolves
        )
        let timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one call."
        )
        if link { section.warn("link", "anybody who can read the messages can decide") }
        guard !text.isEmpty else { return nil }
        let body: MessageTemplate
        do throws(MessageTemplate.Problem) {
            body = try MessageTemplate(text, content)
        } catch {
            section.problem("body", error.reason)
            return nil
        }
        if !body.names.contains(.to) { section.problem("body", "must contain {to}") }
        if body.names.contains(.link), !link {
            section.problem("body", "must not contain {link} without link: true")
        }
        guard let url else { return nil }
        self.init(
            method: verb == .POST ? .post : verb == .PUT ? .put : .patch,
            url: url,
            fields: fields,
            body: body,
            statuses: statuses,
            details: details,
            link: link,
            destination: destination,
            timeLimit: timeLimit
        )
    }

    private static func fields(
        _ section: Section
    ) -> [(name: String, text: String, secret: Secret?)] {
        section.groups("headers", "Further headers of the request.").compactMap { group in
            defer { group.end() }
            let name = group.requiredText("name", example: "Authorization", "The header's name.")
            let text = group.text(
                "text",
                example: "Bearer ",
                "Its value, or what comes before the secret."
            )
            let secret = group.secret(
                "secret",
                example: "{ file: \"secrets/sms-token\" }",
                "The secret part of its value."
            )
            guard !name.isEmpty else { return nil }
            if !isToken(name) || isReserved(name) {
                group.problem("name", "is not a header that can be set here")
                return nil
            }
            if text == nil, secret == nil, !group.has("secret") { group.missing("text") }
            let isSafe = secret?.withBytes { $0.allSatisfy { $0 >= 0x20 && $0 != 0x7F } } ?? true
            if !isSafe { group.problem("secret", "has control characters") }
            return (name, text ?? "", secret)
        }
    }

    /// RFC 9110 §5.6.2.
    private static func isToken(_ text: String) -> Bool {
        text.utf8.allSatisfy {
            $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || "!#$%&'*+-.^_`|~".utf8.contains($0)
        }
    }

    /// Fields that frame the request.
    private static func isReserved(_ name: String) -> Bool {
        [
            "connection", "content-length", "content-type", "expect", "host", "te", "trailer",
            "transfer-encoding", "upgrade",
        ].contains(name.lowercased())
    }

    private static func statuses(_ section: Section) -> StatusMap {
        let group = section.group(
            "statuses",
            """
            What the statuses of the answer mean: `202`, or `2xx` for those that are not listed \
            alone. A status in none of the lists means later.
            """
        )
        defer { group.end() }
        let lists: [(String, StatusMap.Meaning, [String], String)] = [
            ("delivered", .delivered, ["2xx"], "The message was accepted."),
            ("later", .later, ["408", "425", "429", "5xx"], "Try again."),
            ("refused", .refused, ["4xx"], "This message is never accepted."),
        ]
        var map = StatusMap()
        for (key, meaning, fallback, about) in lists {
            for text in group.texts(key, default: fallback, about) where !map.add(text, meaning) {
                group.problem(key, "\(text) is not a status such as 202 or 2xx, or is listed twice")
            }
        }
        return map
    }
}
