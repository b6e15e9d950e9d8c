import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Threads

@testable import Lab

@Suite("A device that follows its user's logins", .timeLimit(.minutes(1)))
struct LoginFollowerTests {
    /// A service with logins that the test changes, and streams that the test opens, feeds and ends.
    private final class Service: OutboundHTTP {
        struct State: Sendable {
            var waiting: [JSONValue] = []
            var ended: [String: JSONValue] = [:]
            /// How each stream in turn behaves.
            var streams: [Stream] = []
            var opened: [Int64] = []
            var lists = 0
        }

        enum Stream: Sendable {
            /// Nobody answers.
            case unreachable
            /// The answer has this status.
            case refused(Int)
            /// It begins, does this after each second, and ends.
            case open([@Sendable (inout State) -> Void])
            /// It begins, and no more comes.
            case silent
        }

        let state = Locked(State())
        let clock: IdleClock

        init(_ clock: IdleClock, _ streams: [Stream]) {
            self.clock = clock
            state.withLock { $0.streams = streams }
        }

        func send(
            _ request: OutboundRequest
        ) async throws(OutboundError) -> OutboundResponse {
            let body: JSONValue = state.withLock { state in
                let id = request.url.split(separator: "/").last.map(String.init) ?? ""
                if id != "logins" { return state.ended[id] ?? .members([:]) }
                state.lists += 1
                return .members(["logins": .array(state.waiting)])
            }
            return OutboundResponse(status: 200, body: body.bytes)
        }

        func open(
            _ request: OutboundRequest,
            _ take: @Sendable ([UInt8]) -> Void
        ) async throws(OutboundError) -> OutboundResponse {
            let now = clock.now()
            let stream: Stream = state.withLock { state in
                state.opened.append(now)
                return state.streams.isEmpty ? .silent : state.streams.removeFirst()
            }
            let limit = now + Int64(request.timeLimit.components.seconds) * 1000
            switch stream {
            case .unreachable: throw .notSent("nobody listens")
            case .refused(let status):
                return OutboundResponse(status: status, body: Array(#"{"detail":"no"}"#.utf8))
            case .silent:
                take(Array("retry: 3000\n\n".utf8))
                await clock.sleep(until: limit)
                throw .unusableAnswer("the answer was cut off")
            case .open(let changes):
                take(Array("retry: 3000\n\n".utf8))
                for change in changes {
                    await clock.sleep(until: clock.now() + 1000)
                    state.withLock { change(&$0) }
                    take(Array("event: login\n\n".utf8))
                }
                await clock.sleep(until: clock.now() + 1000)
                return OutboundResponse(status: 200)
            }
        }
    }

    private static func document(_ id: String) -> JSONValue {
        ReferenceDeviceTests.document(
            of: ReferenceDeviceTests.question([.init(requestedName: "openid")])
        ) { $0["id"] = .string(id) }
    }

    /// What a device prints that watches for so many seconds, and what it says of its connections.
    private func watch(
        _ streams: [Service.Stream],
        seconds: Int64
    ) async throws -> (printed: [String], said: [String], service: Service.State) {
        try await IdleClock.with { clock in
            let service = Service(clock, streams)
            let said = Locked<[String]>([])
            let device = ReferenceDevice(
                try ReferenceDevice.Registration(
                    service: "https://bank.example",
                    algorithm: .edDSA
                ),
                http: service,
                clock: clock
            )
            let follower = LoginFollower(
                device,
                open: { request, take throws(OutboundError) in
                    try await service.open(request, take)
                },
                clock: clock,
                tell: { line in said.withLock { $0.append(line) } }
            )
            var watch = LoginWatch()
            var printed: [String] = []
            try await follower.run(until: clock.now() + seconds * 1000) {
                () throws(ReferenceDevice.Failure) in
                printed += try await watch.look(at: device)
                return false
            }
            return (
                printed.filter { !$0.hasPrefix("  ") || $0.hasPrefix("  login ") },
                said.withLock { $0 }, service.state.withLock { $0 }
            )
        }
    }

    @Test("prints what arrives, what is answered elsewhere and what is withdrawn, when it happens")
    func changes() async throws {
        let (printed, said, service) = try await watch(
            [
                .open([
                    { $0.waiting = [Self.document("a")] },
                    { $0.waiting = [Self.document("b"), Self.document("a")] },
                    {
                        $0.waiting = [Self.document("b")]
                        $0.ended["a"] = .members([
                            "outcome": .string("denied"), "answered_elsewhere": .bool(true),
                        ])
                    },
                    { $0.waiting = [Self.document("b")] },
                    {
                        $0.waiting = []
                        $0.ended["b"] = .members(["outcome": .string("expired")])
                    },
                ])
            ],
            seconds: 6
        )
        #expect(
            printed == [
                "arrived", "  login a", "arrived", "  login b", "answered elsewhere a: denied",
                "withdrawn b: expired",
            ]
        )
        #expect(said.isEmpty)
        // One look at the beginning and one for each event: nobody asks in between.
        #expect(service.lists <= 6)
    }

    @Test("connects again after growing pauses, and misses nothing meanwhile")
    func reconnects() async throws {
        let (printed, said, service) = try await watch(
            [
                .open([{ $0.waiting = [Self.document("a")] }]), .unreachable, .refused(503),
                .unreachable,
                .open([
                    {
                        $0.waiting = [Self.document("a"), Self.document("b")]
                    }
                ]),
            ],
            seconds: 120
        )
        #expect(printed.filter { $0.hasPrefix("  login") } == ["  login a", "  login b"])
        try #require(said.count == 5)
        #expect(said[0] == "not connected: the service has ended the stream; trying again in 1 s")
        #expect(said[1].contains("nobody listens; trying again in 2 s"))
        #expect(said[2].contains("503: no; trying again in 4 s"))
        #expect(said[3].hasSuffix("trying again in 8 s"))
        let pauses = zip(service.opened, service.opened.dropFirst()).map { ($1 - $0) / 1000 }
        // The two streams that opened lasted two seconds; the silent one is renewed after a minute.
        #expect(pauses == [3, 2, 4, 8, 18, 60])
    }

    @Test("waits half a minute at most, and gives up when the service refuses the device")
    func refused() async throws {
        let (_, said, _) = try await watch(
            Array(repeating: .unreachable, count: 20),
            seconds: 200
        )
        #expect(said.last?.hasSuffix("trying again in 30 s") == true)
        let failure = await #expect(throws: ReferenceDevice.Failure.self) {
            _ = try await watch([.unreachable, .refused(401)], seconds: 200)
        }
        #expect(failure?.status == 401)
    }
}
