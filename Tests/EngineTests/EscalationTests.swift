import Engine
import Logins
import TestSupport
import Testing

@Suite("Notifying a user", .timeLimit(.minutes(3)))
struct EscalationTests {
    @Test("The second channel is asked after its delay, with the same link")
    func second() async throws {
        let stage = try Stage()
        try await stage.run(stage.escalation) { run in
            _ = try await run.prompt()
            stage.clock.advance(by: .milliseconds(19_999))
            stage.clock.advance(by: .milliseconds(1))
            try await stage.sms.asked.wait(for: 1, "text messages")
        }
        let (first, second) = (stage.webhook.asked.entries, stage.sms.asked.entries)
        #expect(first.map(\.at) == [stage.start])
        #expect(second.map(\.at) == [stage.start + .seconds(20)])
        #expect(first.map(\.prompt.ticket) == second.map(\.prompt.ticket))
    }

    @Test("The second channel is not asked before its delay")
    func notEarlier() async throws {
        let stage = try Stage()
        try await stage.run(stage.escalation) { run in
            let (number, ticket) = try await run.prompt()
            try await stage.login(number, "delivered") { login in
                guard case .waiting(let deliveries) = login.phase else { return false }
                return deliveries[0].state == .delivered(at: stage.start)
            }
            #expect(try await run.due(number, afterClaims: 1) == stage.start + .seconds(20))
            stage.clock.advance(by: .milliseconds(19_999))
            try await run.decide(.deny, ticket)
            try await stage.login(number, reaching: .settled)
            stage.clock.advance(by: .seconds(1))
            #expect(try await run.store.nextDue() == nil)
        }
        #expect(stage.sms.asked.entries.isEmpty, "a decision ends the asking")
    }

