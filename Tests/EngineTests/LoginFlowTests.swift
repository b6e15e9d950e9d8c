import Engine
import Logins
import TestSupport
import Testing

@Suite("Login from start to report", .timeLimit(.minutes(3)))
struct LoginFlowTests {
    @Test(
        "A login is prepared, notified and reported without waiting for a timer",
        arguments: Decision.Choice.allCases
    )
    func wholeWay(_ choice: Decision.Choice) async throws {
        let stage = try Stage()
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await stage.login(number, "delivered") { login in
                guard case .waiting(let deliveries) = login.phase else { return false }
                return deliveries.map(\.state) == [.delivered(at: stage.start)]
            }
            #expect(stage.server.reports.entries.isEmpty)
            try await run.decide(choice, ticket)
            let settled = try await stage.login(number, reaching: .settled)
            let question = try #require(settled.question)
            #expect(question.consent == .fixture)
            let outcome = Outcome(.answer(choice, to: question, at: stage.start))
            #expect(settled.phase == .settled(outcome, .reported, at: stage.start))
            #expect(stage.server.reports.entries.map(\.outcome) == [outcome])
            let phases = stage.heard.entries.map(\.login.phase.name)
            #expect(phases == [.preparing, .waiting, .waiting, .reporting, .reporting, .settled])
        }
        #expect(stage.server.asked.entries.count == (choice == .approve ? 2 : 1))
        #expect(stage.webhook.asked.entries.count == 1)
        let reports = stage.server.reports.entries
        #expect(reports.map(\.inDoubt) == [false])
    }

    @Test("A prompt carries the consent's client and scopes")
    func promptContent() async throws {
        let stage = try Stage()
        try await stage.run { run in
            _ = try await run.prompt()
        }
        let prompt = try #require(stage.webhook.asked.entries.first).prompt
        #expect(prompt.clientName == Consent.fixture.clientName)
        #expect(prompt.scopes == ["openid", "payment:1"])
        #expect(prompt.bindingMessage == "4711")
        #expect(prompt.user.id == .named("alice"))
        #expect(prompt.ends == PendingLogin.Fixture().promptEnds)
    }

    @Test(
        "A login keeps its trace in calls and logs, also after a restart"
    )
    func traceIsKept() async throws {
        let stage = try Stage()
        stage.server.answerNextReport(.later("busy", after: .seconds(1), inDoubt: false))
        stage.server.answerNextReport(.refused("bad scope"))
        var prompt = (number: LoginNumber(0), ticket: "")
        try await stage.run { run in prompt = try await run.prompt() }
        try await stage.run { run in
            try await run.decide(.deny, prompt.ticket)
            let report = try await stage.report(prompt.number, attempt: 1)
            stage.clock.advance(by: report.next - stage.clock.now())
            try await stage.login(prompt.number, reaching: .stranded)
        }
        #expect(stage.webhook.asked.entries.map(\.prompt.origin) == [.fixture])
        #expect(stage.server.reports.entries.map(\.origin) == [.fixture, .fixture])
        let lines = stage.log.lines.filter { $0.event.hasPrefix("report.") }
        #expect(lines.map(\.event) == ["report.delayed", "report.refused"])
        for line in lines {
            #expect(
                line.members.hasPrefix(
                    #""login_id":"login-1","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","#
                        + #""request_id":42,"#
                )
            )
        }
    }

    // rule: C11
    @Test(
        "A login fails immediately when its user cannot be notified",
        arguments: [
            ("mallory", true, true, Failure.userUnknown),
            ("alice", false, true, .userDisabled),
            ("alice", true, false, .noChannel),
        ]
    )
    func userCannotBeNotified(
        user: String,
        isActive: Bool,
        isEnabled: Bool,
        failure: Failure
    ) async throws {
        let stage = try Stage()
        stage.people.put(User(id: .named("alice"), isActive: isActive))
        if !isEnabled { stage.webhook.disable() }
        try await stage.run { run in
            let number = try await run.start { $0.user = user }
            let login = try await stage.login(number, reaching: .settled)
            #expect(login.phase.outcome == .failed(failure))
        }
        #expect(stage.server.reports.entries.map(\.outcome) == [.failed(failure)])
        #expect(stage.webhook.asked.entries.isEmpty)
        #expect(stage.server.asked.entries.isEmpty, "nobody's consent is nobody's business")
    }

    @Test("A login fails when none of the user's channels is configured")
    func otherChannels() async throws {
        let stage = try Stage()
        stage.people.put(User(id: .named("alice"), isActive: true, channels: [.named("pigeon")]))
        try await stage.run(stage.escalation) { run in
            let number = try await run.start()
            let login = try await stage.login(number, reaching: .settled)
            #expect(login.phase.outcome == .failed(.noChannel))
        }
    }

    @Test("A login waits for a directory that is down")
    func directoryDown() async throws {
        let stage = try Stage()
        stage.people.setDown(true)
        try await stage.run { run in
            let number = try await run.start()
            let next = try await stage.nextPreparation(number, attempt: 1)
            #expect((400...600).contains((next - stage.start).milliseconds))
            stage.people.setDown(false)
            stage.clock.advance(by: next - stage.start)
            try await stage.login(number, reaching: .waiting)
        }
        #expect(stage.people.asked.entries.count >= 2)
        #expect(stage.webhook.asked.entries.count == 1)
    }

    @Test("A login expires while the directory stays down", arguments: [true, false])
    func directoryStaysDown(reportsExpiry: Bool) async throws {
        let stage = try Stage()
        stage.people.setDown(true)
        try await stage.run { run in
            let number = try await run.start { $0.reportsExpiry = reportsExpiry ? .always : .never }
            _ = try await stage.nextPreparation(number, attempt: 1)
            stage.clock.advance(by: PendingLogin.Fixture().promptEnds - stage.start)
            let login = try await stage.login(number, reaching: .settled)
            #expect(login.phase.outcome == .expired)
        }
        #expect(stage.server.reports.entries.map(\.outcome) == (reportsExpiry ? [.expired] : []))
        #expect(stage.webhook.asked.entries.isEmpty)
    }

    @Test("A consent is fetched again after the pause that the server requested")
    func consentLater() async throws {
        let stage = try Stage()
        stage.server.answerConsents(.later("busy", after: .seconds(7)), .later("busy", after: nil))
        try await stage.run { run in
            let number = try await run.start()
            let first = try await stage.nextPreparation(number, attempt: 1)
            #expect(first - stage.start == .seconds(7))
            stage.clock.advance(by: .seconds(7))
            let second = try await stage.nextPreparation(number, attempt: 2)
            #expect((800...1200).contains((second - first).milliseconds))
            stage.clock.advance(by: second - first)
            try await stage.login(number, reaching: .waiting)
        }
        #expect(stage.server.asked.entries.count == 3)
    }

    @Test(
        "A login fails when its consent cannot be shown",
        arguments: [Failure.consentUnusable, .consentGone]
    )
    func consentUnusable(_ failure: Failure) async throws {
        let stage = try Stage()
        stage.server.answerConsents(.unusable(failure))
        try await stage.run { run in
            let number = try await run.start()
            let login = try await stage.login(number, reaching: .settled)
            #expect(login.phase.outcome == .failed(failure))
        }
        #expect(stage.server.reports.entries.map(\.outcome) == [.failed(failure)])
        #expect(stage.webhook.asked.entries.isEmpty)
        #expect(stage.log.events.contains("consent.unusable"))
    }

    /// Binding message, whether there is a consent, whether a context is required.
    static let contexts: [(String?, Bool, Bool)] = [
        (nil, false, true), ("", false, true), ("\u{200b}", false, true), ("4711", false, true),
        (nil, true, true), (nil, false, false),
    ]

    // rule: F1
    @Test(
        "A login that shows neither a consent nor a binding message fails if a context is required [F1]",
        arguments: contexts
    )
    func context(message: String?, hasConsent: Bool, isRequired: Bool) async throws {
        let stage = try Stage()
        let facts = hasConsent ? [Fact(.known(.reference), .text("Invoice 7"))] : []
        let scopes = [Consent.Scope(requestedName: "openid")]
        stage.server.answerConsents(
            .consent(Consent(clientName: "Shop", scopes: scopes, facts: facts))
        )
        let isMissing = isRequired && !hasConsent && message != "4711"
        try await stage.run(requiresContext: isRequired) { run in
            let number = try await run.start { $0.bindingMessage = message }
            let login = try await stage.login(number, reaching: isMissing ? .settled : .waiting)
            #expect((login.phase.outcome == .failed(.contextMissing)) == isMissing)
        }
        #expect(stage.log.events.contains("context.missing") == isMissing)
    }

    @Test("A login is stranded when its server is no longer configured")
    func otherServer() async throws {
        let stage = try Stage()
        try await stage.run { run in
            let number = try await run.start { $0.server = "another" }
            let login = try await stage.login(number, reaching: .stranded)
            #expect(login.phase.outcome == .failed(.consentUnusable))
        }
        #expect(stage.server.reports.entries.isEmpty)
        #expect(stage.log.events.contains("login.server_unknown"))
    }

    @Test("An expiry is reported only if the server's rule says so", arguments: [true, false])
    func expiry(reportsExpiry: Bool) async throws {
        let stage = try Stage()
        try await stage.run { run in
            let number = try await run.start { $0.reportsExpiry = reportsExpiry ? .always : .never }
            try await stage.webhook.asked.wait(for: 1, "prompts")
            let ends = PendingLogin.Fixture().promptEnds
            stage.clock.advance(by: ends - stage.start - .milliseconds(1))
            #expect(try await run.store.nextDue() == ends)
            stage.clock.advance(by: .milliseconds(1))
            let login = try await stage.login(number, reaching: .settled)
            #expect(
                login.phase
                    == .settled(.expired, reportsExpiry ? .reported : .leftToExpire, at: ends)
            )
        }
        #expect(stage.server.reports.entries.map(\.outcome) == (reportsExpiry ? [.expired] : []))
    }

    @Test("A decision is reported while a notification is still in flight")
    func decisionBeforeDelivery() async throws {
        let stage = try Stage()
        stage.webhook.gate.close()
        try await stage.run { run in
            let (number, ticket) = try await run.prompt()
            try await run.decide(.approve, ticket)
            try await stage.login(number, reaching: .settled)
            #expect(stage.webhook.answered.entries.isEmpty)
            stage.webhook.gate.open()
            try await stage.webhook.answered.wait(for: 1, "answers")
        }
        #expect(stage.server.reports.entries.count == 1)
        #expect(stage.heard.entries.last?.login.phase.name == .settled)
    }
}

extension Stage {
    /// When a login that could not be made ready is tried again.
    func nextPreparation(_ number: LoginNumber, attempt: Int) async throws -> Timestamp {
        let login = try await login(number, "attempt \(attempt)") { login in
            guard case .preparing(let attempts, _) = login.phase else { return false }
            return attempts.count == attempt
        }
        guard case .preparing(_, let next) = login.phase else { throw NotNew() }
        return next
    }
}
