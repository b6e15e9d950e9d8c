import Net
import TLS
import TestSupport
import Testing

@Suite("A peer that keeps asking for new keys (RFC 8446 §4.6.3)", .timeLimit(.minutes(1)))
struct KeyUpdateTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates.shared.get() }

    private func withTLSServer(
        _ body: (TestServer, TLSContext) async throws -> Void
    ) async throws {
        let client = try TLSContext(
            client: TLSClientSettings(authorities: certificates.authority)
        )
        try await withServer(testRoutes) {
            $0.tls = TLSSettings(
                certificate: certificates.certificate("server"),
                key: certificates.key("server")
            )
        } _: { server in
            try await body(server, client)
        }
    }

    @Test("is answered in between")
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

    @Test("and does not read the answers leaves the loop to the others")
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
}
