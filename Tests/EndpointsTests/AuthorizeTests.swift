import Access
import Cryptography
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads
import Trust

@Suite("GET /oauth2/authorize")
struct AuthorizeTests {
    private static let redirect = "https://app.example/signed-in"
    private static let challenge = Base64URL.encode(SHA256.digest(Array("verifier".utf8)))

    private func add(
        _ stage: SignOnStage,
        isFirstParty: Bool = false,
        redirect: String = Self.redirect
    ) async throws {
        let client = try APIClient(
            id: .named("app"),
            kind: .user,
            name: "The <app>",
            createdAt: stage.clock.now(),
            authentication: .secretPost(
                ClientSecret(allowed: SecretHash(of: Array("a secret of an app".utf8)))
            ),
            grants: [.authorizationCode, .refreshToken],
            scopes: [.deviceLogins],
            redirectURIs: [redirect],
            isFirstParty: isFirstParty
        )
        #expect(try await stage.store.access.commit([.addClient(client)]) == nil)
    }

    private func target(_ changes: [String: String] = [:]) -> String {
        var fields = [
            "response_type": "code", "client_id": "app", "redirect_uri": Self.redirect,
            "state": "state of the app", "code_challenge": Self.challenge,
            "code_challenge_method": "S256",
        ]
        for (name, value) in changes { fields[name] = value }
        let form = Form(fields.sorted { $0.key < $1.key }.map { Field($0.key, $0.value) })
        return "/oauth2/authorize?" + String(decoding: form.bytes, as: UTF8.self)
    }

    /// The parameters that an answer takes to the app.
    private func parameters(_ answer: Response) throws -> Form {
        let location = try #require(answer.field("location"))
        #expect(location.hasPrefix(Self.redirect + "?"))
        return try #require(Form(Array(location.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst())))
    }

