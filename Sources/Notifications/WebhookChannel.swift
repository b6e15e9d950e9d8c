import Cryptography
public import HTTP
import JSON
public import Logins
import Synchronization
public import Telemetry

/// Posts prompts to a URL of the bank's, signed by Standard Webhooks.
///
/// It does not repeat by itself: it says whether and when to, and the engine keeps the schedule.
public final class WebhookChannel: NotificationChannel {
    public struct Settings: Sendable {
        public var url: String
        /// All of them sign, so that the receiver may change from one to the next. At least one.
        public var secrets: [WebhookSecret]
        /// Authorities, client certificate, proxy, and whether internal addresses are allowed.
        public var destination: Destination
        /// Standard Webhooks asks for 15 to 30 s.
        public var timeLimit: Duration

        /// Refuses internal addresses unless `destination` says otherwise.
        public init(
            url: String,
            secrets: [WebhookSecret],
            destination: Destination = Destination(allowsInternalAddresses: false),
            timeLimit: Duration = .seconds(20)
        ) {
            precondition(!secrets.isEmpty, "a webhook is signed")
            self.url = url
            self.secrets = secrets
            self.destination = destination
            self.timeLimit = timeLimit
        }
    }

    /// More than a receiver has to say.
    private static let responseLimit = 64 << 10

    public let id: ChannelID
    public let retries: RetrySchedule
    private let settings: Settings
    private let client: any OutboundHTTP
    private let clock: any WallClock
    private let log: Logger
    private let isGone = Atomic(false)

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
        self.log = log
    }

    /// False after a 410, until the service starts again.
    public var isEnabled: Bool { !isGone.load(ordering: .relaxed) }

    public func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        guard isEnabled else { return .refused("the channel is disabled") }
        let now = clock.now()
        do throws(OutboundError) {
            return answer(to: try await client.send(request(for: prompt, at: now)))
        } catch {
            return Self.answer(to: error)
        }
    }

    private func request(for prompt: Prompt, at now: Timestamp) -> OutboundRequest {
        let body = PromptMessage(prompt, at: now).bytes
        let id = PromptMessage.id(of: prompt.key, through: self.id)
        let seconds = now.milliseconds / 1000
        let signatures = settings.secrets.map {
            $0.signature(id: id, seconds: seconds, body: body)
        }
        return OutboundRequest(
            .post,
            settings.url,
            fields: [
                Field("Content-Type", "application/json"),
                Field("webhook-id", id),
                Field("webhook-timestamp", String(seconds)),
                Field("webhook-signature", signatures.joined(separator: " ")),
            ] + TraceContext.fields(within: prompt.origin?.trace),
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
        case 410:
            disable()
            return .refused(reason)
        // A redirect would have to be followed, which would carry the ticket elsewhere.
        case 300..<400: return .refused(reason)
        // Also what looks final, such as 404: a receiver that is being replaced answers so too.
        default: break
        }
        let now = clock.now().milliseconds / 1000
        return .later(reason, after: response.retryAfter(secondsSince1970: now))
    }

    /// In doubt it is sent again: the receiver knows repeats by their identifier.
    private static func answer(to error: OutboundError) -> DeliveryAnswer {
        switch error {
        case .notSent(let reason): .later("not sent: \(reason)", after: nil)
        case .ambiguous(let reason): .later("in doubt: \(reason)", after: nil)
        case .unusableAnswer(let reason): .later("unusable answer: \(reason)", after: nil)
        case .forbiddenAddress(let address): .refused("\(address) is not a public address")
        // A certificate that is being replaced, say.
        case .invalid(let reason): .later("cannot be sent: \(reason)", after: nil)
        }
    }

    private func disable() {
        guard !isGone.exchange(true, ordering: .relaxed) else { return }
        log.error("channel.disabled") { json in
            json.member("channel", id.value)
            json.member("reason", "the receiver answered 410")
        }
    }
}
