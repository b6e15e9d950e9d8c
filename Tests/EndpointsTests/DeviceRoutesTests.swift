import Endpoints
import Engine
import HTTP
import Identity
import JSON
import Logins
import TestSupport
import Testing

@Suite("The device interface")
struct DeviceRoutesTests {
    private func document(_ response: Response) throws -> JSONValue { try JSONValue(response.body) }

    @Test("The login document shows a pending login")
    func waiting() async throws {
        try await Stage.with(language: "de") { stage in
            let prompt = try await stage.prompt(
                scopes: [
                    .init(requestedName: "a", displayName: "A", explanation: "Why"),
                    .init(requestedName: "b"),
                ]
            )
            let response = await stage.get(prompt.device, [prompt.bearer])
            #expect(response.status == 200 && response.field("cache-control") == "no-store")
            let consent = try document(response).object?["consent"]?.object
            let digest = try #require(consent?["digest"]?.string)
            #expect(digest.count == 43)
            let expected = #"""
                {"id":"login-1","phase":"waiting","client":{"id":"kiosk","name":"Kiosk 12"},
                "scopes":[{"name":"a","display_name":"A","description":"Why","optional":false},
                {"name":"b","optional":false}],
                "consent":{"kind":"scopes","facts":[],"account_choice":"none","accounts":[],
                "digest":"\#(digest)"},
                "binding_message":"Kiosk 12 / 84-20-17",
                "requested_at":"2026-11-20T12:00:00.000Z","expires_at":"2026-11-20T12:01:50.000Z",
                "user_language":"de","allowed_decisions":["deny","approve","cancel","fraud"],
                "approval_methods":["tap"]}
                """#
            #expect(response.text == expected.split(separator: "\n").joined())
        }
    }

    /// The methods of the rule for the client, and whether a ticket approves then.
    static let rules: [([ApprovalPolicy.Method], Bool)] = [
        ([.tap], true), ([.tap, .passkey], true), ([.passkey], false), ([.signIn], false),
        ([], false),
    ]

    @Test("Page and document offer exactly the methods that count for the login", arguments: rules)
    func offered(methods: [ApprovalPolicy.Method], byTicket: Bool) async throws {
        var condition = ApprovalPolicy.Condition()
        condition.client = .named("kiosk")
        let ways = methods.map { ApprovalPolicy.Way($0, acr: "urn:\($0.rawValue)") }
        let policy = ApprovalPolicy(
            rules: [ApprovalPolicy.Rule("kiosk", condition, ways: ways)],
            fallback: [ApprovalPolicy.Way(.tap)]
        )
        try await Stage.with(policy: policy) { stage in
            let prompt = try await stage.prompt()
            let shown = try document(await stage.get(prompt.device, [prompt.bearer]))
            #expect(shown["approval_methods"]?.strings == methods.map(\.rawValue))
            let decisions = try #require(shown["allowed_decisions"]?.strings)
            #expect(decisions.contains("approve") == byTicket)
            let page = await stage.get("/approve/" + prompt.ticket).text
            #expect(page.contains("value=\"approve\"") == byTicket)
            #expect(page.contains("value=\"deny\""))
            let approved = await stage.decide("approve", prompt)
            #expect(approved.status == (byTicket ? 200 : 403))
            if byTicket {
                #expect(try document(approved)["acr"]?.string == "urn:tap")
            } else {
                #expect(await stage.decide("deny", prompt).status == 200)
            }
        }
    }

    @Test(
        "A ticket opens its login by the bytes of its id only",
        arguments: [
            (id: "zo\u{EB}", path: "zo%C3%AB", opens: true), ("zo\u{EB}", "zoe%CC%88", false),
            ("zoe\u{308}", "zoe%CC%88", true), ("zoe\u{308}", "zo%C3%AB", false),
            ("\u{212A}", "K", false), ("a;b", "a%CD%BEb", false), ("login", "l%6Fgin", true),
        ]
    )
    func bytes(id: String, path: String, opens: Bool) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt(id: id)
            let target = "/device/v1/logins/" + path
            #expect(await stage.get(target, [prompt.bearer]).status == (opens ? 200 : 404))
            let decision = await stage.send(
                .post,
                target + "/decision",
                [Field("Content-Type", "application/json"), prompt.bearer],
                #"{"decision":"deny"}"#
            )
            #expect(decision.status == (opens ? 200 : 404))
        }
    }

    @Test(
        "After a decision, the login document has only the receipt",
        arguments: [
            ("approve", "approved"), ("deny", "denied"), ("cancel", "cancelled"),
            ("fraud", "denied"),
        ]
    )
    func decision(choice: String, outcome: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            stage.clock.advance(by: .seconds(5))
            let answer = await stage.decide(choice, prompt)
            let expected = #"""
                {"id":"login-1","phase":"reporting",
                "requested_at":"2026-11-20T12:00:00.000Z","expires_at":"2026-11-20T12:01:50.000Z",
                "allowed_decisions":[],"outcome":"\#(outcome)","decision":"\#(choice)",
                "decided_at":"2026-11-20T12:00:05.000Z","decided_by":"user","delivery":"pending"}
                """#
            #expect(answer.status == 200)
            #expect(answer.text == expected.split(separator: "\n").joined())
            #expect(await stage.decide(choice, prompt).text == answer.text)
            try await stage.apply(.reportTaken(confirmed: true), to: prompt.number)
            let settled = try document(await stage.get(prompt.device, [prompt.bearer]))
            #expect(settled["phase"]?.string == "settled")
            #expect(settled["delivery"]?.string == "delivered")
            let evidence = try await stage.store.login(prompt.number)?.login.phase.outcome?.decision
            #expect(evidence?.evidence.via == .device)
            #expect(evidence?.evidence.address == "192.0.2.7")
        }
    }

    @Test("A different second decision gets 409 with the first outcome")
    func conflict() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            _ = await stage.decide("deny", prompt)
            let refused = await stage.decide("approve", prompt)
            #expect(refused.status == 409)
            #expect(refused.contentType?.description == "application/problem+json")
            let problem = try document(refused)
            #expect(problem["type"]?.string == "urn:beckon:problem:already-ended")
            #expect(problem["status"]?.integer == 409)
            #expect(problem["outcome"]?.string == "denied")
        }
    }

    // rule: C14
    @Test("A decision before the prompt gets 409, after its end 410")
    func timing() async throws {
        try await Stage.with { stage in
            let early = try await stage.prompt(id: "early", isReady: false)
            let refused = await stage.decide("deny", early)
            #expect(refused.status == 409)
            #expect(try document(refused)["type"]?.string == "urn:beckon:problem:not-ready")
            let late = try await stage.prompt(id: "late")
            stage.clock.advance(by: .seconds(110))
            #expect(await stage.decide("deny", late).status == 410)
            let shown = try document(await stage.get(late.device, [late.bearer]))
            #expect(shown["allowed_decisions"] == .array([]) && shown["client"] == nil)
        }
    }

    @Test("Without approval by tap, an app cannot approve")
    func tapping() async throws {
        try await Stage.with(tap: false) { stage in
            let prompt = try await stage.prompt()
            let shown = try document(await stage.get(prompt.device, [prompt.bearer]))
            #expect(
                shown["allowed_decisions"]?.array?.compactMap(\.string)
                    == ["deny", "cancel", "fraud"]
            )
            #expect(await stage.decide("approve", prompt).status == 403)
            #expect(await stage.decide("cancel", prompt).status == 200)
        }
    }

    @Test("A request without the right ticket learns nothing")
    func tickets() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let other = try await stage.prompt(id: "login-2")
            let fields: [[Field]] = [
                [], [Field("Authorization", "Bearer")], [Field("Authorization", "Bearer x")],
                [Field("Authorization", "Basic " + prompt.ticket)],
                [Field("Authorization", "Bearer " + PromptTicket(for: prompt.number).text)],
                [prompt.bearer, prompt.bearer],
            ]
            for fields in fields {
                let refused = await stage.get(prompt.device, fields)
                #expect(refused.status == 401)
                #expect(refused.field("www-authenticate") == "Bearer realm=\"beckon\"")
            }
            // Whether the other login exists is not to be seen.
            let foreign = await stage.get(other.device, [prompt.bearer])
            let absent = await stage.get("/device/v1/logins/none", [prompt.bearer])
            #expect(foreign.status == 404 && foreign.text == absent.text)
            let lower = Field("authorization", "bearer " + prompt.ticket)
            #expect(await stage.get(prompt.device, [lower]).status == 200)
        }
    }

    @Test(
        "A malformed decision is refused with the rule that it breaks",
        arguments: [
            ("", 400, "ends too early"), ("[]", 400, "must be an object"),
            (#"{}"#, 400, "decision: is required"), (#"{"decision":1}"#, 400, "decision: must be"),
            (#"{"decision":"Approve"}"#, 400, "decision: must be"),
            (#"{"decision":"approve","pin":"1"}"#, 400, "pin: unknown member"),
            (#"{"decision":"deny","decision":"approve"}"#, 400, "comes twice"),
            (#"{"decision":"deny"} x"#, 400, "after the value"),
            (String(repeating: " ", count: 65_537), 413, "65536 bytes"),
        ]
    )
    func body(text: String, status: Int, detail: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let refused = await stage.send(
                .post,
                prompt.device + "/decision",
                [prompt.bearer, Field("Content-Type", "application/json; charset=utf-8")],
                text
            )
            #expect(refused.status == status)
            #expect(try document(refused)["detail"]?.string?.contains(detail) == true)
            #expect(try await stage.store.login(prompt.number)?.login.phase.name == .waiting)
        }
    }

    @Test(
        "A decision must be JSON",
        arguments: ["text/plain", "application/x-www-form-urlencoded"]
    )
    func mediaType(type: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let refused = await stage.send(
                .post,
                prompt.device + "/decision",
                [prompt.bearer, Field("Content-Type", type)],
                #"{"decision":"deny"}"#
            )
            #expect(refused.status == 415)
        }
    }

    @Test("A request with wait returns on a change or after the wait")
    func longPoll() async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            try await within {
                async let news = stage.get(prompt.device + "?wait=25&seen=waiting", [prompt.bearer])
                _ = await stage.decide("deny", prompt)
                #expect(await news.text.contains(#""phase":"reporting""#))
            }
            // What was seen is over: no waiting.
            let seen = try await within {
                await stage.get(prompt.device + "?wait=25&seen=waiting", [prompt.bearer])
            }
            #expect(seen.status == 200)
        }
    }

    @Test(
        "An invalid wait is refused",
        arguments: [
            "wait=0", "wait=26", "wait=-1", "wait=1.5", "wait=+5", "wait=", "wait=1&wait=2",
            "wait=5&seen=nowhere", "seen=", "wait=%zz",
        ]
    )
    func badWait(query: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            let refused = await stage.get(prompt.device + "?" + query, [prompt.bearer])
            #expect(refused.status == 400)
            #expect(
                try document(refused)["type"]?.string == "urn:beckon:problem:invalid-query"
            )
        }
    }

    @Test("A failing store gets 503 from the device interface")
    func down() async {
        let stage = Stage.broken
        let number = LoginNumber(1)
        let prompt = Prompted(id: "x", number: number, ticket: PromptTicket(for: number).text)
        for response in [
            await stage.get(prompt.device, [prompt.bearer]), await stage.decide("deny", prompt),
        ] {
            #expect(response.status == 503 && response.field("retry-after") == "1")
        }
    }
}

@Suite("The management endpoints")
struct ManagementRoutesTests {
    private func answer(
        _ path: String,
        _ failure: String? = nil,
        draining: Bool = false
    ) async throws -> Response {
        let router = Router(
            ManagementRoutes(
                checks: [
                    .init("store") { failure }, .init("clock") { nil },
                ],
                clock: ManualClock(),
                isDraining: { draining },
                metrics: { Array("beckon_up 1\n".utf8) }
            ).routes
        )
        return try #require(await router.answer(.example(.get, path)))
    }

    @Test("Liveness is 200 even when checks fail")
    func live() async throws {
        let response = try await answer("/health/live", "locked", draining: true)
        #expect(response.status == 200 && response.text == #"{"status":"live"}"#)
    }

    @Test(
        "Readiness names every failed check",
        arguments: [
            (nil, false, 200, #"{"status":"ready","checks":{"store":"ok","clock":"ok"}}"#),
            (
                "locked", false, 503,
                #"{"status":"unready","checks":{"store":"locked","clock":"ok"}}"#
            ),
            (nil, true, 503, #"{"status":"draining","checks":{"store":"ok","clock":"ok"}}"#),
        ]
    )
    func ready(failure: String?, draining: Bool, status: Int, body: String) async throws {
        let response = try await answer("/health/ready", failure, draining: draining)
        #expect(response.status == status && response.text == body)
    }

    @Test("Checks run once a second at most, for all probes together")
    func probes() async throws {
        let clock = ManualClock()
        let runs = Recorded<Int>()
        let check = ManagementRoutes.Check("store") {
            runs.append(1)
            return "failure \(runs.entries.count)"
        }
        let router = Router(
            ManagementRoutes(
                checks: [check],
                clock: clock,
                isDraining: { false },
                metrics: { [] }
            ).routes
        )
        for (passed, count) in [(0, 1), (999, 1), (1, 2), (0, 2)] as [(Int64, Int)] {
            clock.advance(by: .milliseconds(passed))
            let response = try #require(await router.answer(.example(.get, "/health/ready")))
            #expect(response.text.contains("failure \(count)"))
            #expect(runs.entries.count == count)
        }
    }

    @Test("Metrics are in the Prometheus text format")
    func metrics() async throws {
        let response = try await answer("/metrics")
        #expect(response.contentType?.description == "text/plain; version=0.0.4")
        #expect(response.text == "beckon_up 1\n")
    }
}
