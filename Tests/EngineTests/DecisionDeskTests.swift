import Consents
import Cryptography
import Engine
import Identity
import Logins
import TestSupport
import Testing

@Suite("Decision desk", .timeLimit(.minutes(3)))
struct DecisionDeskTests {
    /// A desk over a store on which nobody works, and a login that waits for its person.
    struct Counter {
        let stage: Stage
        let store: any LoginStore
        let changes: LoginChanges
        let desk: DecisionDesk
        let number: LoginNumber
        let ticket: String

        func decide(_ choice: Decision.Choice) async throws -> StoredLogin {
            try await desk.decide(choice, opening: ticket, via: .device, address: "192.0.2.7") {
                Selection(shown: $0.login.question?.digest)
            }
        }

        func prompt(_ id: String, _ phase: PendingLogin.PhaseName) async throws -> String {
            try await DecisionDeskTests.prompt(id, phase, in: store, at: stage.start).text
        }
    }

    static func prompt(
        _ id: String,
        _ phase: PendingLogin.PhaseName,
        in store: any LoginStore,
        at now: Timestamp
    ) async throws -> PromptTicket {
        let fixture = PendingLogin.Fixture(id: id)
        let number = try await store.insertNew(.inPhase(phase, fixture))
        let ticket = PromptTicket(for: number)
        _ = try await store.update(number) { (login) throws(PendingLogin.Refusal) in
            try login.apply(.ticketIssued(ticket.digest), at: now)
        }
        return ticket
    }

    static func with(
        tap: Bool = true,
        _ body: (Counter) async throws -> Void
    ) async throws {
        let stage = try Stage()
        let changes = LoginChanges()
        try await stage.withStore(changes: changes) { store in
            let ticket = try await prompt("login-1", .waiting, in: store, at: stage.start)
            let desk = stage.desk(store, changes: changes, allowsTap: tap)
            try await body(
                Counter(
                    stage: stage,
                    store: store,
                    changes: changes,
                    desk: desk,
                    number: ticket.number,
                    ticket: ticket.text
                )
            )
        }
    }

    /// What a decision was refused with, as the desk says it.
    private func refusal(
        _ body: () async throws -> StoredLogin
    ) async throws -> DecisionDesk.Refusal? {
        do {
            _ = try await body()
            return nil
        } catch let refusal as DecisionDesk.Refusal {
            return refusal
        }
    }

