import AuthorizationServers
import HTTP
import JOSE
import Logins
import TestSupport
import Testing

@Suite("Cloudentity's metadata")
struct DiscoveryTests {
    typealias Act = TokenStage.Act

    static let identity = ClientIdentity(certificate: [1], key: [2])
    static let issuer = "https://acp.example/bank/system"

    static func metadata(
        issuer: String = issuer,
        endpoint: String = #""https://tokens.example/t""#,
        alias: String? = nil
    ) -> Act {
        let aliases = alias.map { #","mtls_endpoint_aliases":{"token_endpoint":\#($0)}"# } ?? ""
        return ReportTests.status(
            200,
            #"{"issuer":"\#(issuer)","token_endpoint":\#(endpoint)\#(aliases)}"#
        )
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let metadata: Act
        var showsCertificate = true
        /// Where the token is asked for; nil for nowhere.
        var endpoint: String?
        /// Why not.
        var reason: String?
        var after: Duration?
    }

    @Test(
        "say where tokens are had, or nothing is asked",
        arguments: [
            Case(
                testDescription: "an alias is for those with a certificate",
                metadata: metadata(alias: #""https://mtls.example/t""#),
                endpoint: "https://mtls.example/t"
            ),
            Case(
                testDescription: "and for nobody else",
                metadata: metadata(alias: #""https://mtls.example/t""#),
                showsCertificate: false,
                endpoint: "https://tokens.example/t"
            ),
            Case(
                testDescription: "no alias",
                metadata: metadata(),
                endpoint: "https://tokens.example/t"
            ),
            Case(
                testDescription: "another issuer",
                metadata: metadata(issuer: "https://acp.example/other/system"),
                reason: "discovery: the issuer is not https://acp.example/bank/system"
            ),
            Case(
                testDescription: "an issuer that differs by a slash",
                metadata: metadata(issuer: issuer + "/"),
                reason: "discovery: the issuer is not https://acp.example/bank/system"
            ),
            Case(
                testDescription: "no endpoint",
                metadata: metadata(endpoint: "null"),
                reason: "discovery: token_endpoint is missing or not https"
            ),
            Case(
                testDescription: "an endpoint without protection",
                metadata: metadata(endpoint: #""http://tokens.example/t""#),
                reason: "discovery: token_endpoint is missing or not https"
            ),
            Case(
                testDescription: "an alias that is no address",
                metadata: metadata(alias: "7"),
                reason: "discovery: mtls_endpoint_aliases.token_endpoint is not https"
            ),
            Case(
                testDescription: "down",
                metadata: .failure(.notSent("refused")),
                reason: "discovery: notSent(\"refused\")"
            ),
            Case(
                testDescription: "overloaded",
                metadata: ReportTests.status(503, fields: [Field("Retry-After", "7")]),
                reason: "discovery: 503",
                after: .seconds(7)
            ),
            Case(
                testDescription: "not there",
                metadata: ReportTests.status(404),
                reason: "discovery: 404"
            ),
            Case(
                testDescription: "elsewhere",
                metadata: ReportTests.status(302, fields: [Field("Location", "https://x.example")]),
                reason: "discovery: 302"
            ),
            Case(
                testDescription: "not JSON",
                metadata: ReportTests.status(200, "<html>"),
                reason: "discovery: its answer is not a JSON object"
            ),
            Case(
                testDescription: "a name twice",
                metadata: ReportTests.status(200, #"{"issuer":"a","issuer":"b"}"#),
                reason: "discovery: its answer is not a JSON object"
            ),
        ]
    )
    func table(row: Case) async {
        let stage = TokenStage(
            ClientCredentials(
                .certificate,
                identity: row.showsCertificate ? Self.identity : nil
            ),
            metadata: [row.metadata]
        ) { $0.discovery = .standard }
        let answer = await stage.report()
        #expect(stage.http.requests.first?.url == Self.issuer + "/.well-known/openid-configuration")
        #expect(stage.tokenRequests.map(\.url) == [row.endpoint].compactMap(\.self))
        guard let reason = row.reason else {
            #expect(answer == .taken)
            return
        }
        #expect(answer == .later(reason, after: row.after, inDoubt: false))
        #expect(stage.log.events.contains("token.failed"))
        // Asked again only after a pause (AU-7), and by one for all.
        _ = await stage.report()
        #expect(stage.http.requests.count == 1)
        stage.clock.advance(by: .seconds(8))
        await withDiscardingTaskGroup { group in
            for _ in 0..<20 { group.addTask { _ = await stage.report() } }
        }
        #expect(stage.http.requests.count == 2)
    }

    @Test("are kept for an hour, and stay in use while newer ones cannot be had")
    func lifetime() async {
        let moved = Self.metadata(endpoint: #""https://moved.example/t""#)
        let stage = TokenStage(
            metadata: [Self.metadata(), ReportTests.status(500), moved],
            tokens: [ReportTests.status(200, #"{"access_token":"t","expires_in":1800}"#)]
        ) { $0.discovery = .standard }
        for _ in 0..<5 {
            #expect(await stage.report() == .taken)
            stage.clock.advance(by: .seconds(1801))
        }
        let expected = ["tokens", "tokens", "tokens", "moved", "moved"]
        #expect(stage.tokenRequests.map(\.url) == expected.map { "https://\($0).example/t" })
        #expect(stage.log.events == ["discovery.failed"])
    }

    @Test("are looked at again when the endpoint that they name fails")
    func distrust() async {
        let moved = Self.metadata(endpoint: #""https://moved.example/t""#)
        let stage = TokenStage(
            metadata: [Self.metadata(), moved],
            tokens: [ReportTests.status(404), ReportTests.status(200, TokenStage.token)]
        ) { $0.discovery = .standard }
        #expect(
            await stage.report() == .later("token endpoint: 404", after: nil, inDoubt: false)
        )
        stage.clock.advance(by: .seconds(2))
        #expect(await stage.report() == .taken)
        #expect(stage.tokenRequests.last?.url == "https://moved.example/t")
    }

    @Test("are not asked for when the configuration names the endpoint (BP-4)")
    func override() async {
        let stage = TokenStage(metadata: [Self.metadata()]) {
            $0.discovery = .standard
            $0.tokenURL = "https://mine.example/t"
        }
        #expect(await stage.report() == .taken)
        #expect(stage.http.requests.first?.url == "https://mine.example/t")
    }

    @Test("give an assertion its audience: the address it is sent to, or their issuer")
    func audience() async throws {
        let key = try SigningKey.generate(.es256)
        for audience in [CloudentityOutbound.AssertionAudience.tokenURL, .issuer] {
            let stage = TokenStage(
                ClientCredentials(.assertion(key), identity: Self.identity),
                metadata: [Self.metadata(alias: #""https://mtls.example/t""#)]
            ) {
                $0.discovery = .standard
                $0.assertionAudience = audience
            }
            #expect(await stage.report() == .taken)
            let sent = try #require(stage.tokenRequests.first)
            let form = try #require(Form(sent.body))
            let jws = try JWS.verify(
                try #require(form["client_assertion"]),
                keys: JWKSet([key.verificationKey]),
                allowed: [.es256]
            )
            let expected = audience == .issuer ? Self.issuer : "https://mtls.example/t"
            #expect(try JWT.Claims(payload: jws.payload).audience == [expected])
        }
    }

    @Test("of an address of its own are held to that address's issuer, and each tenant has its own")
    func places() async {
        let own = "https://login.example/retail"
        let stage = TokenStage(metadata: [Self.metadata(issuer: own)]) {
            $0.discovery = .at(own + CloudentityOutbound.metadataPath)
        }
        #expect(await stage.report() == .taken)
        #expect(stage.http.requests.first?.url == own + "/.well-known/openid-configuration")

        let tenants = TokenStage(
            metadata: [
                Self.metadata(),
                Self.metadata(
                    issuer: "https://acp.example/other/system",
                    endpoint: #""https://other.example/t""#
                ),
            ]
        ) { $0.discovery = .standard }
        for tenant in ["bank", "other", "bank", "other"] {
            #expect(await tenants.report(tenant: tenant) == .taken)
        }
        #expect(
            tenants.tokenRequests.map(\.url)
                == ["https://tokens.example/t", "https://other.example/t"]
        )
    }
}
