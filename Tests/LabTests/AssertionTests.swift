import Cryptography
import HTTP
import JOSE
import JSON
import Lab
import TestSupport
import Testing

@Suite("A client assertion at the simulated server", .timeLimit(.minutes(3)))
struct AssertionTests {
    private static let type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    private let key: SigningKey

    init() throws { key = try SigningKey.generate(.es256) }

    private func claims(_ stage: Stage) -> JWT.Claims {
        let now = stage.acp.clock.now()
        var claims = JWT.Claims()
        claims.issuer = "beckon"
        claims.subject = "beckon"
        claims.audience = ["http://acp.test/bank/system"]
        claims.id = Base64URL.encode(Random.bytes(8))
        claims.issuedAt = JWT.NumericDate(milliseconds: now)
        claims.expiresAt = JWT.NumericDate(milliseconds: now + 300_000)
        return claims
    }

    private func ask(
        _ stage: Stage,
        _ assertion: String,
        type: String = Self.type,
        _ more: [Field] = []
    ) async throws -> Int {
        let form = [
            Field("grant_type", "client_credentials"), Field("client_assertion_type", type),
            Field("client_assertion", assertion),
        ]
        return try await stage.send(
            OutboundRequest(
                .post,
                "http://acp.test/bank/system/oauth2/token",
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                body: Form(form + more).bytes
            )
        ).status
    }

    @Test("is accepted once, for the issuer or the token endpoint")
    func good() async throws {
        let keys = JWKSet([key.verificationKey])
        try await Stage.with({ $0.systemClientKeys = keys }) { [self] stage in
            let first = try JWT.sign(claims(stage), key: key)
            #expect(try await ask(stage, first) == 200)
            #expect(stage.rules == [])
            #expect(try await ask(stage, first) == 401)
            #expect(stage.rules == ["token.assertion_replayed"])
            var other = claims(stage)
            other.audience = ["http://acp.test/system/oauth2/token"]
            #expect(try await ask(stage, try JWT.sign(other, key: key)) == 200)
        }
    }

    @Test("is refused when any of its parts is wrong")
    func bad() async throws {
        let keys = JWKSet([key.verificationKey])
        try await Stage.with({ $0.systemClientKeys = keys }) { [self] stage in
            let changes: [(inout JWT.Claims) -> Void] = [
                { $0.issuer = "other" }, { $0.subject = nil }, { $0.id = nil },
                { $0.audience = ["http://acp.test/bank/retail"] }, { $0.audience = [] },
                { $0.expiresAt = nil },
                { $0.expiresAt = JWT.NumericDate(milliseconds: stage.acp.clock.now() - 60_000) },
                { $0.expiresAt = JWT.NumericDate(milliseconds: stage.acp.clock.now() + 900_000) },
            ]
            for change in changes {
                var claims = claims(stage)
                change(&claims)
                #expect(try await ask(stage, try JWT.sign(claims, key: key)) == 401)
            }
            let stranger = try SigningKey.generate(.es256, id: key.id)
            #expect(try await ask(stage, try JWT.sign(claims(stage), key: stranger)) == 401)
            let secret = Field("client_secret", "beckon-system-client-secret")
            let good = try JWT.sign(claims(stage), key: key)
            #expect(try await ask(stage, good, type: "jwt") == 401)
            #expect(try await ask(stage, good, [secret]) == 401)
            #expect(try await ask(stage, good, [Field("client_id", "kiosk")]) == 401)
            #expect(try await ask(stage, "a.b.c") == 401)
        }
    }
}