    // trust: B-17
    @Test("records a delegated decision as the client's, never as the user's")
    func delegated() async throws {
        try await Self.with { counter in
            let delegate = Evidence.Delegate(client: .named("dc_7Qm2"), token: "jti-1")
            let login = try #require(try await counter.store.login(counter.number)).login
            // Another user's login does not exist for the client.
            await #expect(throws: DecisionDesk.Refusal.noSuchPrompt) {
                _ = try await counter.desk.decide(
                    .deny,
                    counter.number,
                    of: .named("somebody else"),
                    by: delegate,
                    address: "203.0.113.9"
                ) { _ in Selection() }
            }
            // A policy that objects leaves the login as it was.
            await #expect(throws: DecisionDesk.Refusal.delegationNotAllowed("switched off")) {
                _ = try await counter.desk.decide(
                    .approve,
                    counter.number,
                    of: login.details.user,
                    by: delegate,
                    address: "203.0.113.9"
                ) { (_) throws(DecisionDesk.Refusal) in
                    throw .delegationNotAllowed("switched off")
                }
            }
            #expect(try await counter.store.login(counter.number)?.login == login)
            let decided = try await counter.desk.decide(
                .approve,
                counter.number,
                of: login.details.user,
                by: delegate,
                address: "203.0.113.9"
            ) { Selection(shown: $0.login.question?.digest) }
            let evidence = try #require(decided.login.phase.outcome?.decision?.evidence)
            #expect(evidence.method == .delegation)
            #expect(evidence.via == .backend)
            #expect(evidence.delegate == delegate)
        }
    }

    @Test("Each choice is recorded with its evidence", arguments: Decision.Choice.allCases)
    func recordsEachChoice(_ choice: Decision.Choice) async throws {
        try await Self.with { counter in
            let decided = try await counter.decide(choice)
            let decision = Decision(
                choice,
                evidence: Evidence(method: .tap, via: .device, address: "192.0.2.7"),
                at: counter.stage.start,
                grant: Grant(scopes: choice == .approve ? ["openid", "payment:1"] : []),
                challenge: DecisionChallenge.bytes(
                    for: choice,
                    grant: Grant(scopes: choice == .approve ? ["openid", "payment:1"] : []),
                    of: .fixture,
                    in: .named("login-1")
                ),
                merit: choice == .approve ? Decision.Merit(rule: "default", acr: nil) : nil
            )
            #expect(decided.number == counter.number)
            #expect(decided.login.phase.outcome == Outcome(decision))
            #expect(decided.login.phase.name == .reporting)
            #expect(try await counter.store.login(counter.number) == decided)
        }
    }

    // rule: C14
    @Test("A repeated decision returns the same receipt and a different one is refused")
    func repeatedDecision() async throws {
        try await Self.with { counter in
            let first = try await counter.decide(.deny)
            counter.stage.clock.advance(by: .seconds(5))
            #expect(try await counter.decide(.deny) == first)
            for choice in Decision.Choice.allCases where choice != .deny {
                let refusal = try await refusal { try await counter.decide(choice) }
                let outcome = try #require(first.login.phase.outcome)
                #expect(refusal == .refused(.alreadyEnded(outcome), first))
            }
        }
    }

    // rule: C14
    @Test(
        "An approval is made last of what becomes durable together, and nothing else is",
        arguments: Decision.Choice.allCases
    )
    func yielding(_ choice: Decision.Choice) async throws {
        let stage = try Stage()
        try await stage.withStore(changes: LoginChanges()) { store in
            let ticket = try await Self.prompt("login-1", .waiting, in: store, at: stage.start)
            let counting = InstrumentedStore(store)
            let desk = stage.desk(counting, changes: LoginChanges(), allowsTap: true)
            let decided = try await desk.decide(
                choice,
                opening: ticket.text,
                via: .device,
                address: nil
            ) { _ in .fixture }
            #expect(decided.login.phase.outcome?.decision?.choice == choice)
            #expect(counting.yielded.entries == (choice == .approve ? [decided.number] : []))
        }
    }

    @Test("Exactly one of two hundred concurrent decisions is recorded")
    func concurrentDecisions() async throws {
        try await Self.with { counter in
            let choices = (0..<200).map { Decision.Choice.allCases[$0 % 4] }.shuffled()
            let answers = await withTaskGroup { group in
                for choice in choices {
                    group.addTask { (choice, try? await counter.decide(choice)) }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let stored = try #require(try await counter.store.login(counter.number))
            let winner = try #require(stored.login.phase.outcome?.decision)
            for (choice, answer) in answers {
                #expect((answer != nil) == (choice == winner.choice))
                if let answer { #expect(answer == stored) }
            }
            #expect(answers.count == 200)
            let changes = counter.stage.heard.entries.filter { $0.login.phase.outcome != nil }
            #expect(changes.count == 1, "one decision is written, once")
        }
    }

    @Test("A decision after the deadline is refused with the login's current state")
    func decisionAfterDeadline() async throws {
        try await Self.with { counter in
            let ends = PendingLogin.Fixture().promptEnds
            counter.stage.clock.advance(by: ends - counter.stage.start - .milliseconds(1))
            #expect(try await counter.desk.login(opening: counter.ticket).number == counter.number)
            counter.stage.clock.advance(by: .milliseconds(1))
            let refusal = try await refusal { try await counter.decide(.approve) }
            let stored = try #require(try await counter.store.login(counter.number))
            #expect(refusal == .refused(.pastDeadline, stored))
            #expect(stored.login.phase.name == .waiting, "nothing has changed")
        }
    }

    @Test("A decision before the prompt is ready is refused")
    func decisionBeforePrompt() async throws {
        try await Self.with { counter in
            let ticket = try await counter.prompt("login-2", .preparing)
            let refusal = try await refusal {
                try await counter.desk.decide(.deny, opening: ticket, via: .page, address: nil)
            }
            guard case .refused(.notReady, _) = refusal else {
                Issue.record("was told \(String(describing: refusal))")
                return
            }
        }
    }

    @Test("Every invalid ticket gets the same refusal")
    func invalidTickets() async throws {
        try await Self.with { counter in
            let other = try await counter.prompt("login-2", .waiting)
            let real = try #require(Base64URL.decode(counter.ticket))
            let foreign = try #require(Base64URL.decode(other))
            let wrong = [
                "", "x", counter.ticket + "A", String(counter.ticket.dropLast()),
                String(repeating: "A", count: PromptTicket.encodedLength),
                String(repeating: "é", count: PromptTicket.encodedLength / 2),
                // Its number with another login's secret, and the other way round.
                Base64URL.encode(Array(real[..<8] + foreign[8...])),
                Base64URL.encode(Array(foreign[..<8] + real[8...])),
                PromptTicket(for: counter.number).text,
                PromptTicket(for: LoginNumber(counter.number.rawValue + 1_000)).text,
            ]
            for ticket in wrong {
                let seen = try await refusal { try await counter.desk.login(opening: ticket) }
                #expect(seen == .noSuchPrompt, "\(ticket)")
                let decided = try await refusal {
                    try await counter.desk.decide(.deny, opening: ticket, via: .page, address: nil)
                }
                #expect(decided == .noSuchPrompt, "\(ticket)")
            }
            #expect(try await counter.store.login(counter.number)?.login.phase.name == .waiting)
            #expect(try await counter.desk.login(opening: other).number != counter.number)
        }
    }

    @Test("Without approval by tap, a tap can decline but not approve")
    func approvalByTapDisabled() async throws {
        try await Self.with(tap: false) { counter in
            let refusal = try await refusal { try await counter.decide(.approve) }
            #expect(refusal == .methodNotAllowed)
            #expect(try await counter.store.login(counter.number)?.login.phase.name == .waiting)
            #expect(try await counter.decide(.deny).login.phase.outcome?.isApproval == false)
        }
    }

    @Test("A failing store is not reported as a wrong ticket")
    func failingStore() async throws {
        let stage = try Stage()
        let (desk, ticket) = try await stage.withStore { store in
            let desk = stage.desk(store)
            return (desk, try await Self.prompt("login-1", .waiting, in: store, at: stage.start))
        }
        // The store is closed by now.
        let refusal = try await refusal { try await desk.login(opening: ticket.text) }
        #expect(refusal == .store(.closed))
    }
}
