import CurlClient
import Foundation
import HTTP
import JSON
import TestSupport
import Testing

@Suite("A destination", .timeLimit(.minutes(3)))
struct DestinationTests {
    @Test("presents its own certificate, on connections of its own")
    func clientCertificates() async throws {
        let certificates = try Certificates()
        for name in ["server", "one", "two"] {
            try certificates.issue(name, alternativeName: "IP:127.0.0.1")
        }
        let peer = try PeerProcess(
            script: "peer.py",
            arguments: [
                "certificate=" + certificates.certificate("server"),
                "key=" + certificates.key("server"), "authorities=" + certificates.authority,
            ]
        )
        let client = CurlHTTPClient()
        var connections: [String: Set<Int>] = [:]
        for name in ["one", "two", "one", "two", "one"] {
            let response = try await client.send(
                OutboundRequest(
                    .post,
                    peer.url("/echo", scheme: "https"),
                    destination: Destination(
                        authorities: certificates.authority,
                        certificate: certificates.certificate(name),
                        key: certificates.key(name)
                    )
                )
            )
            let echo = try JSONValue(response.body)
            #expect(echo["certificate"]?.string == name)
            connections[name, default: []].insert(echo["connection"]?.integer ?? 0)
        }
        // Each name kept its connection, and neither used the other's.
        #expect(connections["one"]?.count == 1)
        #expect(connections["two"]?.count == 1)
        #expect(connections["one"] != connections["two"])
    }

    @Test("shows a replaced certificate on the next call, on a connection of its own")
    func replacedCertificate() async throws {
        let certificates = try Certificates()
        for name in ["server", "old", "new"] {
            try certificates.issue(name, alternativeName: "IP:127.0.0.1")
        }
        let peer = try PeerProcess(
            script: "peer.py",
            arguments: [
                "certificate=" + certificates.certificate("server"),
                "key=" + certificates.key("server"), "authorities=" + certificates.authority,
            ]
        )
        let client = CurlHTTPClient()
        var seen: [(name: String?, connection: Int?)] = []
        for name in ["old", "old", "new", "new", "old"] {
            let identity = ClientIdentity(
                certificate: try certificates.bytes(certificates.certificate(name)),
                key: try certificates.bytes(certificates.key(name))
            )
            let response = try await client.send(
                OutboundRequest(
                    .post,
                    peer.url("/echo", scheme: "https"),
                    destination: Destination(
                        authorities: certificates.authority,
                        identity: identity
                    )
                )
            )
            let echo = try JSONValue(response.body)
            seen.append((echo["certificate"]?.string, echo["connection"]?.integer))
        }
        #expect(seen.map(\.name) == ["old", "old", "new", "new", "old"])
        #expect(seen[0].connection == seen[1].connection)
        #expect(seen[2].connection == seen[3].connection)
        #expect(seen[1].connection != seen[2].connection)
        #expect(seen[4].connection == seen[0].connection)
    }

    @Test("with an identity that is none cannot be sent to")
    func unusableIdentity() async throws {
        let certificates = try Certificates()
        try certificates.issue("server", alternativeName: "IP:127.0.0.1")
        let peer = try PeerProcess(
            script: "peer.py",
            arguments: [
                "certificate=" + certificates.certificate("server"),
                "key=" + certificates.key("server"),
            ]
        )
        let request = OutboundRequest(
            .get,
            peer.url("/echo", scheme: "https"),
            destination: Destination(
                authorities: certificates.authority,
                identity: ClientIdentity(certificate: [1], key: [2])
            )
        )
        #expect(await send(CurlHTTPClient(), request).errorKind == .invalid)
    }

