import Cryptography
public import HTTP
import JOSE
import JSON
public import Logins
public import Telemetry
import Texts

/// Tells the operator's receiver that a user said "this wasn't me": a signed security event token
/// (RFC 8417), pushed by RFC 8935 and repeated until the receiver has it, for a week at most.
public struct SecurityEvents: Sendable {
    /// Where the events go.
    public struct Settings: Sendable {
        public var url: String
        /// `aud` of the tokens.
        public var audience: String
        public var destination: Destination

        public init(url: String, audience: String, destination: Destination) {
            self.url = url
            self.audience = audience
            self.destination = destination
        }
    }

    /// The type of the event in the token.
    public static let eventType = "urn:beckon:event:client-reported"
    /// An event is old news after this time.
    public static let longest = Duration.seconds(7 * 86_400)
    /// The most that one pass attends to.
    public static let batch = 16
    private static let retries = RetrySchedule(first: .seconds(5), cap: .minutes(60), jitter: 0.2)

    private let settings: Settings
    private let issuer: String
    private let keys: SigningKeys
    private let store: any SecurityEventStore
    private let client: any OutboundHTTP
    private let clock: any WallClock
    private let log: Logger

    /// `issuer` is that of access tokens: its keys verify the events.
    public init(
        _ settings: Settings,
        issuer: String,
        keys: SigningKeys,
        store: any SecurityEventStore,
        client: any OutboundHTTP,
        clock: any WallClock,
        log: Logger
    ) {
        self.settings = settings
        self.issuer = issuer
        self.keys = keys
        self.store = store
        self.client = client
        self.clock = clock
        self.log = log
    }

    /// Attends to the events that are due now. Returns how many there were, `batch` at most.
    @discardableResult
    public func pass() async throws(StoreError) -> Int {
        let due = try await store.dueSecurityEvents(at: clock.now(), limit: Self.batch)
        for event in due {
            try await store.noteSecurityEvent(event.id, next: await attend(event))
        }
        return due.count
    }

    /// Sends an event. Returns when to try again; nil if nothing is owed any more.
    private func attend(_ event: SecurityEvent) async -> Timestamp? {
        let now = clock.now()
        guard now < event.at + Self.longest else {
            log.error("security_event.given_up") { $0.member("reference", event.reference) }
            return nil
        }
        let cause: String
        var asked: Duration?
        do {
            let body = Array(try token(event, at: now).utf8)
            let answer = try await client.send(
                OutboundRequest(
                    .post,
                    settings.url,
                    fields: [
                        Field("Content-Type", "application/secevent+jwt"),
                        Field("Accept", "application/json"),
                    ],
                    body: body,
                    destination: settings.destination,
                    responseLimit: 64 << 10
                )
            )
            if (200..<300).contains(answer.status) {
                log.info("security_event.delivered") { $0.member("reference", event.reference) }
                return nil
            }
            // RFC 8935 §2.4: `err` says why the receiver refuses it.
            let code = (try? JSONValue(answer.body))?["err"]?.string
            cause = "status \(answer.status)" + (code.map { ", " + $0.firstBytes(64) } ?? "")
            asked = answer.retryAfter(secondsSince1970: now.milliseconds / 1_000)
        } catch {
            cause = "\(error)"
        }
        log.warning("security_event.delayed") {
            $0.member("reference", event.reference)
            $0.member("cause", cause)
        }
        let pause = Self.retries.pause(
            after: event.attempts + 1,
            asked: asked,
            random: Random.fraction()
        )
        return clock.now() + pause
    }

    /// The token. It is the same event with the same `jti` at each attempt.
    func token(_ event: SecurityEvent, at now: Timestamp) throws(JOSEError) -> String {
        let client = JSONValue.members([
            "client_id": .text(event.client?.value),
            "authorization_server": .string(event.server.value),
            "tenant": .text(event.tenant?.value),
            "login_reference": .string(event.reference),
            "ended_logins": .integer(Int64(event.ended)),
            "blocked_until": .integer(event.until.milliseconds / 1_000),
        ])
        let claims = JSONValue.members([
            "iss": .string(issuer),
            "aud": .string(settings.audience),
            "iat": .integer(now.milliseconds / 1_000),
            "jti": .string("\(event.id)-\(event.login.rawValue)-\(event.at.milliseconds)"),
            "toe": .integer(event.at.milliseconds / 1_000),
            "txn": .string(event.reference),
            "sub_id": .members([
                "format": .string("opaque"), "id": .string(event.user.value),
            ]),
            "events": .object(JSONObject([.init(name: Self.eventType, value: client)])),
        ])
        return try JWS.sign(
            payload: claims.bytes,
            header: JSONObject([.init(name: "typ", value: .string("secevent+jwt"))]),
            key: keys.signer(at: now)
        )
    }
}
