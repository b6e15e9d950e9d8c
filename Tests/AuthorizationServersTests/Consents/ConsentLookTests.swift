import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// What the server remembers decides after an attempt in doubt [ED-2], and what a
/// status means may be told otherwise (6.2).
@Suite("Looking for what became of a consent")
struct ConsentLookTests {
    private typealias Row = (
        kind: Consent.Kind, status: String, choice: Decision.Choice, answer: ReportAnswer,
        sendsAgain: Bool
    )

    private static let rows: [Row] = [
        (.ukDomesticPayment, "Authorised", .approve, .taken, false),
        (.ukDomesticPayment, "Consumed", .approve, .taken, false),
        (.ukDomesticPayment, "Rejected", .deny, .taken, false),
        (
            .ukDomesticPayment, "Rejected", .approve, .refused("the server has it rejected"), false
        ),
        (.ukDomesticPayment, "Authorised", .deny, .refused("the server has it approved"), false),
        (.ukDomesticPayment, "AwaitingAuthorisation", .approve, .taken, true),
        (.ukDomesticPayment, "AWAU", .approve, .taken, true),
        (.ukDomesticPayment, "COND", .approve, .taken, false),
        (.ukDomesticPayment, "RJCT", .deny, .taken, false),
        (.ukDomesticPayment, "SomethingNew", .deny, .taken, true),
        (
            .ukDomesticPayment, "SomethingNew", .approve,
            .refused("looking: status: unknown code"), false
        ),
        (.brasilPayment, "AUTHORISED", .approve, .taken, false),
        (.brasilPayment, "REJECTED", .deny, .taken, false),
        (.cdr, "Authorised", .approve, .taken, false),
        (.fdx, "EXPIRED", .approve, .gone, false),
        (.ksa, "Revoked", .deny, .taken, false),
        (.ksa, "Suspended", .approve, .taken, false),
        (.brasilData, "CONSUMED", .deny, .refused("the server has it approved"), false),
    ]

    private func outcome(_ row: Row, _ example: ConsentExample) -> Outcome {
        let grant = Grant(scopes: example.scopes, accounts: ["acc-1"])
        return Outcome(
            ConsentReportTests.decision(row.choice, row.choice == .approve ? grant : .nothing)
        )
    }

    @Test("believes its status, and sends again when that says nothing", arguments: rows.indices)
    func status(_ index: Int) async throws {
        let row = Self.rows[index]
        let example = ConsentExample.of(row.kind)
        let asked = try await ConsentReportTests.asked(ConsentStage(example), example)
        let decided = try example.tree().setting([.name("status")], to: .string(row.status))
        let text = String(decoding: decided.bytes, as: UTF8.self)
        let stage = ConsentStage { method, path in
            method == .post
                ? ReportTests.status(200)
                : path == "\(example.path)/l1"
                    ? ReportTests.status(200, text) : ReportTests.status(404)
        }
        let answer = await stage.server.report(outcome(row, example), of: asked, inDoubt: true)
        #expect(answer == row.answer)
        #expect(stage.calls.contains { $0.hasPrefix("POST") } == row.sendsAgain)
    }