    // rule: F11
    @Test("is trusted only by its own authority, under its own name, and by TLS 1.2 or later")
    func trust() async throws {
        let certificates = try Certificates()
        try certificates.issue("server", alternativeName: "IP:127.0.0.1")
        try certificates.issue("other", alternativeName: "DNS:other.test")
        func peer(_ name: String, _ more: [String] = []) throws -> PeerProcess {
            try PeerProcess(
                script: "peer.py",
                arguments: [
                    "certificate=" + certificates.certificate(name),
                    "key=" + certificates.key(name),
                ] + more
            )
        }
        let client = CurlHTTPClient()
        let trusting = Destination(authorities: certificates.authority)
        func attempt(
            _ peer: PeerProcess,
            _ destination: Destination
        ) async -> Result<OutboundResponse, OutboundError> {
            await send(
                client,
                OutboundRequest(
                    .post,
                    peer.url("/echo", scheme: "https"),
                    body: [1],
                    destination: destination
                )
            )
        }
        let server = try peer("server")
        #expect(await attempt(server, trusting).status == 200)
        #expect(await attempt(server, Destination()).errorKind == .notSent)
        let unrelated = try Certificates()
        let wrong = Destination(authorities: unrelated.authority)
        #expect(await attempt(server, wrong).errorKind == .notSent)
        #expect(await attempt(try peer("other"), trusting).errorKind == .notSent)
        let old = try peer("server", ["version=1.1"])
        #expect(await attempt(old, trusting).errorKind == .notSent)
    }

    @Test("with certificate files that are not there cannot be sent to")
    func missingFiles() async throws {
        let certificates = try Certificates()
        try certificates.issue("server", alternativeName: "IP:127.0.0.1")
        let peer = try PeerProcess(
            script: "peer.py",
            arguments: [
                "certificate=" + certificates.certificate("server"),
                "key=" + certificates.key("server"),
            ]
        )
        let missing = certificates.directory.file("missing.pem")
        let client = CurlHTTPClient()
        for destination in [
            Destination(authorities: missing),
            Destination(authorities: certificates.authority, certificate: missing, key: missing),
            Destination(
                authorities: certificates.authority,
                certificate: certificates.certificate("server"),
                key: missing
            ),
        ] {
            let request = OutboundRequest(
                .get,
                peer.url("/echo", scheme: "https"),
                destination: destination
            )
            #expect(await send(client, request).errorKind == .invalid)
        }
    }

    @Test(
        "without internal addresses is not reached on them, by number or by name",
        arguments: [
            "127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]",
        ]
    )
    func guarded(host: String) async throws {
        let peer = try sharedPeer.get()
        let path = unique("/echo")
        let client = CurlHTTPClient()
        let guarded = Destination(allowsInternalAddresses: false, proxy: peer.url(""))
        let request = OutboundRequest(
            .post,
            peer.url(path, host: host),
            body: [1],
            destination: guarded
        )
        #expect(await send(client, request).errorKind == .forbiddenAddress)
        // Nor on a connection that is there already, opened for a destination without the guard.
        let open = OutboundRequest(.post, peer.url(path, host: host), body: [1])
        #expect(await send(client, open).status == 200)
        #expect(await send(client, request).errorKind == .forbiddenAddress)
        #expect(try await peer.count(path, by: client) == 1)
    }

    @Test("is reached through its proxy")
    func proxy() async throws {
        let proxy = try sharedPeer.get()
        let client = CurlHTTPClient()
        let through = Destination(proxy: proxy.url(""))
        let plain = OutboundRequest(.get, "http://bank.test/a", destination: through)
        #expect(try await client.send(plain).text == "proxied http://bank.test/a")
        // A proxy that opens no tunnel: nothing of the request has left.
        let secret = OutboundRequest(.post, "https://bank.test/a", body: [1], destination: through)
        #expect(await send(client, secret).errorKind == .notSent)
    }

    @Test("is reached through the environment's proxy unless it says otherwise")
    func environment() async throws {
        let address = try sharedPeer.get().url("")
        // In a process of its own: the environment is everybody's.
        await #expect(processExitsWith: .success) { [address = address as String] in
            setenv("http_proxy", address, 1)
            setenv("no_proxy", "127.0.0.1", 1)
            let client = CurlHTTPClient()
            func reach(_ url: String, _ destination: Destination) async -> Int? {
                await send(client, OutboundRequest(.get, url, destination: destination)).status
            }
            let url = "http://bank.test/a"
            try #require(await reach(url, Destination()) == 200)
            try #require(await reach(url, Destination(proxy: "")) == nil)
            try #require(await reach(url, Destination(allowsInternalAddresses: false)) == nil)
            try #require(await reach(address + "/echo", Destination()) == 200)
            client.shutdown()
        }
    }
}
