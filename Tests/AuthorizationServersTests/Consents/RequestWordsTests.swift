import Cryptography
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

/// Claims, classes of authentication and parameters, in scope grants and lodged consents [CD-9].
@Suite("What an answer says about the client's request")
struct RequestWordsTests {
    /// An answer with these members added, for a login that may have classes of its own.
    private func answer(
        _ members: String,
        to example: ConsentExample?,
        acr: [String] = [],
        scope: String = ""
    ) async -> (answer: ConsentAnswer, log: CapturedLog) {
        var details = example?.details ?? PendingLogin.Details(user: .named("ann"))
        details.acrValues = acr
        let grant = #"{"requested_scopes":[{"requested_name":"transfer.9000EUR"\#(scope)}],"#
        let text =
            (example.map { "{" + members + "," + $0.answer.dropFirst() }) ?? grant + members + "}"
        let path = example?.path ?? "scope-grants"
        let stage = ConsentStage { _, asked in
            asked == "\(path)/l1" ? ReportTests.status(200, text) : ReportTests.status(404)
        }
        return (await stage.server.consent(of: stage.login(details)), stage.log)
    }

    private func shown(_ answer: ConsentAnswer) -> [String]? {
        guard case .consent(let consent) = answer else { return nil }
        return consent.facts.compactMap { fact in
            guard case .further(let name) = fact.label else { return nil }
            guard case .text(let text) = fact.value else { return "\(name)=\(fact.value)" }
            return "\(name)=\(text)"
        }
    }

    private static func parameters(_ name: String, _ value: String) -> String {
        let text = String(decoding: JSONValue.string(value).bytes, as: UTF8.self)
        return #""request_query_params":{"\#(name)":[\#(text)]}"#
    }

    private static func jwt(_ payload: String) -> String {
        parameters(
            "request",
            "eyJhbGciOiJub25lIn0.\(Base64URL.encode(Array(payload.utf8)))."
        )
    }

