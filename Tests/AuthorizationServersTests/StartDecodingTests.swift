import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

// `Contract.md`, section 2.
@Suite("The body of a start", .timeLimit(.minutes(3)))
struct StartDecodingTests {
    /// What a row of the table expects of a body.
    enum Expected: Sendable {
        case refused
        /// Acknowledged, kept, and reported as failed.
        case failed
        case taken(@Sendable (PendingLogin) -> Bool)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let rule: String
        /// What follows `login_id` and `user_identifier`, or the whole body.
        let members: String
        let strict: Expected
        let lenient: Expected

        init(
            _ rule: String,
            _ members: String,
            strict: Expected,
            lenient: Expected
        ) {
            self.rule = rule
            self.members = members
            self.strict = strict
            self.lenient = lenient
        }

        /// The same in both.
        init(_ rule: String, _ members: String, _ both: Expected) {
            self.init(rule, members, strict: both, lenient: both)
        }

        var body: String {
            members.hasPrefix("{") || members.isEmpty
                ? members : #"{"login_id":"L1","user_identifier":"u",\#(members)}"#
        }
        var testDescription: String { "\(rule): \(members.prefix(60))" }
    }

    private static let any = Expected.taken { _ in true }
    private static func list(_ count: Int) -> String {
        (0..<count).map { "\"s\($0)\"" }.joined(separator: ",")
    }
    private static func words(_ count: Int) -> String {
        (0..<count).map { "s\($0)" }.joined(separator: " ")
    }
    private static func letters(_ count: Int) -> String { String(repeating: "s", count: count) }
    private static func state(_ state: String?) -> Expected {
        .taken { $0.details.state == state }
    }
    private static func scopes(_ scopes: String...) -> Expected {
        .taken { $0.details.requestedScopes == scopes }
    }
    private static func acr(_ values: String...) -> Expected {
        .taken { $0.details.acrValues == values }
    }
    private static func client(_ name: String?) -> Expected {
        .taken { $0.details.clientName == name }
    }
    private static let long = String(repeating: "é", count: 512)
    private static func named(_ name: String, _ value: String) -> String {
        let other = name == "login_id" ? "user_identifier" : "login_id"
        return #"{"login_state":"s","\#(other)":"x","\#(name)":\#(value)}"#
    }

