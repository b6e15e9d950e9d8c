import Engine
import Logins
import TestSupport
import Testing

@Suite("Several authorization servers", .timeLimit(.minutes(3)))
struct SeveralServersTests {
    private static let busy = ReportAnswer.later("503", after: nil, inDoubt: false)

    /// Logins of the other server in a phase.
    private static func insert(
        _ count: Int,
        _ phase: PendingLogin.PhaseName,
        choice: Decision.Choice = .approve,
        into stage: Stage,
        _ change: (inout PendingLogin.Fixture) -> Void = { _ in }
    ) async throws -> [LoginNumber] {
        let logins = (1...count).map { index in
            var fixture = PendingLogin.Fixture(id: "\(phase)-\(index)")
            fixture.server = "other"
            change(&fixture)
            return PendingLogin.inPhase(phase, fixture, choice: choice)
        }
        return try await stage.withStore { store in
            try await withThrowingTaskGroup(of: LoginNumber.self) { group in
                for login in logins { group.addTask { try await store.insertNew(login) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
    }

    @Test(
        "A server that hangs does not delay the others",
        arguments: [PendingLogin.PhaseName.preparing, .reporting]
    )
    func hanging(_ phase: PendingLogin.PhaseName) async throws {
        let stage = try Stage()
        _ = try await Self.insert(500, phase, into: stage)
        let gate = phase == .preparing ? stage.other.consentGate : stage.other.reportGate
        gate.close()
        try await stage.run(concurrency: 8) { run in
            try await gate.arrivals.wait(for: 8, "held calls")
            for index in 1...20 {
                let (number, ticket) = try await run.prompt("login-\(index)")
                try await run.decide(.approve, ticket)
                try await stage.login(number, reaching: .settled)
            }
            // Not one of the other's calls has ended, and none was added.
            #expect(stage.other.crowd.most == 8)
            #expect(
                stage.other.asked.entries.count + stage.other.reports.entries.count
                    == (phase == .preparing ? 8 : 16),
                "before each report is a look"
            )
            let duty: PendingLogin.Duty = phase == .preparing ? .prepare : .report
            #expect(run.engine.underWay[LoginQueue(stage.other.id, duty)] == 8)
        }
        #expect(stage.server.reports.entries.count == 20)
    }

    @Test("Hanging consents do not delay a server's reports")
    func reportsBesideConsents() async throws {
        let stage = try Stage()
        _ = try await Self.insert(50, .preparing, into: stage)
        let reporting = try await Self.insert(1, .reporting, choice: .deny, into: stage)
        stage.other.consentGate.close()
        try await stage.run(concurrency: 4) { _ in
            try await stage.other.consentGate.arrivals.wait(for: 4, "held calls")
            try await stage.login(reporting[0], reaching: .settled)
            #expect(stage.other.asked.entries.count == 4)
        }
    }

    @Test("A hanging server still gets a report at its last moment, and the login ends in time")
    func lastMoment() async throws {
        let stage = try Stage()
        _ = try await Self.insert(20, .reporting, into: stage)
        let short = try await Self.insert(1, .reporting, into: stage) {
            $0.id = "short"
            // Due after the others, so that only its end brings it forward.
            $0.receivedAt = stage.start + .seconds(5)
            $0.lifetime = .seconds(25)
        }
        stage.other.reportGate.close()
        try await stage.run(concurrency: 4) { _ in
            try await stage.other.reportGate.arrivals.wait(for: 4, "held calls")
            stage.clock.advance(by: .seconds(28))
            try await stage.clock.alarm(by: stage.start + .seconds(29))
            #expect(stage.other.reports.entries.count == 4)
            stage.clock.advance(by: .seconds(1))
            let reports = try await stage.other.reports.wait(for: 5, "reports")
            #expect(reports.last?.login == .named("short"))
            stage.clock.advance(by: .seconds(1))
            let login = try await stage.login(short[0], reaching: .stranded)
            guard case .stranded(_, _, let why) = login.phase else { return }
            #expect(why == .outOfTime)
            #expect(stage.other.reports.entries.count == 5)
        }
    }

    @Test("A failing server is probed by one report and gets the others when it is back")
    func breaker() async throws {
        let stage = try Stage()
        let numbers = try await Self.insert(6, .reporting, into: stage)
        for _ in 1...4 { stage.other.answerNextReport(Self.busy) }
        try await stage.run(concurrency: 1, minding: [stage.other.health]) { _ in
            try await stage.other.reports.wait(for: 3, "reports")
            // The engine sleeps until it may try again.
            try await stage.clock.alarm(by: stage.start + .seconds(1))
            #expect(stage.other.health.state == .open(until: stage.start + .seconds(1)))
            stage.other.reportGate.close()
            stage.clock.advance(by: .seconds(1))
            try await stage.other.reportGate.arrivals.wait(for: 1, "probes")
            #expect(stage.other.health.state == .halfOpen(.answered))
            stage.other.reportGate.open()
            // The fourth answer is a failure too: twice the pause.
            try await stage.clock.alarm(by: stage.start + .seconds(3))
            #expect(stage.other.health.state == .open(until: stage.start + .seconds(3)))
            #expect(stage.other.reports.entries.count == 4)
            stage.clock.advance(by: .seconds(2))
            for number in numbers { try await stage.login(number, reaching: .settled) }
            #expect(stage.other.health.state == .closed)
            #expect(stage.other.health.openings == 2)
        }
        #expect(stage.other.reports.entries.count == 10)
        #expect(stage.clock.now() == stage.start + .seconds(3))
    }

    @Test("A failing server still gets a report at its last moment")
    func lastMomentWhileOpen() async throws {
        let stage = try Stage()
        let numbers = try await Self.insert(1, .reporting, into: stage) {
            $0.lifetime = .seconds(30)
        }
        let pauses = RetrySchedule(first: .seconds(3600), cap: .seconds(3600), jitter: 0)
        let health = ServerHealth(
            stage.other.id,
            rule: CircuitBreaker.Rule(failures: 1, pauses: pauses),
            clock: stage.clock
        )
        health.failed(.telling)
        try await stage.run(minding: [health]) { run in
            let next = Slots(
                each: [.report: 9, .end: 9],
                queues: [
                    LoginQueue(stage.other.id, .report): 0
                ]
            )
            #expect(try await run.store.nextDue(within: next) == stage.start + .seconds(29))
            try await stage.clock.alarm(by: stage.start + .seconds(5))
            #expect(stage.other.reports.entries.isEmpty)
            stage.clock.advance(by: .seconds(29))
            let login = try await stage.login(numbers[0], reaching: .settled)
            guard case .settled(_, let settlement, _) = login.phase else { return }
            #expect(settlement == .reported)
            #expect(health.state == .open(until: stage.start + .seconds(3600)))
        }
        #expect(stage.other.reports.entries.map(\.at) == [stage.start + .seconds(29)])
    }

    @Test("A failing server is not asked for consents until it is back")
    func consentsWhileOpen() async throws {
        let stage = try Stage()
        let numbers = try await Self.insert(2, .preparing, into: stage)
        for _ in 1...3 { stage.other.health.failed(.reading) }
        try await stage.run(minding: [stage.other.health]) { _ in
            for number in numbers {
                try await stage.login(number, "put off") { login in
                    guard case .preparing(let attempts, _) = login.phase else { return false }
                    return attempts.count == 1
                }
            }
            #expect(stage.other.asked.entries.isEmpty)
            stage.clock.advance(by: .seconds(1))
            // One of them probes; the other may be put off once more until that is done.
            for _ in 1...2 {
                try await stage.other.asked.wait(for: 1, "questions")
                stage.clock.advance(by: .seconds(2))
            }
            for number in numbers { try await stage.login(number, reaching: .waiting) }
            #expect(stage.other.health.state == .closed)
        }
    }
}
