import Engine
import Identity
import Logins
import TestSupport
import Testing

@Suite("The cost of a login", .timeLimit(.minutes(3)))
struct LoginCostTests {
    @Test(
        "A login takes six commits, at most eight reads of its row and three look-ups of its user"
    )
    func cost() async throws {
        let stage = try Stage()
        var counted: InstrumentedStore?
        try await stage.run { run in
            counted = run.counted
            let number = try await run.counted.insertNew(PendingLogin.Fixture().make())
            try await stage.login(number, "delivered") { login in
                login.phase == .waiting([.fixtureDelivered(at: stage.start)])
            }
            let ticket = try #require(stage.webhook.asked.entries.first).prompt.ticket
            try await run.decide(.approve, ticket)
            try await stage.login(number, reaching: .settled)
        }
        // Commits: received, prepared, notified, decided, report begun, report taken.
        // Reads: one for each commit but the first, one to find the user of an approval, and one for
        // each of the two duties that is found by a look, because one was under way already.
        let counts = try #require(counted?.takeCounts())
        #expect(counts.commits == 6)
        #expect((6...8).contains(counts.reads), "\(counts.reads) reads")
        // Look-ups: prepared, decided, before the report.
        #expect(stage.people.asked.entries.count == 3)
    }

    @Test("A login that comes while the engine rests is worked on without a look for it")
    func atOnce() async throws {
        let stage = try Stage()
        try await stage.run(concurrency: 1) { run in
            // It waits for work.
            try await stage.clock.alarm(by: stage.start + .seconds(5))
            _ = run.counted.takeCounts()
            let number = try await run.counted.insertNew(PendingLogin.Fixture().make())
            try await stage.login(number, "delivered") { login in
                login.phase == .waiting([.fixtureDelivered(at: stage.start)])
            }
            // Received, prepared, notified; read for the last two.
            #expect(run.counted.takeCounts() == .init(commits: 3, reads: 2))
        }
    }

    @Test("A decision reads its row once, and an approval once more for its user")
    func decision() async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            let counted = InstrumentedStore(store)
            let desk = stage.desk(counted)
            let ticket = try await DecisionDeskTests.prompt(
                "login-1",
                .waiting,
                in: store,
                at: stage.start
            )
            func decide(_ choice: Decision.Choice, _ ticket: String) async -> Bool {
                let decided = try? await desk.decide(
                    choice,
                    opening: ticket,
                    via: .page,
                    address: nil
                ) { Selection(shown: $0.login.question?.digest) }
                return decided != nil
            }
            let wrong = PromptTicket(for: ticket.number).text
            #expect(await !decide(.approve, wrong))
            #expect(counted.takeCounts() == .init(), "a guess reads no row and never writes")
            await #expect(throws: DecisionDesk.Refusal.noSuchPrompt) {
                try await desk.login(opening: wrong)
            }
            #expect(counted.takeCounts() == .init())
            #expect(await decide(.approve, ticket.text))
            #expect(counted.takeCounts() == .init(commits: 1, reads: 2))
            #expect(await decide(.approve, ticket.text))
            #expect(counted.takeCounts() == .init(reads: 2))
            #expect(await !decide(.deny, ticket.text))
            #expect(counted.takeCounts() == .init(reads: 1))
        }
    }
}

extension PendingLogin.Delivery {
    fileprivate static func fixtureDelivered(at moment: Timestamp) -> Self {
        Self(channel: fixture(at: moment).channel, state: .delivered(at: moment))
    }
}
