import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// Rich authorization requests (RFC 9396) [CD-9].
@Suite("Authorization details")
struct AuthorizationDetailsTests {
    private static let details = #"""
        [{"amount":{"currency":"EUR","value":"123.50"},"type":"payment_initiation",
          "creditors":[{"name":"Merchant A"},{"name":"Merchant B"}],"actions":["read","write"],
          "urgent":true,"exponent":1e40,"empty":[],"limit":null,"note":"","from":{"x":null},
          "since":"0001-01-01T00:00:00Z","blank":" "," ":{" ":"b"}},{"type":"account_information"}]
        """#

    private func stage(grant: String?) -> ConsentStage {
        ConsentStage { method, path in
            if method == .post { return ReportTests.status(200) }
            guard path == "scope-grants/l1", let grant else { return ReportTests.status(404) }
            return ReportTests.status(200, grant)
        }
    }

    private func login(_ stage: ConsentStage, start: String?) -> PendingLogin {
        var details = PendingLogin.Details(
            user: .named("ann"),
            requestedScopes: ["openid"],
            state: "s1"
        )
        details.authorizationDetails = start
        return stage.login(details)
    }

    private static func grant(_ details: String?) -> String {
        #"{"requested_scopes":[{"name":"openid"}]"#
            + (details.map { #","authorization_details":\#($0)"# } ?? "") + "}"
    }

    @Test("are shown member by member and granted whole, from the grant or else from the start")
    func shown() async throws {
        let sources: [(start: String?, grant: String?)] = [
            (nil, Self.grant(Self.details)), (Self.details, Self.grant(nil)),
            (Self.details, nil), (Self.details, Self.grant(Self.details)),
        ]
        for source in sources {
            let stage = stage(grant: source.grant)
            var login = login(stage, start: source.start)
            guard case .consent(let consent) = await stage.server.consent(of: login) else {
                Issue.record("\(stage.log.lines)")
                continue
            }
            let shown = consent.facts.map { fact in
                guard case .further(let name) = fact.label, case .text(let text) = fact.value
                else { return "" }
                return "\(name)=\(text)"
            }
            #expect(
                shown == [
                    "type=payment_initiation", "amount.currency=EUR", "amount.value=123.50",
                    "creditors[1].name=Merchant A", "creditors[2].name=Merchant B",
                    "actions[1]=read", "actions[2]=write", "urgent=true", "exponent=1e40",
                    "empty=[]", "limit=null", #"note="""#, "from.x=null",
                    "since=0001-01-01T00:00:00Z", #"blank=" ""#, #"" "." "=b"#,
                    "type=account_information",
                ]
            )
            let question = Question(
                consent: consent,
                digest: ConsentDigest(Array(repeating: 1, count: 32))!,
                nonce: Array(repeating: 1, count: 32)
            )
            let now = stage.clock.now()
            try login.apply(.prepared(question, [.fixture(at: now)]), at: now)
            try login.apply(
                .decided(.fixture(.approve, at: now), Selection(shown: question.digest)),
                at: now
            )
            let outcome = try #require(login.phase.outcome)
            #expect(await stage.server.report(outcome, of: login, inDoubt: false) == .taken)
            let body = try JSONValue(try #require(stage.http.requests.last).body)
            #expect(
                body["granted_authorization_details"] == (try JSONValue(Array(Self.details.utf8)))
            )
            // Each value that is granted was shown.
            let granted = try AuthorizationDetails(body["granted_authorization_details"])
            #expect(granted?.facts == consent.facts)
        }
    }

    @Test(
        "fail the login when they are malformed or cannot be shown, in start and grant alike",
        arguments: [
            "{}", #""payment""#, "1", "true", "[1]", #"["payment"]"#, "[{}]", "[null]",
            #"[{"type":""}]"#, #"[{"type":1}]"#, #"[{"type":"a"},{"actions":["read"]}]"#,
            #"[{"type":"a","":"b"}]"#,
            #"[{"type":"a","n":\#(String(repeating: "[", count: 9) + "1" + String(repeating: "]", count: 9))}]"#,
            #"[{"type":"a","n":"\#(String(repeating: "x", count: 2001))"}]"#,
        ]
    )
    func malformed(_ text: String) async {
        for (start, grant) in [(nil, Self.grant(text)), (text, Self.grant(nil)), (text, nil)] {
            let stage = stage(grant: grant)
            let answer = await stage.server.consent(of: login(stage, start: start))
            #expect(answer == .unusable(.consentUnusable))
            #expect(stage.log.events == ["consent.incomplete"])
        }
    }

    @Test(
        "fail the login when they name something that was lodged",
        arguments: [
            (#""consentId":"c""#, false), (#""consent_id":"c""#, false),
            (#""intent_id":"i""#, false), (#""openbanking_intent_id":{"value":"i"}"#, false),
            (#""payment-consent-ids":["c"]"#, false), (#""mandateId":7"#, false),
            (#""consentId":null"#, false), (#""deep":[{"a":{"ArrangementID":"x"}}]"#, false),
            (#""consent":{"id":"c","x":1}"#, false), (#""text":"{\"grant_id\":\"g\"}""#, false),
            (#""text":"{'consentId': 'c'}""#, false), (#""type":"openbanking_intent_id""#, false),
            (#""text":"[INV-7] {paid}""#, true), (#""consent":"explicit""#, true),
            (#""creditor":{"id":"7"}"#, true), (#""identifier":"account-7""#, true),
        ]
    )
    func lodgedNames(_ member: String, _ isShown: Bool) async {
        let type = member.hasPrefix(#""type""#) ? "" : #""type":"a","#
        let text = "[{\(type)\(member)}]"
        for (start, grant) in [(nil, Self.grant(text)), (text, Self.grant(nil)), (text, nil)] {
            let stage = stage(grant: grant)
            let answer = await stage.server.consent(of: login(stage, start: start))
            #expect((answer != .unusable(.consentUnusable)) == isShown)
            #expect(stage.log.events == (isShown ? [] : ["consent.incomplete"]))
        }
    }

    @Test("are not dropped when the grant has none of those that the start had")
    func contradictory() async {
        let stage = stage(grant: Self.grant("[]"))
        let answer = await stage.server.consent(of: login(stage, start: Self.details))
        #expect(answer == .unusable(.consentUnusable))
    }

    @Test("beside a lodged consent are refused", arguments: ConsentExample.all)
    func lodged(_ example: ConsentExample) async {
        let stage = ConsentStage(example)
        var details = example.details
        details.authorizationDetails = #"[{"type":"a"}]"#
        let answer = await stage.server.consent(of: stage.login(details))
        #expect(answer == .unusable(.consentUnusable))
        #expect(stage.log.events == ["consent.unsupported"])
    }

    @Test("have the grant's other words beside them: classes and parameters")
    func otherWords() async {
        let grant = #"""
            {"requested_scopes":[],"requested_acr":["urn:a","urn:b"],
             "request_query_params":{"amount":["9000"],"client_notification_token":["secret"]}}
            """#
        let stage = stage(grant: grant)
        guard case .consent(let consent) = await stage.server.consent(of: login(stage, start: nil))
        else {
            Issue.record("\(stage.log.lines)")
            return
        }
        #expect(
            consent.facts == [
                Fact(.further("requested_acr"), .text("urn:a, urn:b")),
                Fact(.further("amount"), .text("9000")),
            ]
        )
        for parameters in [
            #"{"claims":["{\"id_token\":{\"openbanking_intent_id\":{\"value\":\"i\"}}}"]}"#,
            #"{"consent_id":["c"]}"#, #"{"amount":[1]}"#, "[]",
        ] {
            let body = #"{"requested_scopes":[],"request_query_params":\#(parameters)}"#
            let stage = self.stage(grant: body)
            let answer = await stage.server.consent(of: login(stage, start: nil))
            #expect(answer == .unusable(.consentUnusable))
        }
    }
}
