import AuthorizationServers
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Threads

@Suite("A token request to Cloudentity")
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
        "carries what its method says, and nothing else",
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
    func forms(row: Case) async throws {
        for identity in [nil, Self.identity] {
            let stage = TokenStage(ClientCredentials(row.method, identity: identity))
            #expect(await stage.report() == .taken)
            let sent = try #require(stage.tokenRequests.first)
            let form = try #require(Form(sent.body))
            var expected = row.form
            expected["grant_type"] = "client_credentials"
            expected["scope"] = "manage_scope_grants"
            let members = Dictionary(uniqueKeysWithValues: form.fields.map { ($0.name, $0.value) })
            #expect(members == expected)
            #expect(sent.fields.first("authorization") == row.authorization)
            #expect(sent.url == "https://acp.example/bank/system/oauth2/token")
            // A bound token is good on a connection with the same certificate only.
            #expect(stage.http.requests.map(\.destination.identity) == [identity, identity])
        }
    }

    /// What an assertion is signed with, and whether it is for the issuer.
    static let assertions: [(algorithm: SignatureAlgorithm, isForIssuer: Bool)] =
        SignatureAlgorithm.allCases.flatMap { [($0, false), ($0, true)] }

    @Test("carries an assertion that only its key can have signed", arguments: assertions)
    func assertion(algorithm: SignatureAlgorithm, isForIssuer: Bool) async throws {
        let key = try Self.key(algorithm)
        let stage = TokenStage(
            ClientCredentials(.assertion(key)),
            tokens: [
                ReportTests.status(503), ReportTests.status(200, TokenStage.token),
            ]
        ) { if isForIssuer { $0.assertionAudience = .issuer } }
        _ = await stage.report()
        stage.clock.advance(by: .seconds(2))
        #expect(await stage.report() == .taken)
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
            // RFC 7523 §3; nothing else is said of us.
            let names = claims.members.map(\.name).sorted()
            #expect(names == ["aud", "exp", "iat", "iss", "jti", "sub"])
            #expect(claims["iss"] == .string("beckon & co"))
            #expect(claims["sub"] == .string("beckon & co"))
            let issuer = "https://acp.example/bank/system"
            #expect(claims["aud"] == .string(isForIssuer ? issuer : issuer + "/oauth2/token"))
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

    @Test("is made anew for replaced credentials, and each token is used beside its certificate")
    func replacement() async {
        let tokens = ["t1", "t2", "t3"].map {
            ReportTests.status(200, #"{"access_token":"\#($0)","expires_in":3600}"#)
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
            #expect(await stage.report() == .taken)
        }
        #expect(stage.tokenRequests.map(\.destination.identity) == [Self.identity, Self.renewed])
        #expect(
            stage.reports.map { $0.fields.first("authorization") }
                == ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]
        )
        #expect(
            stage.reports.map(\.destination.identity)
                == [Self.identity, Self.identity, Self.renewed, Self.renewed]
        )
    }

    @Test("is made at once when wrong credentials have been replaced, and not before a pause else")
    func afterRefusal() async {
        let stage = TokenStage(
            tokens: [
                ReportTests.status(401, #"{"error":"invalid_client"}"#),
                ReportTests.status(200, TokenStage.token),
            ]
        )
        let refused = ReportAnswer.later(
            "token endpoint: 401 invalid_client",
            after: nil,
            inDoubt: false
        )
        #expect(await stage.report() == refused)
        #expect(await stage.report() == refused)
        #expect(stage.tokenRequests.count == 1)
        stage.credentials.withLock { $0 = ClientCredentials(.secretBasic("new"), revision: 1) }
        #expect(await stage.report() == .taken)
        #expect(stage.tokenRequests.count == 2)
    }

    @Test("is made once for many reports, before and after a replacement")
    func singleFlight() async {
        let stage = TokenStage()
        for revision in 0..<3 {
            stage.credentials.withLock { $0.revision = revision }
            await withTaskGroup(of: ReportAnswer.self) { group in
                for _ in 0..<30 { group.addTask { await stage.report() } }
                for await answer in group { #expect(answer == .taken) }
            }
            #expect(stage.tokenRequests.count == revision + 1)
        }
    }
}
