import HTTP
import JSON
import Lab
import Testing

@Suite("A wrong authentication service", .timeLimit(.minutes(3)))
struct ViolationTests {
    private func path(_ stage: Stage, _ operation: String = "") -> String {
        "/api/system/bank/scope-grants/\(stage.service.starts[0]["login_id"]?.string ?? "")\(operation)"
    }

    @Test("is caught when it fetches a link, follows a redirect or calls an obsolete path")
    func links() async throws {
        try await Stage.with { stage in
            let calls: [(Method, String, String)] = [
                (.get, "/_decoy/link", "call.fetched_link"),
                (.get, "/_decoy/logo", "call.fetched_link"),
                (.post, "/_decoy/redirect", "call.followed_redirect"),
                (
                    .post, "/system/abc/openbanking-account-access/consent/accept",
                    "call.seed_path"
                ),
            ]
            for (method, path, rule) in calls {
                let answer = try await stage.service.call(method, path)
                #expect(answer.status >= 400)
                #expect(stage.rules.contains(rule))
            }
        }
    }

    @Test("is caught when it ignores a 401")
    func refusedToken() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            stage.acp.knobs.set([.tokenRevoke: .string("once")])
            #expect(try await stage.service.call(.get, path(stage)).status == 401)
            #expect(try await stage.service.call(.get, path(stage)).status == 401)
            #expect(stage.rules == ["token.after_401"])
        }
    }

    @Test("is not blamed for a call that began before the 401")
    func underWay() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            _ = try await stage.service.renewToken()
            stage.acp.knobs.set([.callSlow: .number("12000")], times: 1)
            async let slow = stage.service.call(.get, path(stage))
            while !Task.isCancelled, stage.acp.clock.sleeperCount == 0 { await Task.yield() }
            stage.acp.clock.advance(byMilliseconds: 10_000)
            stage.acp.knobs.set([.tokenRevoke: .string("once")])
            #expect(try await stage.service.call(.get, path(stage)).status == 401)
            stage.acp.clock.advance(byMilliseconds: 2000)
            #expect(try await slow.status == 401)
            #expect(stage.rules == [])
        }
    }

    @Test("is caught when it calls endlessly")
    func tooManyCalls() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            for _ in 0..<20 { _ = try await stage.service.call(.get, path(stage)) }
            #expect(stage.rules == [])
            _ = try await stage.service.call(.get, path(stage))
            #expect(stage.rules == ["call.too_many"])
        }
    }

    @Test("is caught when it looks again after a 200")
    func afterSuccess() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            _ = try await stage.service.accept(stage.service.starts[0])
            _ = try await stage.service.call(.get, path(stage))
            #expect(stage.rules == ["call.after_success"])
        }
    }

    @Test("is caught when it accepts after a rejection, or rejects twice")
    func afterRejection() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            let start = stage.service.starts[0]
            _ = try await stage.service.reject(start)
            #expect(try await stage.service.accept(start) == 409)
            #expect(stage.rules.contains("decision.accept_after_reject"))
            #expect(try await stage.service.reject(start) == 200)
            #expect(stage.rules.contains("decision.second_reject"))
        }
    }

    @Test("is caught when it asks for two tokens at once")
    func tokenStorm() async throws {
        try await Stage.with { stage in
            stage.acp.knobs.set(
                [.callSlow: .number("1000")],
                match: KnobMatch(operation: "token")
            )
            await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 { group.addTask { _ = try await stage.service.renewToken() } }
                while !Task.isCancelled, stage.acp.clock.sleeperCount < 2 { await Task.yield() }
                stage.acp.clock.advance(byMilliseconds: 1000)
            }
            #expect(stage.rules == ["token.requests_in_flight"])
        }
    }

    @Test("is caught when it puts a secret into a query")
    func query() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            _ = try await stage.service.call(.get, path(stage) + "?access_token=abc123")
            #expect(stage.rules == ["call.secret_in_query"])
            let log = try await stage.control(.get, "/_sim/log").body
            #expect(!String(decoding: log.bytes, as: UTF8.self).contains("abc123"))
        }
    }

    @Test("is caught when verify answers an invalid body")
    func nonsense() async throws {
        try await Stage.with { stage in
            stage.network.add(
                "as.test",
                [
                    Route(.post, "/retail/user/verify") { _ in
                        .json(200, Array("{\"ok\":true}".utf8))
                    }
                ]
            )
            let answer = try await stage.post(
                "/backchannel/authentication",
                ["scope": "openid", "login_hint": "u"]
            )
            #expect(answer.error == "unknown_user_id")
            #expect(stage.rules == ["answer.malformed"])
        }
    }

    @Test("is listed by the control API until the reset")
    func list() async throws {
        try await Stage.with { stage in
            _ = try await stage.service.call(.get, "/_decoy/link")
            let list = try await stage.control(.get, "/_sim/violations").body.array ?? []
            #expect(list.map { $0["rule"]?.string } == ["call.fetched_link"])
            let reset = try await stage.control(.post, "/_sim/reset", "{\"seed\":7}")
            #expect(reset.body["seed"]?.integer == 7)
            #expect(try await stage.control(.get, "/_sim/violations").body.array == [])
        }
    }
}
