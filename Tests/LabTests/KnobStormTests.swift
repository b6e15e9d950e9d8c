import Foundation
import HTTP
import JSON
import Lab
import TestSupport
import Testing

/// Random knobs, several at once, against a service that does everything right. `KNOB_STORMS` asks
/// for another number of combinations than the quick one; a seed that failed is repeated by `KNOB_SEED`.
@Suite("A combination of knobs", .timeLimit(.minutes(10)))
struct KnobStormTests {
    private static let environment = ProcessInfo.processInfo.environment
    private static let seeds: [UInt64] = {
        if let seed = environment["KNOB_SEED"].flatMap({ UInt64($0) }) { return [seed] }
        let count = environment["KNOB_STORMS"].flatMap { UInt64($0) } ?? 60
        return Array(1...count)
    }()

    @Test("leads every login to one outcome without an error of the simulator")
    func storm() async throws {
        for seed in Self.seeds {
            let storm = Storm(seed: seed)
            let end = try await storm.run()
            let said = "KNOB_SEED=\(seed): \(storm)"
            #expect(end.surprises == [], "\(said)")
            #expect(end.violations == [], "\(said)")
            #expect(end.mostEffects <= 1, "\(said)")
            switch end.outcome {
            case .tokens: break
            case .refused(let error):
                #expect(Storm.errors.contains(error) || storm.mayFail, "\(said): \(error)")
            case .failed(let what): Issue.record("\(said): \(what)")
            }
        }
    }
}

/// One combination, drawn from its seed.
private struct Storm: CustomStringConvertible {
    struct End {
        let outcome: ConsumptionDevice.Outcome
        /// Answers with 5xx that no knob asked for.
        let surprises: [String]
        let violations: [String]
        let mostEffects: Int
    }

    /// What a client may hear when a login does not end in tokens (OpenID CIBA Core §11, §13).
    static let errors: Set<String> = ["access_denied", "expired_token", "unknown_user_id"]

    let example: ConsentExample?
    let answer: DiligentService.Answer
    let knowsUsers: Bool
    let mode: SimulatedClient.DeliveryMode
    let knobs: [Turned]

    struct Turned {
        let name: KnobName
        let value: String
        let operation: String?
        let times: Int?
    }

    init(seed: UInt64) {
        var random = Draw(seed: seed)
        example = random.next(3) == 0 ? nil : random.one(of: ConsentExample.shown)
        answer = random.one(of: [.approve, .approve, .approve, .deny, .silence])
        knowsUsers = random.next(12) > 0
        mode = random.one(of: [.poll, .ping])
        var names = Set<KnobName>()
        knobs = (0..<(1 + random.next(4))).compactMap { _ in
            let (name, values) = random.one(of: Self.choices)
            guard names.insert(name).inserted else { return nil }
            return Turned(
                name: name,
                value: random.one(of: values),
                operation: Self.concerned.contains(name)
                    ? random.one(of: ["get", "accept", "reject", "token"]) : nil,
                // A connection that never holds takes more calls than the simulator lets pass.
                times: random.one(of: name == .callDrop ? [1, 2, 3] : [1, 2, 3, nil])
            )
        }
    }

    var description: String {
        let turned = knobs.map { knob in
            "\(knob.name.rawValue)=\(knob.value)"
                + (knob.operation.map { " on \($0)" } ?? "")
                + (knob.times.map { " \($0)x" } ?? "")
        }
        return "\(example?.family ?? "scope_grant"), \(answer), \(mode), "
            + turned.joined(separator: ", ")
    }

    /// Whether a knob asks for failures that reach the client.
    var mayFail: Bool { knobs.contains { $0.name == .verifyMap } }

    /// Knobs that concern one operation.
    private static let concerned: Set<KnobName> = [
        .callFail, .callDrop, .callSlow, .rateLimit, .redirect, .tokenRevoke,
    ]

