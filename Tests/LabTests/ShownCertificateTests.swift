import Foundation
import CurlClient
import HTTP
import JSON
import Net
import TLS
import TestSupport
import Testing

@testable import Lab

@Suite("The simulator's certificate", .timeLimit(.minutes(3)))
struct ShownCertificateTests {
    /// Each call makes a new connection, because only those see another certificate.
    private static var parting: Response {
        var response = Response(status: 204)
        response.closesConnection = true
        return response
    }

    @Test("changes while the knob is set (K-25)")
    func knob() async throws {
        let certificates = try Certificates()
        try certificates.issue("good", alternativeName: "IP:127.0.0.1")
        try certificates.issue("wrong_name", alternativeName: "DNS:elsewhere.example")
        try certificates.issue("expired", alternativeName: "IP:127.0.0.1", days: -1)
        let strangers = try Certificates()
        try strangers.issue("unknown_ca", alternativeName: "IP:127.0.0.1")
        for ending in ["pem", "key"] {
            try strangers.copy("unknown_ca.\(ending)", to: certificates)
        }
        let shown = try #require(ShownCertificate(directory: certificates.directory.path))
        let loops = try EventLoopGroup(count: 1)
        defer { loops.stop() }
        var configuration = ServerConfiguration(
            address: SocketAddress(host: "127.0.0.1", port: 0)
        )
        configuration.tls = TLSSettings(certificate: shown.certificate, key: shown.key)
        let server = try Server(
            configuration,
            router: Router([Route(.get, "/") { _ in Self.parting }]),
            loops: loops.loops
        )
        let knobs = KnobBoard(seed: 1)
        knobs.connectTLS { shown.show($0, on: server) }
        // While other tests keep both cores busy, the server's turn may come late.
        let client = CurlHTTPClient(connectLimit: .seconds(100))
        defer { client.shutdown() }
        @Sendable func call() async throws -> Int {
            var request = OutboundRequest(.get, "https://127.0.0.1:\(server.port)/")
            request.destination = Destination(authorities: certificates.authority)
            request.timeLimit = .seconds(100)
            return try await client.send(request).status
        }
        try await withThrowingTaskGroup(of: Void.self) { group throws in
            group.addTask { await server.run() }
            defer { group.cancelAll() }
            let first = try await call()
            #expect(first == 204)
            for name in ["wrong_name", "unknown_ca", "expired"] {
                let id = knobs.set([.tls: .string(name)])
                let error = await #expect(throws: OutboundError.self) { try await call() }
                guard case .notSent = error else {
                    Issue.record("something was sent: \(String(describing: error))")
                    return
                }
                knobs.remove(id)
                let after = try await call()
                #expect(after == 204)
            }
        }
    }
}

extension Certificates {
    /// Copies a file of one directory to another's.
    fileprivate func copy(_ name: String, to other: Certificates) throws {
        let bytes = try bytes(directory.file(name))
        try String(decoding: bytes, as: UTF8.self).write(
            toFile: other.directory.file(name),
            atomically: true,
            encoding: .utf8
        )
    }
}
