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
