import Cryptography
import HTTP
import JSON
import Lab
import TestSupport
import Testing

@Suite("The demo page", .timeLimit(.minutes(3)))
struct DemoTests {
    private static let key = Array("a key of thirty-two bytes, well:".utf8)
    private static let secret = "whsec_" + Base64.encode(key)
    private static let now = StillClock.start / 1000
    private static let promptBody = """
        {"type":"login.prompt","data":{"login_id":"L1","client_name":"Kiosk","scopes":["openid"],\
        "binding_message":"M","expires_at":"2026-11-20T12:02:00Z",\
        "prompt_url":"http://127.0.0.1:1/approve/ticket-1","ticket":"ticket-1"}}
        """

    private struct Demo {
        let simulation: Simulation
        let router: Router

        init() throws {
            var configuration = SimulatorConfiguration(
                service: .init(baseURL: StandInService.base, user: "acp", password: "p"),
                clients: [Stage.poller]
            )
            configuration.baseURL = "http://acp.test"
            simulation = try #require(
                Simulation(
                    configuration,
                    demo: DemoSite.Configuration(webhookSecrets: ["whsec_AAAA", DemoTests.secret]),
                    http: Network(),
                    clock: StillClock()
                )
            )
            router = Router(simulation.demoRoutes)
        }

