import Access
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads
import Trust

@Suite("The inbox")
struct InboxTests {
    @Test("lists the pending logins of the user who is signed in, and no others")
    func logins() async throws {
        try await SignOnStage.with { stage in
            try await stage.login("one")
            try await stage.login("two", user: .named("somebody-else"))
            let browser = stage.browser()
            _ = try await browser.signIn()
            let page = try await browser.send(.get, "/inbox")
            #expect(page.status == 200)
            #expect(page.text.contains("Message of one") && !page.text.contains("Message of two"))
            #expect(page.text.contains("Kiosk &lt;12&gt;"))
            #expect(page.text.contains("Given Family"))
            // No link decides: nothing leads to a question.
            #expect(!page.text.contains("/approve/"))
        }
    }

    // trust: C-17
    // rule: P5
    @Test(
        "asks to sign in without a session, and after five minutes without a request",
        arguments: [(0, 401), (300, 200), (301, 401)]
    )
    func idle(seconds: Int, status: Int) async throws {
        try await SignOnStage.with { stage in
            try await stage.login("4711")
            let browser = stage.browser()
            if seconds > 0 { _ = try await browser.signIn() }
            stage.clock.advance(by: .seconds(seconds))
            let page = try await browser.send(.get, "/inbox/logins/4711?a=b")
            #expect(page.status == status)
            let link = "href=\"/sso/oidc/inbox?to=%2Finbox%2Flogins%2F4711%3Fa%3Db\""
            #expect(page.text.contains(link) == (status == 401))
        }
    }

    // trust: B-2
    // trust: C-18
    @Test("decides nothing by the session alone", arguments: ["approve", "deny"])
    func stepUp(decision: String) async throws {
        try await SignOnStage.with { stage in
            try await stage.login("one")
            let browser = stage.browser()
            _ = try await browser.signIn()
            let answer = try await browser.send(
                .post,
                "/inbox/logins/one/decision",
                form: [Field("decision", decision), try await browser.formToken()]
            )
            #expect(answer.status == 403)
            let body = try JSONValue(answer.body)
            #expect(body["error"]?.string == "step_up_required")
            let live = try await stage.store.liveLogins(of: .named("customer-4711"), limit: 9)
            #expect(live.count == 1)
        }
    }

    /// What is wrong with a form.
    enum Forgery: String, CaseIterable, Sendable {
        case noToken, otherToken, tokenOfOther, otherOrigin, crossSite, otherType, noSession
    }

    // trust: C-17
    @Test(
        "takes a form only with the token of the session and from its own pages",
        arguments: Forgery.allCases
    )
    func csrf(_ forgery: Forgery) async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            var form = [try await browser.formToken()]
            var fields: [Field] = []
            switch forgery {
            case .noToken: form = [Field("a", "b")]
            case .otherToken:
                let first = form[0].value.hasPrefix("x") ? "y" : "x"
                form = [Field("token", first + form[0].value.dropFirst())]
            case .tokenOfOther:
                let other = stage.browser()
                _ = try await other.signIn()
                form = [try await other.formToken()]
            case .otherOrigin: fields = [Field("Origin", "https://evil.example")]
            case .crossSite: fields = [Field("Sec-Fetch-Site", "cross-site")]
            case .otherType: fields = [Field("Content-Type", "text/plain")]
            case .noSession: browser.cookies.withLock { $0 = [:] }
            }
            let answer = try await browser.send(
                .post,
                "/inbox/sign-out",
                form: form,
                fields: fields
            )
            #expect(answer.status == (forgery == .noSession ? 401 : 403))
            if forgery != .noSession {
                #expect(try await browser.send(.get, "/inbox").status == 200)
            }
        }
    }

    // trust: C-14
    @Test("sends a person who signs out to the provider's logout, and ends the session")
    func signOut() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            let kept = browser.cookies.withLock { $0 }
            let page = try await browser.send(.get, "/inbox")
            let policy = page.field("content-security-policy") ?? ""
            #expect(policy.contains("form-action 'self' https://login.bank.example;"))
            let answer = try await browser.send(
                .post,
                "/inbox/sign-out",
                form: [try await browser.formToken(), Field("to", "https://evil.example")]
            )
            #expect(answer.status == 303)
            #expect(answer.field("location") == "https://login.bank.example/logout?client=as")
            #expect(browser.session == nil)
            // A copy of the cookie does not help.
            browser.cookies.withLock { $0 = kept }
            #expect(try await browser.send(.get, "/inbox").status == 401)
        }
    }

    // trust: C-17
    @Test("lists a person's sessions and ends one, or all others")
    func sessions() async throws {
        try await SignOnStage.with { stage in
            let browsers = [stage.browser(), stage.browser(), stage.browser()]
            for browser in browsers {
                _ = try await browser.signIn()
                stage.clock.advance(by: .seconds(1))
            }
            let page = try await browsers[0].send(.get, "/inbox").text
            let ends = page.matches(of: /action="(\/inbox\/sessions\/[^"\/]+\/end)"/).map(\.1)
            #expect(ends.count == 2)
            let token = try await browsers[0].formToken()
            // The newest is listed first.
            let answer = try await browsers[0].send(.post, String(ends[0]), form: [token])
            #expect(answer.field("location") == "/inbox")
            #expect(try await browsers[2].send(.get, "/inbox").status == 401)
            #expect(try await browsers[1].send(.get, "/inbox").status == 200)
            _ = try await browsers[0].send(.post, "/inbox/sessions/end-others", form: [token])
            #expect(try await browsers[1].send(.get, "/inbox").status == 401)
            #expect(try await browsers[0].send(.get, "/inbox").status == 200)
        }
    }

    @Test("does not accept the cookie twice in one request")
    func twoCookies() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            let cookie = "__Host-beckon-inbox=" + (browser.session ?? "")
            let answer = try await stage.browser().send(
                .get,
                "/inbox",
                fields: [Field("Cookie", cookie + "; " + cookie)]
            )
            #expect(answer.status == 401)
        }
    }
}
