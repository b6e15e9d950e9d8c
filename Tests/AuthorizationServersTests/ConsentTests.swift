import HTTP
import Logins
import OAuthClient
import Telemetry
import TestSupport
import Testing

@testable import AuthorizationServers

@Suite("What Cloudentity has approved")
struct ConsentTests {
    /// Asks an adapter about a login, with one answer to the GET of its scope grant.
    private func consent(
        _ answer: Result<OutboundResponse, OutboundError>,
        scopes: [String] = ["openid"],
        consentID: String? = nil,
        age: Int64 = 30
    ) async -> ConsentAnswer {
        let clock = ManualClock()
        let http = ScriptedServer { request, _ in
            request.url.hasSuffix("/oauth2/token")
                ? ReportTests.status(200, #"{"access_token":"t","expires_in":9223372036854775807}"#)
                : answer
        }
        let settings = CloudentityOutbound(
            server: .named("acp"),
            acp: "https://acp.example",
            clientID: "beckon"
        )
        let server = CloudentityServer(
            settings,
            credentials: { ClientCredentials(.secretBasic("secret")) },
            http: http,
            clock: clock,
            log: .silent
        )
        let login = PendingLogin.arrived(
            at: clock.now() - .seconds(age),
            PendingLogin.Details(
                user: .named("ann"),
                clientName: "Told",
                requestedScopes: scopes,
                consentID: consentID.map { .named($0) }
            )
        )
        return await server.consent(of: login)
    }

    @Test("is shown in the server's words, and granted by the requested name")
    func words() async {
        let body = #"""
            {"client_info":{"client_name":"Kiosk"},"requested_scopes":[
              {"name":"openid","requested_name":"openid","display_name":"Sign in"},
              {"name":"loyalty:*","requested_name":"loyalty:7","description":"One account"},
              {"name":"email","requested_name":""}]}
            """#
        let expected = Consent(
            clientName: "Kiosk",
            scopes: [
                .init(requestedName: "openid", displayName: "Sign in"),
                .init(requestedName: "loyalty:7", explanation: "One account"),
                .init(requestedName: "email"),
            ]
        )
        guard case .consent(let shown) = await consent(ReportTests.status(200, body)) else {
            Issue.record("nothing is shown")
            return
        }
        #expect(shown.clientName == expected.clientName)
        #expect(shown.scopes == expected.scopes)
        #expect(shown.facts.isEmpty && shown.accounts == .none)
        // So that it is fetched again and compared before an approval is reported.
        #expect(shown.source?.count == 64)
    }

    @Test("is what the start said when the server has no scope grant")
    func told() async {
        let expected = Consent(clientName: "Told", scopes: [.init(requestedName: "openid")])
        #expect(await consent(ReportTests.status(404)) == .consent(expected))
        #expect(
            await consent(ReportTests.status(404), age: 1)
                == .later("not stored at the server yet", after: nil)
        )
    }

    @Test("is never asked for when it cannot be shown whole")
    func unusable() async {
        let details =
            #"{"requested_scopes":[{"name":"a"}],"authorization_details":[{"actions":[]}]}"#
        let dynamic = #"{"requested_scopes":[{"name":"c","requested_name":"consent:urn:a:b"}]}"#
        let unusable = ConsentAnswer.unusable(.consentUnusable)
        #expect(await consent(ReportTests.status(200, details)) == unusable)
        #expect(await consent(ReportTests.status(200, dynamic)) == unusable)
        #expect(await consent(ReportTests.status(200), consentID: "aac-1") == unusable)
        #expect(await consent(ReportTests.status(200), scopes: ["consent:urn:a:b"]) == unusable)
        for status in [400, 403, 409, 422] {
            #expect(await consent(ReportTests.status(status)) == unusable, "refused: \(status)")
        }
    }

    @Test(
        "asks for nothing but an approval when there are no scopes",
        arguments: [#""requested_scopes":[]"#, #""requested_scopes":null"#, #""id":"l1""#]
    )
    func noScopes(_ member: String) async {
        guard case .consent(let shown) = await consent(ReportTests.status(200, "{\(member)}"))
        else {
            Issue.record("nothing is shown")
            return
        }
        #expect(shown.scopes.isEmpty)
        let told = Consent(clientName: "Told", scopes: [])
        #expect(await consent(ReportTests.status(404), scopes: []) == .consent(told))
    }
}