    private static let choices: [(KnobName, [String])] = [
        (.startOrder, [#""before_answer""#, #""after_answer""#, #""inside""#]),
        (.startRepeat, ["3", #"{"count":2,"gap_ms":500}"#, #"{"count":4,"parallel":true}"#]),
        (.startDelay, ["100", "20000", "130000"]),
        (.startRetry, [#"{"attempts":2,"backoff_ms":[0,100]}"#, #"{"backoff_ms":[3000]}"#]),
        (.verifyMap, [#""unknown_user_id""#, #""access_denied""#, #""server_error""#]),
        (.loginStateCheck, [#""off""#, "400", "404", #""expect_other""#]),
        (.stateField, [#""state""#, #""both_equal""#, #""both_different""#, #""none""#]),
        (.secondDecision, [#""same_200""#, #""same_409""#, #""404""#]),
        (.getAfterDecision, [#""visible""#, #""404""#]),
        (.callFail, ["[503,500]", "[502]", #"{"statuses":[500,504],"processed":true}"#]),
        (.callDrop, [#""before_processing""#, #""after_processing""#, #""mid_body""#]),
        (.callSlow, ["500", "15000", #"{"first_byte_ms":100,"bytes_per_second":50}"#]),
        (.rateLimit, ["2", "null", "3600", #""soon""#]), (.tokenTTL, ["1", "5", "0"]),
        (.tokenRevoke, [#""once""#, "1", "2"]),
        (
            .tokenFail,
            [#""invalid_client""#, "401", "429", "500", #""timeout""#, #""content_type""#]
        ),
        (.scopeMissing, [#""manage_scope_grants""#, #""manage_openbanking_consents""#]),
        (
            .startShape,
            [
                #""scopes_objects""#, #""scopes_string""#, #"["scopes_null","acr_array"]"#,
                #""unknown_members""#, #""no_expires_at""#, #""large_body""#,
                #""duplicate_keys""#,
            ]
        ), (.ping, [#""off""#, "500", #""slow""#, #""redirect""#]),
        (.consentChange, ["1", "2", #"{"after":1,"what":"payee"}"#]),
        (
            .consentGet,
            ["404", "403", "500", #""missing_amount""#, #""other_type""#, #""html""#]
        ), (.redirectTo, [#""absent""#, #""empty""#, #""decoy""#]),
        (.basic, [#""wrong""#, #""absent""#, #""old""#]), (.redirect, ["301", "307"]),
        (.clockSkew, ["5", "-5"]), (.expireEarly, ["30000", "119000"]),
        (.sameConsent, [#""allow""#, #""twice""#]),
        (.burst, [#"{"count":5,"per_second":100}"#, #"{"count":5,"many_users":true}"#]),
    ]

    func run() async throws -> End {
        try await IdleClock.with { [self] clock in try await run(by: clock) }
    }

    private func run(by clock: IdleClock) async throws -> End {
        let network = Network()
        defer { network.end() }
        var configuration = SimulatorConfiguration(
            service: .init(
                baseURL: StandInService.base,
                user: "acp",
                password: "as-password",
                oldPassword: "old"
            ),
            clients: [Stage.poller, Stage.pinged]
        )
        configuration.baseURL = "http://acp.test"
        let simulation = try #require(Simulation(configuration, http: network, clock: clock))
        let acp = simulation.acp
        let service = DiligentService(
            network,
            acp.clock,
            about: example,
            answer: answer,
            knowsUsers: knowsUsers
        )
        network.add("acp.test", simulation.publicRoutes)
        network.add("device.test", simulation.demoRoutes)
        network.add("as.test", service.routes)
        for knob in knobs {
            acp.knobs.set(
                [knob.name: try JSONValue(Array(knob.value.utf8))],
                match: KnobMatch(operation: knob.operation),
                times: knob.times
            )
        }
        let login = try await login(network)
        let outcome = try await withThrowingTaskGroup(of: ConsumptionDevice.Outcome?.self) {
            group in
            group.addTask {
                await simulation.run()
                return nil
            }
            group.addTask {
                await service.run()
                return nil
            }
            group.addTask {
                try await within(.seconds(60), "a storm") { await simulation.device.run(login) }
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        return try self.end(try #require(outcome), acp)
    }

    /// What the client asks for; a consent is lodged first.
    private func login(_ network: Network) async throws -> ConsumptionDevice.Login {
        var login = ConsumptionDevice.Login(user: "customer-4711", mode: mode)
        guard let example else { return login }
        let client = mode == .poll ? Stage.poller : Stage.pinged
        let id = try await ThirdParty(network, client).lodge(example)
        login.scopes = example.scopes.split(separator: " ").map(String.init)
        if example.isBrasil {
            login.scopes.append("consent:" + id)
        } else {
            let name = ["cdr": "cdr_arrangement_id", "fdx": "consent_id"][example.family]
            login.parameters = [name ?? "openbanking_intent_id": id]
        }
        return login
    }

    private func end(_ outcome: ConsumptionDevice.Outcome, _ acp: ACPSimulator) throws -> End {
        let asked = knobs.contains { knob in
            [.callFail, .tokenFail, .verifyMap, .consentGet].contains(knob.name)
        }
        let answers = acp.journal.entries().filter {
            $0.kind == "exchange" && $0.members["to"]?.string == "acp"
                && $0.members["broken"] == nil
        }
        let failures = answers.filter { ($0.members["status"]?.integer ?? 0) >= 500 }
        let ids = acp.journal.entries().filter { $0.kind == "login.created" }
            .compactMap { $0.members["login_id"]?.string }
        return End(
            outcome: outcome,
            surprises: asked ? [] : failures.map { "\($0.members["path"] ?? .null)" },
            violations: acp.violations.all.map { "\($0.rule.rawValue): \($0.detail)" },
            mostEffects: ids.compactMap { acp.login($0)?["effective_reports"]?.integer }.max() ?? 0
        )
    }
}

/// Numbers that follow from a seed.
private struct Draw {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    /// From 0 up to, not including, `limit`.
    mutating func next(_ limit: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(state % UInt64(limit))
    }

    mutating func one<Element>(of elements: [Element]) -> Element {
        elements[next(elements.count)]
    }
}
