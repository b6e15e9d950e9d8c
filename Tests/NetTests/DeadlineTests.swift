import Dispatch
import HTTP
import Net
import TestSupport
import Testing
import Threads

/// Milliseconds long enough for loopback on a busy machine, and short enough to wait for.
private let short = Duration.milliseconds(200)

@Suite("A server's deadlines", .timeLimit(.minutes(3)))
struct DeadlineTests {
    @Test("close a connection without a request, without a response")
    func silent() async throws {
        try await withServer(testRoutes) {
            $0.deadlines.header = short
        } _: { server in
            let answer = try server.peer().receiveAll()
            #expect(answer.isEmpty)
        }
    }

    @Test("close an idle connection without a response")
    func idle() async throws {
        try await withServer(testRoutes) {
            $0.deadlines.idle = short
        } _: { server in
            let peer = try server.peer()
            try peer.send(get("/hello"))
            #expect(try peer.receiveAll().hasSuffix("hello"))
        }
    }

    @Test(
        "answer 408 when the request's header is late",
        arguments: ["G", "GET / HTTP/1.1\r\nHost:"]
    )
    func header(text: String) async throws {
        try await withServer(testRoutes) {
            $0.deadlines.header = short
        } _: { server in
            let peer = try server.peer()
            try peer.send(text)
            let answer = try peer.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
            #expect(answer.contains("\r\nConnection: close\r\n"))
            try await server.events.until { $0.statuses == [408] && $0.closed == 1 }
        }
    }

    @Test(
        "answer 408 when the request's body is late",
        arguments: ["Content-Length: 5\r\n\r\nab", "Transfer-Encoding: chunked\r\n\r\n5\r\nab"]
    )
    func body(rest: String) async throws {
        try await withServer(testRoutes) {
            $0.deadlines.body = short
        } _: { server in
            let peer = try server.peer()
            try peer.send("POST /echo HTTP/1.1\r\nHost: x\r\n" + rest)
            #expect(try peer.receiveAll().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        }
    }

    @Test("are not extended by a peer that sends single bytes")
    func dribble() async throws {
        try await withServer(testRoutes) {
            $0.deadlines.header = .milliseconds(400)
        } _: { server in
            let peer = try server.peer()
            let began = ContinuousClock.now
            var answer = ""
            try peer.send("GET / HTTP/1.1\r\nX-A: ")
            // One byte at a time for as long as the server listens.
            while answer.isEmpty, began.duration(to: .now) < .seconds(8) {
                try? peer.send("a")
                answer = try peer.receiveAvailable(waitingMilliseconds: 20)
            }
            #expect(answer.hasPrefix("HTTP/1.1 408"))
        }
    }

    /// Handlers that wait until the test lets them go.
    private func slowRoutes(_ gate: Signal, deadline: Duration? = nil) -> [Route] {
        testRoutes + [
            Route(.get, "/slow", deadline: deadline) { _ in
                await gate.wait()
                return Response(status: 200, body: Array("late".utf8))
            }
        ]
    }

    @Test("answer 503 for a slow handler and drop its late response")
    func handler() async throws {
        let gate = Signal()
        try await withServer(slowRoutes(gate)) {
            $0.deadlines.handler = short
        } _: { server in
            let peer = try server.peer()
            try peer.send(get("/slow"))
            let answer = try peer.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(answer.contains("\r\nConnection: close\r\n"))
            gate.raise()
            try await server.events.until { $0.statuses == [503] && $0.closed == 1 }
        }
    }

    @Test("do not count the time that the server itself is late")
    func late() async throws {
        let arrived = DispatchSemaphore(value: 0)
        let (gate, answered) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let limit = Duration.seconds(4)
        let routes = [
            Route(.get, "/slow", deadline: limit) { _ in
                arrived.signal()
                // Not in Swift's pool, whose few threads other tests may hold.
                await withCheckedContinuation { answer in
                    DispatchQueue.global().async {
                        gate.wait()
                        answer.resume()
                        answered.signal()
                    }
                }
                return Response(status: 200, body: Array("in time".utf8))
            },
            // Keeps the loop busy from before the answer until after its limit.
            Route(
                .get,
                "/busy",
                atOnce: { _ in
                    gate.signal()
                    answered.wait()
                    let now = ContinuousClock.now
                    while now.duration(to: .now) < limit {}
                    return Response(status: 200)
                }
            ) { _ in Response(status: 500) },
        ]
        try await withServer(routes) { server in
            let (slow, busy) = (try server.peer(), try server.peer())
            // Without a pause between them in which the limit could pass.
            func sendBoth() throws {
                try slow.send(get("/slow"))
                try #require(arrived.wait(timeout: .now() + 30) == .success)
                try busy.send(get("/busy"))
            }
            try sendBoth()
            #expect(try slow.receive(until: "\r\n").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("prefer a route's own limit to the server's")
    func route() async throws {
        let gate = Signal()
        try await withServer(slowRoutes(gate, deadline: short)) { server in
            let peer = try server.peer()
            try peer.send(get("/slow"))
            #expect(try peer.receiveAll().hasPrefix("HTTP/1.1 503"))
            gate.raise()
        }
    }

    @Test("do not delay an earlier response while a later handler runs")
    func heldBack() async throws {
        let gate = Signal()
        try await withServer(slowRoutes(gate)) { server in
            let peer = try server.peer()
            try peer.send(get("/hello") + get("/slow") + get("/hello"))
            #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            gate.raise()
            let rest = try peer.receive(until: "hello")
            #expect(rest.contains("late"))
        }
    }

    @Test("close the connection of a peer that does not read")
    func write() async throws {
        let big = [UInt8](repeating: 0x61, count: 8 << 20)
        let routes = testRoutes + [Route(.get, "/big") { _ in Response(status: 200, body: big) }]
        try await withServer(routes) {
            $0.deadlines.write = short
        } _: { server in
            let peer = try RawPeer(port: server.port, receiveBuffer: 4096)
            try peer.send(get("/big"))
            // Reads nothing; the server is rid of it all the same.
            try await server.events.until { $0.closed == 1 }
        }
    }

    @Test(
        "do not delay a normal peer beside a thousand slow ones",
        arguments: [
            "GET / HTTP/1.1\r\nX-A: ",
            "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab",
        ]
    )
    func slowPeers(text: String) async throws {
        try await withServer { server in
            var slow: [RawPeer] = []
            for _ in 0..<1000 {
                let peer = try server.peer()
                try peer.send(text)
                slow.append(peer)
            }
            try await server.events.until { $0.opened == 1000 }
            let peer = try server.peer()
            for _ in 0..<10 {
                try peer.send(get("/hello"))
                #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            }
            for peer in slow { try peer.send("c") }
            try peer.send(post("/echo", "still here"))
            #expect(try peer.receive(until: "still here").hasPrefix("HTTP/1.1 200"))
        }
    }
}