    /// What the server shows of a consent, or of a scope grant without a kind.
    static let fates: [(kind: Consent.Kind?, status: String, fate: ReportFate)] = [
        (nil, #"{"requested_scopes":[]}"#, .notArrived),
        (nil, #"{"scope_grant_approved":false,"scope_grant_rejected":false}"#, .notArrived),
        (nil, #"{"scope_grant_approved":true}"#, .known(.taken)),
        (nil, #"{"scope_grant_rejected":true}"#, .known(.refused("the server has it rejected"))),
        (.ukDomesticPayment, "AwaitingAuthorisation", .notArrived),
        (.ukDomesticPayment, "AWAU", .notArrived),
        (.ukDomesticPayment, "AWAF", .unknown),
        (.ukDomesticPayment, "", .unknown),
        (.ukDomesticPayment, "Authorised", .known(.taken)),
        (.ukDomesticPayment, "Expired", .known(.gone)),
        (
            .ukDomesticPayment, "SomethingNew",
            .known(.refused("looking: domestic_payment_consent.Status: unknown code"))
        ),
        (.brasilPayment, "AWAITING_AUTHORISATION", .notArrived),
        (.brasilPayment, "PARTIALLY_ACCEPTED", .unknown),
        (.fdx, "PENDING", .notArrived),
        (.ksa, "Active", .known(.taken)),
    ]

    @Test("tells what became of an approval that must not be sent again", arguments: fates.indices)
    func fate(_ index: Int) async throws {
        let (kind, status, fate) = Self.fates[index]
        let grant = Grant(scopes: ["openid"], accounts: ["acc-1"])
        let outcome = Outcome(ConsentReportTests.decision(.approve, grant))
        let login: PendingLogin
        let text: String
        if let kind {
            let example = ConsentExample.of(kind)
            login = try await ConsentReportTests.asked(ConsentStage(example), example)
            let own = try example.tree()[example.member] ?? .null
            var tree = try example.tree().setting([.name("status")], to: .string(status))
            for name in ["Status", "status"] where own[name] != nil {
                tree = tree.setting(
                    [.name(example.member), .name(name)],
                    to: .string(status)
                )
            }
            text = String(decoding: tree.bytes, as: UTF8.self)
        } else {
            let minuteAgo = ConsentStage(.of(.fdx)).clock.now() - .seconds(60)
            login = .arrived(at: minuteAgo, .init(user: .named("ann")))
            text = status
        }
        let stage = ConsentStage { method, path in
            #expect(method == .get)
            return ReportTests.status(200, text)
        }
        #expect(await stage.server.fate(of: outcome, of: login) == fate)
    }

    @Test(
        "does not send an approval again for what has changed meanwhile, and no rejection either",
        arguments: [Decision.Choice.approve, .deny]
    )
    func changed(_ choice: Decision.Choice) async throws {
        let example = ConsentExample.of(.ukDomesticPayment)
        let asked = try await ConsentReportTests.asked(ConsentStage(example), example)
        let dearer = example.answer.replacing("\"165.88\"", with: "\"1165.88\"")
        #expect(dearer != example.answer)
        let stage = ConsentStage { method, path in
            method == .post
                ? ReportTests.status(200)
                : path == "\(example.path)/l1"
                    ? ReportTests.status(200, dearer) : ReportTests.status(404)
        }
        let grant = Grant(scopes: example.scopes, accounts: ["acc-1"])
        let outcome = Outcome(
            ConsentReportTests.decision(choice, choice == .approve ? grant : .nothing)
        )
        let answer = await stage.server.report(outcome, of: asked, inDoubt: true)
        let isSent = stage.calls.contains { $0.hasPrefix("POST") }
        if choice == .approve {
            let reason = "the consent changed while an approval of it was in doubt"
            #expect(answer == .refused(reason) && !isSent)
        } else {
            #expect(answer == .taken && isSent)
        }
    }

    @Test("does not believe a word that was there before the person was asked")
    func renewal() async throws {
        let example = ConsentExample.of(.ukAccountAccess)
        let tree = try example.tree().setting([.name("status")], to: .string("Authorised"))
        let text = String(decoding: tree.bytes, as: UTF8.self)
        let stage = ConsentStage { method, _ in
            ReportTests.status(200, method == .post ? "{}" : text)
        }
        let login = try await ConsentReportTests.asked(stage, example)
        let grant = Grant(scopes: example.scopes, accounts: ["acc-1"])
        let outcome = Outcome(ConsentReportTests.decision(.approve, grant))
        #expect(await stage.server.report(outcome, of: login, inDoubt: true) == .taken)
        #expect(stage.calls.last?.hasSuffix("/accept") == true)
    }

    @Test("finds that somebody else decided while the person did")
    func overtaken() async throws {
        let example = ConsentExample.of(.ukAccountAccess)
        let login = try await ConsentReportTests.asked(ConsentStage(example), example)
        let tree = try example.tree().setting([.name("status")], to: .string("Authorised"))
        let stage = ConsentStage(example, answer: String(decoding: tree.bytes, as: UTF8.self))
        #expect(await stage.server.consent(of: login) == .gone)
    }

    @Test("does not undo an approval because a permission is missing now")
    func forbidden() async throws {
        let example = ConsentExample.of(.ukAccountAccess)
        let login = try await ConsentReportTests.asked(ConsentStage(example), example)
        let stage = ConsentStage { _, _ in ReportTests.status(403) }
        #expect(await stage.server.consent(of: login) == .later("consent: 403", after: nil))
    }

    @Test("is never made for a consent that is gone: there is nothing to reject")
    func gone() async throws {
        let stage = ConsentStage { _, _ in ReportTests.status(200) }
        let login = stage.login(ConsentExample.of(.ukDomesticPayment).details)
        let outcome = Outcome.failed(.consentGone)
        #expect(await stage.server.report(outcome, of: login, inDoubt: false) == .gone)
        #expect(stage.calls.isEmpty)
    }

    @Test("is done as the operator says for a status")
    func policy() async throws {
        let example = ConsentExample.of(.ukAccountAccess)
        let login = try await ConsentReportTests.asked(ConsentStage(example), example)
        let rows: [(StatusPolicy.Reading?, ReportAnswer, [String])] = [
            (nil, .refused("403"), ["POST"]),
            (.permanent, .refused("403"), ["POST"]),
            (.notProcessed, .later("403", after: nil, inDoubt: false), ["POST"]),
            (.ambiguous, .later("403", after: nil, inDoubt: true), ["POST"]),
            (.missing, .gone, ["POST"]),
            (.recorded, .taken, ["POST"]),
            (.lookOnce, .refused("403"), ["POST", "GET"]),
        ]
        for (reading, answer, methods) in rows {
            let overrides = reading.map { [403: $0] } ?? [:]
            let stage = ConsentStage(statusPolicy: StatusPolicy(overrides: overrides)) {
                method,
                _ in
                method == .post
                    ? ReportTests.status(403) : ReportTests.status(200, example.answer)
            }
            let grant = Grant(scopes: example.scopes, accounts: ["acc-1"])
            let outcome = Outcome(ConsentReportTests.decision(.approve, grant))
            #expect(await stage.server.report(outcome, of: login, inDoubt: false) == answer)
            #expect(stage.calls.map { String($0.prefix { $0 != " " }) } == methods)
        }
    }

    @Test("lets scopes be left out only where the workspace takes fewer")
    func partial() async throws {
        let body = #"""
            {"requested_scopes":[{"name":"openid"},{"name":"email"},
              {"name":"offline_access","implicit_grant":true}],
             "requested_claims_to_consent":["birthdate","address"]}
            """#
        for (workspace, optional) in [("partial", ["email"]), ("plain", [])] {
            let stage = ConsentStage { _, _ in ReportTests.status(200, body) }
            let details = PendingLogin.Details(user: .named("ann"), workspace: .named(workspace))
            guard case .consent(let consent) = await stage.server.consent(of: stage.login(details))
            else {
                Issue.record("nothing is shown")
                return
            }
            #expect(consent.scopes.filter(\.isOptional).map(\.requestedName) == optional)
            #expect(consent.scopes.filter(\.isImplicit).map(\.requestedName) == ["offline_access"])
            let claims = Fact(.further("requested_claims_to_consent"), .text("birthdate, address"))
            #expect(consent.facts == [claims])
        }
    }

    @Test("has no version of a payment to look for when none is configured")
    func versions() async throws {
        let example = ConsentExample.of(.brasilPayment)
        let none = ConsentStage(versions: []) { _, _ in ReportTests.status(200, example.answer) }
        #expect(await none.consent(of: example) == .unusable(.consentUnusable))
        #expect(none.calls.isEmpty)
        let old = ConsentStage(versions: [1, 2]) { _, _ in ReportTests.status(404) }
        _ = await old.consent(of: example)
        #expect(
            old.calls == [
                "GET open-banking-brasil/payment/l1", "GET open-banking-brasil/payment/v2/l1",
            ]
        )
    }
}
