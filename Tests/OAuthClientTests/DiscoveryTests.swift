import HTTP
import JOSE
import OAuthClient
import TestSupport
import Testing

@Suite("The metadata of an issuer")
struct DiscoveryTests {
    typealias Act = TokenStage.Act

    static let identity = ClientIdentity(certificate: [1], key: [2])
    static let issuer = TokenStage.issuer
    static let endpoint = TokenEndpoint.discovered(issuer: issuer)

    static func metadata(
        issuer: String = issuer,
        endpoint: String = #""https://tokens.example/t""#,
        alias: String? = nil
    ) -> Act {
        let aliases = alias.map { #","mtls_endpoint_aliases":{"token_endpoint":\#($0)}"# } ?? ""
        return TokenStage.status(
            200,
            #"{"issuer":"\#(issuer)","token_endpoint":\#(endpoint)\#(aliases)}"#
        )
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let metadata: Act
        var showsCertificate = true
        /// Where the token is requested; nil if it is not.
        var endpoint: String?
        var failure: OAuthFailure?
    }

    @Test(
        "name the token endpoint, or no token is requested",
        arguments: [
            Case(
                testDescription: "an alias is used with a certificate",
                metadata: metadata(alias: #""https://mtls.example/t""#),
                endpoint: "https://mtls.example/t"
            ),
            Case(
                testDescription: "an alias is not used without a certificate",
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
                metadata: metadata(issuer: "https://as.example/other"),
                failure: .refused("discovery: the issuer is not https://as.example/bank")
            ),
            Case(
                testDescription: "an issuer that differs by a slash",
                metadata: metadata(issuer: issuer + "/"),
                failure: .refused("discovery: the issuer is not https://as.example/bank")
            ),
            Case(
                testDescription: "no endpoint",
                metadata: metadata(endpoint: "null"),
                failure: .refused("discovery: token_endpoint is missing or not https")
            ),
            Case(
                testDescription: "an endpoint without protection",
                metadata: metadata(endpoint: #""http://tokens.example/t""#),
                failure: .refused("discovery: token_endpoint is missing or not https")
            ),
            Case(
                testDescription: "an alias that is no address",
                metadata: metadata(alias: "7"),
                failure: .refused("discovery: mtls_endpoint_aliases.token_endpoint is not https")
            ),
            Case(
                testDescription: "down",
                metadata: .failure(.notSent("refused")),
                failure: .unavailable("discovery: refused", after: nil)
            ),
            Case(
                testDescription: "overloaded",
                metadata: TokenStage.status(503, fields: [Field("Retry-After", "7")]),
                failure: .unavailable("discovery: 503", after: .seconds(7))
            ),
            Case(
                testDescription: "not there",
                metadata: TokenStage.status(404),
                failure: .refused("discovery: 404")
            ),
            Case(
                testDescription: "elsewhere",
                metadata: TokenStage.status(302, fields: [Field("Location", "https://x.example")]),
                failure: .refused("discovery: 302")
            ),
            Case(
                testDescription: "not JSON",
                metadata: TokenStage.status(200, "<html>"),
                failure: .unavailable("discovery: its answer is not a JSON object", after: nil)
            ),
            Case(
                testDescription: "a name twice",
                metadata: TokenStage.status(200, #"{"issuer":"a","issuer":"b"}"#),
                failure: .unavailable("discovery: its answer is not a JSON object", after: nil)
            ),
        ]
    )
    func namesTokenEndpoint(row: Case) async {
        let stage = TokenStage(
            ClientCredentials(
                .certificate,
                identity: row.showsCertificate ? Self.identity : nil
            ),
            metadata: [row.metadata]
        )
        let answer = await stage.call(Self.endpoint)
        #expect(stage.http.requests.first?.url == Self.issuer + "/.well-known/openid-configuration")
        #expect(stage.tokenRequests.map(\.url) == [row.endpoint].compactMap(\.self))
        guard let failure = row.failure else {
            #expect(answer == .answered(200))
            return
        }
        #expect(answer == .noToken(failure))
        #expect(stage.log.events.contains("token.failed"))
        // The next request waits for a pause, and concurrent calls share it.
        _ = await stage.call(Self.endpoint)
        #expect(stage.http.requests.count == 1)
        stage.clock.advance(by: .seconds(8))
        await withDiscardingTaskGroup { group in
            for _ in 0..<20 { group.addTask { _ = await stage.call(Self.endpoint) } }
        }
        #expect(stage.http.requests.count == 2)
    }

    @Test("are cached for an hour, and stay in use while newer ones are unavailable")
    func lifetimeOfAnHour() async {
        let moved = Self.metadata(endpoint: #""https://moved.example/t""#)
        let stage = TokenStage(
            metadata: [Self.metadata(), TokenStage.status(500), moved],
            tokens: [TokenStage.status(200, #"{"access_token":"t","expires_in":1800}"#)]
        )
        for _ in 0..<5 {
            #expect(await stage.call(Self.endpoint) == .answered(200))
            stage.clock.advance(by: .seconds(1801))
        }
        let expected = ["tokens", "tokens", "tokens", "moved", "moved"]
        #expect(stage.tokenRequests.map(\.url) == expected.map { "https://\($0).example/t" })
        #expect(stage.log.events == ["discovery.failed"])
    }

    @Test("are requested again when their token endpoint fails")
    func failedTokenEndpoint() async {
        let moved = Self.metadata(endpoint: #""https://moved.example/t""#)
        let stage = TokenStage(
            metadata: [Self.metadata(), moved],
            tokens: [TokenStage.status(404), TokenStage.status(200, TokenStage.token)]
        )
        #expect(
            await stage.call(Self.endpoint) == .noToken(.refused("token endpoint: 404"))
        )
        stage.clock.advance(by: .seconds(2))
        #expect(await stage.call(Self.endpoint) == .answered(200))
        #expect(stage.tokenRequests.last?.url == "https://moved.example/t")
    }

    @Test("determine the audience of an assertion: the token endpoint, or the issuer")
    func assertionAudience() async throws {
        let key = try SigningKey.generate(.es256)
        for audience in ClientSettings.AssertionAudience.allCases {
            let stage = TokenStage(
                ClientCredentials(.assertion(key), identity: Self.identity),
                metadata: [Self.metadata(alias: #""https://mtls.example/t""#)]
            ) { $0.assertionAudience = audience }
            #expect(await stage.call(Self.endpoint) == .answered(200))
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

    @Test(
        "set the issuer as audience if they say that it is the only one",
        arguments: [true, false]
    )
    func issuerOnly(_ isOnly: Bool) async throws {
        let key = try SigningKey.generate(.es256)
        let metadata = TokenStage.status(
            200,
            """
            {"issuer":"\(Self.issuer)","token_endpoint":"https://as.example/t",
            "mtls_endpoint_aliases":{"token_endpoint":""},
            "single_audience_equals_issuer_in_authentication_jwts":\(isOnly)}
            """
        )
        let refusal = TokenStage.status(401, #"{"error":"invalid_client"}"#)
        let stage = TokenStage(
            ClientCredentials(.assertion(key)),
            metadata: [metadata],
            tokens: [refusal]
        )
        _ = await stage.call(Self.endpoint)
        let sent = try #require(stage.tokenRequests.first)
        let form = try #require(Form(sent.body))
        let jws = try JWS.verify(
            try #require(form["client_assertion"]),
            keys: JWKSet([key.verificationKey]),
            allowed: [.es256]
        )
        let expected = isOnly ? Self.issuer : "https://as.example/t"
        #expect(try JWT.Claims(payload: jws.payload).audience == [expected])
    }

    @Test("are not needed for the log to suggest the issuer as audience of a refused assertion")
    func suggestion() async throws {
        let key = try SigningKey.generate(.es256)
        for credentials in [
            ClientCredentials(.assertion(key)), ClientCredentials(.secretBasic("s")),
        ] {
            let refusal = TokenStage.status(
                401,
                #"{"error":"invalid_client"}"#,
                fields: [Field("X-Trace-Id", "trace-7"), Field("x-external-error", "hook")]
            )
            let stage = TokenStage(credentials, tokens: [refusal])
            _ = await stage.call()
            let log = stage.log.lines.map(\.members).joined()
            let isAssertion = if case .assertion = credentials.method { true } else { false }
            #expect(log.contains("assertion_audience") == isAssertion)
            #expect(log.contains("trace-7") && log.contains("hook"))
        }
    }

    @Test("are cached for each issuer")
    func twoIssuers() async {
        let other = "https://as.example/other"
        let stage = TokenStage(
            metadata: [
                Self.metadata(),
                Self.metadata(issuer: other, endpoint: #""https://other.example/t""#),
            ]
        )
        for issuer in [Self.issuer, other, Self.issuer, other] {
            #expect(await stage.call(.discovered(issuer: issuer)) == .answered(200))
        }
        #expect(
            stage.tokenRequests.map(\.url)
                == ["https://tokens.example/t", "https://other.example/t"]
        )
    }
}
