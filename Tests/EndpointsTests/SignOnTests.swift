import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads
import Trust

@Suite("Signing in")
struct SignOnTests {
    // trust: C-5
    @Test("asks the provider for exactly what the flow needs")
    func request() async throws {
        try await SignOnStage.with { stage in
            let answer = try await stage.browser().send(.get, "/sso/oidc/inbox")
            #expect(answer.status == 303)
            let location = try require(answer.field("location"))
            #expect(location.hasPrefix("https://login.bank.example/authorize?"))
            let form = try require(Form(Array(location.split(separator: "?")[1].utf8)))
            #expect(
                Set(form.fields.map(\.name)) == [
                    "client_id", "scope", "state", "response_type", "redirect_uri", "nonce",
                    "code_challenge", "code_challenge_method",
                ]
            )
            #expect(form["client_id"] == "as-inbox")
            #expect(form["scope"] == "openid email profile")
            #expect(form["response_type"] == "code")
            #expect(form["redirect_uri"] == "https://as.example/sso/oidc/inbox/callback")
            #expect(form["code_challenge_method"] == "S256")
            // 256 bits.
            #expect(form["state"]?.utf8.count == 43)
            #expect(form["code_challenge"]?.utf8.count == 43)
        }
    }

    // trust: C-6
    @Test("keeps what it needs in a cookie of this host alone, for ten minutes")
    func cookie() async throws {
        try await SignOnStage.with { stage in
            let answer = try await stage.browser().send(.get, "/sso/oidc/inbox")
            let cookie = try require(answer.field("set-cookie"))
            #expect(cookie.hasPrefix("__Host-beckon-sign-in-"))
            #expect(cookie.hasSuffix("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"))
        }
    }

    // trust: C-9
    @Test("begins a session, and proves the code by its verifier")
    func signedIn() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            let request = try await browser.begin()
            let answer = try await browser.comeBack([
                Field("code", "c"), Field("state", request["state"] ?? ""),
                Field("iss", ScriptedProvider.issuer),
            ])
            #expect(answer.status == 303)
            #expect(answer.field("location") == "https://as.example/inbox")
            #expect(SessionSecret(browser.session ?? "") != nil)
            let token = try #require(stage.provider.requests(to: "/token").first)
            let verifier = try #require(Form(token.body)?["code_verifier"])
            #expect(
                Base64URL.encode(SHA256.digest(Array(verifier.utf8))) == request["code_challenge"]
            )
            let events = try await stage.audit()
            #expect(events.map(\.kind) == ["sign_in.accepted"])
            // The cookie of the state is spent.
            #expect(browser.cookies.withLock { $0.keys.sorted() } == ["__Host-beckon-inbox"])
        }
    }

    // trust: C-4
    @Test(
        "goes on to the page that was asked for, if it is one of the application",
        arguments: [
            ("/inbox/logins/4711?a=b", "/inbox/logins/4711?a=b"),
            ("https://evil.example/", "/inbox"),
            ("//evil.example/inbox", "/inbox"), ("/console", "/inbox"),
            ("/inbox/../console", "/inbox"),
        ]
    )
    func deepLink(target: String, end: String) async throws {
        try await SignOnStage.with { stage in
            let answer = try await stage.browser().signIn(to: target)
            #expect(answer.field("location") == "https://as.example" + end)
        }
    }

    /// What becomes of a state.
    enum StateFault: String, CaseIterable, Sendable {
        case missing, unknown, ofAnotherBrowser, used, tooOld, cookieChanged
    }

    // trust: C-6
    @Test(
        "refuses a state that is not one of this browser, or not for the first time",
        arguments: StateFault.allCases
    )
    func state(fault: StateFault) async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            let request = try await browser.begin()
            let state = Field("state", request["state"] ?? "")
            let kept = browser.cookies.withLock { $0 }
            let answer: Response
            switch fault {
            case .missing: answer = try await browser.comeBack([Field("code", "c")])
            case .unknown:
                answer = try await browser.comeBack([Field("code", "c"), Field("state", "x")])
            case .ofAnotherBrowser:
                answer = try await stage.browser().comeBack([Field("code", "c"), state])
            case .used:
                _ = try await browser.comeBack([Field("code", "c"), state])
                // A copy of the cookie does not help.
                browser.cookies.withLock { $0 = kept }
                answer = try await browser.comeBack([Field("code", "c"), state])
            case .tooOld:
                stage.clock.advance(by: .seconds(600))
                answer = try await browser.comeBack([Field("code", "c"), state])
            case .cookieChanged:
                browser.cookies.withLock { cookies in
                    cookies = cookies.mapValues { "A" + $0.dropFirst() }
                }
                answer = try await browser.comeBack([Field("code", "c"), state])
            }
            #expect(answer.status == 400)
            #expect(answer.diagnosis?["step"]?.string == "callback")
            #expect(answer.diagnosis?["code"]?.string?.hasPrefix("state_") == true)
            #expect(fault == .used || browser.session == nil)
            #expect(stage.provider.requests(to: "/token").count == (fault == .used ? 1 : 0))
        }
    }

    // trust: C-6
    @Test("works in two tabs at once, in any order")
    func tabs() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            let first = try await browser.begin(to: "/inbox/1")
            let second = try await browser.begin(to: "/inbox/2")
            for (request, end) in [(second, "/inbox/2"), (first, "/inbox/1")] {
                stage.provider.change { $0.nonce = request["nonce"] ?? "" }
                let answer = try await browser.comeBack([
                    Field("code", "c"), Field("state", request["state"] ?? ""),
                ])
                #expect(answer.field("location") == "https://as.example" + end)
            }
        }
    }

    @Test("keeps a few cookies at most, whatever a page begins")
    func manyTabs() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            var last: Form?
            for _ in 0..<20 {
                last = try await browser.begin()
                stage.clock.advance(by: .seconds(1))
            }
            #expect(browser.cookies.withLock { $0.count } == 8)
            let answer = try await browser.comeBack([
                Field("code", "c"), Field("state", last?["state"] ?? ""),
            ])
            #expect(answer.status == 303)
        }
    }

    // trust: C-6
    @Test(
        "refuses an answer of another issuer, and one without if the provider promised it",
        arguments: ["https://evil.example", "https://login.bank.example/", nil]
    )
    func issuer(_ issuer: String?) async throws {
        try await SignOnStage.with { stage in
            stage.provider.change { state in
                state.metadata = {
                    $0.with("authorization_response_iss_parameter_supported", .bool(true))
                }
            }
            let browser = stage.browser()
            let request = try await browser.begin()
            let answer = try await browser.comeBack(
                [Field("code", "c"), Field("state", request["state"] ?? "")]
                    + (issuer.map { [Field("iss", $0)] } ?? [])
            )
            #expect(answer.diagnosis?["code"]?.string == "issuer")
            #expect(stage.provider.requests(to: "/token").isEmpty)
        }
    }

    // trust: C-15
    @Test("waits ten seconds for an account that is new, then explains", arguments: [4, 12])
    func newAccount(seconds: Int) async throws {
        try await SignOnStage.with { stage in
            stage.users.set(nil)
            let browser = stage.browser()
            var answer = try await browser.signIn(to: "/inbox/7")
            for second in stride(from: 0, through: 10, by: 2) {
                guard answer.status == 200 else { break }
                let page = try require(answer.text.firstMatch(of: /content="2; url=([^"]+)"/))
                let address = page.1.dropFirst(SignOnStage.publicURL.utf8.count)
                if second >= seconds { stage.users.set(true) }
                answer = try await browser.send(.get, String(address))
                stage.clock.advance(by: .seconds(2))
            }
            if seconds == 4 {
                #expect(answer.field("location") == "https://as.example/inbox/7")
                #expect(browser.session != nil)
            } else {
                #expect(answer.status == 403)
                #expect(answer.diagnosis?["code"]?.string == "user_unknown")
                #expect(answer.diagnosis?["step"]?.string == "mapping")
                #expect(browser.session == nil)
            }
            #expect(stage.provider.requests(to: "/token").count == 1)
        }
    }

    @Test("refuses a person who is blocked, or of another account")
    func mapping() async throws {
        try await SignOnStage.with { stage in
            stage.users.set(false)
            let answer = try await stage.browser().signIn()
            #expect(answer.diagnosis?["code"]?.string == "user_inactive")
        }
        try await SignOnStage.with(.inbox, ["account": "\"business\""]) { stage in
            let answer = try await stage.browser().signIn()
            #expect(answer.diagnosis?["code"]?.string == "account")
            #expect(answer.diagnosis?["claim"]?.string == ScriptedProvider.accountClaim)
        }
    }

    // trust: C-17
    @Test("gives a new session at each sign-in and ends the one before")
    func fixation() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            let planted = Base64URL.encode(Array(repeating: 1, count: 32))
            browser.cookies.withLock { $0["__Host-beckon-inbox"] = planted }
            _ = try await browser.signIn()
            let first = browser.session
            #expect(first != planted)
            _ = try await browser.signIn()
            #expect(browser.session != first)
            let limits = SessionLimits(idle: .seconds(300), absolute: .seconds(3600))
            let sessions = try await stage.store.sessions.sessions(
                SessionFilter(application: .inbox),
                at: stage.clock.now(),
                within: limits,
                limit: 9
            )
            #expect(sessions.count == 1)
        }
    }

    // trust: C-11
    @Test("makes the controller the administrator of the console and others moderators")
    func roles() async throws {
        try await SignOnStage.with(.console) { stage in
            for (subject, email) in [
                ("1", "first@bank.example"), ("2", "controller@bank.example"),
                ("3", "controller@bank.example"),
            ] {
                stage.provider.change { state in
                    state.claims = {
                        $0.with("sub", .string(subject)).with("email", .string(email))
                            .with(ScriptedProvider.userClaim, nil)
                    }
                }
                let answer = try await stage.browser().signIn()
                #expect(answer.field("location") == "https://as.example/console")
            }
            let roles = try await stage.audit().map { $0.members["role"]?.string }
            #expect(roles == ["moderator", "admin", "moderator"])
        }
    }

    // MARK: Failing

    /// A sign-in that fails, and what the console shows of it.
    struct Failing: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let step: String
        let code: String
        let status: Int
        let script: @Sendable (inout ScriptedProvider.State) -> Void
        var parameters: @Sendable (String) -> [Field] = {
            [Field("code", "code-secret-1"), Field("state", $0)]
        }
    }

    static let failing: [Failing] = [
        Failing(
            testDescription: "the metadata cannot be read",
            step: "authorize",
            code: "provider_unavailable",
            status: 503
        ) { $0.isDown = true },
        Failing(
            testDescription: "the person cancels",
            step: "callback",
            code: "provider_error",
            status: 403,
            script: { _ in },
            parameters: {
                [
                    Field("error", "access_denied"), Field("state", $0),
                    Field(
                        "error_description",
                        "cancelled <script>\u{7}" + String(repeating: "x", count: 300)
                    ),
                ]
            }
        ),
        Failing(
            testDescription: "the provider repeats the state",
            step: "callback",
            code: "provider_error",
            status: 403,
            script: { _ in },
            parameters: {
                [
                    Field("error", "invalid request"), Field("state", $0),
                    Field("error_description", "state was " + $0),
                ]
            }
        ),
        Failing(
            testDescription: "there is no code",
            step: "callback",
            code: "code_missing",
            status: 400,
            script: { _ in },
            parameters: { [Field("state", $0)] }
        ),
        Failing(
            testDescription: "the code is refused",
            step: "token",
            code: "token_refused",
            status: 403
        ) {
            $0.tokenAnswer = ScriptedProvider.json(
                400,
                .members([
                    "error": .string("invalid_grant"),
                    "error_description": .string("code code-secret-1 is unknown"),
                ])
            )
        },
        Failing(
            testDescription: "the token endpoint fails",
            step: "token",
            code: "token_refused",
            status: 503
        ) { $0.tokenAnswer = OutboundResponse(status: 500, body: Array("panic at 10.0.0.7".utf8)) },
        Failing(
            testDescription: "there is no ID token",
            step: "token",
            code: "no_id_token",
            status: 403
        ) {
            $0.tokenAnswer = ScriptedProvider.json(
                200,
                .members(["access_token": .string("access-token-of-the-provider")])
            )
        },
        Failing(
            testDescription: "the keys cannot be read",
            step: "id_token",
            code: "keys_unavailable",
            status: 503
        ) { $0.keysStatus = 500 },
        Failing(
            testDescription: "the signature is wrong",
            step: "id_token",
            code: "signature",
            status: 403
        ) { $0.published = JWKSet([]) },
        Failing(
            testDescription: "the address is not verified",
            step: "id_token",
            code: "email_not_verified",
            status: 403
        ) { state in state.claims = { $0.with("email_verified", .bool(false)) } },
        Failing(
            testDescription: "the nonce is another",
            step: "id_token",
            code: "nonce",
            status: 403
        ) { state in state.claims = { $0.with("nonce", .string("nonce-of-another")) } },
        Failing(
            testDescription: "the claim is below another domain",
            step: "id_token",
            code: "custom_claim",
            status: 403
        ) { state in
            state.claims = {
                $0.with(ScriptedProvider.userClaim, nil)
                    .with("https://other.example/ciba_user", .string("customer-4711"))
            }
        },
    ]

    // trust: C-12
    @Test("says in the console which check failed, and nothing that is secret", arguments: failing)
    func console(_ failing: Failing) async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            var secrets = [
                ScriptedProvider.clientSecret, "code-secret-1", "access-token-of-the-provider",
                "person@bank.example", "24400320", "customer-4711", "Given", "nonce-of-another",
                "10.0.0.7", "10.1.2.3",
            ]
            let answer: Response
            if failing.step == "authorize" {
                stage.provider.change(failing.script)
                answer = try await browser.send(.get, stage.path)
            } else {
                let request = try await browser.begin()
                secrets += [request["state"] ?? "", request["nonce"] ?? ""]
                secrets += browser.cookies.withLock { Array($0.values) }
                stage.provider.change(failing.script)
                answer = try await browser.comeBack(failing.parameters(request["state"] ?? ""))
                if let token = stage.provider.requests(to: "/token").first {
                    secrets.append(Form(token.body)?["code_verifier"] ?? "")
                }
            }
            #expect(answer.status == failing.status)
            let diagnosis = try require(answer.diagnosis)
            #expect(diagnosis["step"]?.string == failing.step)
            #expect(diagnosis["code"]?.string == failing.code)
            #expect(diagnosis["client_id"]?.string == "as-inbox")
            #expect(diagnosis["issuer"]?.string == ScriptedProvider.issuer)
            let reference = try require(diagnosis["reference"]?.string)
            #expect(reference.hasPrefix("E-") && answer.text.contains(">\(reference)<"))
            #expect(answer.text.contains("href=\"/sso/oidc/inbox"))
            let policy = answer.field("content-security-policy") ?? ""
            #expect(policy.contains("script-src 'self';") && !policy.contains("unsafe"))
            #expect(browser.session == nil)
            let shown = answer.text + answer.fields.map { $0.name + $0.value }.joined()
            for secret in secrets where !secret.isEmpty { #expect(!shown.contains(secret)) }
            if let text = diagnosis["error_description"]?.string {
                #expect(text.unicodeScalars.count <= 200)
                #expect(text.unicodeScalars.allSatisfy { $0.value >= 0x20 })
            }
            // The cause is in the audit, or for answers to nothing in the log.
            let noted = try await stage.audit().contains {
                $0.kind == "sign_in.refused" && $0.members["reference"]?.string == reference
            }
            #expect(noted == (failing.status != 400))
        }
    }
}
