import HTTP
import JSON
import Lab
import Testing

@Suite("An invalid consent", .timeLimit(.minutes(3)))
struct ConsentRefusalTests {
    @Test("is not lodged, and the response names the problem", arguments: ConsentMistakes.lodgings)
    func lodging(mistake: ConsentMistakes.Lodging) async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named(mistake.family)
            let body = example.body.replacing(mistake.text, with: mistake.instead)
            try #require(body != example.body)
            let answer = try await stage.lodge(example, body)
            #expect(answer.status == 400)
            #expect(answer.error == "invalid_request")
            #expect(answer.body["path"]?.string == mistake.path)
            #expect(try await stage.control(.get, "/_sim/consents").body.array == [])
        }
    }

    @Test("is not lodged with a token that lacks the scope, or none")
    func scope() async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named("obuk.domestic_payment")
            for (fields, status) in [
                ([], 401), ([try await stage.clientToken("accounts")], 403),
            ] {
                let answer = try await stage.send(
                    OutboundRequest(
                        .post,
                        "http://acp.test/bank/retail\(example.place ?? "")",
                        fields: fields + [Field("Content-Type", "application/json")],
                        body: Array(example.body.utf8)
                    )
                )
                #expect(answer.status == status)
            }
        }
    }

    /// What is asked for, and how the request differs from a right one.
    @Test(
        "starts no login",
        arguments: [
            (["openbanking_intent_id": "aac-none"], "invalid_request"),
            (["scope": "openid"], "invalid_scope"),
            (["consent_id": "another"], "invalid_request"),
            (["claims": "x"], "invalid_request"),
        ]
    )
    func requests(change: [String: String], error: String) async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named("obuk.account_access")
            let id = try stage.id(of: try await stage.lodge(example))
            let answer = try await stage.post(
                "/backchannel/authentication",
                stage.parameters(example, id).merging(change) { $1 }
            )
            #expect(answer.error == error)
            #expect(stage.service.starts.isEmpty)
        }
    }

    @Test("starts no second login while one is pending (UK-6), unless a knob allows it (K-29)")
    func alone() async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named("obuk.account_access")
            let (id, _) = try await stage.ask(example)
            let parameters = stage.parameters(example, id)
            let second = try await stage.post("/backchannel/authentication", parameters)
            #expect(second.error == "invalid_request")
            stage.acp.knobs.set([.sameConsent: .string("allow")])
            let third = try await stage.post("/backchannel/authentication", parameters)
            #expect(third.status == 200)
            #expect(stage.service.starts.count == 2)
            // One decision settles the consent, and with it what the other login can still do.
            #expect(try await stage.decide("reject", example, "").status == 200)
            let first = stage.service.starts[0]
            let accept = try await stage.service.call(
                .post,
                "/bank/system\(example.page ?? "")/\(first["login_id"]?.string ?? "")/accept",
                #"{"login_state":"\#(first["login_state"]?.string ?? "")","#
                    + stage.granted + "," + example.accept + "}"
            )
            #expect(accept.status == 409)
        }
    }

    @Test("is named by the intent in claims too")
    func claims() async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named("obuk.account_access")
            let id = try stage.id(of: try await stage.lodge(example))
            let claims = #"{"id_token":{"openbanking_intent_id":{"value":"\#(id)"}}}"#
            let answer = try await stage.post(
                "/backchannel/authentication",
                ["scope": example.scopes, "login_hint": "u", "claims": claims]
            )
            #expect(answer.status == 200)
            #expect(stage.service.starts.last?["openbanking_intent_id"]?.string == id)
        }
    }

    @Test("is not decided by a wrong body", arguments: ConsentMistakes.reports)
    func report(wrong: ConsentMistakes.Report) async throws {
        try await Stage.with({ $0.accounts = ["customer-4711": ["acc-1", "acc-2", "94088392"]] }) {
            stage in
            let example = ConsentExample.named(wrong.family)
            let (id, start) = try await stage.ask(example)
            var members = (wrong.members ?? example.accept)
                .replacing("LOGIN", with: start["login_id"]?.string ?? "")
            if wrong.decision == "accept" {
                members = stage.granted + (members.isEmpty ? "" : "," + members)
            }
            let answer = try await stage.decide(wrong.decision, example, members)
            #expect(answer.status == wrong.status, "\(answer)")
            #expect(stage.rules.contains(wrong.rule))
            if let path = wrong.path {
                #expect(answer.body["details"]?["path"]?.string == path)
            }
            let consent = try await stage.control(.get, "/_sim/consents/\(id)").body
            #expect(consent["status"]?.string == example.statuses[0])
        }
    }

    @Test("is not decided with another state or none", arguments: ConsentExample.shown)
    func state(example: ConsentExample) async throws {
        try await Stage.with { stage in
            let (id, start) = try await stage.ask(example)
            let login = start["login_id"]?.string ?? ""
            let place = example.decisions ?? example.page ?? ""
            let grant = stage.granted + "," + example.accept
            for (decision, body) in [
                ("accept", "{\(grant)}"), ("accept", #"{"login_state":"x",\#(grant)}"#),
                ("reject", "{}"), ("reject", #"{"login_state":"x"}"#),
            ] {
                let path = "/bank/system\(place)/\(login)/\(decision)"
                #expect(try await stage.service.call(.post, path, body).status == 403)
                #expect(stage.rules.last == "call.login_state")
            }
            for scopes in ["[]", #"["openid","admin"]"#, #""openid""#] {
                let members = #""granted_scopes":\#(scopes),"# + example.accept
                #expect(try await stage.decide("accept", example, members).status == 400)
                #expect(stage.rules.last == "accept.granted_scopes")
            }
            _ = try await stage.service.renewToken(scope: "manage_scope_grants")
            #expect(try await stage.look(example).status == 403)
            #expect(stage.rules.last == "call.scope")
            let consent = try await stage.control(.get, "/_sim/consents/\(id)").body
            #expect(consent["status"]?.string == example.statuses[0])
        }
    }

    @Test("must name the payer that the consent names")
    func namedPayer() async throws {
        try await Stage.with { stage in
            let example = ConsentExample.named("obbr.payment_v3")
            let named =
                #""debtorAccount":{"ispb":"12345678","issuer":"1774","number":"94088392","#
                + #""accountType":"CACC"},"#
            let body = example.body.replacing(#""creditor":"#, with: named + #""creditor":"#)
            _ = try await stage.ask(example, body)
            let other = example.accept.replacing(
                #""number":"94088392""#,
                with: #""number":"94088393""#
            )
            let wrong = try await stage.decide("accept", example, stage.granted + "," + other)
            #expect(wrong.status == 400)
            #expect(wrong.body["details"]?["path"]?.string == "debtor_account.number")
            let bare = try await stage.decide(
                "accept",
                example,
                stage.granted + "," + ConsentMistakes.payer
            )
            #expect(bare.status == 200)
        }
    }
}
