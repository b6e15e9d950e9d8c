import Access
import Cryptography
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@Suite("Consents to delegation in the backend API")
struct ConsentResourceTests {
    private static let consents = "/backend/v1/delegation-consents"

    private static func body(_ more: String = #","text":"I agree.""#) -> String {
        """
        {"user":"ann","client_id":"robot","text_version":"2031-01","language":"en",
         "accepted_at":"2031-02-27T15:00:00Z","address":"198.51.100.7"\(more)}
        """
    }

    // trust: B-14
    @Test("are recorded with who, when, from where, text version, language and digest")
    func recorded() async throws {
        let stage = try await APIStage()
        let made = try await stage.send(.post, Self.consents, Self.body(), as: "bank")
        #expect(made.status == 201, "\(made.text)")
        let id = try #require(made.json["id"]?.string)
        #expect(made.field("location") == "\(Self.consents)/\(id)")
        let shown = try await stage.send(.get, "\(Self.consents)/\(id)", as: "bank")
        #expect(shown.body == made.body)
        #expect(shown.json["accepted_at"]?.string == "2031-02-27T15:00:00.000Z")
        #expect(shown.json["address"]?.string == "198.51.100.7")
        #expect(shown.json["channel"]?.string == "backend")
        #expect(shown.json["withdrawn_at"]?.isNull == true)
        let digest = Base64URL.encode(SHA256.digest(Array("I agree.".utf8)))
        #expect(shown.json["text_sha256"]?.string == digest)
        let event = try #require(stage.events.last)
        #expect(event.kind == "consent.recorded")
        #expect(event.members["by"]?.string == "bank")
        #expect(event.members["user"]?.string == "ann")
        #expect(event.members["accepted_from"]?.string == "198.51.100.7")
        let again = try await stage.send(.post, Self.consents, Self.body(), as: "bank")
        #expect(again.status == 409)
        let listed = try await stage.send(.get, Self.consents + "?user=ann", as: "bank")
        #expect(listed.json["consents"]?.array?.count == 1)
        for query in ["?user=ben", "?client_id=ops"] {
            let none = try await stage.send(.get, Self.consents + query, as: "bank")
            #expect(none.json["consents"]?.array == [])
        }
    }

    @Test(
        "end the tokens of the client at once when they are withdrawn, by backend or administrator"
    )
    func withdrawn() async throws {
        let stage = try await APIStage()
        try await stage.users.put(User(id: .named("ann"), isActive: true))
        for (number, (caller, base)) in [("bank", "backend"), ("ops", "admin")].enumerated() {
            let made = try await stage.send(.post, Self.consents, Self.body(), as: "bank")
            let id = try #require(made.json["id"]?.string)
            let token = try await stage.token("robot", for: "ann")
            let target = "/backend/v1/logins/acp/none"
            #expect(await stage.send(.get, target, token: token).status == 503, "logins are broken")
            let path = "/\(base)/v1/delegation-consents/\(id)/withdraw"
            let done = try await stage.send(.post, path, as: caller)
            #expect(done.status == 200, "\(done.text)")
            #expect(done.json["withdrawn_at"]?.string == "2031-02-27T23:06:40.000Z")
            #expect(await stage.send(.get, target, token: token).status == 401)
            #expect(try await stage.send(.post, path, as: caller).status == 200)
            let withdrawn = stage.events.filter { $0.kind == "consent.withdrawn" }
            #expect(withdrawn.count == number + 1, "withdrawing again changes nothing")
            #expect(withdrawn.last?.members["by"]?.string == caller)
        }
    }

