import HTTP
import JSON
import Lab
import Testing

@Suite("The control of the simulator", .timeLimit(.minutes(3)))
struct ControlTests {
    @Test("starts a login without a client")
    func login() async throws {
        try await Stage.with { stage in
            let answer = try await stage.control(
                .post,
                "/_sim/logins",
                """
                {"user":"u","scopes":["openid","email"],"binding_message":"M","ttl":60}
                """
            )
            #expect(answer.status == 201)
            let start = try #require(stage.service.starts.first)
            #expect(start["login_id"] == answer.body["login_id"])
            #expect(start["requested_scopes"]?.array == [.string("openid"), .string("email")])
            #expect(start["binding_message"]?.string == "M")
            #expect(start["expires_at"]?.string == "2026-11-20T12:01:00Z")
            let id = try #require(answer.body["login_id"]?.string)
            let login = try await stage.control(.get, "/_sim/logins/\(id)").body
            #expect(login["state"]?.string == "pending")
            #expect(login["accept_calls"]?.integer == 0)
            #expect(try await stage.control(.get, "/_sim/logins/none").status == 404)
        }
    }

    @Test("moves the clock")
    func clock() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            let moved = try await stage.control(.post, "/_sim/clock", "{\"advance_s\":120}")
            #expect(moved.body["now"]?.string == "2026-11-20T12:02:00.000Z")
            #expect(try await stage.redeem(id).error == "expired_token")
            #expect(try await stage.control(.post, "/_sim/clock", "{}").status == 400)
        }
    }

    @Test("sets knobs for some users, a number of times, and removes them")
    func knobs() async throws {
        try await Stage.with { stage in
            let verify = { (user: String) async throws -> String? in
                try await stage.post(
                    "/backchannel/authentication",
                    ["scope": "openid", "login_hint": user]
                ).error
            }
            stage.service.know(false)
            let knob = try await stage.control(
                .post,
                "/_sim/knobs",
                """
                {"match":{"user":"vip-*"},"set":{"verify.map":"access_denied"},"times":2}
                """
            )
            #expect(knob.body["id"]?.string == "k1")
            #expect(try await verify("customer") == "unknown_user_id")
            #expect(try await verify("vip-1") == "access_denied")
            #expect(try await verify("vip-2") == "access_denied")
            #expect(try await verify("vip-3") == "unknown_user_id")
            stage.acp.knobs.set([.verifyMap: .string("server_error")])
            #expect(try await verify("vip-4") == "server_error")
            #expect(try await stage.control(.delete, "/_sim/knobs/k2").status == 204)
            #expect(try await verify("vip-4") == "unknown_user_id")
            #expect(try await stage.control(.delete, "/_sim/knobs/k2").status == 404)
        }
    }

    @Test("makes the same random choices from the same seed")
    func seed() async throws {
        try await Stage.with { stage in
            stage.service.know(false)
            var runs: [[String?]] = []
            for _ in 0..<2 {
                _ = try await stage.control(.post, "/_sim/reset", "{\"seed\":42}")
                stage.acp.knobs.set([.verifyMap: .string("access_denied")], probability: 0.5)
                var errors: [String?] = []
                for _ in 0..<40 {
                    errors.append(
                        try await stage.post(
                            "/backchannel/authentication",
                            ["scope": "openid", "login_hint": "u"]
                        ).error
                    )
                }
                runs.append(errors)
            }
            #expect(runs[0] == runs[1])
            #expect(Set(runs[0]) == ["access_denied", "unknown_user_id"])
        }
    }

    @Test("keeps the journal free of secrets")
    func journal() async throws {
        try await Stage.with { stage in
            let id = try await stage.begin("u", ["client_notification_token": "tok"])
            _ = try await stage.service.accept(stage.service.starts[0])
            let tokens = try await stage.redeem(id)
            let log = try await stage.control(.get, "/_sim/log?after=0").body
            let text = String(decoding: log.bytes, as: UTF8.self)
            let secrets = [
                "kiosk-secret", "as-password", "beckon-system-client-secret",
                tokens.body["access_token"]?.string, tokens.body["id_token"]?.string,
                stage.service.starts[0]["login_state"]?.string,
            ]
            for secret in secrets {
                let secret = try #require(secret)
                #expect(!text.contains(secret))
            }
            #expect(text.contains("authentication/start"))
            #expect(text.contains("scope-grants"))
            let numbers = log.array?.compactMap { $0["number"]?.integer } ?? []
            #expect(numbers == Array(1...numbers.count))
            let later = try await stage.control(.get, "/_sim/log?after=\(numbers.count - 1)").body
            #expect(later.array?.count == 1)
        }
    }

    @Test("sends new entries at once to waiting readers")
    func longPoll() async throws {
        try await Stage.with { stage in
            let last = stage.acp.journal.last
            async let news = stage.control(.get, "/_sim/log?after=\(last)&wait_s=30")
            _ = try await stage.begin()
            #expect(try await news.body.array?.isEmpty == false)
        }
    }
}
