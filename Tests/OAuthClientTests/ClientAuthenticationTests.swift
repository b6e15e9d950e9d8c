import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import OAuthClient
import Telemetry
import TestSupport
import Testing
import Threads

@Suite("A token request")
struct ClientAuthenticationTests {
    static let identity = ClientIdentity(certificate: [1], key: [2])
    static let renewed = ClientIdentity(certificate: [3], key: [4])

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let method: ClientCredentials.Method
        /// Beside `grant_type` and `scope`.
        var form: [String: String] = [:]
        var authorization: String?
    }

    @Test(
        "carries the members of its authentication method and no others",
        arguments: [
            Case(
                testDescription: "client_secret_basic",
                method: .secretBasic("p:ä +%"),
                // Each half as a form's value (RFC 6749 §2.3.1).
                authorization: "Basic "
                    + Base64.encode(Array("beckon+%26+co:p%3A%C3%A4+%2B%25".utf8))
            ),
            Case(
                testDescription: "client_secret_post",
                method: .secretPost("p:ä +%"),
                form: ["client_id": "beckon & co", "client_secret": "p:ä +%"]
            ),
            Case(
                testDescription: "tls_client_auth",
                method: .certificate,
                form: ["client_id": "beckon & co"]
            ),
        ]
    )
    func formOfEachMethod(row: Case) async throws {
        for identity in [nil, Self.identity] {
            let stage = TokenStage(ClientCredentials(row.method, identity: identity))
            #expect(await stage.call() == .answered(200))
            let sent = try #require(stage.tokenRequests.first)
            let form = try #require(Form(sent.body))
            var expected = row.form
            expected["grant_type"] = "client_credentials"
            expected["scope"] = "read write"
            let members = Dictionary(uniqueKeysWithValues: form.fields.map { ($0.name, $0.value) })
            #expect(members == expected)
            #expect(sent.fields.first("authorization") == row.authorization)
            #expect(sent.url == TokenStage.tokenURL)
            // A bound token is valid on a connection with the same certificate only.
            #expect(stage.http.requests.map(\.destination.identity) == [identity, identity])
        }
    }

    /// The algorithm of an assertion, and whether its audience is the issuer.
    static let assertions: [(algorithm: SignatureAlgorithm, isForIssuer: Bool)] =
        SignatureAlgorithm.allCases.flatMap { [($0, false), ($0, true)] }

    @Test("carries an assertion signed by the client's key (RFC 7523 §3)", arguments: assertions)
    func signedAssertion(algorithm: SignatureAlgorithm, isForIssuer: Bool) async throws {
        let key = try Self.key(algorithm)
        let stage = TokenStage(
            ClientCredentials(.assertion(key)),
            tokens: [
                TokenStage.status(503), TokenStage.status(200, TokenStage.token),
            ]
        ) { if isForIssuer { $0.assertionAudience = .issuer } }
        _ = await stage.call()
        stage.clock.advance(by: .seconds(2))
        #expect(await stage.call() == .answered(200))
        var ids: Set<String> = []
        for sent in stage.tokenRequests {
            let form = try #require(Form(sent.body))
            #expect(
                form.fields.map(\.name)
                    == ["grant_type", "scope", "client_assertion_type", "client_assertion"]
            )
            #expect(
                form["client_assertion_type"]
                    == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            )
            #expect(sent.fields.first("authorization") == nil)
            let jws = try JWS.verify(
                try #require(form["client_assertion"]),
                keys: JWKSet([key.verificationKey]),
                allowed: [algorithm]
            )
            #expect(jws.header.keyID == key.id)
            #expect(jws.header.type == "JWT")
            let claims = try #require(try JSONValue(jws.payload).object)
            // RFC 7523 §3, and no other claims.
            let names = claims.members.map(\.name).sorted()
            #expect(names == ["aud", "exp", "iat", "iss", "jti", "sub"])
            #expect(claims["iss"] == .string("beckon & co"))
            #expect(claims["sub"] == .string("beckon & co"))
            let audience = isForIssuer ? TokenStage.issuer : TokenStage.tokenURL
            #expect(claims["aud"] == .string(audience))
            ids.insert(try #require(claims["jti"]?.string))
            let issued = try #require(claims["iat"]?.integer)
            #expect(claims["exp"]?.integer == issued + 300)
        }
        #expect(ids.count == 2)
        let now = Int(stage.clock.now().milliseconds / 1000)
        let sent = try #require(stage.tokenRequests.last)
        let last = try #require(Form(sent.body))
        let claims = try JWT.verify(
            try #require(last["client_assertion"]),
            keys: JWKSet([key.verificationKey]),
            allowed: [algorithm],
            expecting: JWT.Expectations(),
            at: JWT.NumericDate(seconds: Int64(now))
        )
        #expect(claims.issuedAt == JWT.NumericDate(seconds: Int64(now)))
    }

    private static func key(_ algorithm: SignatureAlgorithm) throws -> SigningKey {
        guard algorithm == .hs256 else { return try SigningKey.generate(algorithm, id: "k1") }
        return SigningKey(secret: try SharedSecret(Array(repeating: 7, count: 32)))
    }

    // trust: A-17
    @Test("is repeated for replaced credentials, and each token is sent with its own certificate")
    func replacedCredentials() async {
        let tokens = ["t1", "t2", "t3"].map {
            TokenStage.status(200, #"{"access_token":"\#($0)","expires_in":3600}"#)
        }
        let stage = TokenStage(
            ClientCredentials(.certificate, identity: Self.identity),
            tokens: tokens
        )
        for revision in [0, 0, 1, 1] {
            stage.credentials.withLock {
                $0.revision = revision
                $0.identity = revision == 0 ? Self.identity : Self.renewed
            }
            #expect(await stage.call() == .answered(200))
        }
        #expect(stage.tokenRequests.map(\.destination.identity) == [Self.identity, Self.renewed])
        #expect(
            stage.calls.map { $0.fields.first("authorization") }
                == ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]
        )
        #expect(
            stage.calls.map(\.destination.identity)
                == [Self.identity, Self.identity, Self.renewed, Self.renewed]
        )
    }

    @Test("is repeated at once when refused credentials are replaced, otherwise after a pause")
    func refusedCredentials() async {
        let stage = TokenStage(
            tokens: [
                TokenStage.status(401, #"{"error":"invalid_client"}"#),
                TokenStage.status(200, TokenStage.token),
            ]
        )
        let refused = TokenStage.Outcome.noToken(.refused("token endpoint: 401 invalid_client"))
        #expect(await stage.call() == refused)
        #expect(await stage.call() == refused)
        #expect(stage.tokenRequests.count == 1)
        stage.credentials.withLock { $0 = ClientCredentials(.secretBasic("new"), revision: 1) }
        #expect(await stage.call() == .answered(200))
        #expect(stage.tokenRequests.count == 2)
    }

    @Test("counts in the metrics when it fails, once for each request that was sent")
    func countedFailures() async {
        let stage = TokenStage(
            tokens: [
                TokenStage.status(401, #"{"error":"invalid_client"}"#),
                TokenStage.status(200, TokenStage.token),
            ]
        )
        let registry = MetricsRegistry()
        stage.tokens.register(in: registry)
        func counted() async -> Bool {
            String(decoding: await registry.exposition(), as: UTF8.self)
                .contains("beckon_token_failures_total{server=\"as\"} 1\n")
        }
        #expect(await !counted())
        for _ in 0..<2 { _ = await stage.call() }
        #expect(await counted())
        stage.credentials.withLock { $0 = ClientCredentials(.secretBasic("new"), revision: 1) }
        #expect(await stage.call() == .answered(200))
        #expect(await counted())
    }

    @Test("is sent once for concurrent calls, before and after a replacement")
    func concurrentCalls() async {
        let stage = TokenStage()
        for revision in 0..<3 {
            stage.credentials.withLock { $0.revision = revision }
            await withTaskGroup(of: TokenStage.Outcome.self) { group in
                for _ in 0..<30 { group.addTask { await stage.call() } }
                for await answer in group { #expect(answer == .answered(200)) }
            }
            #expect(stage.tokenRequests.count == revision + 1)
        }
    }

    /// Members of an answer, and why it is refused.
    private static let answers: [(members: String, problem: String?)] =
        ["Bearer", "bearer", "BEARER", ""].map {
            (#""access_token":"t","token_type":"\#($0)""#, nil)
        }
        + [#""DPoP""#, #""mac""#, #""N_A""#, #""bearer ""#, #""BE\u0410RER""#, "7", "{}"].map {
            (#""access_token":"t","token_type":\#($0)"#, "its token_type is not Bearer")
        }
        + [
            (#""access_token":"t""#, nil), (#""access_token":"t","token_type":null"#, nil),
            (#""token_type":"Bearer""#, "its answer has no access_token"),
            (#""access_token":"a b""#, "its answer has no access_token"),
            (#""access_token":"\#(String(repeating: "t", count: 16_384))""#, nil),
            (
                #""access_token":"\#(String(repeating: "t", count: 16_385))""#,
                "its access_token is longer than 16384 bytes"
            ),
        ]

    @Test(
        "has no result if its token is not a Bearer token of a usable length, and is sent again later",
        arguments: answers
    )
    func usable(answer: (members: String, problem: String?)) async {
        let stage = TokenStage(
            tokens: [
                TokenStage.status(200, "{\(answer.members),\"expires_in\":3600}"),
                TokenStage.status(200, TokenStage.token),
            ]
        )
        let problem = answer.problem.map { "token endpoint: \($0)" }
        let failure = problem.map { OAuthFailure.unavailable($0, after: nil) }
        #expect(await stage.call() == failure.map { .noToken($0) } ?? .answered(200))
        #expect(stage.log.events.contains("token.failed") == (failure != nil))
        if let problem { #expect(stage.log.lines.contains { $0.members.contains(problem) }) }
        stage.clock.advance(by: .seconds(2))
        #expect(await stage.call() == .answered(200))
    }

    @Test("is repeated once when a call refuses the token")
    func refusedToken() async {
        let tokens = ["t1", "t2"].map {
            TokenStage.status(200, #"{"access_token":"\#($0)","expires_in":3600}"#)
        }
        let stage = TokenStage(tokens: tokens, resource: [TokenStage.status(401)])
        #expect(await stage.call() == .answered(401))
        #expect(
            stage.calls.map { $0.fields.first("authorization") } == ["Bearer t1", "Bearer t2"]
        )
        #expect(stage.tokenRequests.count == 2)
    }

    @Test("never gets a refused token sent again, by later or concurrent calls")
    func refusedForGood() async {
        let tokens = (1...9).map {
            TokenStage.status(200, #"{"access_token":"t\#($0)","expires_in":3600}"#)
        }
        let stage = TokenStage(tokens: tokens, resource: [TokenStage.status(401)])
        for _ in 1...3 { #expect(await stage.call() == .answered(401)) }
        let sent = stage.calls.compactMap { $0.fields.first("authorization") }
        #expect(sent == (1...6).map { "Bearer t\($0)" })

        let stubborn = TokenStage(resource: [TokenStage.status(401)])
        for _ in 1...3 {
            guard case .noToken(.unavailable) = await stubborn.call() else {
                Issue.record("the same token was taken again")
                return
            }
        }
        #expect(stubborn.calls.count == 1)
    }
}
