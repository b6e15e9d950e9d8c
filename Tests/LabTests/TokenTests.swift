import HTTP
import JSON
import Lab
import Testing

@Suite("The token endpoint", .timeLimit(.minutes(3)))
struct TokenTests {
    static let grant = "urn:openid:params:grant-type:ciba"

    @Test(
        "refuses an invalid token request",
        arguments: [
            (["grant_type": grant], 400, "invalid_request"),
            (["grant_type": grant, "auth_req_id": "a b"], 400, "invalid_request"),
            (["grant_type": grant, "auth_req_id": "unknown"], 400, "invalid_grant"),
            (["grant_type": "password"], 400, "unsupported_grant_type"),
            (["auth_req_id": "x"], 400, "invalid_request"),
        ]
    )
    func refused(fields: [String: String], status: Int, error: String) async throws {
        try await Stage.with { stage in
            let answer = try await stage.post("/oauth2/token", fields)
            #expect(answer.status == status)
            #expect(answer.error == error)
            #expect(answer.fields.first("cache-control") == "no-store")
        }
    }

    @Test("refuses a client that does not authenticate, before anything else")
    func clientFirst() async throws {
        try await Stage.with { stage in
            let answer = try await stage.post("/oauth2/token", ["auth_req_id": " "], as: nil)
            #expect(answer.status == 401)
            #expect(answer.error == "invalid_client")
        }
    }

    @Test("refuses another client's auth_req_id")
    func otherClient() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            #expect(try await stage.redeem(id, as: Stage.coded).error == "invalid_grant")
            #expect(try await stage.redeem(id).error == "authorization_pending")
        }
    }

    @Test("refuses a client that is not registered for CIBA")
    func unauthorized() async throws {
        try await Stage.with { stage in
            let login = try await stage.control(
                .post,
                "/_sim/logins",
                "{\"user\":\"u\",\"client_id\":\"web\"}"
            )
            let id = login.body["auth_req_id"]?.string ?? ""
            #expect(try await stage.redeem(id, as: Stage.outsider).error == "unauthorized_client")
        }
    }

    @Test("answers slow_down in steps of five seconds (OpenID CIBA Core §11)")
    func pacing() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            #expect(try await stage.redeem(id).error == "authorization_pending")
            stage.acp.clock.advance(byMilliseconds: 4000)
            #expect(try await stage.redeem(id).error == "slow_down")
            // The interval is ten seconds now, counted from the last poll.
            stage.acp.clock.advance(byMilliseconds: 10_000)
            #expect(try await stage.redeem(id).error == "authorization_pending")
            stage.acp.clock.advance(byMilliseconds: 9999)
            #expect(try await stage.redeem(id).error == "slow_down")
        }
    }

    @Test("refuses a client after six early polls in a row")
    func sixViolations() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            var errors: [String?] = []
            for _ in 0..<8 { errors.append(try await stage.redeem(id).error) }
            #expect(
                errors == [
                    "authorization_pending", "slow_down", "slow_down", "slow_down", "slow_down",
                    "slow_down", "invalid_request", "invalid_request",
                ]
            )
        }
    }

    @Test("does not slow down a client whose login is decided")
    func decidedAtOnce() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            #expect(try await stage.redeem(id).error == "authorization_pending")
            _ = try await stage.service.accept(try #require(stage.service.starts.first))
            #expect(try await stage.redeem(id).status == 200)
        }
    }

    @Test("issues tokens to one of several parallel requests")
    func singleUse() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            _ = try await stage.service.accept(try #require(stage.service.starts.first))
            let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
                for _ in 0..<20 { group.addTask { try await stage.redeem(id) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.filter { $0.status == 200 }.count == 1)
            #expect(answers.filter { $0.error == "invalid_grant" }.count == 19)
        }
    }

    @Test("issues tokens after the end for an approval before it")
    func approvedInTime() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            _ = try await stage.service.accept(try #require(stage.service.starts.first))
            stage.acp.clock.advance(byMilliseconds: 600_000)
            #expect(try await stage.redeem(id).status == 200)
        }
    }

    @Test("answers 403 to pending polls in the profile of Open Finance Brasil")
    func brasil() async throws {
        try await Stage.with({ $0.workspaces[0].profile = .ofb }) { stage in
            let id = try await stage.begin()
            let pending = try await stage.redeem(id)
            #expect(pending.status == 403)
            #expect(pending.error == "authorization_pending")
            let early = try await stage.redeem(id)
            #expect(early.status == 403)
            #expect(early.error == "slow_down")
            _ = try await stage.service.reject(try #require(stage.service.starts.first))
            let denied = try await stage.redeem(id)
            #expect(denied.status == 403)
            #expect(denied.error == "access_denied")
        }
    }
}
