import Foundation
import HTTP
import Net
import TLS
import TestSupport
import Testing
import Threads

@Suite("A server over TLS", .timeLimit(.minutes(3)))
struct TLSTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates.shared.get() }

    private func settings(
        _ name: String = "server",
        _ clients: ClientCertificates = .off
    ) -> TLSSettings {
        TLSSettings(
            certificate: certificates.certificate(name),
            key: certificates.key(name),
            clientCertificates: clients
        )
    }

    private func client(_ name: String? = nil, isLimitedToTLS12: Bool = false) throws -> TLSContext
    {
        try TLSContext(
            client: TLSClientSettings(
                authorities: certificates.authority,
                certificate: name.map(certificates.certificate),
                key: name.map(certificates.key),
                isLimitedToTLS12: isLimitedToTLS12
            )
        )
    }

    @Test("speaks TLS 1.2 and 1.3", arguments: [(true, "TLSv1.2"), (false, "TLSv1.3")])
    func versions(isLimited: Bool, version: String) async throws {
        try await withServer(testRoutes) {
            $0.tls = settings()
        } _: { server in
            let peer = try TLSPeer(port: server.port, client(isLimitedToTLS12: isLimited))
            #expect(peer.version == version)
            for _ in 0..<3 {
                try peer.send(get("/hello"))
                #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            }
            let body = String(repeating: "0123456789", count: 6000)
            try peer.send(post("/echo", body + ";") + get("/peer"))
            let answer = try peer.receive(until: "none")
            #expect(answer.contains(body))
            #expect(answer.hasSuffix("127.0.0.1 true none"))
        }
    }

    @Test("serves peers without a certificate only if none is required")
    func clientCertificates() async throws {
        typealias Row = (ClientCertificates, String?, String?)
        let authority = certificates.authority
        // RFC 4514: the most specific name first, and the comma escaped.
        let teller = "CN=teller,O=Bank\\, Inc.,C=DE"
        let rows: [Row] = [
            (.off, nil, "none"), (.off, "client", "none"),
            (.optional(authorities: authority), nil, "none"),
            (.optional(authorities: authority), "client", teller),
            (.optional(authorities: authority), "intruder", nil),
            (.required(authorities: authority), nil, nil),
            (.required(authorities: authority), "client", teller),
            (.required(authorities: authority), "intruder", nil),
        ]
        for (clients, name, expected) in rows {
            for isLimited in [true, false] {
                try await withServer(testRoutes) {
                    $0.tls = settings("server", clients)
                } _: { server in
                    let context = try client(name, isLimitedToTLS12: isLimited)
                    // With 1.3 a client learns of its refusal after its own handshake is done.
                    let answer = try? { () throws -> String in
                        let peer = try TLSPeer(port: server.port, context)
                        try peer.send(get("/peer"))
                        return try peer.receive(until: "\r\n\r\n")
                    }()
                    if let expected {
                        #expect(answer?.hasSuffix("127.0.0.1 true \(expected)") == true)
                    } else {
                        #expect(answer == nil || answer == "")
                    }
                }
            }
        }
    }

    @Test("identifies a peer by its certificate's thumbprint (RFC 8705 §3.1)")
    func thumbprint() async throws {
        let route = Route(.get, "/thumbprint") { request in
            let bytes = request.peer.certificate?.thumbprint ?? []
            let text = bytes.map { String(format: "%02X", $0) }.joined(separator: ":")
            return Response(status: 200, body: Array((text + ";").utf8))
        }
        try await withServer([route]) {
            $0.tls = settings("server", .required(authorities: certificates.authority))
        } _: { server in
            let peer = try TLSPeer(port: server.port, client("client"))
            try peer.send(get("/thumbprint"))
            let answer = try peer.receive(until: ";")
            let expected = try certificates.openssl(
                "x509",
                "-in",
                certificates.certificate("client"),
                "-noout",
                "-fingerprint",
                "-sha256"
            )
            let digits = expected.split(separator: "=")[1].trimmingCharacters(
                in: .whitespacesAndNewlines
            )
            #expect(answer.hasSuffix("\r\n\r\n\(digits);"))
        }
    }

    @Test(
        "with any accepts certificates of unknown issuers as unverified, but none that is unusable",
        arguments: [
            (nil, true, false, "none"),
            ("client", true, false, "CN=teller,O=Bank\\, Inc.,C=DE true"),
            ("client", false, false, "CN=teller,O=Bank\\, Inc.,C=DE false"),
            ("client", true, true, "CN=teller,O=Bank\\, Inc.,C=DE true"),
            ("self", true, false, "CN=self false"), ("self", false, false, "CN=self false"),
            ("self", true, true, "CN=self false"), ("intruder", true, false, "CN=intruder false"),
            ("intruder", true, true, "CN=intruder false"),
            ("intruder", false, false, "CN=intruder false"),
            ("chained", true, false, "CN=intruder false"),
            ("chained", true, true, "CN=intruder false"),
            ("expired", true, false, nil), ("expired", false, false, nil),
            ("expired-self", true, false, nil), ("expired-self", false, false, nil),
            ("expired-intruder", true, false, nil), ("expired-intruder", false, false, nil),
            ("future-self", true, false, nil), ("future-self", false, false, nil),
            ("curve-self", true, false, nil), ("curve-self", false, false, nil),
            ("servers-self", true, false, nil), ("revoked", true, true, nil),
        ] as [(String?, Bool, Bool, String?)]
    )
    func anyCertificate(
        name: String?,
        hasAuthorities: Bool,
        checksRevocation: Bool,
        expected: String?
    ) async throws {
        let route = Route(.get, "/who") { request in
            let certificate = request.peer.certificate
            let text = certificate.map { "\($0.subject) \($0.isVerified)" } ?? "none"
            return Response(status: 200, body: Array((text + ";").utf8))
        }
        try await withServer([route]) {
            let authorities = hasAuthorities ? certificates.authority : nil
            $0.tls = settings("server", .any(authorities: authorities))
            if checksRevocation { $0.tls?.clientRevocations = certificates.revocations }
        } _: { server in
            for isLimited in [true, false] {
                let context = try client(name, isLimitedToTLS12: isLimited)
                let answer = try? { () throws -> String in
                    let peer = try TLSPeer(port: server.port, context)
                    try peer.send(get("/who"))
                    return try peer.receive(until: ";")
                }()
                if let expected {
                    #expect(answer?.hasSuffix("\r\n\r\n\(expected);") == true, "\(answer ?? "")")
                } else {
                    #expect(answer == nil || answer == "")
                }
            }
        }
    }

    @Test("takes the key and the end of the validity from a peer's certificate")
    func keyInfo() async throws {
        let file = certificates.directory.file("client.spki")
        try certificates.openssl(
            ["pkey", "-in", certificates.key("client"), "-pubout", "-outform", "DER", "-out", file]
        )
        let key = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        let route = Route(.get, "/key") { request in
            let certificate = request.peer.certificate
            let left = (certificate?.notAfter ?? 0) - Int64(time(nil))
            let isRight = certificate?.keyInfo == key && (86_400...2 * 86_400).contains(left)
            return Response(status: 200, body: Array("\(isRight);".utf8))
        }
        try await withServer([route]) {
            $0.tls = settings("server", .required(authorities: certificates.authority))
        } _: { server in
            let peer = try TLSPeer(port: server.port, client("client"))
            try peer.send(get("/key"))
            #expect(try peer.receive(until: ";").hasSuffix("\r\n\r\ntrue;"))
        }
    }

    @Test("uses new certificates without closing connections")
    func reload() async throws {
        let directory = try TemporaryDirectory()
        let (certificate, key) = (directory.file("c.pem"), directory.file("k.pem"))
        func install(_ name: String) throws {
            for (from, to) in [
                (certificates.certificate(name), certificate), (certificates.key(name), key),
            ] {
                try? FileManager.default.removeItem(atPath: to)
                try FileManager.default.copyItem(atPath: from, toPath: to)
            }
        }
        try install("server")
        try await withServer(testRoutes) {
            $0.tls = TLSSettings(certificate: certificate, key: key)
        } _: { server in
            let old = try TLSPeer(port: server.port, client())
            #expect(old.serverSubject == "CN=localhost")

            try install("renewed")
            try server.server.reloadCertificate()
            let new = try TLSPeer(port: server.port, client())
            #expect(new.serverSubject == "CN=renewed")

            // An unusable file changes nothing.
            try "nonsense".write(toFile: certificate, atomically: true, encoding: .utf8)
            #expect(throws: NetError.self) { try server.server.reloadCertificate() }
            let newest = try TLSPeer(port: server.port, client())
            #expect(newest.serverSubject == "CN=renewed")

            for peer in [old, new, newest] {
                try peer.send(get("/hello"))
                #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
            }
            #expect(server.events.current.opened == 3)
        }
    }

    @Test("closes connections whose handshake does not finish")
    func handshakeDeadline() async throws {
        try await withServer(testRoutes) {
            $0.tls = settings()
            $0.deadlines.handshake = .milliseconds(200)
        } _: { server in
            let silent = try server.peer()
            #expect(try silent.receiveAll().isEmpty)
            let half = try server.peer()
            try half.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
            #expect(try half.receiveAll().isEmpty)
        }
    }

    @Test("refuses plain text and keeps serving")
    func plain() async throws {
        try await withServer(testRoutes) {
            $0.tls = settings()
        } _: { server in
            let plain = try server.peer()
            try plain.send(get("/hello"))
            #expect(!(try plain.receiveAll().contains("hello")))
            let peer = try TLSPeer(port: server.port, client())
            try peer.send(get("/hello"))
            #expect(try peer.receive(until: "hello").hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("answers 503 for a slow handler, encrypted")
    func lateHandler() async throws {
        let gate = Signal()
        let slow = Route(.get, "/slow", deadline: .milliseconds(200)) { _ in
            await gate.wait()
            return Response(status: 200)
        }
        try await withServer([slow]) {
            $0.tls = settings()
        } _: { server in
            let peer = try TLSPeer(port: server.port, client())
            try peer.send(get("/slow"))
            #expect(try peer.receive(until: "\r\n\r\n").hasPrefix("HTTP/1.1 503"))
            gate.raise()
        }
    }

    @Test("knows the alternative names of a peer's certificate")
    func alternativeNames() async throws {
        let route = Route(.get, "/names") { request in
            let peer = request.peer.certificate
            let names =
                (peer?.dnsNames ?? []) + (peer?.uris ?? []) + (peer?.addresses ?? [])
                + (peer?.emails ?? [])
            return Response(status: 200, body: Array((names.joined(separator: " ") + ";").utf8))
        }
        try await withServer([route]) {
            $0.tls = settings("server", .required(authorities: certificates.authority))
        } _: { server in
            let peer = try TLSPeer(port: server.port, client("client"))
            try peer.send(get("/names"))
            let expected = "localhost spiffe://bank/teller 127.0.0.1 teller@bank.example;"
            #expect(try peer.receive(until: ";").hasSuffix(expected))
        }
    }

    @Test("refuses a peer whose certificate is revoked, by the lists that were last read")
    func revocation() async throws {
        try await withServer(testRoutes) {
            $0.tls = settings("server", .required(authorities: certificates.authority))
            $0.tls?.clientRevocations = certificates.revocations
        } _: { server in
            for (name, isAccepted) in [("client", true), ("revoked", false)] {
                for isLimited in [true, false] {
                    let context = try client(name, isLimitedToTLS12: isLimited)
                    let answer = try? { () throws -> String in
                        let peer = try TLSPeer(port: server.port, context)
                        try peer.send(get("/hello"))
                        return try peer.receive(until: "hello")
                    }()
                    #expect((answer ?? "").hasSuffix("hello") == isAccepted, "\(name)")
                }
            }
        }
        var configuration = ServerConfiguration(address: .loopback())
        configuration.tls = settings("server", .required(authorities: certificates.authority))
        configuration.tls?.clientRevocations = certificates.certificate("client")
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        #expect(throws: NetError.self) {
            _ = try Server(configuration, router: Router([]), loops: group.loops)
        }
    }

    @Test(
        "agrees on the groups of Mozilla's intermediate profile, and on no others",
        arguments: [
            ("X25519", true), ("P-256", true), ("P-384", true), ("P-521", false), ("X448", false),
            ("ffdhe2048", false),
        ]
    )
    func groups(name: String, isAccepted: Bool) async throws {
        try await withServer(testRoutes) {
            $0.tls = settings()
        } _: { server in
            let text = try? certificates.openssl(
                "s_client",
                "-connect",
                "127.0.0.1:\(server.port)",
                "-groups",
                name,
                "-CAfile",
                certificates.authority,
                "-verify_return_error"
            )
            #expect((text != nil) == isAccepted)
        }
    }

    @Test(
        "offers resumption only where it looks at no certificates of peers",
        arguments: ["-tls1_2", "-tls1_3"],
        ["off", "optional", "any"]
    )
    func resumption(version: String, mode: String) async throws {
        let resumes = mode == "off"
        try await withServer(testRoutes) {
            let modes: [String: ClientCertificates] = [
                "optional": .optional(authorities: certificates.authority),
                "any": .any(authorities: nil),
            ]
            $0.tls = settings("server", modes[mode] ?? .off)
        } _: { server in
            let session = certificates.directory.file("session\(version)-\(mode)")
            // The tickets of TLS 1.3 come after the handshake, so something must be read.
            let request = "GET /hello HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n"
            let connect =
                "printf '\(request)' | openssl s_client \(version) -connect "
                + "127.0.0.1:\(server.port) -ign_eof"
            _ = try? certificates.run("sh", ["-c", connect + " -sess_out \(session)"])
            let text = try? certificates.run(
                "sh",
                ["-c", connect + " -sess_in \(session) | grep -c '^Reused'"]
            )
            #expect((text == "1\n") == resumes)
        }
    }

    @Test("sends Strict-Transport-Security in every response (RFC 6797 §7.1)")
    func strictTransport() async throws {
        let expected = "\r\nStrict-Transport-Security: max-age=31536000\r\n"
        for (age, isSent) in [(Duration.seconds(365 * 86400), true), (.zero, false)] {
            try await withServer(testRoutes) {
                $0.tls = settings()
                $0.strictTransport = age
            } _: { server in
                for text in [get("/hello"), get("/nowhere"), get("/echo"), "nonsense\r\n\r\n"] {
                    let peer = try TLSPeer(port: server.port, client())
                    try peer.send(text)
                    #expect(try peer.receive(until: "\r\n\r\n").contains(expected) == isSent)
                }
            }
        }
        try await withServer { server in
            let plain = try server.peer()
            try plain.send(get("/hello"))
            #expect(!(try plain.receive(until: "hello").contains("Strict-Transport")))
        }
    }

    @Test("is not created from files without a certificate and its key")
    func badFiles() throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.stop() }
        let pairs = [
            ("server", "client"), ("missing", "server"), ("server", "missing"),
        ]
        for (certificate, key) in pairs {
            var configuration = ServerConfiguration(address: .loopback())
            configuration.tls = TLSSettings(
                certificate: certificates.certificate(certificate),
                key: certificates.key(key)
            )
            #expect(throws: NetError.self) {
                _ = try Server(configuration, router: Router([]), loops: group.loops)
            }
        }
    }

    @Test("is trusted by clients only for its name and its authority")
    func serverIdentity() async throws {
        try await withServer(testRoutes) {
            $0.tls = settings("intruder")
        } _: { server in
            #expect(throws: TLSError.self) {
                _ = try TLSPeer(port: server.port, client())
            }
        }
    }
}
