import HTTP
import JSON
import Lab
import TestSupport
import Testing

@Suite("A knob for the server's responses", .timeLimit(.minutes(3)))
struct CallKnobTests {
    private func turn(
        _ name: KnobName,
        _ value: String,
        in stage: Stage,
        on operation: String? = nil,
        times: Int? = nil
    ) throws {
        stage.acp.knobs.set(
            [name: try JSONValue(Array(value.utf8))],
            match: KnobMatch(operation: operation),
            times: times
        )
    }

    private func login(_ stage: Stage) async throws -> JSONValue {
        let id = stage.service.starts[0]["login_id"]?.string ?? ""
        return try await stage.control(.get, "/_sim/logins/\(id)").body
    }

    private func get(_ stage: Stage) async throws -> OutboundResponse {
        let id = stage.service.starts[0]["login_id"]?.string ?? ""
        return try await stage.service.call(.get, "/api/system/bank/scope-grants/\(id)")
    }

    @Test(
        "changes the check of login_state (K-06)",
        arguments: [
            ("\"off\"", "guess", 200), ("400", "guess", 400), ("\"404\"", "guess", 404),
            ("\"expect_other\"", "STATE", 403),
        ]
    )
    func loginState(value: String, state: String, status: Int) async throws {
        try await Stage.with { stage in
            try turn(.loginStateCheck, value, in: stage)
            _ = try await stage.begin()
            let start = stage.service.starts[0]
            let right = start["login_state"]?.string ?? ""
            let answer = try await stage.service.call(
                .post,
                "/api/system/bank/scope-grants/\(start["login_id"]?.string ?? "")/accept",
                """
                {"granted_scopes":["openid"],\
                "login_state":"\(state.replacing("STATE", with: right))"}
                """
            )
            #expect(answer.status == status)
            // Only a wrong value is the caller's fault.
            #expect(stage.rules == (status == 200 || state == "STATE" ? [] : ["call.login_state"]))
        }
    }

    @Test(
        "changes the response to a second decision (K-08)",
        arguments: [
            ("same_200", 200, 409), ("same_409", 409, 409), ("other_409", 200, 409),
            ("404", 404, 404),
        ]
    )
    func second(value: String, same: Int, opposite: Int) async throws {
        try await Stage.with { stage in
            try turn(.secondDecision, "\"\(value)\"", in: stage)
            _ = try await stage.begin()
            let start = stage.service.starts[0]
            #expect(try await stage.service.accept(start) == 200)
            #expect(try await stage.service.accept(start) == same)
            #expect(try await stage.service.reject(start) == opposite)
        }
    }

    @Test("shows or hides a decided login (K-09)", arguments: [("visible", 200), ("404", 404)])
    func afterDecision(value: String, status: Int) async throws {
        try await Stage.with { stage in
            try turn(.getAfterDecision, "\"\(value)\"", in: stage)
            _ = try await stage.begin()
            _ = try await stage.service.accept(stage.service.starts[0])
            let answer = try await get(stage)
            #expect(answer.status == status)
            if status == 200 {
                #expect(try JSONValue(answer.body)["scope_grant_approved"]?.bool == true)
            }
        }
    }

    @Test("fails calls as often as listed (K-10)")
    func fail() async throws {
        try await Stage.with { stage in
            try turn(.callFail, "[503,500,200]", in: stage, on: "accept")
            _ = try await stage.begin()
            var statuses: [Int] = []
            for _ in 0..<3 {
                statuses.append(try await stage.service.accept(stage.service.starts[0]))
            }
            #expect(statuses == [503, 500, 200])
            #expect(try await login(stage)["effective_reports"]?.integer == 1)
            #expect(stage.rules == [])
        }
    }