    @Test(
        "is shown, in lodged consents as in scope grants, and another request is another consent",
        arguments: [
            (
                #""requested_claims_to_consent":["email","address"]"#,
                "requested_claims_to_consent=email, address"
            ),
            (#""requested_acr":["urn:a","urn:b"]"#, "requested_acr=urn:a, urn:b"),
            (parameters("amount", "9000"), "amount=9000"),
            (jwt(#"{"iss":"c","amount":{"value":9000}}"#), "request.amount.value=9000"),
            (
                jwt(#"{"claims":{"id_token":{"email":null}}}"#),
                "request.claims.id_token.email=null"
            ),
        ]
    )
    func isShown(_ members: String, _ expected: String) async {
        for example in [nil] + ConsentExample.all {
            let answers = [
                await answer(members, to: example).answer,
                await answer(#""x":1"#, to: example).answer,
            ]
            #expect(shown(answers[0])?.contains(expected) == true, "\(example?.path ?? "grant")")
            let sources = answers.map { answer -> String? in
                guard case .consent(let consent) = answer else { return nil }
                return consent.source
            }
            #expect(sources[0] != sources[1])
        }
    }

    @Test("has the classes of the start, each once")
    func classes() async {
        for example in [nil] + ConsentExample.all {
            let rows: [(String, String)] = [
                (#""x":1"#, "requested_acr=urn:s"),
                (#""requested_acr":["urn:s"]"#, "requested_acr=urn:s"),
                (#""requested_acr":["urn:a"]"#, "requested_acr=urn:a, urn:s"),
            ]
            for (members, expected) in rows {
                let answer = await answer(members, to: example, acr: ["urn:s"]).answer
                #expect(shown(answer)?.contains(expected) == true)
            }
        }
        let stage = ConsentStage { _, _ in ReportTests.status(404) }
        let details = PendingLogin.Details(user: .named("ann"), acrValues: ["urn:s"])
        let told = await stage.server.consent(of: stage.login(details))
        #expect(shown(told) == ["requested_acr=urn:s"])
    }

    @Test("has the parameters of a dynamic scope")
    func scopeParameters() async {
        let one = await answer(#""x":1"#, to: nil, scope: #","params":["9000EUR"]"#).answer
        #expect(shown(one) == ["transfer.9000EUR.params=9000EUR"])
        let object = await answer(#""x":1"#, to: nil, scope: #","params":{"to":"x"}"#).answer
        #expect(shown(object) == ["transfer.9000EUR.params.to=x"])
    }

    @Test(
        "is refused when it names another consent, however it is written, or may name one",
        arguments: [
            parameters("openbanking_intent_id", "i"), parameters("consentId", "i"),
            parameters("claims", #"{"id_token":{"openbanking_intent_id":{"value":"i"}}}"#),
            parameters("claims", #" {"id_token":{"openbanking_intent\u005fid":{"value":"i"}}}"#),
            parameters("claims", #"{"a":1,"a":2}"#), parameters("claims", "{"),
            parameters("other", #"["{\"intent_id\":\"i\"}"]"#),
            jwt(#"{"openbanking_intent_id":"i"}"#),
            jwt(#"{"claims":{"userinfo":{"openbanking_intent_id":{"value":"i"}}}}"#),
            jwt(
                #"{"claims":"{\"id_token\":{\"openbanking_intent_id\":null,\"consent_id\":\"i\"}}"}"#
            ),
            jwt("[]"), jwt("{"), parameters("request", "a.b.c.d.e"), parameters("request", "x"),
            parameters("request", "e30.e30=."),
        ]
    )
    func refused(_ members: String) async {
        for example in [nil, ConsentExample.of(.ukAccountAccess)] {
            let (answer, log) = await answer(members, to: example)
            #expect(answer == .unusable(.consentUnusable))
            #expect(log.lines.map(\.members).joined().contains("request_query_params."))
        }
    }

    /// Parameters of the login in `compared`, and whether they say what the grant and the start say.
    private static let comparisons: [(String, String, Bool)] = [
        ("scope", "transfer.9000EUR", true), ("scope", "", true), ("scope", "openid", false),
        ("scope", "transfer.9000EUR openid", true),
        ("scope", "transfer.9000EUR openid consent:1", false),
        ("scope", " transfer.9000EUR ", true),
        ("acr_values", "urn:b urn:a", true), ("acr_values", "urn:a", false),
        ("acr_values", "urn:a urn:b urn:c", false), ("binding_message", "Kiosk 12", true),
        ("binding_message", "Kiosk 13", false), ("binding_message", "kiosk 12", false),
        ("login_hint", "ann", true), ("login_hint", "bob@shop.example", true),
        ("client_id", "shop", true),
        ("client_id", "other", false), ("request_uri", "https://a.example/r", false),
        ("request_uri", "urn:ietf:params:oauth:request_uri:1", false), ("request_uri", "", true),
        ("authorization_details", #"[{"n":1.50,"type":"t"}]"#, true),
        ("authorization_details", #"[ {"type":"t", "n":1.50} ]"#, true),
        ("authorization_details", #"[{"type":"t","n":9000}]"#, false),
        ("authorization_details", "[", false), ("authorization_details", #"{"type":"t"}"#, false),
        ("authorization_details", #"[{"type":"t","n":1.50},{"type":"u"}]"#, false),
        ("nonce", "n", true), ("state", "s", true),
    ]

    @Test(
        "is refused when a parameter differs from the grant and the start, and not shown twice",
        arguments: comparisons
    )
    func compared(_ name: String, _ value: String, _ isEqual: Bool) async {
        let text = String(decoding: JSONValue.string(value).bytes, as: UTF8.self)
        for parameter in [
            Self.parameters(name, value), Self.jwt(#"{"\#(name)":\#(text)}"#),
            #""request_query_params":{"\#(name)":\#(text)}"#,
        ] {
            var details = PendingLogin.Details(user: .named("ann"), client: .named("shop"))
            details.acrValues = ["urn:a", "urn:b"]
            details.bindingMessage = BindingMessage("Kiosk 12")
            details.requestedScopes = ["transfer.9000EUR"]
            let grant = #"""
                {"requested_scopes":[{"requested_name":"transfer.9000EUR"},
                  {"requested_name":"x","implicit_grant":true}],
                 "authorization_details":[{"type":"t","n":1.50}],\#(parameter)}
                """#
            let stage = ConsentStage { _, _ in ReportTests.status(200, grant) }
            let answer = await stage.server.consent(of: stage.login(details))
            let expected = ["type=t", "n=1.50", "requested_acr=urn:a, urn:b"]
            #expect(shown(answer) == (isEqual ? expected : nil), "\(parameter)")
            let causes = stage.log.lines.map(\.members).joined()
            #expect(isEqual || causes.contains("request_query_params."))
        }
    }

    @Test("grants the claims of a scope grant that it shows")
    func claims() async throws {
        let (answer, _) = await answer(
            #""requested_claims_to_consent":["email","address"]"#,
            to: nil
        )
        guard case .consent(let consent) = answer else {
            Issue.record("it is refused")
            return
        }
        #expect(consent.claims == ["email", "address"])
        let stage = ConsentStage { _, _ in ReportTests.status(200) }
        var login = stage.login(PendingLogin.Details(user: .named("ann")))
        let question = Question(
            consent: consent,
            digest: try #require(ConsentDigest(Array(repeating: 1, count: 32))),
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
        #expect(body["granted_claims"]?.strings == ["email", "address"])
    }

    @Test("may name the consent that is shown")
    func names() async {
        let example = ConsentExample.of(.ukAccountAccess)
        for members in [
            Self.parameters("openbanking_intent_id", "c-account_access"),
            Self.parameters(
                "claims",
                #"{"id_token":{"openbanking_intent_id":{"value":"c-account_access","essential":true}}}"#
            ),
            Self.jwt(
                #"{"claims":{"id_token":{"openbanking_intent_id":{"value":"c-account_access"}}}}"#
            ),
        ] {
            #expect(shown(await answer(members, to: example).answer) != nil)
            #expect(shown(await answer(members, to: nil).answer) == nil)
        }
    }

    @Test(
        "keeps numbers of any size as they were written",
        arguments: [
            "123456789012345678901234567890", "1e400", "0.10000000000000000000000001", "-0",
        ]
    )
    func numbers(_ number: String) async {
        let members = #""authorization_details":[{"type":"t","n":\#(number)}]"#
        let (answer, log) = await answer(members, to: nil)
        #expect(shown(answer) == ["type=t", "n=\(number)"], "\(log.lines)")
        guard case .consent(let consent) = answer else { return }
        #expect(consent.authorizationDetails == #"[{"type":"t","n":\#(number)}]"#)
    }

    @Test("has a client's name of any length", arguments: [513, 2001, 60_000])
    func clientName(_ length: Int) async {
        let name = String(repeating: "n", count: length)
        let (answer, _) = await answer(#""client_info":{"client_name":"\#(name)"}"#, to: nil)
        guard case .consent(let consent) = answer else {
            Issue.record("it is refused")
            return
        }
        #expect(consent.clientName == name)
    }
}
