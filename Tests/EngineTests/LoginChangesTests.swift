import Engine
import Logins
import TestSupport
import Testing
import Threads

@Suite("Waiting for a login", .timeLimit(.minutes(3)))
struct LoginChangesTests {
    typealias Counter = DecisionDeskTests.Counter

    private func wait(
        _ counter: Counter,
        leaving seen: PendingLogin.PhaseName = .waiting
    ) async throws -> PendingLogin.PhaseName {
        try await counter.desk.login(opening: counter.ticket, leaving: seen, within: .seconds(30))
            .login.phase.name
    }

    @Test("A wait ends immediately if the login has already changed")
    func already() async throws {
        try await DecisionDeskTests.with { counter in
            let phase = try await wait(counter, leaving: .preparing)
            #expect(phase == .waiting)
        }
    }

    @Test("A wait ends with the change, without a timer")
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

    @Test("A wait continues through changes that keep the phase")
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

    @Test("A wait ends at its limit with the login unchanged")
    func limit() async throws {
        try await DecisionDeskTests.with { counter in
            async let answer = wait(counter)
            try await counter.stage.clock.alarm(by: counter.stage.start + .seconds(30))
            counter.stage.clock.advance(by: .seconds(30))
            let phase = try await answer
            #expect(phase == .waiting)
        }
    }

    @Test("Closing ends all waits, and later ones at once")
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

    @Test("Asks the engine a million times as well as once")
    func asking() {
        let changes = LoginChanges()
        let claim = Claim(
            stored: StoredLogin(number: LoginNumber(1), login: .inPhase(.reporting)),
            duty: .report
        )
        #expect(changes.takeOn(claim) == nil)
        let told = Locked(0)
        changes.setTaker { _ in { isClaimed in told.withLock { $0 += isClaimed ? 1 : 0 } } }
        // What wraps a closure at each access would end the stack by then.
        for _ in 0..<1_000_000 { changes.takeOn(claim)?(true) }
        #expect(told.withLock { $0 } == 1_000_000)
        changes.setTaker(nil)
        #expect(changes.takeOn(claim) == nil)
    }

    @Test("A wait ignores other logins")
    func others() async throws {
        let changes = LoginChanges()
        let mine = StoredLogin(number: LoginNumber(1), login: .inPhase(.waiting))
        let other = StoredLogin(number: LoginNumber(2), login: .inPhase(.settled))
        let order = Recorded<String>()
        try await within {
            await changes.watching(mine.number) { signal in
                changes.publish(LoginStep(before: nil, after: other))
                order.append("the other's change")
                changes.publish(LoginStep(before: nil, after: mine))
                order.append("mine")
                await signal.wait()
            }
        }
        #expect(order.entries.count == 2)
        // Work is owed by the waiting one only, so the engine is woken once.
        try await within { await changes.work.wait() }
    }

    @Test(
        "wakes the engine for what is due before it looks again",
        arguments: [
            // Milliseconds before and after the login's due time.
            (-1, false, false), (0, false, false), (1, false, true), (nil, false, true),
            // The work itself leaves only the end, which is later here.
            (1, true, false), (nil, true, true),
        ] as [(Int64?, Bool, Bool)]
    )
    func waking(next: Int64?, isWork: Bool, wakes: Bool) async throws {
        let changes = LoginChanges()
        let login = PendingLogin.inPhase(.reporting)
        let due = try #require(login.dueAt)
        #expect(try #require(login.endAt) > due + .milliseconds(1))
        changes.beginLook()
        changes.endLook(next: next.map { due + .milliseconds($0) })
        changes.publish(
            LoginStep(
                before: nil,
                after: StoredLogin(number: LoginNumber(1), login: login),
                isWork: isWork
            )
        )
        #expect(changes.work.isRaised == wakes)
        // While the engine looks, it may have missed anything.
        changes.beginLook()
        changes.publish(
            LoginStep(
                before: nil,
                after: StoredLogin(number: LoginNumber(1), login: login),
                isWork: isWork
            )
        )
        #expect(changes.work.isRaised)
    }
}
