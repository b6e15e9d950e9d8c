import Logins
import TestSupport
import Testing

@Suite("Reports", .timeLimit(.minutes(3)))
struct ReportingTests {
    typealias Case = (
        choice: Decision.Choice, answers: [ReportAnswer], phase: PendingLogin.PhaseName,
        settlement: PendingLogin.Settlement?, stranding: PendingLogin.Stranding?
    )

    static let endings: [Case] = [
        (.approve, [.taken], .settled, .reported, nil),
        (.deny, [.taken], .settled, .reported, nil),
        (.approve, [.gone], .stranded, nil, .gone),
        (.deny, [.gone], .settled, .gone, nil),
        (.approve, [.refused("bad scope")], .stranded, nil, .refused("bad scope")),
        (.deny, [.refused("bad state")], .stranded, nil, .refused("bad state")),
        (
            .approve, [.later("reset", after: .zero, inDoubt: true), .gone], .settled,
            .deliveredUnconfirmed, nil
        ),
        (
            .approve, [.later("busy", after: .zero, inDoubt: false), .gone], .stranded, nil, .gone
        ),
    ]

    @Test("A report ends as the server's answers say", arguments: endings.indices)
    func ends(_ index: Int) async throws {
        let expected = Self.endings[index]
        let stage = try Stage()
        for answer in expected.answers { stage.server.answerNextReport(answer) }
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(expected.choice, ticket)
            let login = try await stage.login(number, reaching: expected.phase)
            switch login.phase {
            case .settled(_, let settlement, _): #expect(settlement == expected.settlement)
            case .stranded(_, _, let stranding): #expect(stranding == expected.stranding)
            default: Issue.record("still in \(login.phase)")
            }
            #expect(try await run.store.nextDue() == nil)
        }
        #expect(stage.server.reports.entries.count == expected.answers.count)
    }

    @Test("Pauses between reports grow with jitter up to the cap")
    func pauses() async throws {
        let stage = try Stage()
        let later = ReportAnswer.later("503", after: nil, inDoubt: false)
        for _ in 1...6 { stage.server.answerNextReport(later) }
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            for (attempt, full) in [500, 1000, 2000, 4000, 8000, 8000].enumerated() {
                let before = stage.clock.now()
                let report = try await stage.report(number, attempt: attempt + 1)
                let pause = (report.next - before).milliseconds
                #expect(pause >= Int64(full * 8 / 10) && pause <= Int64(full * 12 / 10))
                #expect(!report.inDoubt)
                stage.clock.advance(by: report.next - before)
            }
            try await stage.login(number, reaching: .settled)
        }
        #expect(stage.server.reports.entries.map(\.inDoubt) == Array(repeating: false, count: 7))
    }

    @Test("A report waits exactly as long as the server asks")
    func retryAfter() async throws {
        let stage = try Stage()
        stage.server.answerNextReport(.later("429", after: .seconds(7), inDoubt: false))
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            let report = try await stage.report(number, attempt: 1)
            #expect(report.next == stage.start + .seconds(7))
            stage.clock.advance(by: .seconds(7))
            try await stage.login(number, reaching: .settled)
        }
        #expect(stage.server.reports.entries.map(\.at) == [stage.start, stage.start + .seconds(7)])
    }

    @Test("A report stays in doubt once an attempt may have arrived")
    func doubt() async throws {
        let stage = try Stage()
        stage.server.answerNextReport(.later("reset", after: .seconds(1), inDoubt: true))
        stage.server.answerNextReport(.later("refused", after: .seconds(1), inDoubt: false))
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            for attempt in 1...2 {
                let report = try await stage.report(number, attempt: attempt)
                #expect(report.inDoubt)
                stage.clock.advance(by: .seconds(1))
            }
            try await stage.login(number, reaching: .settled)
        }
        #expect(stage.server.reports.entries.map(\.inDoubt) == [false, true, true])
    }

    @Test("A report is given up at the login's end, however long the server asks to wait")
    func outOfTime() async throws {
        let stage = try Stage()
        for _ in 1...2 {
            stage.server.answerNextReport(.later("429", after: .seconds(500), inDoubt: false))
        }
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            _ = try await stage.report(number, attempt: 1)
            let end = PendingLogin.Fixture().reportEnds
            let last = end - .seconds(1)
            let due = try await run.due(number, afterClaims: 2)
            #expect(due == last, "one attempt is left")
            stage.clock.advance(by: last - stage.start)
            _ = try await stage.report(number, attempt: 2)
            stage.clock.advance(by: end - last)
            let login = try await stage.login(number, reaching: .stranded)
            guard case .stranded(_, _, let why) = login.phase else { return }
            #expect(why == .outOfTime)
        }
        #expect(stage.server.reports.entries.count == 2)
    }

    @Test("A report accepted after the time ran out settles the login")
    func takenLate() async throws {
        let stage = try Stage()
        stage.server.reportGate.close()
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            try await stage.server.reportGate.arrivals.wait(for: 1, "held reports")
            stage.clock.advance(by: PendingLogin.Fixture().reportEnds - stage.start)
            try await stage.login(number, reaching: .stranded)
            stage.server.reportGate.open()
            let login = try await stage.login(number, reaching: .settled)
            guard case .settled(_, let settlement, _) = login.phase else { return }
            #expect(settlement == .reported)
        }
        #expect(stage.server.reports.entries.count == 1)
    }

    @Test("An operator can retry a stranded report")
    func operatorRetries() async throws {
        let stage = try Stage()
        stage.server.answerNextReport(.refused("bad scope"))
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            try await stage.login(number, reaching: .stranded)
            let now = stage.clock.now()
            _ = try await run.store.update(number) { (login) throws(PendingLogin.Refusal) in
                try login.apply(.retried, at: now)
            }
            try await stage.login(number, reaching: .settled)
        }
        #expect(stage.server.reports.entries.map(\.inDoubt) == [false, false])
    }
}

extension Stage {
    /// The report of a login after so many failed attempts.
    func report(_ number: LoginNumber, attempt: Int) async throws -> PendingLogin.Report {
        let login = try await login(number, "attempt \(attempt)") { login in
            guard case .reporting(_, let report) = login.phase else { return false }
            return report.attempts.count == attempt
        }
        guard case .reporting(_, let report) = login.phase else { throw NotNew() }
        return report
    }
}
