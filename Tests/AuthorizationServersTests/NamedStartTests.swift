import HTTP
import JSON
import Logins
import TestSupport
import Testing

@testable import AuthorizationServers

// `Contract.md`, ST-8: a refused start would be sent again for ever.
@Suite("A start that names a login", .timeLimit(.minutes(3)))
struct NamedStartTests {
    struct Shape: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let body: [UInt8]
        /// The state that the report returns.
        var state: String? = "s"
        var tenant: String? = "bank"

        /// A whole body with `members` added to the minimum.
        init(_ name: String, adding members: String) {
            testDescription = name
            body = Array(
                """
                {"login_id":"L1","user_identifier":"u","login_state":"s","tenant_id":"bank",\(members)}
                """.utf8
            )
        }

        init(_ name: String, _ body: [UInt8], state: String? = "s", tenant: String? = "bank") {
            testDescription = name
            self.body = body
            self.state = state
            self.tenant = tenant
        }

        init(_ name: String, _ body: String, state: String? = "s", tenant: String? = "bank") {
            self.init(name, Array(body.utf8), state: state, tenant: tenant)
        }
    }

    private static func letters(_ count: Int) -> String { String(repeating: "s", count: count) }
    private static let named = #""login_id":"L1","login_state":"s","tenant_id":"bank""#
    private static let memberNames = [
        "user_identifier", "login_state", "state", "tenant_id", "server_id", "client_id",
        "requested_scopes", "acr_values", "binding_message", "expires_at",
        "openbanking_intent_id",
    ]
    private static let identifiers = [
        "user_identifier", "tenant_id", "server_id", "client_id", "openbanking_intent_id",
    ]

    private static func replacing(_ member: String, _ value: String) -> Shape {
        let values = [
            ("login_id", #""L1""#), ("user_identifier", #""u""#), ("login_state", #""s""#),
            ("tenant_id", #""bank""#),
        ]
        let others = values.filter { $0.0 != member }.map { "\"\($0.0)\":\($0.1)" }
        return Shape(
            "\(member) \(value.prefix(40))",
            "{" + (others + ["\"\(member)\":\(value)"]).joined(separator: ",") + "}",
            state: member == "login_state" ? nil : "s",
            tenant: member == "tenant_id" ? nil : "bank"
        )
    }

    static let shapes: [Shape] =
        memberNames.flatMap { member in
            ["true", "{}", "[1]"].map { replacing(member, $0) }
        }
        + memberNames.filter { $0 != "expires_at" }.map { replacing($0, "17") }
        + identifiers.flatMap { name in
            [#""\#(letters(513))""#, #""a\u0007b""#, #""a\u0085b""#].map { replacing(name, $0) }
        }
        + [
            "tomorrow", "2031-03-04", "2031-03-04T10:49:34", "2031-13-04T10:49:34Z",
            "10000-01-01T00:00:00Z", "2031-03-04T25:49:34Z", "120", "1795176300000",
            "20310304T104934", "20310304104934Z", "2031-03-04T10Z", "2031-03-04T24:00:01Z",
            "2031-03-04T10:49:34 CST", "04 Mar 2031 10:49:34", "04/03/2031 10:49:34Z", "0x6b000000",
            "Tue, 04 Mar 2031 10:49:34 IST", "1795176300.", "infinity", "1795176300e3",
        ].map { Shape("expires_at \($0)", adding: #""expires_at":"\#($0)""#) }
        + [
            Shape("no user", "{\(named)}"),
            Shape("long message", adding: #""binding_message":"\#(letters(4097))""#),
            Shape("long scope", adding: #""requested_scopes":["\#(letters(2001))"]"#),
            Shape(
                "many scopes",
                adding: #""requested_scopes":["a"\#(String(repeating: ",\"a\"", count: 200))]"#
            ),
            Shape(
                "long state",
                #"{"login_id":"L1","user_identifier":"u","login_state":"\#(letters(5000))"}"#,
                state: letters(5000),
                tenant: nil
            ),
            Shape("twice", adding: #""x":1,"x":1"#),
            Shape("login twice", adding: #""login_id":"L1""#),
            Shape("deep", adding: #""x":"# + String(repeating: "[", count: 5000)),
            Shape("lone surrogate", adding: #""client_info":{"client_name":"\uD800"}"#),
            Shape("bad escape", adding: #""binding_message":"\q""#),
            Shape("control character", adding: "\"binding_message\":\"a\u{1}\""),
            Shape("mark", [0xEF, 0xBB, 0xBF] + Array(#"{"user_identifier":"u",\#(named)}"#.utf8)),
            Shape(
                "not UTF-8",
                Array("{\(named),\"x\":\"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8)
            ),
            Shape("cut off", #"{\#(named),"x":"abc"#),
            Shape("missing comma", #"{"x":"y" \#(named)}"#),
            Shape("trailing comma", "{\(named),}"),
            Shape("other quotes", "{'x':'y',\(named)}"),
            Shape("more after it", #"{"user_identifier":"u",\#(named)} {}"#),
            Shape("inner brackets", #"{"x":[}],"y":{"login_id":"no"},\#(named)}"#),
            Shape("too large", adding: "\"x\":\"\(letters(65_536))\""),
            Shape(
                "too large, valid",
                adding: "\"acr_values\":[\(String(repeating: "\"\",", count: 30_000))\"\"]"
            ),
            Shape(
                "too large, named last",
                "{\"x\":\"\(letters(900_000))\",\"user_identifier\":\"u\",\(named)}"
            ),
            Shape("too large, not JSON", "{\(named),\"x\":[\(letters(70_000))"),
            Shape(
                "too large a state",
                #"{"login_id":"L1","user_identifier":"u","login_state":"\#(letters(70_000))"}"#,
                state: letters(70_000),
                tenant: nil
            ),
            Shape(
                "old state",
                #"{"login_id":"L1","state":"s","tenant_id":"bank","x":01}"#
            ),
        ]

    @Test("is kept and reported as failed if it cannot be taken", arguments: shapes)
    func kept(_ shape: Shape) async throws {
        let stage = try InboundStage()
        try await stage.run { (calls) async throws in
            for _ in 1...2 {
                let response = try await calls.post("/authentication/start", shape.body)
                #expect(response.status == 200)
                #expect(response.text == StartRouteTests.acknowledged)
            }
            let good = #"{"login_id":"L1","user_identifier":"u","login_state":"s"}"#
            #expect(try await calls.start(good).text == StartRouteTests.acknowledged)
            #expect(try await calls.count() == 1)
            let login = try #require(try await calls.login())
            #expect(login.phase.outcome == .failed(.malformedStart))
            #expect(login.duty(at: stage.clock.now()) == .report)
            #expect(login.details.state == shape.state)
            #expect(login.key.tenant?.value == shape.tenant)
        }
        let warnings = stage.log.lines.filter { $0.event == "start.malformed" }
        #expect(warnings.count == 1)
        #expect(warnings.first?.members.contains(#""login_id":"L1""#) == true)
        #expect(warnings.first?.members.contains("cause") == true)
    }

    @Test(
        "is refused if the login's name cannot be read",
        arguments: [
            "", "L1", "[]", #"["login_id","L1"]"#, #"{"login_id":17}"#, #"{"login_id":""}"#,
            #"{"login_id":"\uD800","x":1}"#, #"{"login_id":"a","login_id":"b"}"#,
            #"{"login_id":"a","login_id":7}"#, #"{"data":{"login_id":"a"}}"#,
            #"{"x":"\"login_id\":\"a\"","x":1}"#, #"{"x":"y,"login_id":"a"}"#,
            #"{"login_id":"\#(letters(513))"}"#, #"{"login_id":"a\u0000"}"#,
        ]
    )
    func unnamed(_ body: String) async throws {
        let stage = try InboundStage()
        try await stage.run { (calls) async throws in
            #expect(try await calls.start(body).status == 400)
            #expect(try await calls.count() == 0)
        }
    }

    @Test(
        "is refused as too large if the login's name cannot be read in it",
        arguments: ["{}", #"{"login_id":17}"#, #"{"data":{"login_id":"a"}}"#]
    )
    func unnamedAndTooLarge(_ body: String) async throws {
        let stage = try InboundStage()
        try await stage.run { (calls) async throws in
            let response = try await calls.start(body + Self.letters(65_536))
            #expect(response.status == 413)
            #expect(try response.json["error"]?.string == "invalid_request")
            #expect(try await calls.count() == 0)
        }
    }

    @Test("is refused with strict decoding if it is too large")
    func strictlyTooLarge() async throws {
        let stage = try InboundStage()
        try await stage.run({ $0.decoding = .strict }) { (calls) async throws in
            let body = "{\(Self.named),\"user_identifier\":\"u\",\"x\":\"\(Self.letters(65_536))\"}"
            #expect(try await calls.start(body).status == 413)
            #expect(try await calls.count() == 0)
        }
    }

    @Test(
        "ends when a form of expires_at with one meaning says",
        arguments: [
            #""2026-11-20T12:05:00+0000""#, #""2026-11-20T13:05:00+0100""#,
            #""2026-11-20T13:05:00+01""#, #""2026-11-20 12:05:00Z""#,
            #""Fri, 20 Nov 2026 12:05:00 GMT""#, #""Fri, 20 Nov 2026 12:05:00 +0000""#,
            "1795176300", #""1795176300""#, "1795176300.0", #""1795176300.000""#, "1.7951763E9",
            #""Friday, 20-Nov-26 12:05:00 GMT""#, #""Fri Nov 20 12:05:00 2026""#,
            #""2026-11-20T12:05:00,000Z""#, #""20261120T120500Z""#, #""20261120T1205Z""#,
            #""2026-11-20T12:05Z""#, #""2026-11-20T13:05+01:00""#, #""20261120T130500+0100""#,
            #""2026-11-20 12:05:00 +0000 UTC""#, #""2026-11-20 12:05:00 UTC""#,
            #""20 Nov 2026 12:05:00 +0000""#, #""Fri, 20 Nov 2026 13:05:00 +0100""#,
            #""20 Nov 2026 12:05 GMT""#, #""Fri, 20 Nov 2026 07:05:00 -0500""#,
        ]
    )
    func expiry(_ value: String) async throws {
        let stage = try InboundStage()
        try await stage.run { (calls) async throws in
            let body = #"{"login_id":"L1","user_identifier":"u","expires_at":\#(value)}"#
            #expect(try await calls.start(body).status == 200)
            let login = try #require(try await calls.login())
            #expect(login.phase.name == .preparing)
            #expect(login.terms.expiresAt == stage.clock.now() + .seconds(300))
        }
    }

    /// How a server in Go or .NET writes a value that it does not have.
    static let unsetValues = [
        "null", #""""#, #""0001-01-01T00:00:00Z""#, #""0001-01-01T00:00:00.000Z""#,
        #""0001-01-01T00:00:00+01:00""#, #""0000-12-31T19:03:58-04:56""#,
        #""0001-01-01T00:00:00""#, #""0001-01-01""#, #""0001-01-01 00:00:00 +0000 UTC""#,
        #""Mon, 01 Jan 0001 00:00:00 GMT""#, #""-62135596800""#,
    ]

    /// Every optional member, with what is before and after an unset value in it.
    static let optionalMembers: [(String, (before: String, after: String))] =
        [
            "login_state", "tenant_id", "server_id", "client_id", "client_info", "acr_values",
            "binding_message", "expires_at", "requested_scopes", "openbanking_intent_id",
            "authorization_details", "x",
        ].map { ($0, ("", "")) }
        + [
            ("client_info", (#"{"client_name":"#, "}")), ("acr_values", ("[", "]")),
            ("requested_scopes", ("[", "]")),
        ]

    @Test(
        "is the same with unset optional members and without them, in both decodings",
        arguments: optionalMembers,
        unsetValues
    )
    func unset(_ member: (String, (before: String, after: String)), _ value: String) async throws {
        let (name, place) = member
        // A state is repeated as it is, whatever it looks like.
        if name == "login_state", value.count > 4 { return }
        for decoding in CloudentityInbound.Decoding.allCases
        where name != "login_state" || decoding == .lenient {
            let stage = try InboundStage()
            try await stage.run({ $0.decoding = decoding }) { (calls) async throws in
                let state = name == "login_state" ? "state" : "login_state"
                let body = """
                    {"login_id":"L1","user_identifier":"u","\(state)":"real",
                    "\(name)":\(place.before)\(value)\(place.after)}
                    """
                #expect(try await calls.start(body).status == 200)
                let login = try #require(try await calls.login())
                #expect(login.phase.name == .preparing)
                var details = login.details
                details.origin = nil
                if name == "x" { details.unknownMembers = nil }
                #expect(details == PendingLogin.Details(user: .named("u"), state: "real"))
                #expect(login.terms.expiresAt == stage.clock.now() + .seconds(120))
            }
            #expect(stage.log.events.isEmpty)
        }
    }

    @Test(
        "is one login with its consent, whether or not a repeat names tenant and workspace",
        arguments: [false, true]
    )
    func oneLogin(isCompleteFirst: Bool) async throws {
        let stage = try InboundStage()
        let whole = #","tenant_id":"bank","server_id":"retail""#
        try await stage.run { (calls) async throws in
            for id in ["L1", "L2"] {
                for others in isCompleteFirst ? [whole, ""] : ["", whole] {
                    let body = """
                        {"login_id":"\(id)","user_identifier":"u","openbanking_intent_id":"C"\(others)}
                        """
                    #expect(try await calls.start(body).text == StartRouteTests.acknowledged)
                }
            }
            #expect(try await calls.count() == 2)
            #expect(try await calls.login("L1")?.phase.name == .preparing)
            let second = try await calls.login("L2", tenant: "bank")
            #expect(second?.phase.outcome == .failed(.consentBusy))
        }
    }

    @Test("does not reject a consent that another login asks for")
    func busy() async throws {
        let stage = try InboundStage()
        try await stage.run { (calls) async throws in
            for id in ["L1", "L2"] {
                let wrong = id == "L2" ? #","expires_at":"tomorrow""# : ""
                let body = """
                    {"login_id":"\(id)","user_identifier":"u","openbanking_intent_id":"C"\(wrong)}
                    """
                #expect(try await calls.start(body).status == 200)
            }
            #expect(try await calls.login("L2")?.phase.name == .settled)
        }
    }
}