    /// Signs in on the way, and comes back to the question.
    private func asked(_ browser: Browser, _ stage: SignOnStage) async throws -> (String, Response)
    {
        let begun = try await browser.send(.get, target())
        #expect(begun.status == 303)
        let page = try #require(begun.field("location"))
        #expect(page.hasPrefix("/inbox/authorize/"))
        let first = try await browser.send(.get, page)
        #expect(first.status == 303)
        #expect(
            first.field("location")?.hasPrefix("/sso/oidc/inbox?to=%2Finbox%2Fauthorize") == true
        )
        let signedIn = try await browser.signIn(to: page)
        #expect(signedIn.field("location") == SignOnStage.publicURL + page)
        return (page, try await browser.send(.get, page))
    }

    private func token(_ page: Response) throws -> Field {
        let found = try #require(page.text.firstMatch(of: /name="token" value="([^"]+)"/))
        return Field("token", String(found.1))
    }

    // trust: A-15, B-2
    @Test("signs the user in, shows which app asks, and gives it a code when the user agrees")
    func allow() async throws {
        try await SignOnStage.with { stage in
            try await add(stage)
            let browser = stage.browser()
            let (page, question) = try await asked(browser, stage)
            #expect(question.status == 200)
            #expect(question.text.contains("The &lt;app&gt;"))
            let policy = question.field("content-security-policy") ?? ""
            #expect(policy.contains("form-action 'self' https://app.example;"))
            #expect(policy.contains("frame-ancestors 'none'"))
            let form = [Field("answer", "allow"), try token(question)]
            let answer = try await browser.send(.post, page, form: form)
            #expect(answer.status == 303)
            let sent = try parameters(answer)
            #expect(sent["state"] == "state of the app")
            #expect(sent["iss"] == SignOnStage.publicURL)
            let digest = SHA256.digest(Array(try #require(sent["code"]).utf8))
            let code = try #require(try await stage.store.access.code(digest))
            #expect(code.user.value == "customer-4711")
            #expect(code.redirectURI == Self.redirect && code.scopes == [.deviceLogins])
            // The question is answered.
            #expect(try await browser.send(.post, page, form: form).status == 400)
            #expect(try await stage.audit().contains { $0.kind == "authorization.granted" })
        }
    }

    @Test("tells the app when the user declines")
    func decline() async throws {
        try await SignOnStage.with { stage in
            try await add(stage)
            let browser = stage.browser()
            let (page, question) = try await asked(browser, stage)
            let answer = try await browser.send(
                .post,
                page,
                form: [Field("answer", "decline"), try token(question)]
            )
            let sent = try parameters(answer)
            #expect(sent["error"] == "access_denied")
            #expect(sent["state"] == "state of the app" && sent["code"] == nil)
        }
    }

    @Test("asks nobody about an app of the bank's own")
    func firstParty() async throws {
        try await SignOnStage.with { stage in
            try await add(stage, isFirstParty: true)
            let (_, answer) = try await asked(stage.browser(), stage)
            #expect(answer.status == 303)
            #expect(try parameters(answer)["code"] != nil)
        }
    }

    @Test(
        "takes the user's answer only from its own page, of the session that saw the question",
        arguments: ["no token", "other origin", "other session", "other browser"]
    )
    func forgery(attack: String) async throws {
        try await SignOnStage.with { stage in
            try await add(stage)
            let browser = stage.browser()
            let (page, question) = try await asked(browser, stage)
            var form = [Field("answer", "allow"), try token(question)]
            var fields: [Field] = []
            var sender = browser
            switch attack {
            case "no token": form.removeLast()
            case "other origin": fields = [Field("Origin", "https://evil.example")]
            default:
                let other = stage.browser()
                _ = try await other.signIn()
                if attack == "other session" {
                    form[1] = try await other.formToken()
                } else {
                    // An attacker's link to an attacker's question.
                    sender = other
                }
            }
            let answer = try await sender.send(.post, page, form: form, fields: fields)
            #expect(answer.status == (attack == "other browser" ? 400 : 403))
            #expect(answer.field("location") == nil)
        }
    }

    @Test(
        "sends the browser nowhere unless the redirect URI is the client's",
        arguments: [
            ["client_id": "nobody"], ["redirect_uri": "https://evil.example/"],
            ["redirect_uri": redirect + "/.."], ["redirect_uri": ""],
        ]
    )
    func noOpenRedirect(changes: [String: String]) async throws {
        try await SignOnStage.with { stage in
            try await add(stage)
            let answer = try await stage.browser().send(.get, target(changes))
            #expect(answer.status == 400)
            #expect(answer.field("location") == nil)
            #expect(!answer.text.contains("evil.example"))
        }
    }

    @Test("tells the app what is wrong with its request")
    func errors() async throws {
        try await SignOnStage.with { stage in
            try await add(stage)
            let answer = try await stage.browser().send(
                .get,
                target(["code_challenge_method": "plain"])
            )
            let sent = try parameters(answer)
            #expect(sent["error"] == "invalid_request" && sent["iss"] == SignOnStage.publicURL)
        }
    }

    @Test("does not show a question that is too old or was changed")
    func stale() async throws {
        try await SignOnStage.with { stage in
            try await add(stage)
            let browser = stage.browser()
            let (page, _) = try await asked(browser, stage)
            let jar = browser.jar
            let name = try #require(jar.keys.first { $0.contains("authorize") })
            let value = jar[name] ?? ""
            browser.put(name, "x" + value)
            #expect(try await browser.send(.get, page).status == 400)
            browser.put(name, value)
            stage.clock.advance(by: .seconds(200))
            #expect(try await browser.send(.get, page).status == 200)
            stage.clock.advance(by: .seconds(200))
            #expect(try await browser.send(.get, page).status == 200)
            stage.clock.advance(by: .seconds(200))
            #expect(try await browser.send(.get, page).status == 400)
        }
    }

    @Test("keeps a bounded number of questions in one browser")
    func bounded() async throws {
        try await SignOnStage.with { stage in
            try await add(stage)
            let browser = stage.browser()
            for _ in 0..<20 { _ = try await browser.send(.get, target()) }
            let names = browser.jar.keys.filter { $0.contains("authorize") }
            #expect(names.count <= 8)
        }
    }

    @Test("goes to an app by the scheme that it registered")
    func ownScheme() async throws {
        try await SignOnStage.with { stage in
            try await add(stage, redirect: "com.bank.app:/signed-in")
            let browser = stage.browser()
            _ = try await browser.signIn()
            let begun = try await browser.send(
                .get,
                target(["redirect_uri": "com.bank.app:/signed-in"])
            )
            let question = try await browser.send(.get, begun.field("location") ?? "")
            let policy = question.field("content-security-policy") ?? ""
            #expect(policy.contains("form-action 'self' com.bank.app:;"))
            let answer = try await browser.send(
                .post,
                begun.field("location") ?? "",
                form: [Field("answer", "allow"), try token(question)]
            )
            #expect(answer.field("location")?.hasPrefix("com.bank.app:/signed-in?code=") == true)
        }
    }
}
