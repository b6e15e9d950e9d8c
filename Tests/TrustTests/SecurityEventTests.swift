import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import Telemetry
import TestSupport
import Testing
import Threads
import Trust

@Suite("Security events")
struct SecurityEventTests {
    private static let issuer = "https://login.bank.example"
    private let clock = ManualClock()

    private func event(_ now: Timestamp) -> SecurityEvent {
        SecurityEvent(
            id: 3,
            login: LoginNumber(17),
            at: now,
            until: now + .minutes(60),
            ended: 2,
            user: .named("alice"),
            server: .named("acp"),
            tenant: .named("bank"),
            client: .named("kiosk"),
            reference: "7K3M-Q9TX",
            attempts: 0
        )
    }

    private func keys() throws -> SigningKeys {
        let ring = try KeyRing.new(KeyRing.Rule(), at: clock.now())
        return SigningKeys(ring, rule: KeyRing.Rule()) { $1 }
    }

    private func events(
        _ store: OwedEvents,
        _ receiver: Receiver,
        _ keys: SigningKeys
    ) -> SecurityEvents {
        SecurityEvents(
            SecurityEvents.Settings(
                url: "https://security.bank.example/events",
                audience: "https://security.bank.example",
                destination: Destination()
            ),
            issuer: Self.issuer,
            keys: keys,
            store: store,
            client: receiver,
            clock: clock,
            log: .silent
        )
    }

    @Test("are pushed as signed tokens that name the user, the client and what was done")
    func pushed() async throws {
        let keys = try keys()
        let store = OwedEvents([event(clock.now())])
        let receiver = Receiver([202])
        #expect(try await events(store, receiver, keys).pass() == 1)
        #expect(store.owed.withLock { $0.isEmpty })
        let request = try #require(receiver.requests.withLock { $0.first })
        #expect(request.method == .post)
        #expect(request.fields.first("content-type") == "application/secevent+jwt")
        #expect(request.fields.first("accept") == "application/json")
        let jws = try JWS.verify(
            String(decoding: request.body, as: UTF8.self),
            keys: keys.published(at: clock.now()),
            allowed: [.es256, .rs256, .ps256, .edDSA]
        )
        #expect(jws.header.isType("secevent+jwt"))
        let claims = try JSONValue(jws.payload)
        #expect(claims["iss"]?.string == Self.issuer)
        #expect(claims["aud"]?.string == "https://security.bank.example")
        #expect(claims["jti"]?.string?.isEmpty == false)
        #expect(claims["exp"] == nil, "an event never expires (RFC 8417 §2.2)")
        #expect(claims["sub"] == nil, "it cannot pass for an access token (RFC 8417 §4.6)")
        #expect(claims["sub_id"]?["id"]?.string == "alice")
        let event = claims["events"]?[SecurityEvents.eventType]
        #expect(event?["client_id"]?.string == "kiosk")
        #expect(event?["login_reference"]?.string == "7K3M-Q9TX")
        #expect(event?["ended_logins"]?.integer == 2)
    }

    @Test(
        "are repeated with the same jti until they are accepted",
        arguments: [400, 401, 404, 500, 503]
    )
    func repeated(_ status: Int) async throws {
        let store = OwedEvents([event(clock.now())])
        let receiver = Receiver([status, 202])
        let events = events(store, receiver, try keys())
        #expect(try await events.pass() == 1)
        #expect(try await events.pass() == 0, "not at once")
        clock.advance(by: .seconds(10))
        #expect(try await events.pass() == 1)
        #expect(store.owed.withLock { $0.isEmpty })
        let ids = try receiver.requests.withLock { $0 }.map { request in
            let parts = String(decoding: request.body, as: UTF8.self).split(separator: ".")
            return try JSONValue(try #require(Base64URL.decode(String(parts[1]))))["jti"]?.string
        }
        #expect(ids.count == 2 && ids[0] == ids[1])
    }

    @Test("are given up after a week")
    func old() async throws {
        let store = OwedEvents([event(clock.now() - SecurityEvents.longest)])
        let receiver = Receiver([])
        #expect(try await events(store, receiver, try keys()).pass() == 1)
        #expect(store.owed.withLock { $0.isEmpty })
        #expect(receiver.requests.withLock { $0.isEmpty })
    }
}

/// Events in memory.
private final class OwedEvents: SecurityEventStore {
    let owed: Locked<[(event: SecurityEvent, next: Timestamp)]>

    init(_ events: [SecurityEvent]) { owed = Locked(events.map { ($0, $0.at) }) }

    func dueSecurityEvents(
        at now: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [SecurityEvent] {
        owed.withLock { $0 }.filter { $0.next <= now }.map(\.event)
    }

    func noteSecurityEvent(_ id: Int64, next: Timestamp?) async throws(StoreError) {
        owed.withLock { owed in
            guard let next else { return owed.removeAll { $0.event.id == id } }
            for index in owed.indices where owed[index].event.id == id { owed[index].next = next }
        }
    }
}

/// Answers with one status after the other.
private final class Receiver: OutboundHTTP {
    let requests = Locked<[OutboundRequest]>([])
    private let statuses: Locked<[Int]>

    init(_ statuses: [Int]) { self.statuses = Locked(statuses) }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        requests.withLock { $0.append(request) }
        let status = statuses.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        guard let status else { throw .notSent("nobody listens") }
        return OutboundResponse(status: status)
    }
}
