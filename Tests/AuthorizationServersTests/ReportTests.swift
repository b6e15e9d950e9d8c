import HTTP
import JSON
import Logins
import OAuthClient
import Telemetry
import TestSupport
import Testing

@testable import AuthorizationServers

@Suite("A report to Cloudentity")
struct ReportTests {
    /// What a scripted ACP does with a call to the scope grant: by the last part of the path.
    typealias Act = Result<OutboundResponse, OutboundError>

    static func status(_ status: Int, _ body: String = "{}", fields: [Field] = []) -> Act {
        .success(OutboundResponse(status: status, fields: fields, body: Array(body.utf8)))
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var inDoubt = false
        /// Seconds since the start arrived.
        var age: Int64 = 30
        var report: [Act] = []
        var look: [Act] = []
        let expected: ReportAnswer
        /// How many calls of each kind it takes.
        let reports: Int
        let looks: Int
    }

    static let open = #"{"scope_grant_approved":false,"scope_grant_rejected":false}"#
    static let approved = #"{"scope_grant_approved":true,"scope_grant_rejected":false}"#
    static let rejected = #"{"scope_grant_approved":false,"scope_grant_rejected":true}"#

    /// The rules of the contract, one row each [SP-1 to SP-7, ED-1 to ED-5].
    static let cases: [Case] = [
        Case(
            testDescription: "200 is done",
            report: [status(200)],
            expected: .taken,
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "204 is done",
            report: [status(204, "")],
            expected: .taken,
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "a redirect is never followed",
            report: [status(301)],
            expected: .refused("301"),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "400 is looked at once: recorded after all",
            report: [status(400)],
            look: [status(200, approved)],
            expected: .taken,
            reports: 1,
            looks: 1
        ),
        Case(
            testDescription: "400 is looked at once: still open",
            report: [status(400, #"{"error":"bad_request"}"#)],
            look: [status(200, open)],
            expected: .refused("400 bad_request"),
            reports: 1,
            looks: 1
        ),
        Case(
            testDescription: "401 once is repaired by a new token",
            report: [status(401), status(200)],
            expected: .taken,
            reports: 2,
            looks: 0
        ),
        Case(
            testDescription: "401 twice is final",
            report: [status(401), status(401)],
            expected: .refused("401"),
            reports: 2,
            looks: 0
        ),
        Case(
            testDescription: "401 for another reason than the token is final",
            report: [status(401, #"{"error_code":"client_blocked"}"#), status(200)],
            expected: .refused("401"),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "401 of an invalid token is repaired by a new one",
            report: [status(401, #"{"error_code":"invalid_access_token"}"#), status(200)],
            expected: .taken,
            reports: 2,
            looks: 0
        ),
        Case(
            testDescription: "403 is final",
            report: [status(403), status(200)],
            expected: .refused("403"),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "408 may have been processed",
            report: [status(408)],
            expected: .later("408", after: nil, inDoubt: true),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "499 may have been processed",
            report: [status(499)],
            expected: .later("499", after: nil, inDoubt: true),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "425 was not processed",
            report: [status(425)],
            expected: .later("425", after: nil, inDoubt: false),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "421 was not processed",
            report: [status(421)],
            expected: .later("421", after: nil, inDoubt: false),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "410 means gone",
            report: [status(410)],
            expected: .gone,
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "404 right after the start may be too early",
            age: 1,
            report: [status(404)],
            expected: .later("not stored at the server yet", after: nil, inDoubt: false),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "nor is a doubt settled by 404 right after the start",
            inDoubt: true,
            age: 1,
            look: [status(404)],
            expected: .later("not stored at the server yet", after: nil, inDoubt: false),
            reports: 0,
            looks: 1
        ),
        Case(
            testDescription: "an unusable certificate of ours is tried again",
            report: [.failure(.invalid("certificate"))],
            expected: .later("certificate", after: nil, inDoubt: false),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "404 later means gone",
            report: [status(404)],
            expected: .gone,
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "409 is looked at: equals our wish",
            report: [status(409)],
            look: [status(200, approved)],
            expected: .taken,
            reports: 1,
            looks: 1
        ),
        Case(
            testDescription: "409 is looked at: the opposite stands there",
            report: [status(409)],
            look: [status(200, rejected)],
            expected: .refused("the server has it rejected"),
            reports: 1,
            looks: 1
        ),
        Case(
            testDescription: "429 waits as told",
            report: [status(429, fields: [Field("Retry-After", "7")])],
            expected: .later("429", after: .seconds(7), inDoubt: false),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "429 with nonsense in Retry-After uses our own pause",
            report: [status(429, fields: [Field("Retry-After", "soon")])],
            expected: .later("429", after: nil, inDoubt: false),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "503 is in doubt",
            report: [status(503)],
            expected: .later("503", after: nil, inDoubt: true),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "a refused connection is not in doubt",
            report: [.failure(.notSent("refused"))],
            expected: .later("refused", after: nil, inDoubt: false),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "a reset after bytes is in doubt",
            report: [.failure(.ambiguous("reset"))],
            expected: .later("reset", after: nil, inDoubt: true),
            reports: 1,
            looks: 0
        ),
        Case(
            testDescription: "in doubt and recorded: nothing is sent",
            inDoubt: true,
            look: [status(200, approved)],
            expected: .taken,
            reports: 0,
            looks: 1
        ),
        Case(
            testDescription: "in doubt and open: sent again",
            inDoubt: true,
            report: [status(200)],
            look: [status(200, open)],
            expected: .taken,
            reports: 1,
            looks: 1
        ),
        Case(
            testDescription: "in doubt and gone: no further call",
            inDoubt: true,
            look: [status(404)],
            expected: .gone,
            reports: 0,
            looks: 1
        ),
        Case(
            testDescription: "in doubt and the opposite there: never sent",
            inDoubt: true,
            look: [status(200, rejected)],
            expected: .refused("the server has it rejected"),
            reports: 0,
            looks: 1
        ),
        Case(
            testDescription: "in doubt and not to be seen: waits, sends nothing",
            inDoubt: true,
            look: [status(500)],
            expected: .later("looking: 500", after: nil, inDoubt: false),
            reports: 0,
            looks: 1
        ),
    ]

    @Test("follows the table of statuses", arguments: cases)
    func table(row: Case) async throws {
        let stage = Stage(row)
        let answer = await stage.server.report(
            stage.outcome(.approve),
            of: stage.login(age: row.age),
            inDoubt: row.inDoubt
        )
        #expect(answer == row.expected)
        #expect(stage.count { $0.url.hasSuffix("/accept") } == row.reports)
        #expect(stage.count { $0.method == .get } == row.looks)
    }

    @Test("asks for a token once for many reports, and keeps it")
    func oneToken() async {
        let stage = Stage(Case(testDescription: "", expected: .taken, reports: 0, looks: 0))
        await withTaskGroup(of: ReportAnswer.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    await stage.server.report(
                        stage.outcome(.approve),
                        of: stage.login(age: 30),
                        inDoubt: false
                    )
                }
            }
            for await answer in group { #expect(answer == .taken) }
        }
        #expect(stage.count { $0.url == "https://acp.example/bank/system/oauth2/token" } == 1)
    }

    @Test("names the login's trace in each call, the token's too, each with a span of its own")
    func trace() async throws {
        let stage = Stage(
            Case(
                testDescription: "",
                report: [Self.status(401), Self.status(409)],
                look: [Self.status(200, Self.open), Self.status(200, Self.approved)],
                expected: .taken,
                reports: 2,
                looks: 2
            )
        )
        let login = stage.login(age: 30, origin: .fixture)
        let outcome = stage.outcome(.approve)
        #expect(await stage.server.report(outcome, of: login, inDoubt: true) == .taken)
        // A token, a look, a refused report, a token, a report, a look.
        try #require(stage.http.requests.count == 6)
        let contexts = stage.http.requests.compactMap { request in
            request.fields.first("traceparent").flatMap { TraceContext($0) }
        }
        let traces = contexts.map(\.traceID)
        #expect(traces == Array(repeating: "4bf92f3577b34da6a3ce929d0e0e4736", count: 6))
        #expect(Set(contexts.map(\.span) + [0x00F0_67AA_0BA9_02B7]).count == 7)
    }

    @Test("names no trace when the login has none")
    func noTrace() async {
        let stage = Stage(Case(testDescription: "", expected: .taken, reports: 0, looks: 0))
        let login = stage.login(age: 30)
        _ = await stage.server.report(stage.outcome(.approve), of: login, inDoubt: false)
        #expect(stage.count { _ in true } == 2)
        #expect(stage.count { $0.fields.first("traceparent") != nil } == 0)
    }

    @Test("renews the token ten seconds before it ends")
    func renewal() async {
        let stage = Stage(Case(testDescription: "", expected: .taken, reports: 0, looks: 0))
        func report() async {
            _ = await stage.server.report(
                stage.outcome(.approve),
                of: stage.login(age: 30),
                inDoubt: false
            )
        }
        await report()
        stage.clock.advance(by: .seconds(3589))
        await report()
        #expect(stage.count { $0.url.hasSuffix("/oauth2/token") } == 1)
        stage.clock.advance(by: .seconds(2))
        await report()
        #expect(stage.count { $0.url.hasSuffix("/oauth2/token") } == 2)
    }

    @Test(
        "carries exactly the members of the model",
        arguments: [
            (
                Decision.Choice.approve,
                #"{"granted_scopes":["openid","consent:urn:a:b:c"],"id":"a/b","login_state":"s1"}"#
            ),
            (
                .deny,
                #"{"id":"a/b","login_state":"s1","error":"access_denied","#
                    + #""error_description":"The user declined the request."}"#
            ),
            (
                .reportAsFraud,
                #"{"id":"a/b","login_state":"s1","error":"access_denied","#
                    + #""error_description":"The user reported the request as not theirs."}"#
            ),
        ]
    )
    func bodies(choice: Decision.Choice, expected: String) async throws {
        let stage = Stage(Case(testDescription: "", expected: .taken, reports: 0, looks: 0))
        _ = await stage.server.report(
            stage.outcome(choice),
            of: stage.login(age: 30),
            inDoubt: false
        )
        let sent = try #require(stage.http.requests.last)
        #expect(String(decoding: sent.body, as: UTF8.self) == expected)
        let verb = choice == .approve ? "accept" : "reject"
        #expect(sent.url == "https://acp.example/api/system/bank/scope-grants/a%2Fb/\(verb)")
        #expect(sent.fields.first("authorization") == "Bearer t1")
    }

    /// A scripted ACP and the adapter that calls it.
    struct Stage: Sendable {
        let clock = ManualClock()
        let http: ScriptedServer
        let server: CloudentityServer

        init(_ row: Case) {
            let reports = Counter()
            let looks = Counter()
            let tokens = Counter()
            http = ScriptedServer { request, _ in
                func next(_ acts: [Act], _ counter: Counter, otherwise: Act) -> Act {
                    counter.increment()
                    return counter.current <= acts.count ? acts[counter.current - 1] : otherwise
                }
                if request.url.hasSuffix("/oauth2/token") {
                    tokens.increment()
                    let token = #"{"access_token":"t\#(tokens.current)","expires_in":3600}"#
                    return ReportTests.status(200, token)
                }
                return request.method == .get
                    ? next(row.look, looks, otherwise: ReportTests.status(500))
                    : next(row.report, reports, otherwise: ReportTests.status(200))
            }
            let settings = CloudentityOutbound(
                server: .named("acp"),
                acp: "https://acp.example/",
                clientID: "beckon"
            )
            server = CloudentityServer(
                settings,
                credentials: { ClientCredentials(.secretBasic("secret")) },
                http: http,
                clock: clock,
                log: .silent
            )
        }

        func count(_ matching: (OutboundRequest) -> Bool) -> Int {
            http.requests.filter(matching).count
        }

        func login(age: Int64, origin: PendingLogin.Origin? = nil) -> PendingLogin {
            .arrived(
                "a/b",
                at: clock.now() - .seconds(age),
                .init(user: .named("ann"), state: "s1", origin: origin)
            )
        }

        func outcome(_ choice: Decision.Choice) -> Outcome {
            Outcome(
                Decision(
                    choice,
                    evidence: Evidence(method: .tap, via: .page, address: nil),
                    at: clock.now(),
                    grant: Grant(scopes: choice == .approve ? ["openid", "consent:urn:a:b:c"] : [])
                )
            )
        }
    }
}
