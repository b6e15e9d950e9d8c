import Cryptography
import HTTP
import JSON
import Lab
import Testing

@Suite("A knob for the server's requests", .timeLimit(.minutes(3)))
struct StartKnobTests {
    private func turn(_ name: KnobName, _ value: String, _ stage: Stage) throws {
        stage.acp.knobs.set([name: try JSONValue(Array(value.utf8))])
    }

    private func waitForStarts(_ count: Int, _ stage: Stage) async {
        var last = 0
        while !Task.isCancelled, stage.service.starts.count < count {
            let entries = await stage.acp.journal.entries(after: last, within: .seconds(5))
            last = entries.last?.number ?? last
        }
    }

    @Test(
        "sends the start before, after or inside the client's request (K-01)",
        arguments: ["before_answer", "after_answer", "inside"]
    )
    func order(value: String) async throws {
        try await Stage.with { stage in
            try turn(.startOrder, "\"\(value)\"", stage)
            let id = try await stage.begin()
            #expect(id.count == 64)
            if value == "inside" { #expect(stage.service.starts.count == 1) }
            if value == "after_answer" {
                #expect(stage.service.starts.isEmpty)
                stage.acp.clock.advance(byMilliseconds: 100)
            }
            await waitForStarts(1, stage)
            #expect(stage.service.starts.count == 1)
        }
    }

    @Test("repeats a start (K-02)", arguments: [true, false])
    func repeats(isParallel: Bool) async throws {
        try await Stage.with { stage in
            try turn(.startRepeat, "{\"count\":3,\"parallel\":\(isParallel)}", stage)
            _ = try await stage.begin()
            await waitForStarts(4, stage)
            let starts = stage.service.starts
            #expect(starts.count == 4)
            #expect(Set(starts.map { $0["login_id"] }).count == 1)
        }
    }

    @Test("delays a start, even past the login's end (K-03)")
    func delay() async throws {
        try await Stage.with { stage in
            try turn(.startDelay, "130000", stage)
            _ = try await stage.begin()
            stage.acp.clock.advance(byMilliseconds: 129_999)
            #expect(stage.service.starts.isEmpty)
            stage.acp.clock.advance(byMilliseconds: 1)
            await waitForStarts(1, stage)
            #expect(stage.service.starts.count == 1)
        }
    }

    @Test("retries a start until 2xx, doubling the pause")
    func backoff() async throws {
        try await Stage.with { stage in
            stage.service.answerStarts(with: [503, 500, 404])
            _ = try await stage.begin()
            #expect(stage.service.starts.count == 1)
            for (pause, count) in [(1000, 2), (2000, 3), (4000, 4)] {
                await untilSomebodySleeps(stage)
                stage.acp.clock.advance(byMilliseconds: Int64(pause) - 1)
                #expect(stage.service.starts.count == count - 1)
                stage.acp.clock.advance(byMilliseconds: 1)
                await waitForStarts(count, stage)
            }
            let id = stage.service.starts[0]["login_id"]?.string ?? ""
            let login = try await stage.control(.get, "/_sim/logins/\(id)").body
            #expect(login["start_attempts"]?.integer == 4)
        }
    }

    private func untilSomebodySleeps(_ stage: Stage) async {
        while !Task.isCancelled, stage.acp.clock.sleeperCount == 0 { await Task.yield() }
    }

    @Test("limits the retries of a start (K-04)")
    func retry() async throws {
        try await Stage.with { stage in
            try turn(.startRetry, "{\"attempts\":3,\"backoff_ms\":[0]}", stage)
            stage.service.answerStarts(with: [503, 503, 503, 503, 503])
            _ = try await stage.begin()
            await waitForStarts(2, stage)
            await untilSomebodySleeps(stage)
            stage.acp.clock.advance(byMilliseconds: 60_000)
            await waitForStarts(3, stage)
            stage.acp.clock.advance(byMilliseconds: 59_000)
            #expect(stage.service.starts.count == 3)
        }
    }

    @Test(
        "maps the response of verify (K-05)",
        arguments: [
            ("unknown_user_id", 400), ("access_denied", 403), ("server_error", 500),
        ]
    )
    func verify(error: String, status: Int) async throws {
        try await Stage.with { stage in
            stage.service.know(false)
            try turn(.verifyMap, "\"\(error)\"", stage)
            let answer = try await stage.post(
                "/backchannel/authentication",
                ["scope": "openid", "login_hint": "u"]
            )
            #expect(answer.status == status)
            #expect(answer.error == error)
        }
    }

    @Test(
        "names the state as old and new servers do (K-07)",
        arguments: [
            ("login_state", true, false), ("state", false, true), ("both_equal", true, true),
            ("both_different", true, true), ("none", false, false),
        ]
    )
    func stateField(value: String, hasLoginState: Bool, hasState: Bool) async throws {
        try await Stage.with { stage in
            try turn(.stateField, "\"\(value)\"", stage)
            _ = try await stage.begin()
            let start = try #require(stage.service.starts.first)
            #expect((start["login_state"] != nil) == hasLoginState)
            #expect((start["state"] != nil) == hasState)
            if hasLoginState, hasState {
                #expect((start["login_state"] == start["state"]) == (value == "both_equal"))
            }
            let state = start["login_state"] ?? start["state"]
            let body: JSONValue = .object(
                JSONObject(
                    [.init(name: "granted_scopes", value: .array([.string("openid")]))]
                        + (state.map { [.init(name: "login_state", value: $0)] } ?? [])
                )
            )
            let answer = try await stage.service.call(
                .post,
                "/api/system/bank/scope-grants/\(start["login_id"]?.string ?? "")/accept",
                String(decoding: body.bytes, as: UTF8.self)
            )
            #expect(answer.status == 200)
            #expect(stage.rules == [])
        }
    }

    @Test("starts logins without a user (K-18)")
    func noHint() async throws {
        try await Stage.with { stage in
            stage.acp.knobs.set([.hintNone: .string("obuk_intent_only")], times: 1)
            let first = try await stage.post("/backchannel/authentication", ["scope": "openid"])
            #expect(first.status == 200)
            #expect(stage.service.starts.first?["user_identifier"]?.string == "")
            let second = try await stage.post("/backchannel/authentication", ["scope": "openid"])
            #expect(second.error == "invalid_request")
        }
    }

    @Test(
        "writes starts in other shapes (K-19)",
        arguments: [
            ("scopes_string", "requested_scopes", "\"openid profile\""),
            ("scopes_null", "requested_scopes", "null"),
            ("acr_array", "acr_values", "[\"urn:example:loa:2\"]"),
            ("unknown_members", "consent_type", "\"unheard_of\""),
            (
                "scopes_objects", "requested_scopes",
                """
                [{"name":"openid","requested_name":"openid"},\
                {"name":"profile","requested_name":"profile"}]
                """
            ),
        ]
    )
    func shape(value: String, member: String, expected: String) async throws {
        try await Stage.with { stage in
            try turn(.startShape, "[\"\(value)\"]", stage)
            _ = try await stage.begin()
            let start = try #require(stage.service.starts.first)
            #expect(start[member] == (try JSONValue(Array(expected.utf8))))
        }
    }

    @Test("omits the deadline, sends a megabyte or repeats a member (K-19)")
    func brokenShapes() async throws {
        try await Stage.with { stage in
            stage.acp.knobs.set([.startShape: .string("no_expires_at")], times: 1)
            _ = try await stage.begin()
            let start = try #require(stage.service.starts.first)
            #expect(start["expires_at"] == nil)
            stage.acp.knobs.set([.startShape: .string("large_body")], times: 1)
            _ = try await stage.begin()
            #expect((stage.service.starts.last?.bytes.count ?? 0) > 1 << 20)
            // The stand-in keeps no body that it cannot read.
            stage.acp.knobs.set([.startShape: .string("duplicate_keys")], times: 1)
            _ = try await stage.begin()
            #expect(stage.service.starts.count == 2)
        }
    }

    @Test(
        "sends other credentials (K-24)",
        arguments: [
            ("\"wrong\"", "acp:as-password-wrong"), ("\"old\"", "acp:old-password"),
            ("{\"user\":\"a\",\"password\":\"b:c\"}", "a:b:c"),
        ]
    )
    func basic(value: String, expected: String) async throws {
        try await Stage.with { stage in
            try turn(.basic, value, stage)
            _ = try await stage.begin()
            let sent = "Basic " + Base64.encode(Array(expected.utf8))
            #expect(stage.service.authorizations == [sent, sent])
            try turn(.basic, "\"absent\"", stage)
            _ = try await stage.begin()
            #expect(stage.service.authorizations.suffix(2) == [nil, nil])
        }
    }

    @Test("shifts expires_at (K-27)")
    func skew() async throws {
        try await Stage.with { stage in
            try turn(.clockSkew, "-3", stage)
            _ = try await stage.begin()
            #expect(stage.service.starts[0]["expires_at"]?.string == "2026-11-20T12:01:57Z")
        }
    }

    @Test("ends a login early (K-28)")
    func early() async throws {
        try await Stage.with { stage in
            try turn(.expireEarly, "60000", stage)
            _ = try await stage.begin()
            stage.acp.clock.advance(byMilliseconds: 60_000)
            #expect(try await stage.service.accept(stage.service.starts[0]) == 404)
            // Nobody could have known.
            #expect(stage.rules == [])
        }
    }

    @Test("starts many logins (K-30)")
    func burst() async throws {
        try await Stage.with { stage in
            let answer = try await stage.control(
                .post,
                "/_sim/logins",
                "{\"user\":\"u\",\"count\":5,\"per_second\":1000,\"many_users\":true}"
            )
            #expect(answer.status == 202)
            while !Task.isCancelled, stage.service.starts.count < 5 {
                stage.acp.clock.advance(byMilliseconds: 1)
                await Task.yield()
            }
            let users = Set(stage.service.starts.compactMap { $0["user_identifier"]?.string })
            #expect(users == ["u-1", "u-2", "u-3", "u-4", "u-5"])
        }
    }
}