    @Test("fails calls after they were processed (K-10)")
    func failProcessed() async throws {
        try await Stage.with { stage in
            try turn(.callFail, "{\"statuses\":[500],\"processed\":true}", in: stage, on: "accept")
            _ = try await stage.begin()
            #expect(try await stage.service.accept(stage.service.starts[0]) == 500)
            #expect(try await login(stage)["state"]?.string == "approved")
            // Looking is right, and so no call after success.
            #expect(try await get(stage).status == 200)
            #expect(stage.rules == [])
        }
    }

    @Test(
        "breaks the connection (K-11)",
        arguments: [
            ("before_processing", "pending"), ("after_processing", "approved"),
            ("mid_body", "approved"),
        ]
    )
    func drop(value: String, state: String) async throws {
        try await Stage.with { stage in
            try turn(.callDrop, "\"\(value)\"", in: stage, on: "accept", times: 1)
            _ = try await stage.begin()
            await #expect(throws: OutboundError.self) {
                try await stage.service.accept(stage.service.starts[0])
            }
            #expect(try await login(stage)["state"]?.string == state)
            #expect(try await get(stage).status == 200)
            #expect(stage.rules == [])
        }
    }

    @Test("delays responses (K-12)")
    func slow() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            _ = try await stage.service.renewToken()
            try turn(.callSlow, "{\"first_byte_ms\":3000}", in: stage, on: "accept")
            async let status = stage.service.accept(stage.service.starts[0])
            while !Task.isCancelled, stage.acp.clock.sleeperCount == 0 { await Task.yield() }
            #expect(try await login(stage)["state"]?.string == "pending")
            stage.acp.clock.advance(byMilliseconds: 3000)
            #expect(try await status == 200)
        }
    }

    @Test(
        "limits the rate of calls (K-13)",
        arguments: [
            ("2", "2", true), ("\"date:2\"", "Fri, 20 Nov 2026 12:00:02 GMT", true),
            ("null", nil, false), ("\"soon\"", "soon", false),
        ]
    )
    func rateLimit(value: String, header: String?, isWatched: Bool) async throws {
        try await Stage.with { stage in
            try turn(.rateLimit, value, in: stage, on: "get", times: 2)
            _ = try await stage.begin()
            let first = try await get(stage)
            #expect(first.status == 429)
            #expect(first.fields.first("retry-after") == header)
            stage.acp.clock.advance(byMilliseconds: 1999)
            #expect(try await get(stage).status == 429)
            #expect(stage.rules == (isWatched ? ["call.before_retry_after"] : []))
            stage.acp.clock.advance(byMilliseconds: 2000)
            #expect(try await get(stage).status == 200)
            #expect(stage.rules.count == (isWatched ? 1 : 0))
        }
    }

    @Test("shortens the lifetime of tokens (K-14)")
    func tokenTTL() async throws {
        try await Stage.with { stage in
            try turn(.tokenTTL, "5", in: stage, times: 1)
            _ = try await stage.begin()
            let answer = try await stage.service.renewToken()
            #expect(try JSONValue(answer.body)["expires_in"]?.integer == 5)
            #expect(try await get(stage).status == 200)
            stage.acp.clock.advance(byMilliseconds: 7001)
            #expect(try await get(stage).status == 401)
            #expect(stage.rules == ["token.after_expiry"])
        }
    }

    @Test("revokes a token once (K-15)")
    func revokeOnce() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            try turn(.tokenRevoke, "\"once\"", in: stage)
            #expect(try await get(stage).status == 401)
            _ = try await stage.service.renewToken()
            #expect(try await get(stage).status == 200)
            #expect(stage.rules == [])
        }
    }

    @Test("revokes a token after some uses (K-15)")
    func revokeAfter() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            try turn(.tokenRevoke, "2", in: stage)
            var statuses: [Int] = []
            for _ in 0..<3 { statuses.append(try await get(stage).status) }
            #expect(statuses == [200, 200, 401])
        }
    }

    @Test(
        "breaks the token endpoint (K-16)",
        arguments: [
            ("\"invalid_client\"", 400), ("401", 401), ("429", 429), ("500", 500),
            ("\"content_type\"", 200),
        ]
    )
    func tokenFail(value: String, status: Int) async throws {
        try await Stage.with { stage in
            try turn(.tokenFail, value, in: stage, times: 1)
            let answer = try await stage.service.renewToken()
            #expect(answer.status == status)
            #expect((try? JSONValue(answer.body))?["access_token"] == nil)
            #expect(try await stage.service.renewToken().status == 200)
        }
    }

    @Test("leaves token requests without a response (K-16)")
    func tokenTimeout() async throws {
        try await Stage.with { stage in
            try turn(.tokenFail, "\"timeout\"", in: stage, times: 1)
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    await #expect(throws: OutboundError.self) {
                        try await stage.service.renewToken()
                    }
                }
                while !Task.isCancelled, stage.acp.clock.sleeperCount == 0 { await Task.yield() }
                stage.acp.clock.advance(byMilliseconds: 60_000)
            }
        }
    }

    @Test("omits a scope from tokens (K-17)")
    func scopeMissing() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            try turn(.scopeMissing, "\"manage_scope_grants\"", in: stage)
            #expect(try await get(stage).status == 403)
            #expect(stage.rules == [])
        }
    }

    @Test(
        "hides or distorts a scope grant (K-22)",
        arguments: [("404", 404), ("403", 403), ("\"html\"", 200), ("\"huge_list\"", 200)]
    )
    func consentGet(value: String, status: Int) async throws {
        try await Stage.with { stage in
            try turn(.consentGet, value, in: stage)
            _ = try await stage.begin()
            let answer = try await get(stage)
            #expect(answer.status == status)
            let body = try JSONValue(answer.body)
            if value == "\"html\"" {
                #expect(body["client_info"]?["client_name"]?.string?.contains("<script>") == true)
            }
            if value == "\"huge_list\"" {
                #expect(body["requested_scopes"]?.array?.count == 1002)
            }
        }
    }

    /// What a family's view shows of how much, or of what is shared.
    private static let amounts: [(String, [String])] = [
        ("obuk.domestic_payment", ["Initiation", "InstructedAmount", "Amount"]),
        ("obuk.domestic_standing_order", ["Initiation", "FirstPaymentAmount", "Amount"]),
        ("obuk.file_payment", ["Initiation", "FileHash"]),
        ("obbr.payment_v3", ["payment", "amount"]), ("obuk.account_access", ["Permissions"]),
        ("obbr.data", ["permissions"]), ("fdx", ["lookbackPeriod"]), ("cdr", ["expiry"]),
        ("ksa", ["expiry"]),
    ]

    private static func value(_ view: JSONValue, _ member: String, _ path: [String]) -> JSONValue? {
        path.reduce(view[member]) { $0?[$1] }
    }

    @Test("changes a consent between two views (K-21)", arguments: amounts)
    func change(family: String, path: [String]) async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named(family)
            try turn(.consentChange, "1", in: stage)
            _ = try await stage.ask(example)
            let first = try await stage.look(example).body
            let second = try await stage.look(example).body
            let before = Self.value(first, example.member, path)
            #expect(before != nil)
            #expect(Self.value(second, example.member, path) != before)
            #expect(try await stage.look(example).body == second)
        }
    }

    @Test("changes the payee (K-21)", arguments: ["obuk.domestic_payment", "obbr.payment_v1"])
    func changedPayee(family: String) async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named(family)
            try turn(.consentChange, #"{"after":2,"what":"payee"}"#, in: stage)
            _ = try await stage.ask(example)
            let first = try await stage.look(example).body
            #expect(try await stage.look(example).body == first)
            let third = try await stage.look(example).body
            #expect(String(decoding: third.bytes, as: UTF8.self).contains("Somebody Else"))
        }
    }

    @Test("changes a scope grant (K-21)")
    func changedScopes() async throws {
        try await Stage.with { stage in
            try turn(.consentChange, "1", in: stage)
            _ = try await stage.begin()
            let first = try await get(stage)
            #expect(try await get(stage).body != first.body)
        }
    }

    @Test("distorts a consent (K-22)", arguments: amounts)
    func unusableConsent(family: String, path: [String]) async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named(family)
            try turn(.consentGet, #""missing_amount""#, in: stage, times: 1)
            _ = try await stage.ask(example)
            let view = try await stage.look(example).body
            #expect(view[example.member] != nil)
            #expect(Self.value(view, example.member, path) == nil)
            try turn(.consentGet, #""other_type""#, in: stage, times: 1)
            let type = try await stage.look(example).body["type"]?.string
            #expect(type == (example.type == nil ? nil : "unheard_of"))
            try turn(.consentGet, #""huge_list""#, in: stage, times: 1)
            let scopes = try await stage.look(example).body["requested_scopes"]?.array
            #expect(scopes?.count == 1000)
            try turn(.consentGet, "503", in: stage, times: 1)
            #expect(try await stage.look(example).status == 503)
        }
    }

    @Test("starts a second login for a consent (K-29)")
    func twice() async throws {
        try await Stage.with { stage in
            try turn(.sameConsent, #""twice""#, in: stage, times: 1)
            let (id, _) = try await stage.ask(ConsentExample.named("obuk.account_access"))
            while !Task.isCancelled, stage.service.starts.count < 2 { await Task.yield() }
            let ids = stage.service.starts.compactMap { $0["openbanking_intent_id"]?.string }
            #expect(ids == [id, id])
            #expect(Set(stage.service.starts.compactMap { $0["login_id"]?.string }).count == 2)
        }
    }

    @Test("starts more logins (K-30)")
    func burst() async throws {
        try await Stage.with { stage in
            try turn(
                .burst,
                #"{"count":3,"per_second":1000,"many_users":true}"#,
                in: stage,
                times: 1
            )
            _ = try await stage.begin("u")
            // A millisecond lies between two.
            while !Task.isCancelled, stage.service.starts.count < 4 {
                stage.acp.clock.advance(byMilliseconds: 1)
                await Task.yield()
            }
            let users = stage.service.starts.compactMap { $0["user_identifier"]?.string }
            #expect(Set(users) == ["u", "u-1", "u-2", "u-3"])
        }
    }

    @Test(
        "sets or omits redirect_to (K-23)",
        arguments: [("absent", nil), ("empty", ""), ("decoy", "http://acp.test/_decoy/link")]
    )
    func redirectTo(value: String, expected: String?) async throws {
        try await Stage.with { stage in
            try turn(.redirectTo, "\"\(value)\"", in: stage)
            _ = try await stage.begin()
            let start = stage.service.starts[0]
            let answer = try await stage.service.call(
                .post,
                "/api/system/bank/scope-grants/\(start["login_id"]?.string ?? "")/reject",
                "{\"login_state\":\"\(start["login_state"]?.string ?? "")\"}"
            )
            #expect(try JSONValue(answer.body)["redirect_to"]?.string == expected)
        }
    }

    @Test("redirects any call (K-26)", arguments: [301, 307])
    func redirect(status: Int) async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            try turn(.redirect, "\(status)", in: stage, on: "accept")
            let start = stage.service.starts[0]
            #expect(try await stage.service.accept(start) == status)
            #expect(try await login(stage)["state"]?.string == "pending")
        }
    }

    @Test("accepts every name and refuses values without an effect")
    func names() async throws {
        try await Stage.with { stage in
            for name in KnobName.allCases {
                let answer = try await stage.control(
                    .post,
                    "/_sim/knobs",
                    "{\"match\":{\"user\":\"x\"},\"set\":{\"\(name.rawValue)\":1}}"
                )
                // Nobody listens with TLS in memory.
                #expect(answer.status == (name == .tls ? 400 : 201))
            }
            let unknown = try await stage.control(.post, "/_sim/knobs", "{\"set\":{\"magic\":1}}")
            #expect(unknown.status == 400)
        }
    }
}
