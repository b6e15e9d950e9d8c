import Dispatch
import Glibc
import HTTP
import Net
import TestSupport
import Testing
import Threads

@Suite("A server under load", .timeLimit(.minutes(3)))
struct LoadTests {
    @Test("tells peers beyond its limit to come back, and goes on")
    func connectionLimit() async throws {
        try await withServer(testRoutes) {
            $0.maximumConnections = 2
        } _: { server in
            let first = try server.peer()
            let second = try server.peer()
            for peer in [first, second] {
                try peer.send(get("/hello"))
                _ = try peer.receive(until: "hello")
            }
            let third = try server.peer()
            try third.send(get("/hello"))
            let answer = try third.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(answer.contains("\r\nRetry-After: 1\r\n"))
            #expect(answer.contains("\r\nConnection: close\r\n"))
            try first.send(get("/hello"))
            #expect(try first.receive(until: "hello").hasPrefix("HTTP/1.1 200"))

            first.reset()
            try await server.events.until { $0.closed == 1 }
            let fourth = try server.peer()
            try fourth.send(get("/hello"))
            #expect(try fourth.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            #expect(server.events.current.refused == 1)
        }
    }

    @Test("survives having no descriptors left")
    func descriptors() async throws {
        await #expect(processExitsWith: .success) {
            try await withServer { server in
                let first = try server.peer()
                try first.send(get("/hello"))
                _ = try first.receive(until: "hello")

                // What a peer needs is made first, and then all descriptors are taken.
                let waiting = try RawPeer(limitSeconds: 10)
                let hoard = Hoard()
                defer { hoard.release() }
                try waiting.connect(port: server.port)
                #expect(try waiting.receiveAll().isEmpty)
                try await server.events.until { $0.refused >= 1 }
                try first.send(get("/hello"))
                #expect(try first.receive(until: "hello").hasPrefix("HTTP/1.1 200"))

                hoard.release()
                let after = try server.peer()
                try after.send(get("/hello"))
                #expect(try after.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test("shares its port among loops, and serves on each")
    func manyLoops() async throws {
        try await withServer(loops: 2) { server in
            let peers = try (0..<32).map { _ in try server.peer() }
            for peer in peers { try peer.send(get("/hello")) }
            for peer in peers {
                #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            }
            #expect(server.server.openConnections == 32)
        }
    }

    @Test("does not share its port with another server", arguments: [1, 2])
    func portInUse(loops: Int) async throws {
        try await withServer(loops: loops) { server in
            let group = try EventLoopGroup(count: loops)
            defer { group.stop() }
            #expect(throws: NetError.addressInUse("127.0.0.1:\(server.port)")) {
                _ = try Server(
                    ServerConfiguration(address: .loopback(port: server.port)),
                    router: Router([]),
                    loops: group.loops
                )
            }
        }
    }

    @Test(
        "listens on IPv6, and for IPv4 peers too",
        .enabled("the machine has IPv6") { hasIPv6() }
    )
    func dualStack() async throws {
        try await withServer(testRoutes) {
            $0.address = SocketAddress(host: "::", port: 0)
        } _: { server in
            let old = try server.peer()
            try old.send(get("/peer", "Connection: close\r\n"))
            #expect(try old.receiveAll().hasSuffix("\r\n\r\n127.0.0.1 false none"))
            let new = try RawPeer(port: server.port, isIPv6: true)
            try new.send(get("/peer", "Connection: close\r\n"))
            #expect(try new.receiveAll().hasSuffix("\r\n\r\n::1 false none"))
        }
    }

    @Test("goes on after peers that reset")
    func resets() async throws {
        try await withServer { server in
            for text in ["", "GET", get("/hello"), post("/echo", "a").dropLast() + ""] {
                let peer = try server.peer()
                try peer.send(text)
                peer.reset()
            }
            try await server.events.until { $0.closed == 4 }
            let peer = try server.peer()
            try peer.send(get("/hello"))
            #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("tells another thread how long a loop could not respond")
    func lag() async throws {
        let entered = Signal()
        let gate = DispatchSemaphore(value: 0)
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let server = try Server(
            ServerConfiguration(address: .loopback()),
            router: Router([blockingRoute(entered, until: gate)]),
            loops: group.loops
        )
        let running = Task(executorPreference: group.loops[0]) { await server.run() }
        let peer = try RawPeer(port: server.port)
        try peer.send(get("/block"))
        await entered.wait()
        // Time passes: how much is what is measured.
        let start = ContinuousClock.now
        while ContinuousClock.now - start < .milliseconds(100) {}
        #expect(group.loops[0].takeLag() >= .milliseconds(80))
        gate.signal()
        _ = try peer.receive(until: "\r\n\r\n")
        server.drain(within: .zero)
        await running.value
        #expect(group.loops[0].takeLag() >= .milliseconds(80))
        #expect(group.loops[0].takeLag() < .milliseconds(80))
    }

    @Test("lets other peers have their turn while one sends without end")
    func fairness() async throws {
        try await withServer { server in
            let greedy = try server.peer()
            let stop = Locked(false)
            let many = Array(String(repeating: get("/hello"), count: 200).utf8)
            WorkerThread.start { while !stop.withLock({ $0 }) { try? greedy.send(many) } }
            WorkerThread.start { while !stop.withLock({ $0 }) { _ = try? greedy.receive() } }
            let peer = try server.peer()
            for _ in 0..<20 {
                try peer.send(post("/echo", "polite"))
                #expect(try peer.receive(until: "polite").hasPrefix("HTTP/1.1 200"))
            }
            stop.withLock { $0 = true }
            greedy.reset()
        }
    }
}

private func hasIPv6() -> Bool {
    guard let group = try? EventLoopGroup(count: 1) else { return false }
    defer { group.stop() }
    let address = SocketAddress(host: "::1", port: 0)
    let server = try? Server(
        ServerConfiguration(address: address),
        router: Router([]),
        loops: group.loops
    )
    return server != nil
}

/// Takes every descriptor that the process may still open, with the limit lowered so that this is
/// quick.
private final class Hoard: Sendable {
    private let taken = Locked<[Int32]>([])

    init() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_cur, 256)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        while true {
            let descriptor = open("/dev/null", O_RDONLY)
            if descriptor < 0 { break }
            taken.withLock { $0.append(descriptor) }
        }
    }

    func release() {
        taken.withLock { taken in
            for descriptor in taken { close(descriptor) }
            taken = []
        }
    }
}
