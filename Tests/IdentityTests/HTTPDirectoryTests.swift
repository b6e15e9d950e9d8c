import Configuration
import HTTP
import Identity
import Logins
import TestSupport
import Testing
import Threads

@Suite("The HTTP directory")
struct HTTPDirectoryTests {
    private static let template = "https://users.test/v1/{user}/state?of=beckon"

    private let clock = ManualClock()
    private let ignored = Locked<[String]>([])

    private func id(_ text: String) throws -> UserID { try #require(UserID(text)) }

    private func directory(
        _ server: Canned,
        template: String = template,
        token: Secret? = nil
    ) throws -> HTTPDirectory {
        HTTPDirectory(
            try #require(UserLookup.Settings(template: template, token: token)),
            client: server,
            clock: clock
        ) { [ignored] rule in ignored.withLock { $0.append(rule) } }
    }

    @Test(
        "puts the user into the URL as one path segment",
        arguments: [
            ("alice", "alice"), ("a/b?c#d", "a%2Fb%3Fc%23d"), ("é x", "%C3%A9%20x"),
            ("../admin", "..%2Fadmin"), ("%2e", "%252e"), ("a@b.test", "a%40b.test"),
        ]
    )
    func url(user: String, segment: String) async throws {
        let server = Canned(200, "{\"active\":true}")
        _ = try await directory(server).user(try id(user))
        let request = try #require(server.requests.first)
        #expect(request.url == "https://users.test/v1/\(segment)/state?of=beckon")
        #expect(request.method == .get)
        #expect(request.fields.first("authorization") == nil)
    }

    @Test("makes no request for a dot segment", arguments: [".", ".."])
    func dotSegments(user: String) async throws {
        let server = Canned(200, "{\"active\":true}")
        #expect(try await directory(server).user(try id(user)) == nil)
        #expect(server.requests.isEmpty)
    }

    @Test("sends its token as bearer token")
    func token() async throws {
        let server = Canned(200, "{\"active\":true}")
        _ = try await directory(server, token: Secret("t-1")).user(try id("alice"))
        #expect(server.requests.map { $0.fields.first("authorization") } == ["Bearer t-1"])
    }

    @Test(
        "reads every member of the answer",
        arguments: [
            (#"{"active":true}"#, true, nil, nil, nil),
            (
                #"{"active":false,"channels":null,"language":null,"time_zone":null}"#,
                false, nil, nil, nil
            ),
            (
                #"{"active":true,"channels":["push","mail"],"language":"de-CH","x":1}"#,
                true, ["push", "mail"], "de-CH", nil
            ),
            (#"{"active":true,"channels":[]}"#, true, [], nil, nil),
            (#"{"active":true,"channels":["",null],"documents":[""]}"#, true, [], nil, nil),
            (#"{"active":true,"channels":["push",""]}"#, true, ["push"], nil, nil),
            (#"{"active":true,"language":"<script>"}"#, true, nil, nil, nil),
            (
                #"{"active":true,"time_zone":"America/Sao_Paulo"}"#,
                true, nil, nil, "America/Sao_Paulo"
            ),
            (#"{"active":true,"time_zone":"../../etc/passwd"}"#, true, nil, nil, nil),
            (#"{"active":true,"time_zone":-3}"#, true, nil, nil, nil),
        ] as [(String, Bool, [String]?, String?, String?)]
    )
    func found(
        body: String,
        isActive: Bool,
        channels: [String]?,
        language: String?,
        timeZone: String?
    ) async throws {
        let user = try await directory(Canned(200, body)).user(try id("alice"))
        let expected = User(
            id: try id("alice"),
            isActive: isActive,
            channels: try channels.map { Set(try $0.map { try #require(ChannelID($0)) }) },
            language: language,
            timeZone: timeZone
        )
        #expect(user == expected)
    }

    @Test(
        "reads documents, with punctuation or without, also numbers and without the zeros before them",
        arguments: [
            (
                #""documents":["111.444.777-35","12345678000195"]"#,
                ["11144477735", "12345678000195"]
            ),
            (#""document":"111.444.777-35""#, ["11144477735"]),
            (#""documents":[1144477735,2345678000195]"#, ["01144477735", "02345678000195"]),
            (#""document":44477735"#, ["00044477735"]),
            (#""documents":null,"document":"""#, []), (#""documents":[]"#, []),
        ]
    )
    func documents(members: String, numbers: [String]) async throws {
        let user = try await directory(Canned(200, "{\"active\":true,\(members)}"))
            .user(try id("alice"))
        #expect(user?.documents.map(\.number).sorted() == numbers)
    }

    @Test(
        "reads an address for each channel, and ignores what is none",
        arguments: [
            (
                #""addresses":{"mail":"anna@example.com","sms":"+44"}"#,
                ["mail": "anna@example.com", "sms": "+44"]
            ),
            (#""addresses":null"#, [:]), (#""addresses":["anna@example.com"]"#, [:]),
            (
                #""addresses":{"mail":"a b","sms":7,"":"x","tty":null,"app":"\r\n","fax":"+1"}"#,
                ["fax": "+1"]
            ),
        ] as [(String, [String: String])]
    )
    func addresses(members: String, addresses: [String: String]) async throws {
        let user = try await directory(Canned(200, "{\"active\":true,\(members)}"))
            .user(try id("alice"))
        let found = user?.addresses.map { ($0.key.value, $0.value) } ?? []
        #expect(Dictionary(uniqueKeysWithValues: found) == addresses)
    }

    @Test(
        "ignores a member that breaks its rule, and says so once an hour without its value",
        arguments: [
            (#""language":"<script>""#, "language must be a language tag (BCP 47)"),
            (#""language":["de"]"#, "language must be a language tag (BCP 47)"),
            (
                #""time_zone":"../../etc/passwd""#,
                "time_zone must be a name of the time zone database"
            ),
            (#""time_zone":-3"#, "time_zone must be a name of the time zone database"),
            (#""channels":"push""#, "channels must be an array"),
            (#""channels":["push",1]"#, "channels must contain names of channels only"),
            (#""channels":["a\u0007"]"#, "channels must contain names of channels only"),
            (#""language":"xx","time_zone":null,"channels":null"#, nil),
        ]
    )
    func brokenRule(member: String, rule: String?) async throws {
        let directory = try directory(Canned(200, "{\"active\":true,\(member)}"))
        for name in ["alice", "bob"] {
            let user = try await directory.user(try id(name))
            #expect(user?.isActive == true)
            #expect(user?.language == (rule == nil ? "xx" : nil))
        }
        #expect(ignored.withLock { $0 } == (rule.map { [$0] } ?? []))
        clock.advance(by: .seconds(3600))
        _ = try await directory.user(try id("alice"))
        #expect(ignored.withLock { $0.count } == (rule == nil ? 0 : 2))
    }

    @Test("reports a missing user after 404 and 410", arguments: [404, 410])
    func nobody(status: Int) async throws {
        #expect(try await directory(Canned(status, "")).user(try id("alice")) == nil)
    }

    @Test(
        "reports an error after any other response",
        arguments: [
            (200, ""), (200, "[]"), (200, "{}"), (200, "{\"active\":\"yes\"}"),
            (200, "{\"active\":true"),
            (200, #"{"active":true,"documents":"11144477735"}"#),
            (200, #"{"active":true,"documents":[-11144477735]}"#),
            (200, #"{"active":true,"documents":[1.1144477735e10]}"#),
            (200, #"{"active":true,"documents":["1"]}"#),
            (200, #"{"active":true,"document":["11144477735"]}"#),
            (204, ""), (301, ""), (401, ""), (403, ""), (429, ""), (500, "{\"active\":true}"),
            (503, ""),
        ]
    )
    func unavailable(status: Int, body: String) async throws {
        let directory = try directory(Canned(status, body))
        let alice = try id("alice")
        await #expect(throws: DirectoryError.self) { try await directory.user(alice) }
    }

    @Test(
        "reports that it could not be reached",
        arguments: [
            OutboundError.notSent("why"), .ambiguous("why"), .unusableAnswer("why"),
            .forbiddenAddress("why"), .invalid("why"),
        ]
    )
    func unreached(error: OutboundError) async throws {
        let directory = try directory(Canned(failing: error))
        let alice = try id("alice")
        await #expect(throws: DirectoryError.unavailable(error.reason)) {
            try await directory.user(alice)
        }
    }

    @Test("requires {user} exactly once in the template")
    func template() {
        #expect(UserLookup.Settings(template: "https://users.test/") == nil)
        #expect(UserLookup.Settings(template: "https://users.test/{user}/{user}") == nil)
        #expect(UserLookup.Settings(template: "https://users.test/{user}") != nil)
        #expect(UserLookup.Settings(template: "https://users.test/?name={user}") != nil)
    }
}

/// Gives one answer to everything and keeps what it was asked.
private final class Canned: OutboundHTTP {
    private let answer: Result<OutboundResponse, OutboundError>
    private let kept = Locked<[OutboundRequest]>([])

    init(_ status: Int, _ body: String) {
        answer = .success(OutboundResponse(status: status, body: Array(body.utf8)))
    }
    init(failing error: OutboundError) { answer = .failure(error) }

    var requests: [OutboundRequest] { kept.withLock { $0 } }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        kept.withLock { $0.append(request) }
        return try answer.get()
    }
}
