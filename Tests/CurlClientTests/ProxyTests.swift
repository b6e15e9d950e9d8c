import Foundation
import HTTP
import JSON
import TestSupport
import Testing

@testable import CurlClient

@Suite("A guarded destination behind a proxy", .timeLimit(.minutes(3)))
struct GuardedProxyTests {
    private static let name = "hook.bank.test"
    /// Public, and never connected to: the proxy's tunnels lead elsewhere.
    private static let address = "9.9.9.9"

    /// A proxy, and the server behind all of its tunnels. One for all tests: starting them blocks
    /// a thread of the shared pool. Each test asks for ports of its own.
    private struct Stage: Sendable {
        let certificates: Certificates
        let server: PeerProcess
        let proxy: PeerProcess

        init() throws {
            certificates = try Certificates()
            let names = "DNS:\(GuardedProxyTests.name),IP:\(GuardedProxyTests.address)"
            try certificates.issue("server", alternativeName: names)
            server = try PeerProcess(
                script: "peer.py",
                arguments: [
                    "certificate=" + certificates.certificate("server"),
                    "key=" + certificates.key("server"),
                ]
            )
            proxy = try PeerProcess(script: "peer.py", arguments: ["tunnel=\(server.port)"])
        }
    }
    private static let sharedHouse = Result { try Stage() }

    private let stage: Stage
    private let client = CurlHTTPClient()

    init() throws { stage = try Self.sharedHouse.get() }

    private func request(
        _ host: String,
        port: Int,
        proxyResolves: Bool = false
    ) -> OutboundRequest {
        OutboundRequest(
            .post,
            "https://\(host):\(port)/echo",
            body: [0x31],
            destination: Destination(
                authorities: stage.certificates.authority,
                allowsInternalAddresses: false,
                proxyResolvesNames: proxyResolves,
                proxy: stage.proxy.url("")
            ),
            timeLimit: .seconds(60)
        )
    }

    /// How many tunnels to a host and port, or to a port wherever, the proxy was asked for.
    private func tunnels(to place: String) async throws -> Int? {
        try await stage.proxy.count("/tunnel/" + place, by: client)
    }

    @Test("is reached by its address, on one connection", arguments: [(false, 8441), (true, 8442)])
    func address(proxyResolves: Bool, port: Int) async throws {
        let request = request(Self.address, port: port, proxyResolves: proxyResolves)
        for _ in 0..<2 {
            let answer = try await client.send(request)
            #expect(try JSONValue(answer.body)["body"]?.string == "1")
        }
        #expect(try await tunnels(to: "9.9.9.9:\(port)") == 1)
    }

    @Test("is reached by its name when the proxy answers for that")
    func name() async throws {
        let request = request(Self.name, port: 8443, proxyResolves: true)
        #expect(try await client.send(request).status == 200)
        #expect(try await tunnels(to: "hook.bank.test:8443") == 1)
    }

    @Test("is not sent to when its name has no address here")
    func unknownName() async throws {
        #expect(await send(client, request(Self.name, port: 8444)).errorKind == .notSent)
        #expect(try await tunnels(to: "8444") == 0)
    }

    @Test("is refused when it is internal, and the proxy hears nothing of it")
    func inner() async throws {
        let hosts = [
            "127.0.0.1", "2130706433", "0x7f.1", "10.1.2.3", "192.168.0.1", "169.254.169.254",
            "[::1]", "[::ffff:10.0.0.1]",
        ]
        for host in hosts {
            for proxyResolves in [false, true] {
                let request = request(host, port: 8445, proxyResolves: proxyResolves)
                #expect(await send(client, request).errorKind == .forbiddenAddress, "\(host)")
            }
        }
        let local = request("LocalHost", port: 8445)
        #expect(await send(client, local).errorKind == .forbiddenAddress)
        #expect(try await tunnels(to: "8445") == 0)
    }

    @Test("is reached through the environment's proxy")
    func environment() async throws {
        let given = [stage.proxy.url(""), stage.certificates.authority]
        // In a process of its own: the environment is everybody's.
        await #expect(processExitsWith: .success) { [given = given as [String]] in
            setenv("HTTPS_PROXY", given[0], 1)
            setenv("no_proxy", "9.9.9.8", 1)
            let client = CurlHTTPClient()
            let destination = Destination(authorities: given[1], allowsInternalAddresses: false)
            let request = OutboundRequest(
                .get,
                "https://9.9.9.9/echo",
                destination: destination,
                timeLimit: .seconds(60)
            )
            try #require(await send(client, request).status == 200)
            client.shutdown()
        }
        #expect(try await tunnels(to: "9.9.9.9:443") == 1)
    }
}

@Suite("The environment's proxy")
struct ProxyEnvironmentTests {
    @Test(
        "is the one for the scheme, else the one for all",
        arguments: [
            (["https_proxy": "a", "HTTPS_PROXY": "b", "all_proxy": "c"], "https", "a"),
            (["HTTPS_PROXY": "b", "all_proxy": "c"], "https", "b"),
            (["all_proxy": "c", "ALL_PROXY": "d"], "https", "c"),
            (["ALL_PROXY": "d"], "http", "d"), (["http_proxy": "e"], "http", "e"),
            (["http_proxy": "e"], "https", nil), (["HTTP_PROXY": "f"], "http", nil),
            ([:], "http", nil),
        ] as [([String: String], String, String?)]
    )
    func scheme(variables: [String: String], scheme: String, expected: String?) throws {
        let origin = try URLOrigin(scheme + "://bank.test/")
        #expect(ProxyEnvironment { variables[$0] }.proxy(to: origin) == expected)
    }

    @Test(
        "is not for the hosts of no_proxy",
        arguments: [
            ("*", "bank.test", true), ("bank.test", "bank.test", true),
            ("bank.test", "push.bank.test", true), ("bank.test", "otherbank.test", false),
            (".bank.test", "bank.test", true), ("a.test, BANK.test.", "Push.Bank.TEST", true),
            ("a.test b.test", "b.test", true), ("bank.test", "bank.test.", true),
            ("push.bank.test", "bank.test", false), (",,", "bank.test", false),
            (".", "bank.test", false), ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false), ("10.1.2.3", "10.1.2.3", true),
            ("1.2.3", "0.1.2.3", false), ("2001:db8::/32", "[2001:db8::7]", true),
            ("::1", "[::1]", true), ("::1", "[::2]", false), ("127.0.0.1", "2130706433", true),
        ]
    )
    func exemptions(list: String, host: String, isExempt: Bool) throws {
        let origin = try URLOrigin("https://\(host)/")
        for name in ["no_proxy", "NO_PROXY"] {
            let environment = ProxyEnvironment { ["all_proxy": "p", name: list][$0] }
            #expect((environment.proxy(to: origin) == nil) == isExempt)
        }
    }

    @Test("is judged by the host that libcurl reads from a URL")
    func origin() throws {
        let origin = try URLOrigin("HTTPS://[::FFFF:7f00:1]:8443/a@b?c#d")
        #expect(origin.scheme == "https")
        #expect(InternetAddress(origin.host) == InternetAddress("::ffff:127.0.0.1"))
        #expect(try URLOrigin("http://0x7f.1/").host == "127.0.0.1")
        #expect(throws: OutboundError.self) { try URLOrigin("https://a b/") }
    }
}
