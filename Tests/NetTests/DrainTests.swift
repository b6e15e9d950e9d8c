import Dispatch
import HTTP
import Net
import TestSupport
import Testing
import Threads

@Suite("A draining server", .timeLimit(.minutes(3)))
struct DrainTests {
    /// Runs a server whose `/slow` answers when `gate` is raised, and tells when `run` returned.
    private func withDrainable(
        _ body: (TestServer, _ gate: Signal, _ ended: Task<Void, Never>) async throws -> Void
    ) async throws {
        let gate = Signal()
        let routes =
            testRoutes + [
                Route(.get, "/slow") { _ in
                    await gate.wait()
                    return Response(status: 200, body: Array("slow".utf8))
                }
            ]
        let group = try EventLoopGroup(count: 2)
        defer { group.stop() }
        let events = Observed()
        let server = try Server(
            ServerConfiguration(address: .loopback()),
            router: Router(routes),
            loops: group.loops,
            observer: events
        )
        let ended = Task(executorPreference: group.loops[0]) { await server.run() }
        try await body(TestServer(server: server, events: events), gate, ended)
        server.drain(within: .zero)
        await ended.value
    }

    @Test("closes idle connections and returns")
    func idle() async throws {
        try await withDrainable { server, _, ended in
            let used = try server.peer()
            try used.send(get("/hello"))
            _ = try used.receive(until: "hello")
            let unused = try server.peer()
            try await server.events.until { $0.opened == 2 }
            server.server.drain(within: .seconds(30))
            #expect(try used.receiveAll().isEmpty)
            #expect(try unused.receiveAll().isEmpty)
            try await within { await ended.value }
            #expect(throws: RawPeer.Failure.self) { try server.peer() }
        }
    }

    @Test("finishes running requests and closes their connections")
    func underWay() async throws {
        try await withDrainable { server, gate, ended in
            let handled = try server.peer()
            try handled.send(get("/slow"))
            let partial = try server.peer()
            try partial.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbo")
            let idle = try server.peer()
            try idle.send(get("/hello"))
            _ = try idle.receive(until: "hello")
            server.server.drain(within: .seconds(30))
            // Once an idle connection is closed, the drain has begun on its loop at least.
            #expect(try idle.receiveAll().isEmpty)
            gate.raise()
            try partial.send("dy")
            let answers = [try handled.receiveAll(), try partial.receiveAll()]
            #expect(answers[0].hasSuffix("\r\nConnection: close\r\n\r\nslow"))
            #expect(answers[1].hasSuffix("\r\nConnection: close\r\n\r\nbody"))
            try await within { await ended.value }
        }
    }

    @Test("closes what is not finished at the time limit")
    func cut() async throws {
        try await withDrainable { server, gate, ended in
            let handled = try server.peer()
            try handled.send(get("/slow"))
            let partial = try server.peer()
            try partial.send("GET / HT")
            try await server.events.until { $0.opened == 2 }
            server.server.drain(within: .milliseconds(200))
            #expect(try handled.receiveAll().hasPrefix("HTTP/1.1 503"))
            #expect(try partial.receiveAll().hasPrefix("HTTP/1.1 408"))
            // The handler is cancelled, which ends its wait, and so the server ends.
            try await within { await ended.value }
            _ = gate
        }
    }

    @Test("closes connections that were accepted after the drain began")
    func late() async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let entered = Signal()
        let gate = DispatchSemaphore(value: 0)
        let server = try Server(
            ServerConfiguration(address: .loopback()),
            router: Router([blockingRoute(entered, until: gate)]),
            loops: group.loops
        )
        let running = Task(executorPreference: group.loops[0]) { await server.run() }
        let first = try RawPeer(port: server.port)
        try first.send(get("/block"))
        try await within { await entered.wait() }
        // Nobody is let in now.
        let late = try RawPeer(port: server.port, limitSeconds: 5)
        try late.send("GET / HT")
        server.drain(within: .milliseconds(200))
        gate.signal()
        // Sooner than the ten seconds that a head may take.
        #expect(try late.receiveAll().hasPrefix("HTTP/1.1 408"))
        try await within { await running.value }
    }

    @Test("does not start if it never ran")
    func beforeRun() async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let server = try Server(
            ServerConfiguration(address: .loopback()),
            router: Router(testRoutes),
            loops: group.loops
        )
        server.drain(within: .seconds(30))
        try await within { await server.run() }
    }

    @Test("results from cancelling the server's task")
    func cancelled() async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let server = try Server(
            ServerConfiguration(address: .loopback()),
            router: Router(testRoutes),
            loops: group.loops
        )
        let running = Task(executorPreference: group.loops[0]) { await server.run() }
        let peer = try RawPeer(port: server.port)
        try peer.send(get("/hello"))
        _ = try peer.receive(until: "hello")
        running.cancel()
        #expect(try peer.receiveAll().isEmpty)
        try await within { await running.value }
    }
}
