import Access
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("The audit of logins", .timeLimit(.minutes(10)))
struct LoginAuditTests {
    /// What happens to a login in some phase, and the event that the audit then has.
    struct Case: Sendable, CustomTestStringConvertible {
        let phase: PendingLogin.PhaseName
        let event: PendingLogin.Event
        let kinds: [String]
        var details: [String: String] = [:]
        var testDescription: String { "\(phase) \(event)" }
    }

    static let cases: [Case] = [
        Case(phase: .preparing, event: .ticketIssued(Array(0..<32)), kinds: []),
        Case(
            phase: .preparing,
            event: .preparationDelayed("HTTP 503", until: noon),
            kinds: []
        ),
        Case(phase: .preparing, event: .unusable(.noAccounts), kinds: []),
        Case(
            phase: .preparing,
            event: .unusable(.consentBusy),
            kinds: ["login.settled"],
            details: [
                "outcome": "failed", "cause": "consent_busy", "settlement": "left_to_expire",
            ]
        ),
        Case(
            phase: .waiting,
            event: .decided(.fixture(.approve, at: noon), .fixture),
            kinds: ["login.decided"],
            details: ["choice": "approve", "method": "tap", "via": "page"]
        ),
        Case(
            phase: .waiting,
            event: .decided(.fixture(.reportAsFraud, at: noon), .fixture),
            kinds: ["login.decided", "user.reported_client"],
            details: ["choice": "fraud"]
        ),
        Case(phase: .reporting, event: .reportBegun, kinds: []),
        Case(
            phase: .reporting,
            event: .reportDelayed("HTTP 503", until: noon, inDoubt: false),
            kinds: []
        ),
        Case(
            phase: .reporting,
            event: .reportTaken(confirmed: true),
            kinds: ["login.settled"],
            details: ["settlement": "reported"]
        ),
        Case(
            phase: .reporting,
            event: .reportRefused("no such anna@example.com"),
            kinds: ["login.stranded"],
            details: ["cause": "refused"]
        ),
        Case(
            phase: .stranded,
            event: .retried,
            kinds: ["login.retried"]
        ),
        Case(
            phase: .stranded,
            event: .abandoned,
            kinds: ["login.abandoned"]
        ),
        Case(phase: .settled, event: .interrupted, kinds: []),
    ]

    @Test("has one event for each decision, end of a report and resolution", arguments: cases)
    func events(_ example: Case) async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        let before = PendingLogin.inPhase(example.phase, fixture("login-1"))
        let number = try await store.logins.insertNew(before).number
        #expect(try await store.access.wholeAudit().isEmpty, "a start is not audited")
        // An operator's commands append too.
        let tool = try place.open(.tool)
        try await tool.logins.apply(example.event, to: number, at: noon)
        let audit = try await store.access.wholeAudit()
        #expect(audit.map(\.event.kind) == example.kinds)
        for entry in audit {
            let members = entry.event.members
            if entry.event.kind == example.kinds.first {
                for (name, value) in example.details { #expect(members[name]?.string == value) }
            }
            #expect(members["login"]?.integer == Int(number.rawValue))
            #expect(members["server"]?.string == before.key.server.value)
            #expect(members["reference"]?.string?.utf8.count == 9)
            let text = String(decoding: JSONValue.object(members).bytes, as: UTF8.self)
            let personal = [before.details.user.value, "anna", "192.0.2"]
            #expect(!personal.contains { text.contains($0) })
            if entry.event.kind == "login.decided" {
                #expect(members["digest"]?.string?.utf8.count == 43)
            }
        }
        await tool.close()
        await store.close()
    }

    @Test("says by which rule an approval counted, and what it reached")
    func merit() async throws {
        let store = try StorePlace(.sqlite).open()
        let number = try await store.logins.insertNew(.inPhase(.waiting, fixture("a"))).number
        let approval = Decision(
            .approve,
            evidence: Evidence(method: .tap, via: .page, address: nil),
            at: noon,
            merit: Decision.Merit(rule: "payments", acr: "urn:bank:two-factors")
        )
        try await store.logins.apply(.decided(approval, .fixture), to: number, at: noon)
        let entry = try #require(await store.access.audit(after: 0, limit: 10).first)
        #expect(entry.event.members["rule"]?.string == "payments")
        #expect(entry.event.members["reached_acr"]?.string == "urn:bank:two-factors")
        await store.close()
    }

    @Test("says that an approval was voided, and why")
    func voided() async throws {
        let store = try StorePlace(.sqlite).open()
        for (id, event) in [
            ("a", PendingLogin.Event.consentChanged),
            ("b", .approverLost(.userDisabled, notArrived: true)),
        ] {
            let waiting = PendingLogin.inPhase(.waiting, fixture(id))
            let number = try await store.logins.insertNew(waiting).number
            let approval = Decision.fixture(.approve, at: noon)
            try await store.logins.apply(.decided(approval, .fixture), to: number, at: noon)
            try await store.logins.apply(event, to: number, at: noon)
        }
        let voided = try await store.access.wholeAudit().filter { $0.event.kind == "login.voided" }
        #expect(
            voided.map { $0.event.members["cause"]?.string } == [
                "consent_changed", "user_disabled",
            ]
        )
        await store.close()
    }

    @Test("has nothing of a change that was refused or failed")
    func refused() async throws {
        let store = try StorePlace(.sqlite).open()
        let settled = try await store.logins.insertNew(.inPhase(.settled, fixture("a"))).number
        let result = try await store.logins.update(settled) {
            (login: inout PendingLogin) throws(PendingLogin.Refusal) in
            try login.apply(.retried, at: noon)
        }
        #expect(result == .failure(.outOfPhase))
        #expect(try await store.access.wholeAudit().isEmpty)
        await store.close()
    }
}
