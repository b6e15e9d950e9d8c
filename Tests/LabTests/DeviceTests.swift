import HTTP
import JSON
import Lab
import TestSupport
import Testing
import Threads

@Suite("A consumption device", .timeLimit(.minutes(3)))
struct DeviceTests {
    private func device(_ stage: Stage) -> ConsumptionDevice {
        let device = ConsumptionDevice(
            .init(
                issuer: "http://acp.test/bank/retail",
                clients: [
                    .poll: .init(id: "kiosk", secret: "kiosk-secret"),
                    .ping: .init(id: "desk", secret: "desk-secret"),
                ]
            ),
            http: stage.network,
            clock: stage.acp.clock,
            journal: stage.acp.journal,
            knobs: stage.acp.knobs
        )
        stage.network.add("device.test", device.routes)
        return device
    }

    /// Lets time pass until the login has ended.
    private func outcome(
        _ login: ConsumptionDevice.Login,
        _ device: ConsumptionDevice,
        _ stage: Stage,
        decide: @escaping @Sendable (JSONValue) async throws -> Void
    ) async throws -> ConsumptionDevice.Outcome {
        try await withThrowingTaskGroup(of: ConsumptionDevice.Outcome?.self) { group in
            group.addTask { await device.run(login, flow: "f") }
            group.addTask {
                await stage.wait(for: "flow.acknowledged")
                try await decide(stage.service.starts[0])
                while !Task.isCancelled {
                    if stage.acp.clock.sleeperCount > 0 {
                        stage.acp.clock.advance(byMilliseconds: 1000)
                    }
                    await Task.yield()
                }
                return nil
            }
            defer { group.cancelAll() }
            let first = try await group.next()
            return try #require(first ?? nil)
        }
    }

    @Test("polls until it has tokens")
    func poll() async throws {
        try await Stage.with { stage in
            let device = device(stage)
            let login = ConsumptionDevice.Login(
                scopes: ["openid", "profile"],
                user: "anna",
                bindingMessage: "M"
            )
            let outcome = try await outcome(login, device, stage) { start in
                #expect(start["binding_message"]?.string == "M")
                _ = try await stage.service.accept(start)
            }
            guard case .tokens("openid", let claims?) = outcome else {
                Issue.record("no tokens: \(outcome)")
                return
            }
            let body = try JSONValue(Array(claims.utf8))
            #expect(body["sub"]?.string == "anna")
            #expect(body["aud"]?.string == "kiosk")
            #expect(body["iss"]?.string == "http://acp.test/bank/retail")
            #expect(stage.rules == [])
        }
    }

    @Test(
        "gets access_denied when the user declines",
        arguments: SimulatedClient.DeliveryMode.allCases
    )
    func declined(mode: SimulatedClient.DeliveryMode) async throws {
        try await Stage.with { stage in
            let device = device(stage)
            let login = ConsumptionDevice.Login(user: "anna", mode: mode)
            let outcome = try await outcome(login, device, stage) { start in
                _ = try await stage.service.reject(start)
            }
            #expect(outcome == .refused("access_denied"))
        }
    }

    @Test(
        "gets expired_token when the time is over",
        arguments: SimulatedClient.DeliveryMode.allCases
    )
    func expired(mode: SimulatedClient.DeliveryMode) async throws {
        try await Stage.with { stage in
            let device = device(stage)
            let login = ConsumptionDevice.Login(user: "anna", mode: mode, expiry: 15)
            let outcome = try await outcome(login, device, stage) { _ in }
            #expect(outcome == .refused("expired_token"))
        }
    }