    @Test("Two channels that are due are asked concurrently")
    func together() async throws {
        let stage = try Stage()
        let plan = EscalationPlan([
            .init(channel: stage.webhook, after: .zero), .init(channel: stage.sms, after: .zero),
        ])
        stage.webhook.gate.close()
        stage.sms.gate.close()
        try await stage.run(plan) { run in
            _ = try await run.start()
            try await stage.webhook.gate.arrivals.wait(for: 1, "held prompts")
            try await stage.sms.gate.arrivals.wait(for: 1, "held prompts")
        }
        #expect(stage.webhook.asked.entries.count == 1)
        #expect(
            stage.webhook.asked.entries.map(\.prompt.ticket)
                == stage.sms.asked.entries.map(\.prompt.ticket)
        )
    }

    @Test("The second channel is asked immediately when the first refuses")
    func refusal() async throws {
        let stage = try Stage()
        stage.webhook.answer(.refused("gone"))
        try await stage.run(stage.escalation) { run in
            let (number, _) = try await run.prompt()
            try await stage.sms.asked.wait(for: 1, "text messages")
            try await stage.login(number, "delivered") { login in
                guard case .waiting(let deliveries) = login.phase else { return false }
                return deliveries.map(\.state) == [.refused, .delivered(at: stage.start)]
            }
        }
        #expect(stage.webhook.asked.entries.count == 1)
        #expect(stage.sms.asked.entries.map(\.at) == [stage.start])
        #expect(stage.log.events.contains("notification.refused"))
    }

    @Test("With notify_until delivered, the other channels are left out after the first delivery")
    func untilDelivered() async throws {
        let stage = try Stage()
        stage.webhook.answer(.later("busy", after: .seconds(5)))
        let plan = EscalationPlan(stage.escalation.steps, until: .delivered)
        try await stage.run(plan) { run in
            let (number, _) = try await run.prompt()
            _ = try await stage.nextDelivery(number, attempt: 1)
            stage.clock.advance(by: .seconds(5))
            let login = try await stage.login(number, "delivered") { login in
                if case .delivered = login.deliveries.first?.state { true } else { false }
            }
            let now = stage.start + .seconds(5)
            #expect(login.deliveries.map(\.state) == [.delivered(at: now), .spared(at: now)])
            #expect(login.dueAt == login.terms.promptEnds)
            stage.clock.advance(by: .seconds(30))
        }
        #expect(stage.sms.asked.entries.isEmpty)
    }

    @Test(
        "With notify_until viewed or delivered, the other channels are left out after a view",
        arguments: EscalationPlan.End.allCases
    )
    func untilViewed(_ end: EscalationPlan.End) async throws {
        let stage = try Stage()
        // Nothing is delivered, but the link works already.
        stage.webhook.answer(.later("busy", after: .seconds(60)))
        try await stage.run(EscalationPlan(stage.escalation.steps, until: end)) { run in
            let (number, ticket) = try await run.prompt()
            _ = try await stage.nextDelivery(number, attempt: 1)
            await run.desk.noteView(opening: "unknown")
            await run.desk.noteView(opening: ticket)
            let seen = try #require(try await run.store.login(number)).login
            let spared = PendingLogin.Delivery.State.spared(at: stage.start)
            #expect((seen.deliveries.map(\.state) == [spared, spared]) == (end != .decided))
            if end == .decided {
                stage.clock.advance(by: .seconds(20))
                try await stage.sms.asked.wait(for: 1, "text messages")
            } else {
                #expect(seen.dueAt == seen.terms.promptEnds)
                stage.clock.advance(by: .seconds(61))
                try await run.decide(.deny, ticket)
                try await stage.login(number, reaching: .settled)
            }
        }
        #expect(stage.sms.asked.entries.isEmpty == (end != .decided))
    }

    // rule: C11
    @Test("A login fails when every channel refuses")
    func nobodyReached() async throws {
        let stage = try Stage()
        stage.webhook.answer(.refused("gone"))
        stage.sms.answer(.refused("no number"))
        try await stage.run(stage.escalation) { run in
            let number = try await run.start()
            let login = try await stage.login(number, reaching: .settled)
            #expect(login.phase.outcome == .failed(.everyChannelRefused))
        }
        #expect(stage.server.reports.entries.map(\.outcome) == [.failed(.everyChannelRefused)])
    }

    @Test("A channel is asked again after its own pause or the one it requested")
    func channelIsAskedAgain() async throws {
        let stage = try Stage()
        stage.webhook.answer(.later("busy", after: nil), .later("busy", after: .seconds(9)))
        try await stage.run { run in
            let (number, _) = try await run.prompt()
            let first = try await stage.nextDelivery(number, attempt: 1)
            #expect((500...1500).contains((first - stage.start).milliseconds))
            stage.clock.advance(by: first - stage.start)
            let second = try await stage.nextDelivery(number, attempt: 2)
            #expect(second - first == .seconds(9))
            stage.clock.advance(by: .seconds(9))
            try await stage.webhook.asked.wait(for: 3, "prompts")
        }
        let asked = stage.webhook.asked.entries
        #expect(Set(asked.map(\.prompt.ticket)).count == 1, "the link stays the same")
        #expect(asked.count == 3)
    }

    @Test("A channel that is no longer configured counts as refused")
    func removed() async throws {
        let stage = try Stage()
        let number = try await stage.withStore { store in
            try await store.insertNew(.inPhase(.waiting))
        }
        let plan = EscalationPlan([.init(channel: stage.sms, after: .zero)])
        try await stage.run(plan) { _ in
            let login = try await stage.login(number, reaching: .settled)
            #expect(login.phase.outcome == .failed(.everyChannelRefused))
        }
    }

    @Test(
        "A user is reachable if active and with a usable channel",
        arguments: [
            (User(id: .named("alice"), isActive: true), true),
            (User(id: .named("alice"), isActive: false), false),
            (User(id: .named("alice"), isActive: true, channels: [.named("sms")]), true),
            (User(id: .named("alice"), isActive: true, channels: [.named("webhook")]), false),
            (User(id: .named("alice"), isActive: true, channels: []), false),
            (User(id: .named("bob"), isActive: true), false),
        ]
    )
    func reachability(user: User, isReachable: Bool) async throws {
        let stage = try Stage()
        stage.people.put(User(id: .named("alice"), isActive: false))
        stage.people.put(user)
        stage.webhook.disable()
        let reachability = PlannedReachability(directory: stage.people, plan: stage.escalation)
        #expect(try await reachability.canReach(.named("alice")) == isReachable)
    }

    @Test("Reachability is unknown while the directory is down")
    func reachabilityUnknown() async throws {
        let stage = try Stage()
        stage.people.setDown(true)
        let reachability = PlannedReachability(directory: stage.people, plan: stage.escalation)
        await #expect(throws: DirectoryError.unavailable("down for a test")) {
            try await reachability.canReach(.named("alice"))
        }
    }

    @Test("A user's channels keep the plan's order, without disabled ones")
    func steps() throws {
        let stage = try Stage()
        let plan = stage.escalation
        let alice = User(id: .named("alice"), isActive: true)
        #expect(plan.steps(for: alice).map(\.channel.id.value) == ["webhook", "sms"])
        #expect(plan.steps(for: alice).map(\.after) == [.zero, .seconds(20)])
        #expect(plan.channel(.named("sms"))?.id == .named("sms"))
        #expect(plan.channel(.named("pigeon")) == nil)
        stage.webhook.disable()
        #expect(plan.steps(for: alice).map(\.channel.id.value) == ["sms"])
    }
}

extension Stage {
    /// When a channel that did not take a prompt is tried again.
    func nextDelivery(_ number: LoginNumber, attempt: Int) async throws -> Timestamp {
        let login = try await login(number, "attempt \(attempt)") { login in
            guard case .waiting(let deliveries) = login.phase else { return false }
            return deliveries[0].attempts.count == attempt
        }
        guard case .waiting(let deliveries) = login.phase,
            case .due(let next) = deliveries[0].state
        else { throw NotNew() }
        return next
    }
}
