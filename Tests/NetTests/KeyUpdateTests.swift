import Dispatch
import HTTP
import Net
import TLS
import TestSupport
import Testing
import Threads

@Suite("A peer that keeps requesting key updates (RFC 8446 §4.6.3)", .timeLimit(.minutes(3)))
struct KeyUpdateTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates.shared.get() }

    private func withTLSServer(
        and routes: [Route] = [],
        _ body: (TestServer, TLSContext) async throws -> Void
    ) async throws {
        let client = try TLSContext(
            client: TLSClientSettings(authorities: certificates.authority)
        )
        try await withServer(testRoutes + routes) {
            // Under a sanitizer, thousands of records take longer than a peer is usually given.
            $0.deadlines = Deadlines(
                handshake: .seconds(60),
                header: .seconds(60),
                handler: .seconds(60)
            )
            $0.tls = TLSSettings(
                certificate: certificates.certificate("server"),
                key: certificates.key("server")
            )
        } _: { server in
            try await body(server, client)
        }
    }

    @Test("gets its responses in between")
    func answered() async throws {
        try await withTLSServer { server, client in
            let peer = try TLSPeer(port: server.port, client)
            for _ in 0..<3 {
                try peer.sendKeyUpdates(100)
                try peer.send(get("/hello"))
                #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test("does not occupy the event loop when it does not read")
    func unread() async throws {
        try await withTLSServer { server, client in
            let flood = try TLSPeer(port: server.port, client, receiveBuffer: 4096)
            // Until the server takes no more: then its answers are stuck, with more to be read.
            var sent = 0
            #expect(throws: RawPeer.Failure.self) {
                while sent < 2_000_000 {
                    try flood.sendKeyUpdates(10_000)
                    sent += 10_000
                }
            }
            let peer = try TLSPeer(port: server.port, client)
            try peer.send(get("/hello"))
            #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("is served after a peer with one request")
    func turns() async throws {
        let entered = Signal()
        let gate = DispatchSemaphore(value: 0)
        try await withTLSServer(and: [blockingRoute(entered, until: gate)]) { server, client in
            let flood = try TLSPeer(port: server.port, client)
            let peer = try TLSPeer(port: server.port, client)
            let blocking = try TLSPeer(port: server.port, client)
            try blocking.send(get("/block"))
            try await within { await entered.wait() }
            // More than one read takes, and little enough to be all there when the turn begins.
            try flood.sendKeyUpdates(1500)
            try flood.send(get("/hello"))
            try peer.send(get("/peer"))
            gate.signal()
            #expect(try peer.receive(until: "none").hasPrefix("HTTP/1.1 200"))
            #expect(try flood.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            // By their places in the table: /block, /peer and only then /hello.
            try await server.events.until { $0.routes.count == 3 }
            #expect(server.events.current.routes == [testRoutes.count, 2, 0])
        }
    }
}
