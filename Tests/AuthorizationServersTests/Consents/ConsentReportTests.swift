import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// The exact body of a report for each family [BO-1 to BO-4].
@Suite("A report about a consent")
struct ConsentReportTests {
    typealias Reported = (url: String, body: JSONValue)

    static let current = BankAccount(
        id: "acc-1",
        name: "Current",
        display: "•••• 8392",
        kind: .current,
        number: Consent.NamedAccount(
            identification: "94088392",
            ispb: "12345678",
            issuer: "1774",
            accountType: "CACC"
        ),
        resourceType: "ACCOUNT",
        customerID: "cust-7"
    )
    static let savings = BankAccount(
        id: "acc-3",
        name: "Savings",
        display: "•••• 0001",
        kind: .savings,
        resourceType: "ACCOUNT",
        customerID: "cust-7"
    )

    /// A login about an example, with what its person was asked.
    static func asked(
        _ stage: ConsentStage,
        _ example: ConsentExample,
        accounts: [BankAccount] = [current, savings]
    ) async throws -> PendingLogin {
        guard case .consent(let consent) = await stage.consent(of: example) else {
            Issue.record("\(example.path) is not shown: \(stage.log.lines)")
            throw ConsentDecodingTests.NotShown()
        }
        var login = stage.login(example.details)
        let question = Question(
            consent: consent,
            accounts: accounts,
            digest: try #require(ConsentDigest(Array(repeating: 1, count: 32))),
            nonce: []
        )
        let now = stage.clock.now()
        try login.apply(.prepared(question, [.fixture(at: now)]), at: now)
        return login
    }

    static func decision(
        _ choice: Decision.Choice,
        _ grant: Grant = .nothing
    ) -> Decision {
        Decision(
            choice,
            evidence: Evidence(method: .tap, via: .page, address: nil),
            at: ManualClock().now(),
            grant: grant
        )
    }

