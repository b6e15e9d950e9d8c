import Logins
import TestSupport
import Testing

@Suite("Pending login")
struct PendingLoginTests {
    private let fixture = PendingLogin.Fixture()

    private func apply(
        _ event: PendingLogin.Event,
        to login: PendingLogin,
        at now: Timestamp = noon
    ) throws -> PendingLogin {
        var changed = login
        try changed.apply(event, at: now)
        return changed
    }

    @Test("A login goes from arrival to settled and has a duty at each step")
    func fromArrivalToSettled() throws {
        var login = fixture.make()
        #expect(login.phase == .preparing(Attempts(), next: noon))
        let prepared = PendingLogin.Event.prepared(.fixture, [.fixture(at: noon)])
        try login.apply(prepared, at: noon)
        #expect(login.duty(at: noon) == .notify)
        let decision = Decision.fixture(.approve, at: noon)
        try login.apply(.decided(decision, .fixture), at: noon)
        #expect(login.duty(at: noon) == .report)
        try login.apply(.reportTaken(confirmed: true), at: noon + .seconds(1))
        #expect(
            login.phase == .settled(.approved(decision), .reported, at: noon + .seconds(1))
        )
        #expect(login.dueAt == nil)
    }

    // rule: C10
    @Test(
        "A channel that is being asked when the user is reached may still answer, and is not retried"
    )
    func reached() throws {
        let channels = ["a", "b", "c"].map { ChannelID.named($0) }
        let due = channels.map { PendingLogin.Delivery(channel: $0, state: .due(at: noon)) }
        var login = try apply(.prepared(.fixture, due), to: fixture.make())
        login = try apply(.notDelivered(channels[0], "no", until: nil), to: login)
        login = try apply(.reached, to: login)
        #expect(login.deliveries.map(\.state) == [.refused, .spared(at: noon), .spared(at: noon)])
        let later = noon + .seconds(1)
        login = try apply(.notDelivered(channels[1], "busy", until: later), to: login, at: later)
        #expect(login.deliveries[1].state == .spared(at: noon))
        #expect(login.deliveries[1].attempts.recent.map(\.note) == ["busy"])
        login = try apply(.delivered(channels[2]), to: login, at: later)
        #expect(login.deliveries[2].state == .delivered(at: later))
        #expect(login.dueAt == login.terms.promptEnds)
        // It stays known after the login has ended.
        let known = login.deliveries
        login = try apply(.decided(.fixture(.deny, at: later), .fixture), to: login, at: later)
        #expect(login.deliveries == known)
        login = try apply(.reportTaken(confirmed: true), to: login, at: later)
        #expect(login.deliveries == known)
    }

    @Test("How a user was notified stays known after an expiry", arguments: [true, false])
    func expiredDeliveries(_ isReported: Bool) throws {
        var fixture = fixture
        if !isReported { fixture.reportsExpiry = .never }
        let login = PendingLogin.inPhase(.waiting, fixture)
        let ended = try apply(.deadlinePassed, to: login, at: fixture.promptEnds)
        #expect(!ended.deliveries.isEmpty && ended.deliveries == login.deliveries)
    }

    @Test(
        "A login ends with the user's choice",
        arguments: [
            (.approve, "approved"), (.deny, "denied"), (.reportAsFraud, "denied"),
            (.cancel, "cancelled"),
        ] as [(Decision.Choice, String)]
    )
    func outcomes(_ choice: Decision.Choice, _ expected: String) throws {
        let decision = Decision.fixture(choice, at: noon)
        let login = try apply(.decided(decision, .fixture), to: .inPhase(.waiting))
        let outcome = try #require(login.phase.outcome)
        let name =
            switch outcome {
            case .approved: "approved"
            case .denied: "denied"
            case .cancelled: "cancelled"
            case .expired, .failed, .voided: "none"
            }
        #expect(name == expected)
        #expect(outcome.decision == decision)
        #expect(outcome.isApproval == (choice == .approve))
    }

    @Test(
        "A repeated decision is accepted and a different one is refused",
        arguments: [PendingLogin.PhaseName.reporting, .settled, .stranded],
        Decision.Choice.allCases
    )
    func firstDecisionWins(_ phase: PendingLogin.PhaseName, _ first: Decision.Choice) throws {
        let login = PendingLogin.inPhase(phase, choice: first)
        let outcome = try #require(login.phase.outcome)
        for second in Decision.Choice.allCases {
            for moment in [noon, fixture.promptEnds, fixture.reportEnds + .minutes(5)] {
                var again = login
                let event = PendingLogin.Event.decided(.fixture(second, at: moment), .fixture)
                if second == first {
                    try again.apply(event, at: moment)
                } else {
                    #expect(throws: PendingLogin.Refusal.alreadyEnded(outcome)) {
                        try again.apply(event, at: moment)
                    }
                }
                #expect(again == login, "the first one's evidence stays")
            }
        }
    }

    // rule: C6
    @Test("A decision is refused once the prompt has ended", arguments: Decision.Choice.allCases)
    func decisionAfterDeadline(_ choice: Decision.Choice) throws {
        let event = PendingLogin.Event.decided(.fixture(choice, at: noon), .fixture)
        let waiting = PendingLogin.inPhase(.waiting)
        let lastMoment = fixture.promptEnds - .milliseconds(1)
        #expect(try apply(event, to: waiting, at: lastMoment).phase.name == .reporting)
        for phase in [PendingLogin.PhaseName.preparing, .waiting] {
            #expect(throws: PendingLogin.Refusal.pastDeadline) {
                try apply(event, to: .inPhase(phase), at: fixture.promptEnds)
            }
        }
        let expired = try apply(.deadlinePassed, to: waiting, at: fixture.promptEnds)
        #expect(throws: PendingLogin.Refusal.pastDeadline) {
            try apply(event, to: expired, at: fixture.promptEnds)
        }
    }

    @Test("A decision is refused while the login is prepared")
    func decisionWhilePreparing() {
        #expect(throws: PendingLogin.Refusal.notReady) {
            try apply(.decided(.fixture(.approve, at: noon), .fixture), to: fixture.make())
        }
    }

    @Test("A decision after a failure is refused with that outcome")
    func afterFailure() throws {
        let failed = try apply(.unusable(.consentGone), to: .inPhase(.waiting))
        #expect(throws: PendingLogin.Refusal.alreadyEnded(.failed(.consentGone))) {
            try apply(.decided(.fixture(.deny, at: noon), .fixture), to: failed)
        }
    }

    @Test(
        "An expiry is reported only if the server's rule says so",
        arguments: [PendingLogin.PhaseName.preparing, .waiting],
        [true, false]
    )
    func expiry(_ phase: PendingLogin.PhaseName, _ reports: Bool) throws {
        var fixture = fixture
        fixture.reportsExpiry = reports ? .always : .never
        let login = PendingLogin.inPhase(phase, fixture)
        #expect(throws: PendingLogin.Refusal.outOfPhase) {
            try apply(.deadlinePassed, to: login, at: fixture.promptEnds - .milliseconds(1))
        }
        let expired = try apply(.deadlinePassed, to: login, at: fixture.promptEnds)
        if reports {
            #expect(
                expired.phase == .reporting(.expired, .init(next: fixture.promptEnds))
            )
        } else {
            #expect(
                expired.phase == .settled(.expired, .leftToExpire, at: fixture.promptEnds)
            )
        }
        let tooLate = try apply(.deadlinePassed, to: login, at: fixture.reportEnds)
        #expect(tooLate.phase == .settled(.expired, .leftToExpire, at: fixture.reportEnds))
    }

    @Test("A login that arrives after its prompt's end is settled as expired")
    func arrivesLate() {
        var fixture = fixture
        fixture.lifetime = fixture.margin
        #expect(fixture.make().phase == .settled(.expired, .leftToExpire, at: noon))
    }

    @Test("A report stays in doubt once an attempt may have been processed")
    func inDoubt() throws {
        func isInDoubt(_ login: PendingLogin) -> Bool? {
            if case .reporting(_, let report) = login.phase { report.inDoubt } else { nil }
        }
        func delayed(_ doubt: Bool) -> PendingLogin.Event {
            .reportDelayed("busy", until: noon, inDoubt: doubt)
        }
        let login = PendingLogin.inPhase(.reporting)
        #expect(isInDoubt(login) == false)
        let clear = try apply(delayed(false), to: login)
        #expect(isInDoubt(clear) == false)
        let doubtful = try apply(delayed(true), to: clear)
        #expect(isInDoubt(doubtful) == true)
        #expect(isInDoubt(try apply(delayed(false), to: doubtful)) == true)
        #expect(isInDoubt(try apply(.interrupted, to: login)) == false, "nothing was sent")
        let begun = try apply(.reportBegun, to: login)
        #expect(isInDoubt(begun) == false)
        #expect(isInDoubt(try apply(.interrupted, to: begun)) == true)
        #expect(isInDoubt(try apply(.interrupted, to: apply(delayed(false), to: begun))) == false)
        let retried = try apply(.retried, to: .inPhase(.stranded))
        #expect(isInDoubt(retried) == false, "a refused report is surely not taken")
    }

    @Test(
        "A login that is gone at its server is settled, unless an approval is lost",
        arguments: Decision.Choice.allCases,
        [true, false]
    )
    func gone(_ choice: Decision.Choice, _ inDoubt: Bool) throws {
        var login = PendingLogin.inPhase(.reporting, choice: choice)
        if inDoubt { login = try apply(.interrupted, to: apply(.reportBegun, to: login)) }
        let outcome = try #require(login.phase.outcome)
        let after = try apply(.reportGone, to: login)
        switch (inDoubt, choice) {
        case (true, _):
            #expect(after.phase == .settled(outcome, .deliveredUnconfirmed, at: noon))
        case (false, .approve):
            guard case .stranded(outcome, let report, .gone) = after.phase else {
                Issue.record("\(after.phase)")
                return
            }
            #expect(report.attempts.count == 1)
        case (false, _):
            #expect(after.phase == .settled(outcome, .gone, at: noon))
        }
    }

    @Test("A refused or late report is stranded and can be retried in time")
    func stranded() throws {
        let reporting = PendingLogin.inPhase(.reporting)
        #expect(throws: PendingLogin.Refusal.outOfPhase) {
            try apply(.deadlinePassed, to: reporting, at: fixture.promptEnds)
        }
        let outOfTime = try apply(.deadlinePassed, to: reporting, at: fixture.reportEnds)
        guard case .stranded(_, _, .outOfTime) = outOfTime.phase else {
            Issue.record("\(outOfTime.phase)")
            return
        }
        #expect(throws: PendingLogin.Refusal.pastDeadline) {
            try apply(.retried, to: outOfTime, at: fixture.reportEnds)
        }
        let refused = try apply(.reportRefused("no scope"), to: reporting)
        guard case .stranded(_, let report, .refused("no scope")) = refused.phase else {
            Issue.record("\(refused.phase)")
            return
        }
        #expect(report.attempts.recent.map(\.note) == ["no scope"])
        let retried = try apply(.retried, to: refused, at: noon + .seconds(9))
        #expect(retried.dueAt == noon + .seconds(9))
        #expect(retried.phase.outcome == reporting.phase.outcome)
        let abandoned = try apply(.abandoned, to: refused)
        let outcome = try #require(reporting.phase.outcome)
        #expect(abandoned.phase == .settled(outcome, .abandoned, at: noon))
    }

    @Test("A channel's refusal makes the next one due; the last one's fails the login")
    func fallback() throws {
        let later = noon + .seconds(20)
        let first = PendingLogin.Delivery.fixture("first", at: noon)
        let second = PendingLogin.Delivery.fixture("second", at: later)
        let third = PendingLogin.Delivery.fixture("third", at: later + .seconds(20))
        var login = try apply(.prepared(.fixture, [first, second, third]), to: fixture.make())
        func states() -> [PendingLogin.Delivery.State] {
            if case .waiting(let deliveries) = login.phase {
                deliveries.map(\.state)
            } else {
                []
            }
        }
        let now = noon + .seconds(1)
        login = try apply(.notDelivered(first.channel, "busy", until: later), to: login, at: now)
        #expect(states() == [.due(at: later), second.state, third.state], "busy is no refusal")
        login = try apply(.notDelivered(first.channel, "no", until: nil), to: login, at: now)
        #expect(states() == [.refused, .due(at: now), third.state])
        #expect(login.dueAt == now)
        login = try apply(.delivered(second.channel), to: login, at: now)
        #expect(states() == [.refused, .delivered(at: now), third.state])
        login = try apply(.notDelivered(third.channel, "no", until: nil), to: login, at: now)
        #expect(login.phase.name == .waiting, "one channel took it")
        var hopeless = try apply(.prepared(.fixture, [first]), to: fixture.make())
        let refusal = PendingLogin.Event.notDelivered(first.channel, "no", until: nil)
        hopeless = try apply(refusal, to: hopeless)
        #expect(hopeless.phase.outcome == .failed(.everyChannelRefused))
    }

    @Test("A login without a channel fails")
    func noChannel() throws {
        let login = try apply(.prepared(.fixture, []), to: fixture.make())
        #expect(login.phase.outcome == .failed(.noChannel))
    }

    @Test("A login keeps its newest tickets only")
    func newestTicketsOnly() throws {
        var login = PendingLogin.inPhase(.waiting)
        let digests = (0..<6).map { Array(repeating: UInt8($0), count: 32) }
        for digest in digests { login = try apply(.ticketIssued(digest), to: login) }
        #expect(login.tickets == Array(digests.suffix(PendingLogin.maximumTickets)))
    }

    @Test("A login's duty follows from its phase and deadlines")
    func dutyFollowsFromPhase() throws {
        let preparing = fixture.make()
        #expect(preparing.duty(at: noon - .milliseconds(1)) == nil)
        #expect(preparing.duty(at: noon) == .prepare)
        #expect(preparing.duty(at: fixture.promptEnds) == .end)
        let far = try apply(.preparationDelayed("x", until: .distantFuture), to: preparing)
        #expect(far.dueAt == fixture.promptEnds, "its end comes even so")
        let waiting = PendingLogin.inPhase(.waiting, fixture)
        #expect(waiting.duty(at: noon) == .notify)
        #expect(waiting.duty(at: fixture.promptEnds) == .end)
        let reporting = PendingLogin.inPhase(.reporting, fixture)
        #expect(reporting.duty(at: noon) == .report)
        #expect(reporting.duty(at: fixture.reportEnds) == .end)
        for phase in [PendingLogin.PhaseName.settled, .stranded] {
            #expect(PendingLogin.inPhase(phase, fixture).duty(at: .distantFuture) == nil)
        }
    }
}
