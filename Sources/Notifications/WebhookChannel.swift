import Configuration
import Cryptography
public import HTTP
import JSON
public import Logins
public import Telemetry

/// Posts prompts to a URL of the bank's, signed as Standard Webhooks specifies.
///
/// It does not retry: it says whether and when to, and the engine keeps the schedule.
public final class WebhookChannel: NotificationChannel {
    public struct Settings: Sendable {
        public var url: String
        /// At least one. All of them sign, so that the receiver can rotate them.
        public var secrets: [WebhookSecret]
        /// Authorities, client certificate, proxy, and whether internal addresses are allowed.
        public var destination: Destination
        /// Standard Webhooks recommends 15 to 30 s.
        public var timeLimit: Duration

        /// Refuses internal addresses unless `destination` says otherwise.
        public init(
            url: String,
            secrets: [WebhookSecret],
            destination: Destination = Destination(allowsInternalAddresses: false),
            timeLimit: Duration = .seconds(20)
        ) {
            // allowed: the configuration is refused without a secret.
            precondition(!secrets.isEmpty, "a webhook is signed")
            self.url = url
            self.secrets = secrets
            self.destination = destination
            self.timeLimit = timeLimit
        }
    }

    /// Bytes of a response; more than a receiver needs.
    static let responseLimit = 64 << 10

    public let id: ChannelID
    public let retries: RetrySchedule
    let settings: Settings
    let client: any OutboundHTTP
    let clock: any WallClock
    private let undelivered = UndeliveredMessages()

    public init(
        id: ChannelID,
        settings: Settings,
        retries: RetrySchedule = RetrySchedule(first: .seconds(5), cap: .minutes(5), jitter: 0.2),
        client: any OutboundHTTP,
        clock: any WallClock,
        log: Logger
    ) {
        self.id = id
        self.settings = settings
        self.retries = retries
        self.client = client
        self.clock = clock
    }

    public var isEnabled: Bool { true }

    public func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        let now = clock.now()
        // A repeat has the same bytes, even if the directory says something else of the user by now.
        let body = undelivered[prompt.ticket] ?? PromptMessage(prompt).bytes
        let id = PromptMessage.id(of: body, to: prompt, through: self.id)
        let answer = await send(id, body, prompt.origin, at: now)
        if case .later = answer {
            undelivered.keep(body, prompt.ticket)
        } else {
            undelivered.drop(prompt.ticket)
        }
        return answer
    }

    public func tell(_ notice: Notice) async -> DeliveryAnswer {
        let body = NoticeMessage(notice).bytes
        let id = PromptMessage.id(
            of: body,
            "beckon-notice-v1",
            about: notice.subject,
            through: self.id
        )
        return await send(id, body, notice.origin, at: clock.now())
    }

    private func send(
        _ id: String,
        _ body: [UInt8],
        _ origin: PendingLogin.Origin?,
        at now: Timestamp
    ) async -> DeliveryAnswer {
        do throws(OutboundError) {
            return answer(to: try await client.send(request(id, body, origin, at: now)))
        } catch {
            return Self.answer(to: error)
        }
    }

    private func request(
        _ id: String,
        _ body: [UInt8],
        _ origin: PendingLogin.Origin?,
        at now: Timestamp
    ) -> OutboundRequest {
        let seconds = now.milliseconds / 1000
        return OutboundRequest(
            .post,
            settings.url,
            fields: settings.secrets.fields(id: id, seconds: seconds, body: body)
                + TraceContext.fields(within: origin?.trace),
            body: body,
            destination: settings.destination,
            timeLimit: settings.timeLimit,
            responseLimit: Self.responseLimit
        )
    }

    /// What a status means (Standard Webhooks, "Responses").
    private func answer(to response: OutboundResponse) -> DeliveryAnswer {
        let reason = "status \(response.status)"
        switch response.status {
        case 200..<300: return .delivered
        // Gone: this user cannot be reached here any more. Others may be.
        case 410: return .gone(reason)
        // Even 404 and redirects, which look final: a receiver, or what is before it, may answer them
        // while it is being replaced. Following a redirect would send the ticket elsewhere.
        default: break
        }
        let now = clock.now().milliseconds / 1000
        return .later(reason, after: response.retryAfter(secondsSince1970: now))
    }

    /// An ambiguous attempt is repeated: the receiver recognises repeats by their identifier.
    private static func answer(to error: OutboundError) -> DeliveryAnswer {
        switch error {
        case .notSent(let reason): .later("not sent: \(reason)", after: nil)
        case .ambiguous(let reason): .later("ambiguous: \(reason)", after: nil)
        case .unusableAnswer(let reason): .later("unusable answer: \(reason)", after: nil)
        case .forbiddenAddress(let address): .refused("\(address) is not a public address")
        // For example a certificate that is being replaced.
        case .invalid(let reason): .later("cannot be sent: \(reason)", after: nil)
        }
    }
}

extension ChannelKind {
    /// A server of the operator's.
    public static let webhook = ChannelKind(
        name: "webhook",
        about: "a server of yours, by Standard Webhooks (https://www.standardwebhooks.com)",
        example: "app"
    ) { section in
        guard let settings = WebhookChannel.Settings(section) else { return nil }
        return { id, context in
            WebhookChannel(
                id: id,
                settings: settings,
                client: context.client,
                clock: context.clock,
                log: context.log
            )
        }
    }
}

extension WebhookChannel.Settings {
    init?(_ section: Section) {
        let allowsInternal = section.flag(
            "allow_internal",
            default: false,
            "Allow loopback and private addresses, and plain http."
        )
        let proxyResolves = section.flag(
            "proxy_resolves",
            default: false,
            """
            A proxy from the environment (https_proxy) is given the address that Beckon resolved \
            and checked. True gives it the host name instead, for networks where only the proxy \
            resolves names; the proxy must then refuse internal addresses.
            """
        )
        let url = section.url(
            "url",
            internalSwitch: ("allow_internal", allowsInternal),
            allowsQuery: true,
            example: "https://push.bank.example/beckon",
            required: true,
            "Where prompts are posted."
        )
        let secrets = section.secrets(
            "secrets",
            example: "[{ file: \"secrets/webhook\" }]",
            required: true,
            """
            whsec_ keys that sign each request, made by `beckon hash-secret --webhook`; several \
            during rotation.
            """
        ).compactMap { secret in
            let key = secret.withText { WebhookSecret($0) }
            if key == nil {
                section.problem(
                    "secrets",
                    "must be whsec_ and 24 to 64 bytes in base64, made by beckon hash-secret "
                        + "--webhook"
                )
            }
            return key
        }
        if section.isEmptyList("secrets") { section.problem("secrets", "must not be empty") }
        let destination = section.destination(
            allowsInternal: allowsInternal,
            proxyResolves: proxyResolves
        )
        let timeLimit = section.duration(
            "time_limit",
            default: .seconds(20),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one call."
        )
        guard let url, !secrets.isEmpty else { return nil }
        self.init(url: url, secrets: secrets, destination: destination, timeLimit: timeLimit)
    }
}