        func get(_ path: String) async throws -> Response {
            try #require(await router.answer(.example(.get, path)))
        }
    }

    private func sign(_ id: String, _ timestamp: Int64, _ body: String) -> String {
        let signed = Array("\(id).\(timestamp).\(body)".utf8)
        return "v1," + Base64.encode(HMAC.sha256(key: Self.key, signed))
    }

    private func webhook(
        _ demo: Demo,
        id: String = "msg_1",
        timestamp: Int64 = DemoTests.now,
        body: String = DemoTests.promptBody,
        signature: String? = nil
    ) async throws -> Int {
        let fields = [
            Field("Content-Type", "application/json"), Field("Webhook-Id", id),
            Field("Webhook-Timestamp", "\(timestamp)"),
            Field("Webhook-Signature", signature ?? sign(id, timestamp, body)),
        ]
        let request = Request.example(
            .post,
            "/demo/phone",
            fields: fields,
            body: Array(body.utf8)
        )
        return try #require(await demo.router.answer(request)).status
    }

    @Test("has no inline script or style and forbids both")
    func policy() async throws {
        let demo = try Demo()
        demo.simulation.connect(
            acp: "http://127.0.0.1:1",
            service: "http://127.0.0.1:2",
            prompts: "http://127.0.0.1:3",
            demo: "http://127.0.0.1:4"
        )
        let page = try await demo.get("/")
        let html = String(decoding: page.body, as: UTF8.self)
        #expect(!html.contains("<style"))
        #expect(!html.contains(" style="))
        #expect(!html.contains("<script>"))
        #expect(!html.contains(" onclick="))
        let policy = try #require(page.fields.first("content-security-policy"))
        #expect(policy.contains("default-src 'none'"))
        #expect(policy.contains("frame-src http://127.0.0.1:3;"))
        #expect(!policy.contains("unsafe"))
    }

    @Test("serves every file that it refers to")
    func assets() async throws {
        let demo = try Demo()
        let html = String(decoding: try await demo.get("/").body, as: UTF8.self)
        let links = html.matches(of: /(?:href|src)="(\/[^"]*)"/).map { String($0.output.1) }
        #expect(links.count >= 6)
        for link in Set(links) where !link.hasPrefix("/demo/events") {
            #expect(try await demo.get(link).status == 200)
        }
        let script = String(decoding: try await demo.get("/demo/script.js").body, as: UTF8.self)
        // Text from outside never becomes markup.
        #expect(!script.contains("innerHTML"))
        #expect(!script.contains("insertAdjacentHTML"))
    }

    @Test("accepts a signed webhook once")
    func prompt() async throws {
        let demo = try Demo()
        #expect(try await webhook(demo) == 204)
        #expect(try await webhook(demo) == 204)
        let prompts = try JSONValue(try await demo.get("/demo/phone").body).array ?? []
        #expect(prompts.count == 1)
        #expect(prompts.first?["url"]?.string == "http://127.0.0.1:1/approve/ticket-1")
        #expect(prompts.first?["binding_message"]?.string == "M")
        let entries = try await demo.get("/demo/events?after=0")
        let text = String(decoding: entries.body, as: UTF8.self)
        #expect(text.contains("phone.prompt"))
        #expect(!text.contains("ticket-1"))
    }

    @Test("accepts one of several signatures, as during a rotation")
    func rotation() async throws {
        let demo = try Demo()
        let both = "v1,AAAA " + sign("msg_1", Self.now, Self.promptBody)
        #expect(try await webhook(demo, signature: both) == 204)
    }

    @Test(
        "refuses a forged, old or invalid webhook",
        arguments: [
            (0, "v1,AAAA", promptBody, 401), (-301, nil, promptBody, 400),
            (301, nil, promptBody, 400),
            (300, nil, promptBody, 204), (0, nil, "{}", 400), (0, nil, "no JSON", 400),
            (0, nil, promptBody.replacing("http://127.0.0.1:1", with: "javascript:"), 400),
        ] as [(Int64, String?, String, Int)]
    )
    func refused(age: Int64, signature: String?, body: String, status: Int) async throws {
        let demo = try Demo()
        let answer = try await webhook(
            demo,
            timestamp: Self.now + age,
            body: body,
            signature: signature
        )
        #expect(answer == status)
        let prompts = try JSONValue(try await demo.get("/demo/phone").body).array ?? []
        #expect(prompts.isEmpty == (status != 204))
    }

    @Test("removes a prompt when it expires")
    func ends() async throws {
        let demo = try Demo()
        #expect(try await webhook(demo) == 204)
        demo.simulation.acp.clock.advance(byMilliseconds: 120_000)
        #expect(try JSONValue(try await demo.get("/demo/phone").body).array == [])
    }

    @Test("starts no login for another site's form")
    func foreignForm() async throws {
        let demo = try Demo()
        let request = Request.example(
            .post,
            "/demo/logins",
            fields: [Field("Content-Type", "text/plain")],
            body: Array("{}".utf8)
        )
        #expect(try #require(await demo.router.answer(request)).status == 415)
    }

    @Test("starts a login that can be watched to its end")
    func flow() async throws {
        try await Stage.with { stage in
            var configuration = SimulatorConfiguration(
                service: .init(baseURL: StandInService.base, user: "acp", password: "p"),
                clients: [Stage.poller, Stage.pinged]
            )
            configuration.baseURL = "http://sim.test"
            let simulation = try #require(
                Simulation(
                    configuration,
                    demo: DemoSite.Configuration(webhookSecrets: [Self.secret]),
                    http: stage.network
                )
            )
            stage.network.add("sim.test", simulation.publicRoutes)
            stage.network.add("device.test", simulation.demoRoutes)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await simulation.run() }
                let started = try await stage.send(
                    OutboundRequest(
                        .post,
                        "http://device.test/demo/logins",
                        fields: [Field("Content-Type", "application/json")],
                        body: Array("{\"scopes\":[\"profile\",\"admin\"],\"mode\":\"ping\"}".utf8)
                    )
                )
                #expect(started.status == 202)
                var kinds: [String] = []
                var last = 0
                while !Task.isCancelled, !kinds.contains("flow.refused") {
                    let news = try await stage.send(
                        OutboundRequest(.get, "http://device.test/demo/events?after=\(last)")
                    ).body
                    last = news["last"]?.integer ?? last
                    let entries = news["entries"]?.array ?? []
                    kinds += entries.compactMap { $0["kind"]?.string }
                    for entry in entries where entry["kind"]?.string == "flow.waiting_for_ping" {
                        let start = try #require(stage.service.starts.first)
                        #expect(start["user_identifier"]?.string == "anna@example.com")
                        // Only what the page offers can be asked for.
                        let scopes = start["requested_scopes"]?.array
                        #expect(scopes == [.string("openid"), .string("profile")])
                        try await reject(start, stage)
                    }
                }
                #expect(kinds.contains("flow.started"))
                #expect(kinds.contains("login.rejected"))
                group.cancelAll()
            }
        }
    }

    private static func credentials(
        _ id: String
    ) -> [SimulatedClient.DeliveryMode: ConsumptionDevice.Configuration.Credentials] {
        [.poll: .init(id: id, secret: "s")]
    }

    private static func choice(_ id: String) -> DemoPolicies.Choice {
        .init(id: id, title: "The \(id)", demand: "<\(id)> is needed", hint: "Use it")
    }

    private static let policies = DemoPolicies(
        approvals: [
            .init(choice("tap"), clients: credentials(Stage.poller.id)),
            .init(choice("key"), clients: credentials("key-kiosk")),
        ],
        matchings: [
            .init(choice("off"), suffix: ""), .init(choice("enter"), suffix: "-enter"),
        ]
    )

    @Test(
        "starts logins with the client and workspace of the chosen policy, and a number if it needs one",
        arguments: [
            ("", "", "Kiosk 12", "retail", false), ("key", "off", "Kiosk 12", "retail", false),
            ("key", "enter", "Kiosk 12", "retail-enter", true),
            ("tap", "enter", "", "retail-enter", true),
            ("tap", "enter", "Code 123456", "retail-enter", false),
            ("none", "none", "Kiosk 12", "retail", false),
        ]
    )
    func policies(
        policy: String,
        matching: String,
        message: String,
        workspace: String,
        isNumbered: Bool
    ) async throws {
        try await Stage.with { stage in
            var key = Stage.poller
            key.id = "key-kiosk"
            key.secret = "s"
            var usual = Stage.poller
            usual.secret = "s"
            var configuration = SimulatorConfiguration(
                service: .init(baseURL: StandInService.base, user: "acp", password: "p"),
                clients: [usual, key]
            )
            configuration.baseURL = "http://sim.test"
            configuration.workspaces.append(.init("retail-enter"))
            let simulation = try #require(
                Simulation(
                    configuration,
                    demo: DemoSite.Configuration(webhookSecrets: [Self.secret]),
                    http: stage.network,
                    clock: StillClock()
                )
            )
            simulation.connect(policies: Self.policies)
            stage.network.add("sim.test", simulation.publicRoutes)
            stage.network.add("device.test", simulation.demoRoutes)
            let page = try await stage.send(OutboundRequest(.get, "http://device.test/"))
            #expect(page.status == 200)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await simulation.run() }
                let body = JSONValue.members([
                    "policy": .string(policy), "matching": .string(matching),
                    "binding_message": .string(message),
                ])
                let started = try await stage.send(
                    OutboundRequest(
                        .post,
                        "http://device.test/demo/logins",
                        fields: [Field("Content-Type", "application/json")],
                        body: body.bytes
                    )
                )
                #expect(started.status == 202)
                while !Task.isCancelled, stage.service.starts.isEmpty { await Task.yield() }
                let start = try #require(stage.service.starts.first)
                let client = policy == "key" ? "key-kiosk" : Stage.poller.id
                #expect(start["client_id"]?.string == client)
                #expect(start["server_id"]?.string == workspace)
                let shown = start["binding_message"]?.string ?? ""
                #expect(shown.hasPrefix(message))
                let number = shown.dropFirst(message.count).filter { $0.isNumber }
                #expect(number.count == (isNumbered ? 6 : 0))
                group.cancelAll()
            }
        }
    }

    @Test("lists the policies with what they demand, as text")
    func choices() async throws {
        let demo = try Demo()
        let plain = String(decoding: try await demo.get("/").body, as: UTF8.self)
        #expect(!plain.contains("id=\"policy\""))
        demo.simulation.connect(policies: Self.policies)
        let page = String(decoding: try await demo.get("/").body, as: UTF8.self)
        #expect(page.contains("value=\"key\" data-demand=\"&lt;key&gt; is needed\""))
        #expect(page.contains("value=\"enter\" data-demand=\"&lt;enter&gt; is needed\""))
    }

    @Test(
        "sends whoever comes by the address to the page's name",
        arguments: [
            ("127.0.0.1:8080", true), ("localhost:8080", false), ("127.0.0.1:9090", false),
            ("192.0.2.7:8080", false),
        ]
    )
    func name(host: String, isSent: Bool) async throws {
        let demo = try Demo()
        demo.simulation.connect(page: "http://localhost:8080")
        let request = Request.example(.get, "/", fields: [Field("Host", host)])
        let answer = try #require(await demo.router.answer(request))
        #expect(answer.status == (isSent ? 302 : 200))
        #expect((answer.fields.first("location") == "http://localhost:8080/") == isSent)
    }

    /// What the page's list offers, and what the service hears of it.
    @Test(
        "lodges a consent and starts a login for it",
        arguments: [
            ("domestic-payment", "obuk.domestic_payment", "retail"),
            ("standing-order", "obuk.domestic_standing_order", "retail"),
            ("account-access", "obuk.account_access", "retail"),
            ("pix", "obbr.payment_v3", "retail"), ("cdr", "cdr", "cdr"),
        ]
    )
    func examples(id: String, family: String, workspace: String) async throws {
        try await Stage.with { stage in
            var configuration = SimulatorConfiguration(
                service: .init(baseURL: StandInService.base, user: "acp", password: "p"),
                clients: [Stage.poller]
            )
            configuration.baseURL = "http://sim.test"
            configuration.workspaces.append(.init("cdr"))
            let simulation = try #require(
                Simulation(
                    configuration,
                    demo: DemoSite.Configuration(webhookSecrets: [Self.secret]),
                    http: stage.network,
                    clock: StillClock()
                )
            )
            stage.network.add("sim.test", simulation.publicRoutes)
            stage.network.add("device.test", simulation.demoRoutes)
            stage.network.add("control.test", simulation.controlRoutes)
            let page = try await stage.send(OutboundRequest(.get, "http://device.test/"))
            #expect(page.status == 200)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await simulation.run() }
                let started = try await stage.send(
                    OutboundRequest(
                        .post,
                        "http://device.test/demo/logins",
                        fields: [Field("Content-Type", "application/json")],
                        body: Array(#"{"example":"\#(id)","mode":"poll"}"#.utf8)
                    )
                )
                #expect(started.status == 202)
                while !Task.isCancelled, stage.service.starts.isEmpty { await Task.yield() }
                let start = try #require(stage.service.starts.first)
                #expect(start["server_id"]?.string == workspace)
                let login = try await stage.control(
                    .get,
                    "/_sim/logins/\(start["login_id"]?.string ?? "")"
                ).body
                #expect(login["family"]?.string == family)
                let consent = try await stage.control(
                    .get,
                    "/_sim/consents/\(login["consent_id"]?.string ?? "")"
                ).body
                let lodged = String(decoding: consent["lodged"]?.bytes ?? [], as: UTF8.self)
                #expect(!lodged.contains("{today}") && !lodged.contains("{soon}"))
                group.cancelAll()
            }
        }
    }

    /// The stand-in's own calls go to another server.
    private func reject(_ start: JSONValue, _ stage: Stage) async throws {
        let form = Field("Content-Type", "application/x-www-form-urlencoded")
        let token = try await stage.send(
            OutboundRequest(
                .post,
                "http://sim.test/bank/system/oauth2/token",
                fields: [form],
                body: Form([
                    Field("grant_type", "client_credentials"), Field("client_id", "beckon"),
                    Field("client_secret", "beckon-system-client-secret"),
                ]).bytes
            )
        ).body["access_token"]?.string
        let id = start["login_id"]?.string ?? ""
        let answer = try await stage.send(
            OutboundRequest(
                .post,
                "http://sim.test/api/system/bank/scope-grants/\(id)/reject",
                fields: [
                    Field("Authorization", "Bearer \(token ?? "")"),
                    Field("Content-Type", "application/json"),
                ],
                body: Array("{\"login_state\":\"\(start["login_state"]?.string ?? "")\"}".utf8)
            )
        )
        #expect(answer.status == 200)
    }
}
