import Engine
import JSON
import Logins
import Telemetry
import TestSupport
import Testing
import Threads

@Suite("The journal of a login")
struct LoginJournalTests {
    private static let noon = PendingLogin.Fixture().receivedAt

    /// Counts what the journal says is suspicious.
    private final class Counts: EngineObserver {
        let wrongNumbers = Locked<Int>(0)
        let ends = Locked<[Suspicion]>([])

        func delivered(_ channel: ChannelID, _ answer: DeliveryAnswer, took: Duration) {}
        func reported(_ server: AuthorizationServerID, _ answer: ReportAnswer, took: Duration) {}
        func gaveWrongNumber() { wrongNumbers.withLock { $0 += 1 } }
        func endedSuspicious(_ cause: Suspicion) { ends.withLock { $0.append(cause) } }
    }

    // rule: A1
    @Test("counts wrong numbers and suspicious ends, each once")
    func suspicious() throws {
        let counts = Counts()
        let journal = LoginJournal(log: CapturedLog().logger, observer: counts)
        let fraud = PendingLogin.Event.decided(
            .answer(.reportAsFraud, to: .fixture, at: Self.noon),
            Selection()
        )
        let wrong = Array(repeating: PendingLogin.Event.codeRefused, count: 5)
        for events in [[Self.prepared] + wrong, [Self.prepared, fraud], [Self.prepared]] {
            var login = PendingLogin.Fixture(id: "one").make()
            for event in events + (events.count > 1 ? [.reportTaken(confirmed: true)] : []) {
                let before = login
                try login.apply(event, at: Self.noon)
                let stored = StoredLogin(number: LoginNumber(3), login: login)
                journal.note(LoginStep(before: before, after: stored))
            }
        }
        #expect(counts.wrongNumbers.withLock { $0 } == 5)
        #expect(counts.ends.withLock { $0 } == [.wrongNumbers, .reported])
    }

    private static let prepared = PendingLogin.Event.prepared(.fixture, [.fixture(at: noon)])
    private static let approved = PendingLogin.Event.decided(
        .answer(.approve, to: .fixture, at: noon),
        .fixture
    )

    @Test(
        "has one line a step, with login_id and trace_id, and its cause",
        arguments: [
            ([], ["login.received"], ""),
            (
                [.preparationDelayed("the bank is away", until: noon)], ["preparation.delayed"],
                "the bank is away"
            ),
            ([prepared], ["login.prepared"], "scopes"),
            ([prepared, .delivered(.named("webhook"))], ["login.notified"], "webhook"),
            (
                [prepared, .notDelivered(.named("webhook"), "503", until: noon)],
                ["notification.delayed"], "503"
            ),
            ([prepared, approved], [], ""),
            ([.unusable(.userDisabled)], ["login.failed"], "the user is disabled"),
            (
                [prepared, approved, .reportTaken(confirmed: true)],
                ["login.reported", "login.settled"], "approved"
            ),
            (
                [prepared, approved, .reportTaken(confirmed: false)],
                ["login.reported", "login.settled"], "delivered, unconfirmed"
            ),
            (
                [prepared, approved, .reportRefused("no such scope")], ["login.stranded"],
                "refused: no such scope"
            ),
            ([prepared, approved, .reportGone], ["login.stranded"], "unknown to the server"),
            (
                [prepared, approved, .reportRefused("no"), .abandoned],
                ["login.abandoned", "login.settled"], "abandoned"
            ),
            ([prepared, approved, .reportRefused("no"), .retried], ["login.retried"], ""),
            ([prepared, .ticketIssued(Array(repeating: 1, count: 32))], [], ""),
        ] as [([PendingLogin.Event], [String], String)]
    )
    func steps(_ events: [PendingLogin.Event], write lines: [String], cause: String) throws {
        let log = CapturedLog()
        let journal = LoginJournal(log: log.logger)
        var login = PendingLogin.Fixture(id: "one").make(
            PendingLogin.Details(
                user: .named("secret-user"),
                clientName: "secret-name",
                bindingMessage: BindingMessage("secret-message"),
                state: "secret-state",
                origin: .init(
                    request: 7,
                    trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
                )
            )
        )
        var last = LoginStep(before: nil, after: StoredLogin(number: LoginNumber(3), login: login))
        for event in events {
            let before = login
            try login.apply(event, at: Self.noon)
            last = LoginStep(
                before: before,
                after: StoredLogin(number: LoginNumber(3), login: login)
            )
        }
        journal.note(last)
        #expect(log.events == lines)
        for line in log.lines {
            #expect(line.members.contains("\"login_id\":\"one\""))
            #expect(line.members.contains("\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\""))
            #expect(!line.members.contains("secret-"))
            let isTrouble = line.event.hasSuffix(".delayed")
            #expect(line.level == (isTrouble ? .warning : .info), "\(line.event)")
        }
        #expect(lines.isEmpty || log.lines.contains { $0.members.contains(cause) })
    }
}