    /// Reports an outcome about an example and returns what was sent.
    private func report(
        _ outcome: Outcome,
        _ example: ConsentExample,
        accounts: [BankAccount] = [current, savings]
    ) async throws -> Reported {
        let stage = ConsentStage { method, path in
            method == .post
                ? ReportTests.status(200, #"{"redirect_to":"https://ignored.example"}"#)
                : path == "\(example.path)/l1"
                    ? ReportTests.status(200, example.answer) : ReportTests.status(404)
        }
        let login = try await Self.asked(stage, example, accounts: accounts)
        #expect(await stage.server.report(outcome, of: login, inDoubt: false) == .taken)
        let sent = try #require(stage.http.requests.last)
        #expect(sent.method == .post)
        #expect(sent.fields.first("content-type") == "application/json")
        return (sent.url, try JSONValue(sent.body))
    }

    /// Members in any order.
    private func expect(_ body: JSONValue, _ expected: String) throws {
        let expected = try JSONValue(Array(expected.utf8))
        #expect(try CanonicalJSON.bytes(of: body) == CanonicalJSON.bytes(of: expected))
    }

    @Test("accepts with exactly what its family's model has", arguments: ConsentExample.all)
    func accepts(_ example: ConsentExample) async throws {
        let isPayment = example.kind.isPayment
        let grant = Grant(
            scopes: example.scopes,
            accounts: isPayment ? ["acc-1"] : ["acc-1", "acc-3"]
        )
        let (url, body) = try await report(.approved(Self.decision(.approve, grant)), example)
        // Payments in Brasil have one place for all versions.
        let place =
            example.kind == .brasilPayment ? "open-banking-brasil/payment" : example.path
        #expect(url == "https://acp.example/bank/system/\(place)/l1/accept")
        let scopes = example.scopes.map { "\"\($0)\"" }.joined(separator: ",")
        let common = #""granted_scopes":[\#(scopes)],"login_state":"s1""#
        switch example.kind {
        case .fdx:
            try expect(
                body,
                #"""
                {\#(common),"resources":[
                  {"id":"acc-1","resouceType":"ACCOUNT",
                   "dataClusters":["ACCOUNT_DETAILED","TRANSACTIONS"]},
                  {"id":"acc-3","resouceType":"ACCOUNT",
                   "dataClusters":["ACCOUNT_DETAILED","TRANSACTIONS"]}]}
                """#
            )
        case .cdr:
            try expect(
                body,
                #"{\#(common),"account_ids":["acc-1","acc-3"],"customer_id":"cust-7"}"#
            )
        case .brasilPayment:
            try expect(
                body,
                #"""
                {\#(common),"account_ids":["acc-1"],"debtor_account":{"account_type":"CACC",
                  "ispb":"12345678","issuer":"1774","number":"94088392"}}
                """#
            )
        default:
            let ids = isPayment ? #"["acc-1"]"# : #"["acc-1","acc-3"]"#
            try expect(body, #"{\#(common),"account_ids":\#(ids)}"#)
        }
    }

    @Test("rejects with exactly what its family's model has", arguments: ConsentExample.all)
    func rejects(_ example: ConsentExample) async throws {
        let (url, body) = try await report(.denied(Self.decision(.deny)), example)
        let place =
            example.kind == .brasilPayment ? "open-banking-brasil/payment" : example.path
        #expect(url == "https://acp.example/bank/system/\(place)/l1/reject")
        let id = example.kind == .cdr ? "" : #""id":"l1","#
        var reason = ""
        if example.kind == .brasilData { reason = "CUSTOMER_MANUALLY_REJECTED" }
        if example.kind == .brasilPayment { reason = "REJEITADO_USUARIO" }
        if !reason.isEmpty {
            reason = #"""
                ,"rejection_reason":{"code":"\#(reason)","details":"The user declined the request."}
                """#
        }
        try expect(
            body,
            #"""
            {\#(id)"login_state":"s1","status_code":403,"error":"rejected",
             "error_cause":"consent_rejected",
             "error_description":"The user declined the request."\#(reason)}
            """#
        )
    }

    static let endings: [(Outcome, payment: String, data: String)] = [
        (.denied(decision(.deny)), "REJEITADO_USUARIO", "CUSTOMER_MANUALLY_REJECTED"),
        (.denied(decision(.reportAsFraud)), "REJEITADO_USUARIO", "INTERNAL_SECURITY_REASON"),
        (.cancelled(decision(.cancel)), "REJEITADO_USUARIO", "CUSTOMER_MANUALLY_REJECTED"),
        (.expired, "TEMPO_EXPIRADO_AUTORIZACAO", "CONSENT_EXPIRED"),
        (.failed(.noChannel), "FALHA_INFRAESTRUTURA", "CONSENT_TECHNICAL_ISSUE"),
        (.failed(.consentOfAnother), "NAO_INFORMADO", "INTERNAL_SECURITY_REASON"),
        (.voided(decision(.approve), nil), "NAO_INFORMADO", "CONSENT_TECHNICAL_ISSUE"),
        (
            .voided(decision(.approve), .consentOfAnother), "NAO_INFORMADO",
            "INTERNAL_SECURITY_REASON"
        ),
    ]

    @Test("tells Brasil why it was rejected", arguments: endings.indices)
    func codes(_ index: Int) async throws {
        let (outcome, payment, data) = Self.endings[index]
        let ofPayment = try await report(outcome, .of(.brasilPayment)).body
        #expect(ofPayment["rejection_reason"]?["code"]?.string == payment)
        #expect(ofPayment["rejection_reason"]?["details"] == ofPayment["error_description"])
        let ofData = try await report(outcome, .of(.brasilData)).body
        #expect(ofData["rejection_reason"]?["code"]?.string == data)
    }

    @Test("takes the payer's number from the consent where the bank says none")
    func named() async throws {
        let example = try #require(ConsentExample.brasilExamples.last)
        let bare = BankAccount(id: "acc-9", name: "A", display: "9", kind: .current)
        let grant = Grant(scopes: example.scopes, accounts: ["acc-9"])
        let body = try await report(
            .approved(Self.decision(.approve, grant)),
            example,
            accounts: [bare]
        ).body
        #expect(body["account_ids"] == .array([.string("acc-9")]))
        try expect(
            try #require(body["debtor_account"]),
            #"""
            {"account_type":"SVGS","ispb":"87654321","issuer":"0001","number":"94088392"}
            """#
        )
    }

    @Test("is never made of accounts that one acceptance has no room for")
    func unsayable() async throws {
        let foreign = BankAccount(
            id: "acc-4",
            name: "B",
            display: "4",
            kind: .other,
            resourceType: "LOAN",
            customerID: "cust-8"
        )
        let grant = Grant(scopes: ["openid"], accounts: ["acc-1", "acc-4"])
        let outcome = Outcome.approved(Self.decision(.approve, grant))
        for kind in [Consent.Kind.cdr, .fdx] {
            let stage = ConsentStage(.of(kind))
            let login = try await Self.asked(
                stage,
                .of(kind),
                accounts: [Self.current, foreign]
            )
            guard case .refused = await stage.server.report(outcome, of: login, inDoubt: false)
            else {
                Issue.record("\(kind) was reported")
                continue
            }
            #expect(stage.calls.count == 1, "nothing but the first look was asked for")
        }
    }
}
