import HTTP
import JSON
import Lab
import Testing

@Suite("The System API", .timeLimit(.minutes(3)))
struct SystemTests {
    /// One wrong accept, what is answered, and which rule it breaks.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let what: String
        let body: String
        var contentType = "application/json"
        let status: Int
        let rule: String
        var testDescription: String { what }
    }

    static let cases = [
        Wrong(what: "not JSON", body: "{", status: 400, rule: "call.malformed_body"),
        Wrong(what: "an array", body: "[]", status: 400, rule: "call.malformed_body"),
        Wrong(
            what: "a form",
            body: "granted_scopes=openid",
            contentType: "application/x-www-form-urlencoded",
            status: 400,
            rule: "call.content_type"
        ),
        Wrong(
            what: "the member of old texts",
            body: "{\"scopes\":[\"openid\"],\"login_state\":\"STATE\"}",
            status: 400,
            rule: "accept.scopes_member"
        ),
        Wrong(
            what: "no login_state",
            body: "{\"granted_scopes\":[\"openid\"]}",
            status: 403,
            rule: "call.login_state"
        ),
        Wrong(
            what: "a wrong login_state",
            body: "{\"granted_scopes\":[\"openid\"],\"login_state\":\"guess\"}",
            status: 403,
            rule: "call.login_state"
        ),
        Wrong(
            what: "a scope that was not asked for",
            body: "{\"granted_scopes\":[\"openid\",\"payments\"],\"login_state\":\"STATE\"}",
            status: 400,
            rule: "accept.granted_scopes"
        ),
        Wrong(
            what: "no openid",
            body: "{\"granted_scopes\":[\"profile\"],\"login_state\":\"STATE\"}",
            status: 400,
            rule: "accept.granted_scopes"
        ),
        Wrong(
            what: "no scopes at all",
            body: "{\"granted_scopes\":[],\"login_state\":\"STATE\"}",
            status: 400,
            rule: "accept.granted_scopes"
        ),
        Wrong(
            what: "another login's id",
            body: "{\"granted_scopes\":[\"openid\"],\"login_state\":\"STATE\",\"id\":\"x\"}",
            status: 400,
            rule: "call.malformed_body"
        ),
    ]

    @Test("refuses a wrong accept and lists it", arguments: cases)
    func refused(wrong: Wrong) async throws {
        try await Stage.with { stage in
            let id = try await stage.begin()
            let start = try #require(stage.service.starts.first)
            let state = start["login_state"]?.string ?? ""
            let answer = try await stage.service.call(
                .post,
                "/api/system/bank/scope-grants/\(start["login_id"]?.string ?? "")/accept",
                wrong.body.replacing("STATE", with: state),
                contentType: wrong.contentType
            )
            #expect(answer.status == wrong.status)
            #expect(try JSONValue(answer.body)["status_code"]?.integer == wrong.status)
            #expect(stage.rules.contains(wrong.rule))
            #expect(try await stage.redeem(id).error == "authorization_pending")
        }
    }

    @Test("accepts an unknown member and notes it in the journal")
    func unknownMember() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            let start = try #require(stage.service.starts.first)
            let state = start["login_state"]?.string ?? ""
            let answer = try await stage.service.call(
                .post,
                "/api/system/bank/scope-grants/\(start["login_id"]?.string ?? "")/accept",
                "{\"granted_scopes\":[\"openid\"],\"login_state\":\"\(state)\",\"amr\":[]}"
            )
            #expect(answer.status == 200)
            #expect(try JSONValue(answer.body)["redirect_to"]?.string == "")
            let entry = stage.acp.journal.entries().first { $0.kind == "sim.unknown_member" }
            #expect(entry?.members["member"]?.string == "amr")
            #expect(stage.rules == [])
        }
    }

    @Test("requires a known bearer token")
    func bearer() async throws {
        try await Stage.with { stage in
            for (fields, rule) in [
                ([], "call.no_bearer"),
                ([Field("Authorization", "Bearer guess")], "call.unknown_token"),
            ] {
                let answer = try await stage.send(
                    OutboundRequest(
                        .get,
                        "http://acp.test/api/system/bank/scope-grants/x",
                        fields: fields
                    )
                )
                #expect(answer.status == 401)
                #expect(answer.fields.first("www-authenticate") == "Bearer")
                #expect(stage.rules.last == rule)
            }
        }
    }

    @Test("requires the family's scope")
    func scope() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            _ = try await stage.service.renewToken(scope: "manage_logins")
            #expect(try await stage.service.accept(stage.service.starts[0]) == 403)
            #expect(stage.rules == ["call.scope"])
        }
    }

    @Test("answers 404 for unknown and expired logins")
    func gone() async throws {
        try await Stage.with { stage in
            let unknown = try await stage.service.call(.get, "/api/system/bank/scope-grants/x")
            #expect(unknown.status == 404)
            _ = try await stage.begin()
            stage.acp.clock.advance(byMilliseconds: 120_000)
            #expect(try await stage.service.accept(stage.service.starts[0]) == 404)
            #expect(stage.rules == ["decision.late"])
        }
    }

    @Test("counts calls and effective reports")
    func counts() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            let start = stage.service.starts[0]
            #expect(try await stage.service.accept(start) == 200)
            #expect(try await stage.service.accept(start) == 200)
            #expect(try await stage.service.reject(start) == 409)
            let id = start["login_id"]?.string ?? ""
            let login = try await stage.control(.get, "/_sim/logins/\(id)").body
            #expect(login["accept_calls"]?.integer == 2)
            #expect(login["reject_calls"]?.integer == 1)
            #expect(login["effective_reports"]?.integer == 1)
            #expect(login["state"]?.string == "approved")
            #expect(login["decision"]?["granted_scopes"]?.array == [.string("openid")])
            #expect(stage.rules.contains("decision.second_accept"))
            #expect(stage.rules.contains("decision.reject_after_accept"))
            #expect(stage.rules.contains("call.after_success"))
        }
    }

    @Test("applies one of many parallel decisions")
    func race() async throws {
        try await Stage.with { stage in
            _ = try await stage.begin()
            let start = stage.service.starts[0]
            _ = try await stage.service.renewToken()
            await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<20 {
                    group.addTask {
                        _ =
                            number.isMultiple(of: 2)
                            ? try await stage.service.accept(start)
                            : try await stage.service.reject(start)
                    }
                }
            }
            let id = start["login_id"]?.string ?? ""
            let login = try await stage.control(.get, "/_sim/logins/\(id)").body
            #expect(login["calls"]?.integer == 20)
            #expect(login["effective_reports"]?.integer == 1)
        }
    }

    @Test("refuses another client and an unknown scope")
    func systemToken() async throws {
        try await Stage.with { stage in
            #expect(try await stage.service.renewToken(scope: "everything").status == 400)
            let answer = try await stage.send(
                OutboundRequest(
                    .post,
                    "http://acp.test/bank/system/oauth2/token",
                    fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                    body: Form([
                        Field("grant_type", "client_credentials"), Field("client_id", "beckon"),
                        Field("client_secret", "guess"),
                    ]).bytes
                )
            )
            #expect(answer.status == 401)
            #expect(answer.error == "invalid_client")
        }
    }
}
