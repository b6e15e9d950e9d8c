import Cryptography
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

// `Contract.md`, section 1.
@Suite("POST /user/verify", .timeLimit(.minutes(3)))
struct VerifyRouteTests {
    static let known = #"{"user_identifier":"customer-4711@example.com"}"#

    @Test(
        "answers yes for a reachable user, whatever else the body contains",
        arguments: [
            known,
            #"{"tenant_id":null,"user_identifier":"customer-4711@example.com","client_id":"x"}"#,
            #"{ "user_code": "1234", "a": [{}], "user_identifier" : "customer-4711@example.com" }"#,
        ]
    )
    func yes(body: String) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let response = try await calls.verify(body)
            #expect(response.status == 200)
            #expect(response.text == #"{"valid":true}"#)
            #expect(response.contentType?.description == "application/json")
            #expect(try await calls.count() == 0)
        }
    }

    @Test(
        "gives no meaning to members that are unset",
        arguments: [
            "tenant_id", "server_id", "client_id", "client_info", "login_id", "expires_at",
            "binding_message", "requested_scopes",
        ],
        NamedStartTests.unsetValues
    )
    func unset(_ name: String, _ value: String) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let members = [
                #""\#(name)":\#(value)"#, #""user_identifier":"customer-4711@example.com""#,
            ]
            for members in [members, members.reversed()] {
                let response = try await calls.verify("{" + members.joined(separator: ",") + "}")
                #expect(response.status == 200)
                #expect(response.text == #"{"valid":true}"#)
            }
        }
        #expect(stage.log.events.isEmpty)
    }

    // rule: F6
    @Test(
        "reads no meaning out of a user identifier: each is the name of one user or of nobody",
        arguments: [
            "urn:openbanking:intent:58923", "consent:urn:example:C1DD33123", "acr:urn:bank:2fa",
            "https://bank.example/users/1", "anna@example.com?consent=1", "../anna", "login-1",
            "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm5hIn0.",
        ]
    )
    func noMeaning(_ identifier: String) async throws {
        let stage = try InboundStage()
        for id in ["anna", "anna@example.com", "58923", "1", "login-1-other"] {
            stage.people.put(User(id: .named(id), isActive: true))
        }
        try await stage.run { calls in
            let body = String(
                decoding: JSONValue.members(["user_identifier": .string(identifier)]).bytes,
                as: UTF8.self
            )
            let unknown = try await calls.verify(body)
            #expect(unknown.text == #"{"valid":false}"#)
            stage.people.put(User(id: .named(identifier), isActive: true))
            let known = try await calls.verify(body)
            #expect(known.text == #"{"valid":true}"#)
        }
    }

    @Test("calls an unset user missing", arguments: ["null", #""""#])
    func unsetUser(_ value: String) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let response = try await calls.verify("{\"user_identifier\":\(value)}")
            let missing = try await calls.verify("{}")
            #expect(response.status == 400 && response.text == missing.text)
        }
    }

    // rule: C5, A2
    @Test("gives the same negative answer for unknown, disabled and unreachable users")
    func no() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            for user in ["nobody", "disabled", "unreachable"] {
                let response = try await calls.verify(#"{"user_identifier":"\#(user)"}"#)
                #expect(response.status == 200)
                #expect(response.text == #"{"valid":false}"#)
                let yes = try await calls.verify(Self.known)
                #expect(response.fields == yes.fields)
                #expect(response.contentType?.description == yes.contentType?.description)
                #expect(response.closesConnection == yes.closesConnection)
            }
        }
        #expect(stage.log.events.isEmpty, "the log does not tell them apart either")
    }

    @Test(
        "refuses a body that is not a JSON object with a valid user identifier",
        arguments: [
            "", "{", "null", "[]", #""customer""#, "{}", "\(known) x", "{\"user_identifier\":1}",
            #"{"user_identifier":null}"#, #"{"user_identifier":""}"#,
            #"{"user_identifier":"a\u0000b"}"#, #"{"user_identifier":["a"]}"#,
            #"{"userIdentifier":"customer-4711@example.com"}"#,
            #"{"user_identifier":"a","user_identifier":"a"}"#,
            #"{"user_identifier":"\#(String(repeating: "a", count: 513))"}"#,
        ]
    )
    func malformed(body: String) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            for _ in 1...3 {
                let response = try await calls.verify(body)
                #expect(response.status == 400)
                #expect(try response.json["error"]?.string == "invalid_request")
                #expect(try response.json["error_description"]?.string?.isEmpty == false)
            }
        }
        #expect(stage.log.events == ["verify.malformed"], "the same body is logged once")
    }

    @Test("refuses bytes that are not UTF-8")
    func notText() async throws {
        let stage = try InboundStage()
        try await stage.run { (calls) async throws in
            let body = Array(#"{"user_identifier":""#.utf8) + [0xC3, 0x28] + Array("\"}".utf8)
            #expect(try await calls.post("/user/verify", body).status == 400)
        }
    }

    @Test(
        "refuses wrong credentials without telling which part was wrong",
        arguments: [
            [], [Field("Authorization", "Basic " + Base64.encode(Array("acp:wrong".utf8)))],
            [Field("Authorization", "Basic " + Base64.encode(Array("other:x".utf8)))],
            [Field("Authorization", "Bearer x")],
        ] as [[Field]]
    )
    func unauthenticated(fields: [Field]) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            for path in ["/user/verify", "/authentication/start"] {
                let response = try await calls.post(path, Self.known.utf8, fields)
                #expect(response.status == 401)
                #expect(response.field("WWW-Authenticate")?.hasPrefix("Basic realm=") == true)
                #expect(
                    response.text
                        == #"{"error":"unauthorized","#
                        + #""error_description":"The credentials are missing or wrong."}"#
                )
            }
            #expect(try await calls.count() == 0)
        }
        #expect(stage.log.events == ["peer.unauthenticated", "peer.unauthenticated"])
    }

    @Test("forbids other addresses")
    func forbidden() async throws {
        let stage = try InboundStage()
        let range = try #require(AddressRange("10.0.0.0/8"))
        try await stage.run({ inbound in
            inbound.peers = InboundGuard(
                basic: [
                    .init(
                        user: "acp",
                        password: SecretHash(of: Array(InboundStage.secret.utf8))
                    )
                ],
                allowed: [range]
            )
        }) { calls in
            let outside = try await calls.post("/user/verify", Self.known.utf8)
            #expect(outside.status == 403)
            #expect(try outside.json["error"]?.string == "forbidden")
            let inside = Peer(address: "10.1.2.3")
            #expect(
                try await calls.post("/user/verify", Self.known.utf8, peer: inside).status == 200
            )
        }
    }

    @Test("answers 503 when the directory is unavailable")
    func directoryDown() async throws {
        let stage = try InboundStage()
        stage.people.goDown()
        try await stage.run { calls in
            let response = try await calls.verify(Self.known)
            #expect(response.status == 503)
            #expect(response.field("Retry-After") == "1")
            #expect(try response.json["error"]?.string == "temporarily_unavailable")
            let description = try response.json["error_description"]?.string
            #expect(description == "The user could not be looked up; ask again.")
        }
    }

    @Test("answers only POST, and only under the base path")
    func path() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            for (method, target) in [
                (HTTP.Method.post, "/user/verify"), (.get, "/acp/user/verify"),
                (.post, "/acp/user/verify/"),
            ] {
                #expect(await calls.answers(method, target) == false, "\(method) \(target)")
            }
            #expect(await calls.answers(.post, "/acp/user/verify"))
        }
    }
}