    static let rows: [Row] = [
        Row("DE-1", "", .refused), Row("DE-1", "{", .refused), Row("DE-1", "{}", .refused),
        Row(
            "DE-1",
            #"{"login_id":"L1","user_identifier":"u","login_state":"s"} {}"#,
            strict: .refused,
            lenient: .failed
        ),
        Row(
            "DE-1",
            #"{"login_id":"L1","login_id":"L1","user_identifier":"u"}"#,
            strict: .refused,
            lenient: .failed
        ),
        Row("DE-1", #""login_state":"s","login_state":"s""#, strict: .refused, lenient: .failed),
        Row("DE-1", #""login_state":"s",'a':1"#, strict: .refused, lenient: .failed),
        Row("DE-2", named("login_id", "17"), .refused),
        Row("DE-2", named("login_id", "null"), .refused),
        Row("DE-2", named("login_id", #""""#), .refused),
        Row("DE-2", named("login_id", #""a\nb""#), .refused),
        Row("DE-2", named("login_id", #""a\u0085b""#), .refused),
        Row("DE-2", named("login_id", #""\#(long)x""#), .refused),
        Row("DE-2", named("login_id", #""\#(long)""#), any),
        Row("DE-2", named("user_identifier", "17"), strict: .refused, lenient: .failed),
        Row("DE-2", named("user_identifier", "null"), strict: .refused, lenient: .failed),
        Row("DE-2", named("user_identifier", #""""#), strict: .refused, lenient: .failed),
        Row("DE-2", named("user_identifier", #""a\u007Fb""#), strict: .refused, lenient: .failed),
        Row("DE-2", named("user_identifier", #""\#(long)x""#), strict: .refused, lenient: .failed),
        Row("DE-2", named("user_identifier", #""\#(long)""#), any),
        Row("DE-3", #""login_state":"new""#, state("new")),
        Row("DE-3", #""state":"old""#, strict: .refused, lenient: state("old")),
        Row("DE-3", #""state":"old","login_state":"new""#, state("new")),
        Row("DE-3", #""login_state":17"#, strict: .refused, lenient: .failed),
        Row("DE-4", #""requested_scopes":["a"]"#, strict: .refused, lenient: state(nil)),
        Row("DE-5", #""login_state":"s","requested_scopes":["a","b"]"#, scopes("a", "b")),
        Row("DE-5", #""login_state":"s""#, scopes()),
        Row("DE-5", #""login_state":"s","requested_scopes":null"#, scopes()),
        Row(
            "DE-5",
            #""login_state":"s","requested_scopes":"a b""#,
            strict: .refused,
            lenient: scopes("a", "b")
        ),
        Row(
            "DE-5",
            #""login_state":"s","requested_scopes":[{"requested_name":"a:1","name":"a:*"},"#
                + #"{"name":"b"},{"requested_name":"","name":"c"},"d"]"#,
            strict: .refused,
            lenient: scopes("a:1", "b", "c", "d")
        ),
        Row(
            "DE-5",
            #""login_state":"s","requested_scopes":[1]"#,
            strict: .refused,
            lenient: .failed
        ),
        Row(
            "DE-5",
            #""login_state":"s","requested_scopes":[{"other":"a"}]"#,
            strict: .refused,
            lenient: .failed
        ),
        Row(
            "DE-5",
            #""login_state":"s","requested_scopes":{}"#,
            strict: .refused,
            lenient: .failed
        ),
        Row("DE-5", #""login_state":"s","requested_scopes":[\#(list(200))]"#, any),
        Row(
            "DE-5",
            #""login_state":"s","requested_scopes":[\#(list(201))]"#,
            strict: .refused,
            lenient: .failed
        ),
        Row(
            "DE-5",
            #""login_state":"s","requested_scopes":"\#(words(201))""#,
            strict: .refused,
            lenient: .failed
        ),
        Row("DE-5", #""login_state":"s","requested_scopes":["\#(letters(2000))"]"#, any),
        Row(
            "DE-5",
            #""login_state":"s","requested_scopes":["\#(letters(2001))"]"#,
            strict: .refused,
            lenient: .failed
        ),
        Row("DE-6", #""login_state":"s","acr_values":["1","2"]"#, acr("1", "2")),
        Row("DE-6", #""login_state":"s","acr_values":null"#, acr()),
        Row(
            "DE-6",
            #""login_state":"s","acr_values":"1 2""#,
            strict: .refused,
            lenient: acr("1", "2")
        ),
        Row(
            "DE-7",
            #""login_state":"s","expires_at":"tomorrow""#,
            strict: .refused,
            lenient: .failed
        ),
        Row("DE-7", #""login_state":"s","expires_at":1795176300"#, strict: .refused, lenient: any),
        // No store of PostgreSQL can keep U+0000.
        Row("DE-9", #""login_state":"a\u0000""#, strict: .refused, lenient: .failed),
        Row(
            "DE-9",
            #""login_state":"s","binding_message":"\u0000""#,
            strict: .refused,
            lenient: .failed
        ),
        Row(
            "DE-9",
            #""login_state":"s","client_info":{"client_name":"a\u0000b"}"#,
            strict: .refused,
            lenient: .failed
        ),
        Row("DE-8", #""login_state":"s","client_info":{"client_name":"Shop"}"#, client("Shop")),
        Row(
            "DE-8",
            #""login_state":"s","client_info":{"client_name":"\#(letters(9000))"}"#,
            client(letters(9000))
        ),
        Row("DE-8", #""login_state":"s","client_info":{}"#, client(nil)),
        Row("DE-8", #""login_state":"s","client_info":null"#, client(nil)),
        Row("DE-8", #""login_state":"s","client_info":"Shop""#, client(nil)),
        Row("DE-9", #""login_state":"s","binding_message":null,"tenant_id":null"#, any),
        Row("DE-9", #""login_state":null"#, strict: .refused, lenient: state(nil)),
        Row("DE-10", #""login_state":"s","user_hint":{"a":[1]}"#, any),
        Row("DE-11", #"{"loginId":"L1","user_identifier":"u","login_state":"s"}"#, .refused),
        Row("DE-11", #"{"id":"L1","user_identifier":"u","login_state":"s"}"#, .refused),
        Row("DE-11", #"{"login":"L1","user_identifier":"u","login_state":"s"}"#, .refused),
    ]

    @Test("is decoded leniently as the contract says", arguments: rows)
    func lenient(row: Row) async throws {
        try await check(row, .lenient, row.lenient)
    }

    @Test("is decoded strictly as the contract says", arguments: rows)
    func strict(row: Row) async throws {
        try await check(row, .strict, row.strict)
    }

    private func check(
        _ row: Row,
        _ decoding: CloudentityInbound.Decoding,
        _ expected: Expected
    ) async throws {
        let stage = try InboundStage()
        try await stage.run({ $0.decoding = decoding }) { calls in
            let response = try await calls.start(row.body)
            switch expected {
            case .refused:
                #expect(response.status == 400)
                #expect(try response.json["error"]?.string == "invalid_request")
                #expect(try await calls.count() == 0)
            case .failed:
                #expect(response.text == StartRouteTests.acknowledged)
                let stored = try #require(try await calls.store.login(LoginNumber(1)))
                #expect(stored.login.phase.outcome == .failed(.malformedStart))
                #expect(stored.login.duty(at: stage.clock.now()) == .report)
                #expect(stage.log.events == ["start.malformed"])
            case .taken(let isRight):
                #expect(response.status == 200, "\(response.text)")
                let stored = try #require(try await calls.store.login(LoginNumber(1)))
                #expect(isRight(stored.login), "\(stored.login.details)")
            }
        }
    }

    @Test("keeps login_state if state differs, and notes that")
    func twoStates() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let both = #"{"login_id":"L1","user_identifier":"u","login_state":"a","state":"b"}"#
            _ = try await calls.start(both)
            #expect(stage.log.events == ["start.two_states"])
            let same = #"{"login_id":"L2","user_identifier":"u","login_state":"a","state":"a"}"#
            _ = try await calls.start(same)
            #expect(stage.log.events == ["start.two_states"])
            #expect(try await calls.login("L1")?.details.state == "a")
        }
        #expect(stage.log.lines.allSatisfy { !$0.members.contains(#""a""#) })
    }

    @Test("needs a state if that is configured")
    func requiredState() async throws {
        let stage = try InboundStage()
        try await stage.run({ $0.requiresLoginState = true }) { (calls) async throws in
            let without = #"{"login_id":"L1","user_identifier":"u"}"#
            #expect(try await calls.start(without).status == 200)
            #expect(try await calls.login()?.phase.outcome == .failed(.malformedStart))
            let older = #"{"login_id":"L2","user_identifier":"u","state":"s"}"#
            #expect(try await calls.start(older).status == 200)
            #expect(try await calls.login("L2")?.phase.name == .preparing)
        }
    }

    @Test(
        "determines the expiry by any RFC 3339 timestamp, or by the default lifetime",
        arguments: [
            (#""2026-11-20T12:05:00Z""#, 300_000), (#""2026-11-20T13:05:00+01:00""#, 300_000),
            (#""2026-11-20T12:05:00.250Z""#, 300_250), (#""2026-11-20t12:05:00z""#, 300_000),
            ("null", 120_000), (#""2031-03-04T10:49:34Z""#, 24 * 3_600_000),
        ]
    )
    func ends(text: String, milliseconds: Int64) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let body = #"{"login_id":"L1","user_identifier":"u","expires_at":\#(text)}"#
            #expect(try await calls.start(body).status == 200)
            let terms = try #require(try await calls.login()).terms
            #expect((terms.expiresAt - stage.clock.now()).milliseconds == milliseconds)
        }
    }

    @Test("is acknowledged and settled if it has expired on arrival")
    func expired() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let body =
                #"{"login_id":"L1","user_identifier":"u","expires_at":"2026-11-20T11:59:59Z"}"#
            let response = try await calls.start(body)
            #expect(response.text == StartRouteTests.acknowledged)
            let login = try #require(try await calls.login())
            #expect(login.phase.outcome == .expired)
            #expect(login.dueAt == nil, "nobody is asked and nothing is reported")
        }
    }

    @Test("keeps unknown members, with masked secrets")
    func unknown() async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let body =
                #"{"login_id":"L1","user_identifier":"u","user_code":"0815","#
                + #""nested":[{"type":"x","user_code":"0815"}],"X_Secret":{"a":"0815"},"#
                + #""id_token_hint":"0815","password":"0815"}"#
            #expect(try await calls.start(body).status == 200)
            let kept = try #require(try await calls.login()?.details.unknownMembers)
            #expect(!kept.contains("0815"))
            let json = try JSONValue(Array(kept.utf8))
            for name in ["user_code", "X_Secret", "id_token_hint", "password"] {
                #expect(json[name]?.string == "***")
            }
            #expect(json["nested"]?.array?.first?["type"]?.string == "x")
        }
    }

    @Test(
        "keeps authorization_details whatever they are, so that malformed ones fail the login",
        arguments: [
            (#"[{"type":"x","n":1.50}]"#, #"[{"type":"x","n":1.50}]"#), (#"{"a":1}"#, #"{"a":1}"#),
            (#""x""#, #""x""#), ("7", "7"), ("[]", "[]"), ("null", nil), (#""""#, nil),
        ] as [(String, String?)]
    )
    func authorizationDetails(_ sent: String, _ kept: String?) async throws {
        let stage = try InboundStage()
        try await stage.run { calls in
            let body =
                #"{"login_id":"L1","user_identifier":"u","authorization_details":\#(sent)}"#
            let response = try await calls.start(body)
            #expect(response.status == 200)
            let login = try await calls.login()
            #expect(login?.details.authorizationDetails == kept)
        }
    }
}