    @Test("are recorded once for an Idempotency-Key")
    func repeated() async throws {
        let stage = try await APIStage()
        let key = Field("Idempotency-Key", "onboarding-4711")
        let first = try await stage.send(.post, Self.consents, Self.body(), as: "bank", [key])
        let second = try await stage.send(.post, Self.consents, Self.body(), as: "bank", [key])
        #expect(second.status == 201)
        #expect(second.body == first.body)
        let other = Self.body(#","text":"Another text.""#)
        #expect(try await stage.send(.post, Self.consents, other, as: "bank", [key]).status == 422)
        #expect(stage.events.map(\.kind) == ["consent.recorded"])
    }

    @Test(
        "name the member that breaks a rule, and none is half recorded",
        arguments: [
            ("", "text: is required"), (#","text":"""#, "text: must be"),
            (#","text":"a","text_sha256":"YQ""#, "text_sha256: must be 32 bytes"),
            (#","text_sha256":"YQ""#, "text_sha256: must be 32 bytes"),
            (#","text":1"#, "text: must"),
            (#","text":"a","colour":1"#, "colour: unknown member"),
            (#","text":"a","user":"b""#, "body: "),
        ]
    )
    func badTexts(_ more: String, says text: String) async throws {
        let stage = try await APIStage()
        let refused = try await stage.send(.post, Self.consents, Self.body(more), as: "bank")
        #expect(refused.status == 400)
        #expect(refused.detail.hasPrefix(text), "\(refused.detail)")
        #expect(stage.events.isEmpty)
    }

    @Test(
        "name the member with a wrong value",
        arguments: [
            ("user", "1"), ("user", "\"\""), ("user", "\"\\u0000\""), ("client_id", "\"nobody\""),
            ("client_id", "\"ops\""), ("client_id", "null"), ("text_version", "\"\""),
            ("text_version", "[]"), ("language", "\"english language\""), ("language", "true"),
            ("accepted_at", "\"yesterday\""), ("accepted_at", "1930000000"),
            ("accepted_at", "\"2031-02-27T23:08:00Z\""), ("address", "\"localhost\""),
            ("address", "\"198.51.100.0/24\""), ("address", "{}"),
        ]
    )
    func badMembers(_ name: String, _ value: String) async throws {
        let stage = try await APIStage()
        for value in [value, nil] {
            let members = try #require(try JSONValue(Array(Self.body().utf8)).object?.members)
            let changed = members.compactMap { member -> String? in
                let text = String(decoding: member.value.bytes, as: UTF8.self)
                guard member.name == name else { return "\"\(member.name)\":\(text)" }
                return value.map { "\"\(name)\":\($0)" }
            }
            let body = "{\(changed.joined(separator: ","))}"
            let refused = try await stage.send(.post, Self.consents, body, as: "bank")
            #expect(refused.status == 400)
            #expect(refused.detail.hasPrefix("\(name): "), "\(refused.detail)")
        }
        #expect(stage.events.isEmpty)
    }

    @Test(
        "are open to neither delegated clients nor other scopes, and recorded by no administrator"
    )
    func scopes() async throws {
        let stage = try await APIStage()
        try await stage.consent(of: "ann")
        let robot = try await stage.send(.get, Self.consents, as: "robot", for: "ann")
        #expect(robot.status == 403)
        #expect(try await stage.send(.get, Self.consents, as: "ops").status == 403)
        let admin = "/admin/v1/delegation-consents"
        #expect(try await stage.send(.get, admin, as: "reader").status == 200)
        let path = admin + "/consent-1/withdraw"
        #expect(try await stage.send(.post, path, as: "reader").status == 403)
        #expect(try await stage.send(.post, admin, Self.body()).status == 404)
        #expect(try await stage.send(.get, admin + "/none", as: "reader").status == 404)
    }
}

@Suite("Users in the admin and the backend API")
struct UserResourceTests {
    @Test("are created, read, replaced, disabled, enabled and removed, each with its event")
    func life() async throws {
        let stage = try await APIStage()
        let path = "/admin/v1/users/ann%40bank"
        let body = """
            {"channels":["app"],"language":"pt-BR","time_zone":"UTC","documents":["111.444.777-35"]}
            """
        #expect(try await stage.send(.get, path).status == 404)
        let made = try await stage.send(.put, path, body)
        #expect(made.status == 201, "\(made.text)")
        #expect(
            made.text
                == #"{"user":"ann@bank","active":true,"channels":["app"],"language":"pt-BR","time_zone":"UTC","has_documents":true}"#
        )
        #expect(try await stage.send(.get, path, as: "reader").body == made.body)
        #expect(try await stage.send(.post, path + "/disable").json["active"]?.bool == false)
        let replaced = try await stage.send(.put, path, "{}")
        #expect(replaced.status == 200)
        #expect(
            replaced.text == #"{"user":"ann@bank","active":false,"has_documents":true}"#,
            "a disabled user stays so, and documents that are not sent are kept"
        )
        #expect(try await stage.send(.post, path + "/enable").json["active"]?.bool == true)
        #expect(try await stage.send(.post, path + "/enable").status == 200)
        #expect(try await stage.send(.get, "/admin/v1/users").json["users"]?.array?.count == 1)
        #expect(try await stage.send(.delete, path).status == 204)
        #expect(try await stage.send(.delete, path).status == 404)
        #expect(try await stage.send(.post, path + "/disable").status == 404)
        #expect(
            stage.events.map(\.kind) == [
                "user.created", "user.disabled", "user.changed", "user.enabled", "user.removed",
            ]
        )
        #expect(stage.events.allSatisfy { $0.members["by"]?.string == "ops" })
    }

    @Test("keep addresses for channels, and say which channels have one, never the address")
    func addresses() async throws {
        let stage = try await APIStage()
        let path = "/admin/v1/users/ann"
        let body = #"{"addresses":{"app":"ann@example.com"}}"#
        let made = try await stage.send(.put, path, body)
        #expect(made.status == 201, "\(made.text)")
        let text =
            #"{"user":"ann","active":true,"has_documents":false,"channels_with_address":["app"]}"#
        #expect(made.text == text)
        #expect(try await stage.send(.put, path, "{}").text == text)
        let cleared = try await stage.send(.put, path, #"{"addresses":{"app":null}}"#)
        #expect(cleared.text == #"{"user":"ann","active":true,"has_documents":false}"#)
        for wrong in [
            #"{"none":"a@b"}"#, #"{"app":""}"#, #"{"app":"a b"}"#, #"{"app":7}"#, #"["a@b"]"#,
        ] {
            #expect(try await stage.send(.put, path, "{\"addresses\":\(wrong)}").status == 400)
        }
    }

    @Test("are created, read and removed by the bank's backend, which cannot list them")
    func backend() async throws {
        let stage = try await APIStage()
        let path = "/backend/v1/users/ann"
        #expect(try await stage.send(.put, path, "{}", as: "bank").status == 201)
        #expect(try await stage.send(.get, path, as: "bank").json["active"]?.bool == true)
        #expect(try await stage.send(.get, "/backend/v1/users", as: "bank").status == 404)
        #expect(try await stage.send(.put, path, "{}", as: "ops").status == 403)
        #expect(try await stage.send(.delete, path, as: "bank").status == 204)
    }

    @Test("are replaced only as the caller has read them, if the caller says so")
    func versions() async throws {
        let stage = try await APIStage()
        let path = "/admin/v1/users/ann"
        let missing = try await stage.send(.put, path, "{}", [Field("If-Match", "*")])
        #expect(missing.status == 412)
        let tag = try #require(try await stage.send(.put, path, "{}").field("etag"))
        let match = [Field("If-Match", tag)]
        let changed = try await stage.send(.put, path, #"{"language":"fr"}"#, match)
        #expect(changed.status == 200)
        #expect(try await stage.send(.put, path, "{}", match).status == 412)
        #expect(try await stage.send(.delete, path, nil, match).status == 412)
        let body = #"{"language":"fr","documents":["11144477735"]}"#
        let documents = try await stage.send(.put, path, body)
        #expect(documents.field("etag") != changed.field("etag"))
    }

    @Test(
        "name the member that breaks a rule",
        arguments: [
            (#"{"active":1}"#, "active"), (#"{"channels":["mail"]}"#, "channels"),
            (#"{"channels":"app"}"#, "channels"), (#"{"language":"xx"}"#, "language"),
            (#"{"language":null}"#, "language"), (#"{"time_zone":"../UTC"}"#, "time_zone"),
            (#"{"time_zone":"Mars/Base"}"#, "time_zone"), (#"{"documents":["1"]}"#, "documents"),
            (#"{"documents":[1]}"#, "documents"), (#"{"user":"ann"}"#, "user"), ("", "body"),
            ("[]", "body"), ("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}", "body"),
        ]
    )
    func badBodies(_ body: String, names: String) async throws {
        let stage = try await APIStage()
        let refused = try await stage.send(.put, "/admin/v1/users/ann", body)
        #expect(refused.status == 400)
        #expect(refused.detail.hasPrefix(names + ": "), "\(refused.detail)")
        #expect(try await stage.send(.get, "/admin/v1/users/ann").status == 404)
    }

    @Test("are unavailable while their store fails")
    func failing() async throws {
        let stage = try await APIStage()
        let token = try await stage.token("ops")
        stage.users.fail(.full)
        for method in [HTTP.Method.get, .put, .delete] {
            let target = "/admin/v1/users/ann"
            let body = method == .put ? "{}" : nil
            #expect(await stage.send(method, target, body, token: token).status == 503)
        }
        #expect(await stage.send(.get, "/admin/v1/users", token: token).status == 503)
        #expect(stage.events.isEmpty)
    }
}
