import Dispatch
import Glibc
import HTTP
import Net
import TestSupport
import Threads

/// A server on a loopback port with the routes the tests use.
struct TestServer: Sendable {
    let server: Server
    let events: Observed
    var port: UInt16 { server.port }

    func peer() throws -> RawPeer { try RawPeer(port: port) }
}

/// What the observer was told.
final class Observed: ExchangeObserver {
    struct State {
        var statuses: [Int] = []
        var routes: [Int?] = []
        var ids: [UInt64] = []
        var opened = 0
        var closed = 0
        var refused = 0
    }
    private let state = Locked(State())
    let changed = Signal()

    var current: State { state.withLock { $0 } }

    func answered(_ request: Request, _ exchange: Exchange) { note(exchange, request.id) }
    func refused(_ exchange: Exchange) { note(exchange, 0) }
    private func note(_ exchange: Exchange, _ id: UInt64) {
        change {
            $0.statuses.append(exchange.status)
            $0.routes.append(exchange.route)
            $0.ids.append(id)
        }
    }
    func connectionOpened() { change { $0.opened += 1 } }
    func connectionClosed() { change { $0.closed += 1 } }
    func connectionRefused() { change { $0.refused += 1 } }

    private func change(_ body: (inout State) -> Void) {
        state.withLock(body)
        changed.raise()
    }

    func until(_ condition: @escaping @Sendable (State) -> Bool) async throws {
        try await within(.seconds(30), "the observer") {
            while !condition(self.current) {
                try Task.checkCancellation()
                await self.changed.wait()
            }
        }
    }
}

/// Some tests have thousands of connections, and hold both ends of each.
private let descriptorLimit: rlim_t = {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    return limit.rlim_cur
}()

/// Runs a server while `body` does, then drains it.
func withServer(
    _ routes: [Route] = testRoutes,
    loops: Int = 1,
    _ change: (inout ServerConfiguration) -> Void = { _ in },
    _ body: (TestServer) async throws -> Void
) async throws {
    _ = descriptorLimit
    var configuration = ServerConfiguration(address: .loopback())
    change(&configuration)
    let group = try EventLoopGroup(count: loops)
    defer { group.stop() }
    let events = Observed()
    let server = try Server(
        configuration,
        router: Router(routes),
        loops: group.loops,
        observer: events
    )
    // On a loop, not on the shared pool: tests block the pool's threads.
    let running = Task(executorPreference: group.loops[0]) { await server.run() }
    do {
        try await body(TestServer(server: server, events: events))
    } catch {
        server.drain(within: .zero)
        await running.value
        throw error
    }
    server.drain(within: .zero)
    await running.value
}

let testRoutes: [Route] = [
    Route(.get, "/hello") { _ in
        Response(status: 200, contentType: "text/plain", body: Array("hello".utf8))
    },
    Route(.post, "/echo") { request in
        Response(status: 200, contentType: "text/plain", body: Array(request.body))
    },
    Route(.get, "/peer") { request in
        let certificate = request.peer.certificate?.subject ?? "none"
        let text = "\(request.peer.address) \(request.peer.isSecure) \(certificate)"
        return Response(status: 200, contentType: "text/plain", body: Array(text.utf8))
    },
    Route(.get, "/things/{name}") { request in
        Response(status: 200, body: Array((request.parameters["name"] ?? "").utf8))
    },
]

/// `GET /block`, which raises `entered` and then holds up its whole loop until `gate` is signalled:
/// what comes meanwhile is dealt with in one turn.
func blockingRoute(_ entered: Signal, until gate: DispatchSemaphore) -> Route {
    @Sendable func block() { gate.wait() }
    return Route(.get, "/block") { _ in
        entered.raise()
        block()
        return Response(status: 200)
    }
}

func get(_ path: String, _ fields: String = "") -> String {
    "GET \(path) HTTP/1.1\r\nHost: test\r\n\(fields)\r\n"
}

func post(_ path: String, _ body: String, _ fields: String = "") -> String {
    "POST \(path) HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)"
}
