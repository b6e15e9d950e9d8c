import Engine
import Logins
import TestSupport
import Testing
import Threads

@Suite("Waiting for a login to change", .timeLimit(.minutes(1)))
struct LoginChangesTests {
    typealias Counter = DecisionDeskTests.Counter

    private func wait(
        _ counter: Counter,
        leaving seen: PendingLogin.PhaseName = .waiting
    ) async throws -> PendingLogin.PhaseName {
        try await counter.desk.login(opening: counter.ticket, leaving: seen, within: .seconds(30))
            .login.phase.name
    }

    @Test("ends at once when it has changed already")
    func already() async throws {
        try await DecisionDeskTests.with { counter in
            let phase = try await wait(counter, leaving: .preparing)
            #expect(phase == .waiting)
        }
    }

    @Test("ends with the change, with no clock moving")
    func change() async throws {
        try await DecisionDeskTests.with { counter in
            async let answer = wait(counter)
            try await counter.stage.clock.alarm(by: counter.stage.start + .seconds(30))
            _ = try await counter.decide(.approve)
            let phase = try await answer
            #expect(phase == .reporting)
            #expect(counter.stage.clock.now() == counter.stage.start)
        }
    }

    @Test("goes on through changes that leave the phase as it was")
    func sameness() async throws {
        try await DecisionDeskTests.with { counter in
            async let answer = wait(counter)
            let limit = counter.stage.start + .seconds(30)
            try await counter.stage.clock.alarm(by: limit)
            let now = counter.stage.start
            _ = try await counter.store.update(counter.number) {
                (login) throws(PendingLogin.Refusal) in
                try login.apply(.delivered(.named("webhook")), at: now)
            }
            _ = try await counter.decide(.deny)
            let phase = try await answer
            #expect(phase == .reporting)
        }
    }

    @Test("ends at its limit with the login as it is")
    func limit() async throws {
        try await DecisionDeskTests.with { counter in
            async let answer = wait(counter)
            try await counter.stage.clock.alarm(by: counter.stage.start + .seconds(30))
            counter.stage.clock.advance(by: .seconds(30))
            let phase = try await answer
            #expect(phase == .waiting)
        }
    }

    @Test("ends for everyone when the service drains, and for who comes later")
    func close() async throws {
        try await DecisionDeskTests.with { counter in
            async let answer = wait(counter)
            try await counter.stage.clock.alarm(by: counter.stage.start + .seconds(30))
            counter.changes.close()
            let phase = try await answer
            #expect(phase == .waiting)
            let later = try await wait(counter)
            #expect(later == .waiting)
            #expect(counter.changes.isClosed)
        }
    }

    @Test("is not disturbed by other logins")
    func others() async throws {
        let changes = LoginChanges()
        let mine = StoredLogin(number: LoginNumber(1), login: .inPhase(.waiting))
        let other = StoredLogin(number: LoginNumber(2), login: .inPhase(.settled))
        let order = Recorded<String>()
        try await within {
            await changes.watching(mine.number) { signal in
                changes.publish(other)
                order.append("the other's change")
                changes.publish(mine)
                order.append("mine")
                await signal.wait()
            }
        }
        #expect(order.entries.count == 2)
        // Work is owed by the waiting one only, so the engine is woken once.
        try await within { await changes.work.wait() }
    }
}