    @Test("waits five more seconds after each slow_down (OpenID CIBA Core §11)")
    func slowDown() async throws {
        let network = Network()
        let clock = JumpingClock()
        let polls = Locked<[Int64]>([])
        let answers = ["slow_down", "authorization_pending", "slow_down", "access_denied"]
        network.add(
            "acp.test",
            [
                Route(.post, "/i/backchannel/authentication") { _ in
                    .json(200, Array("{\"auth_req_id\":\"x\",\"expires_in\":120}".utf8))
                },
                Route(.post, "/i/oauth2/token") { _ in
                    let count = polls.withLock { polls in
                        polls.append((clock.now() - StillClock.start) / 1000)
                        return polls.count
                    }
                    return .json(400, Array("{\"error\":\"\(answers[count - 1])\"}".utf8))
                },
            ]
        )
        let device = ConsumptionDevice(
            .init(issuer: "http://acp.test/i", clients: [.poll: .init(id: "c", secret: "s")]),
            http: network,
            clock: clock,
            journal: Journal(clock: clock)
        )
        #expect(await device.run(.init(user: "anna")) == .refused("access_denied"))
        // No interval was named, so it is 5; then 10, 10 and 15.
        #expect(polls.withLock { $0 } == [5, 15, 25, 40])
    }

    @Test("redeems as soon as the ping arrives")
    func ping() async throws {
        try await Stage.with { stage in
            let device = device(stage)
            let login = ConsumptionDevice.Login(user: "anna", mode: .ping)
            let outcome = try await outcome(login, device, stage) { start in
                #expect(start["client_id"]?.string == "desk")
                await stage.wait(for: "flow.waiting_for_ping")
                _ = try await stage.service.accept(start)
            }
            guard case .tokens = outcome else {
                Issue.record("no tokens: \(outcome)")
                return
            }
            let paths = stage.acp.journal.entries().compactMap { $0.members["path"]?.string }
            #expect(
                paths.filter { $0.hasSuffix("/oauth2/token") && !$0.contains("system") }.count == 1
            )
            #expect(paths.contains("http://device.test/demo/ping"))
        }
    }

    @Test(
        "redeems at the end without a ping",
        arguments: ["\"off\"", "500"]
    )
    func noPing(value: String) async throws {
        try await Stage.with { stage in
            stage.acp.knobs.set([.ping: try JSONValue(Array(value.utf8))])
            let device = device(stage)
            let login = ConsumptionDevice.Login(user: "anna", mode: .ping, expiry: 30)
            let outcome = try await outcome(login, device, stage) { start in
                _ = try await stage.service.accept(start)
            }
            guard case .tokens = outcome else {
                Issue.record("no tokens: \(outcome)")
                return
            }
        }
    }

    @Test("accepts pings with its own token and an auth_req_id only")
    func strangers() async throws {
        try await Stage.with { stage in
            _ = device(stage)
            let answer = try await stage.send(
                OutboundRequest(
                    .post,
                    "http://device.test/demo/ping",
                    fields: [
                        Field("Authorization", "Bearer guess"),
                        Field("Content-Type", "application/json"),
                    ],
                    body: Array("{\"auth_req_id\":\"x\"}".utf8)
                )
            )
            #expect(answer.status == 401)
        }
    }

    @Test("keeps pings of logins that were started by hand")
    func pingsByHand() async throws {
        try await Stage.with { stage in
            _ = device(stage)
            let token = Field("Authorization", "Bearer by-hand")
            let asking = OutboundRequest(.get, "http://device.test/demo/ping", fields: [token])
            #expect(try await stage.send(asking).body == .array([]))
            let id = try await stage.begin(
                "anna",
                ["client_notification_token": "by-hand"],
                as: Stage.pinged
            )
            _ = try await stage.service.accept(stage.service.starts[0])
            await stage.wait(for: "exchange") { $0["to"]?.string == "client" }
            #expect(try await stage.send(asking).body == .array([.string(id)]))
            let nobody = OutboundRequest(.get, "http://device.test/demo/ping")
            #expect(try await stage.send(nobody).status == 401)
        }
    }

    @Test("ends when it is refused or cannot connect")
    func failures() async throws {
        try await Stage.with { stage in
            stage.service.know(false)
            let device = device(stage)
            let refused = await device.run(.init(user: "nobody"))
            #expect(refused == .refused("unknown_user_id"))
            device.connect(issuer: "http://nowhere.test")
            guard case .failed = await device.run(.init(user: "anna")) else {
                Issue.record("it reached somebody")
                return
            }
        }
    }
}
