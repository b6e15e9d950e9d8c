import HTTP
import JOSE
import JSON
import Lab
import Testing

@Suite("A signed request", .timeLimit(.minutes(3)))
struct SignedRequestTests {
    static let issuer = "http://acp.test/bank/retail"

    /// A stage whose polling client has registered a key.
    private func withClient(
        _ profile: SimulatorConfiguration.Profile,
        _ body: @escaping @Sendable (Stage, SigningKey) async throws -> Void
    ) async throws {
        let key = try SigningKey.generate(.es256, id: "c-1")
        try await Stage.with { configuration in
            configuration.workspaces[0].profile = profile
            configuration.clients[0].keys = JWKSet([key.verificationKey])
        } _: { stage in
            try await body(stage, key)
        }
    }

    /// What a right request object says at the stage's noon.
    static func claims(_ others: [String: String]) -> JWT.Claims {
        let noon = JWT.NumericDate(milliseconds: StillClock.start)
        var claims = JWT.Claims()
        claims.issuer = "kiosk"
        claims.audience = [issuer]
        claims.issuedAt = noon
        claims.notBefore = noon
        claims.expiresAt = JWT.NumericDate(milliseconds: StillClock.start + 300_000)
        claims.id = "j-1"
        claims.others = JSONObject(
            others.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: .string($0.value)) }
        )
        return claims
    }

    private static let asked = [
        "scope": "openid", "login_hint": "customer-4711", "binding_message": "Till 7",
    ]

    @Test("starts a login in every profile", arguments: ["core", "fapi", "ofb"])
    func taken(profile: String) async throws {
        let profile = try #require(SimulatorConfiguration.Profile(rawValue: profile))
        try await withClient(profile) { stage, key in
            let token = try JWT.sign(Self.claims(Self.asked), key: key)
            let answer = try await stage.post("/backchannel/authentication", ["request": token])
            #expect(answer.status == 200, "\(answer)")
            #expect(stage.service.starts.last?["binding_message"]?.string == "Till 7")
            let again = try await stage.post("/backchannel/authentication", ["request": token])
            #expect(again.error == "invalid_request")
        }
    }

    /// One way in which a request object is wrong.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let what: String
        var beside: [String: String] = [:]
        var algorithm = SignatureAlgorithm.es256
        var isForeign = false
        var change: @Sendable (inout JWT.Claims) -> Void = { _ in }
        var testDescription: String { what }
    }

    static let wrongs: [Wrong] = [
        Wrong(what: "a parameter beside it", beside: ["binding_message": "Till 7"]),
        Wrong(what: "a key of somebody else", isForeign: true),
        Wrong(what: "an algorithm that is not allowed", algorithm: .edDSA, isForeign: true),
        Wrong(what: "another issuer") { $0.issuer = "desk" },
        Wrong(what: "another audience") { $0.audience = ["http://acp.test/bank/other"] },
        Wrong(what: "no audience") { $0.audience = [] },
        Wrong(what: "no jti") { $0.id = nil },
        Wrong(what: "no nbf") { $0.notBefore = nil },
        Wrong(what: "no iat") { $0.issuedAt = nil },
        Wrong(what: "no exp") { $0.expiresAt = nil },
        Wrong(what: "the past") {
            $0.expiresAt = JWT.NumericDate(milliseconds: StillClock.start - 31_000)
        },
        Wrong(what: "the future") {
            $0.notBefore = JWT.NumericDate(milliseconds: StillClock.start + 31_000)
        },
        Wrong(what: "more than an hour") {
            $0.expiresAt = JWT.NumericDate(milliseconds: StillClock.start + 3_601_000)
        },
        Wrong(what: "no message and no consent") {
            $0.others = JSONObject($0.others.members.filter { $0.name != "binding_message" })
        },
        Wrong(what: "a parameter of no type") {
            $0.others = JSONObject(
                $0.others.members + [.init(name: "requested_expiry", value: .bool(true))]
            )
        },
    ]

    @Test("starts no login when it is invalid", arguments: wrongs)
    func refused(wrong: Wrong) async throws {
        try await withClient(.fapi) { stage, key in
            var claims = Self.claims(Self.asked)
            wrong.change(&claims)
            let signer =
                wrong.isForeign ? try SigningKey.generate(wrong.algorithm, id: "c-1") : key
            var fields = ["request": try JWT.sign(claims, key: signer)]
            fields.merge(wrong.beside) { $1 }
            let answer = try await stage.post("/backchannel/authentication", fields)
            #expect(answer.status == 400)
            #expect(answer.error == "invalid_request")
            #expect(stage.service.starts.isEmpty)
        }
    }

    @Test("is required by FAPI, which refuses a plain one", arguments: ["fapi", "obuk"])
    func plain(profile: String) async throws {
        let profile = try #require(SimulatorConfiguration.Profile(rawValue: profile))
        try await withClient(profile) { stage, _ in
            let answer = try await stage.post("/backchannel/authentication", Self.asked)
            #expect(answer.error == "invalid_request")
        }
    }

    @Test("must name the intent of Open Banking UK")
    func intent() async throws {
        try await withClient(.obuk) { stage, key in
            let example = ConsentExample.named("obuk.domestic_payment")
            let id = try stage.id(of: try await stage.lodge(example))
            var asked = Self.asked
            asked["scope"] = example.scopes
            let none = try JWT.sign(Self.claims(asked), key: key)
            let refused = try await stage.post("/backchannel/authentication", ["request": none])
            #expect(refused.error == "invalid_request")
            asked["openbanking-intent-id"] = id
            var claims = Self.claims(asked)
            claims.id = "j-2"
            let named = try JWT.sign(claims, key: key)
            let answer = try await stage.post("/backchannel/authentication", ["request": named])
            #expect(answer.status == 200, "\(answer)")
            #expect(stage.service.starts.last?["openbanking_intent_id"]?.string == id)
        }
    }

    @Test("with a hint token must be signed by the client's own keys")
    func hintTokens() async throws {
        try await withClient(.core) { stage, key in
            let stranger = try SigningKey.generate(.es256, id: "c-1")
            for (signer, error) in [(key, nil), (stranger, "unknown_user_id")] {
                var claims = JWT.Claims()
                claims.others = JSONObject([.init(name: "email", value: .string("a@b.example"))])
                let token = try JWT.sign(claims, key: signer)
                let answer = try await stage.post(
                    "/backchannel/authentication",
                    ["scope": "openid", "login_hint_token": token]
                )
                #expect(answer.error == error)
            }
            let user = stage.service.starts.last?["user_identifier"]?.string
            #expect(user == "a@b.example")
        }
    }

    @Test("with an ID token is limited to half a year in Brasil, with its own codes")
    func brasilHints() async throws {
        try await withClient(.ofb) { stage, _ in
            let id = try await stage.begin("customer-1")
            _ = try await stage.service.accept(try #require(stage.service.starts.first))
            let token = try #require(try await stage.redeem(id).body["id_token"]?.string)
            let hint = ["scope": "openid", "id_token_hint": token]
            let forged = ["scope": "openid", "id_token_hint": String(token.dropLast(4)) + "AAAA"]
            let path = "/backchannel/authentication"
            #expect(try await stage.post(path, forged).error == "invalid_id_token_hint")
            stage.acp.clock.advance(byMilliseconds: 179 * 86_400_000)
            #expect(try await stage.post(path, hint).status == 200)
            stage.acp.clock.advance(byMilliseconds: 86_400_000)
            #expect(try await stage.post(path, hint).error == "expired_id_token_hint")
        }
    }

    @Test("is sent by the consumption device")
    func device() async throws {
        let key = try SigningKey.generate(.es256, id: "c-1")
        try await Stage.with { configuration in
            configuration.workspaces[0].profile = .fapi
            configuration.clients[0].keys = JWKSet([key.verificationKey])
        } _: { stage in
            let device = ConsumptionDevice(
                .init(
                    issuer: Self.issuer,
                    clients: [.poll: .init(id: "kiosk", secret: "kiosk-secret", signing: key)]
                ),
                http: stage.network,
                clock: JumpingClock(),
                journal: stage.acp.journal
            )
            stage.acp.knobs.set([.verifyMap: .string("access_denied")])
            stage.service.know(false)
            let outcome = await device.run(.init(user: "u", bindingMessage: "M"))
            // It came as far as the person, past all checks of the request.
            #expect(outcome == .refused("access_denied"))
        }
    }
}
