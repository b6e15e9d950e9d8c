import HTTP
import JSON
import Lab
import TestSupport
import Testing

@Suite("A flow against the simulator", .timeLimit(.minutes(3)))
struct FlowTests {
    @Test("ends with tokens, once, when the user approves")
    func approved() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            #expect(try await stage.redeem(id).error == "authorization_pending")
            let start = try #require(stage.service.starts.first)
            #expect(try await stage.service.accept(start) == 200)
            let tokens = try await stage.redeem(id)
            #expect(tokens.status == 200)
            #expect(tokens.body["token_type"]?.string == "Bearer")
            #expect(tokens.body["scope"]?.string == "openid")
            #expect(tokens.body["id_token"]?.string?.split(separator: ".").count == 3)
            #expect(try await stage.redeem(id).error == "invalid_grant")
            #expect(stage.rules == [])
        }
    }

    @Test("ends with access_denied when the user declines")
    func declined() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            let start = try #require(stage.service.starts.first)
            #expect(try await stage.service.reject(start) == 200)
            #expect(try await stage.redeem(id).error == "access_denied")
            #expect(try await stage.redeem(id).error == "access_denied")
            #expect(stage.rules == [])
        }
    }

    @Test("ends with expired_token when nobody answers")
    func expired() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin("u", ["requested_expiry": "30"])
            stage.acp.clock.advance(byMilliseconds: 29_999)
            #expect(try await stage.redeem(id).error == "authorization_pending")
            stage.acp.clock.advance(byMilliseconds: 1)
            #expect(try await stage.redeem(id).error == "expired_token")
        }
    }

    @Test("carries authorization details into the start and the scope grant, as they were sent")
    func authorizationDetails() async throws {
        let text = #"[{"type":"payment","amount":{"value":"5.00"},"limit":null,"note":""}]"#
        let details = try JSONValue(Array(text.utf8))
        try await Stage.with { stage in
            _ = try await stage.begin("u", ["authorization_details": text])
            let start = try #require(stage.service.starts.first)
            #expect(start["authorization_details"] == details)
            // What is granted is all of it or nothing.
            #expect(try await stage.service.accept(start) == 422)
            #expect(try await stage.service.accept(start, details: details) == 200)
        }
    }

    @Test("sends the start of current servers")
    func startBody() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin("customer-4711@example.com", ["binding_message": "Kiosk 12"])
            let start = try #require(stage.service.starts.first)
            #expect(start["login_id"]?.string?.count == 32)
            #expect(start["login_state"]?.string?.count == 32)
            #expect(start["tenant_id"]?.string == "bank")
            #expect(start["server_id"]?.string == "retail")
            #expect(start["client_id"]?.string == "kiosk")
            #expect(start["client_info"]?["client_name"]?.string == "K")
            #expect(start["user_identifier"]?.string == "customer-4711@example.com")
            #expect(start["requested_scopes"]?.array == [.string("openid"), .string("profile")])
            #expect(start["acr_values"]?.isNull == true)
            #expect(start["binding_message"]?.string == "Kiosk 12")
            // Noon and the default of 120 seconds.
            #expect(start["expires_at"]?.string == "2026-11-20T12:02:00Z")
            #expect(start["auth_req_id"] == nil)
            #expect(stage.service.authorizations == [StandInService.basic, StandInService.basic])
        }
    }

    @Test("has the acknowledgement of OpenID CIBA Core §7.3")
    func acknowledgement() async throws {
        try await Stage.with { stage in
            let answer = try await stage.post(
                "/backchannel/authentication",
                ["scope": "openid", "login_hint": "u", "requested_expiry": "100000"]
            )
            #expect(answer.status == 200)
            // Capped by the workspace's maximum.
            #expect(answer.body["expires_in"]?.integer == 600)
            #expect(answer.body["interval"]?.integer == 5)
            // 160 bits are 27 characters of base 64, and more of anything else.
            #expect((answer.body["auth_req_id"]?.string?.count ?? 0) >= 27)
            #expect(answer.fields.first("cache-control") == "no-store")
        }
    }

    @Test("names its endpoints and its signing key")
    func discovery() async throws {
        try await Stage.with { stage in
            let document = try await stage.send(
                OutboundRequest(
                    .get,
                    "http://acp.test/bank/retail/.well-known/openid-configuration"
                )
            ).body
            #expect(document["issuer"]?.string == "http://acp.test/bank/retail")
            let modes = document["backchannel_token_delivery_modes_supported"]
            #expect(modes?.array == [.string("poll"), .string("ping")])
            let keys = try await stage.send(
                OutboundRequest(.get, document["jwks_uri"]?.string ?? "")
            )
            #expect(keys.body["keys"]?.array?.first?["crv"]?.string == "P-256")
        }
    }

    @Test(
        "serves scope grants under every base style",
        arguments: ["/api/system/bank", "/api/system"]
    )
    func bases(base: String) async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            let id = stage.service.starts.first?["login_id"]?.string ?? ""
            let answer = try await stage.service.call(.get, "\(base)/scope-grants/\(id)")
            let body = try JSONValue(answer.body)
            #expect(body["id"]?.string == id)
            #expect(body["scope_grant_approved"]?.bool == false)
            let names = body["requested_scopes"]?.array?.map { $0["requested_name"]?.string }
            #expect(names == ["openid", "profile"])
        }
    }

    @Test(
        "issues system tokens under every base style",
        arguments: ["/bank/system", "/system", ""]
    )
    func tokenBases(base: String) async throws {
        try await Stage.with { stage in
            let answer = try await stage.send(
                OutboundRequest(
                    .post,
                    "http://acp.test\(base)/oauth2/token",
                    fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                    body: Form([
                        Field("grant_type", "client_credentials"), Field("client_id", "beckon"),
                        Field("client_secret", "beckon-system-client-secret"),
                        Field("scope", "manage_scope_grants"),
                    ]).bytes
                )
            )
            #expect(answer.status == 200)
            #expect(answer.body["scope"]?.string == "manage_scope_grants")
        }
    }
}
