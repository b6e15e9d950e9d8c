import Access
import Endpoints
import HTTP
import JSON
import Logins
import TestSupport
import Testing
import Threads

/// Browsers in a list, which refuses what a test says.
final class ListedBrowsers: BrowserSubscriptions {
    let key = "BPublicKey-_"
    private let state = Locked((browsers: [SubscribedBrowser](), refusal: BrowserRefusal?.none))

    /// Refuses every call from now on.
    func refuse(_ refusal: BrowserRefusal?) { state.withLock { $0.refusal = refusal } }

    func browsers(of user: UserID) async throws(BrowserRefusal) -> [SubscribedBrowser]? {
        try with { $0 }
    }

    func add(
        _ text: String,
        named name: String,
        replacing old: String?,
        of user: UserID,
        by author: AuditAuthor
    ) async throws(BrowserRefusal) {
        try with { browsers in
            browsers.removeAll { $0.id == old }
            browsers.append(
                SubscribedBrowser(id: text, name: name, since: Timestamp(milliseconds: 0))
            )
        }
    }

    func remove(
        _ id: String,
        of user: UserID,
        by author: AuditAuthor
    ) async throws(BrowserRefusal) {
        try with { browsers in browsers.removeAll { $0.id == id } }
    }

    @discardableResult
    private func with<Value>(
        _ body: (inout [SubscribedBrowser]) -> Value
    ) throws(BrowserRefusal) -> Value {
        try state.withLock { (state) throws(BrowserRefusal) in
            if let refusal = state.refusal { throw refusal }
            return body(&state.browsers)
        }
    }
}

@Suite("Notifications of the inbox")
struct InboxBrowserTests {
    /// A person who is signed in to an inbox with Web Push.
    private func inbox(
        _ body: (SignOnStage, Browser, ListedBrowsers) async throws -> Void
    ) async throws {
        let browsers = ListedBrowsers()
        try await SignOnStage.with(browsers: browsers) { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            try await body(stage, browser, browsers)
        }
    }

    @Test("are for browsers that their user adds and removes")
    func browsers() async throws {
        try await inbox { _, browser, _ in
            let token = try await browser.formToken()
            let answer = try await browser.send(
                .post,
                "/inbox/browsers",
                form: [token, Field("subscription", "one"), Field("replaces", "")]
            )
            #expect(answer.status == 303 && answer.field("location") == "/inbox")
            let page = try await browser.send(.get, "/inbox").text
            #expect(page.contains("data-push-key=\"BPublicKey-_\""))
            #expect(page.contains("data-browser=\"one\"") && page.contains("Browser/1"))
            #expect(page.contains("data-worker=\"/inbox/sw.js\" data-scope=\"/inbox\""))
            _ = try await browser.send(
                .post,
                "/inbox/browsers",
                form: [token, Field("subscription", "two"), Field("replaces", "one")]
            )
            let replaced = try await browser.send(.get, "/inbox").text
            #expect(!replaced.contains("data-browser=\"one\""))
            let removed = try await browser.send(
                .post,
                "/inbox/browsers/two/remove",
                form: [token]
            )
            #expect(removed.status == 303)
            #expect(try await !browser.send(.get, "/inbox").text.contains("data-browser="))
        }
    }

    @Test(
        "say why a browser was not added",
        arguments: [
            (BrowserRefusal.unusable, 422, "notification service can’t be used"),
            (.tooMany, 409, "as many browsers as you can"), (.unknown, 404, ""),
            (.unavailable("full"), 503, ""),
        ]
    )
    func refusals(_ refusal: BrowserRefusal, _ status: Int, _ text: String) async throws {
        try await inbox { _, browser, browsers in
            let token = try await browser.formToken()
            browsers.refuse(refusal)
            for path in ["/inbox/browsers", "/inbox/browsers/one/remove"] {
                let answer = try await browser.send(
                    .post,
                    path,
                    form: [token, Field("subscription", "one")]
                )
                #expect(answer.status == status)
                #expect(text.isEmpty || answer.text.contains(text))
                #expect(!answer.text.contains("full"))
            }
            // The rest of the page is still there.
            let page = try await browser.send(.get, "/inbox")
            #expect(page.status == 200 && !page.text.contains("data-push-key="))
        }
    }

    @Test("need a session, a token and our own page")
    func forged() async throws {
        try await inbox { stage, browser, browsers in
            let form = [try await browser.formToken(), Field("subscription", "one")]
            for path in ["/inbox/browsers", "/inbox/browsers/one/remove"] {
                let nobody = try await stage.browser().send(.post, path, form: form)
                #expect(nobody.status == 401)
                let untrue = try await browser.send(.post, path, form: [form[1]])
                #expect(untrue.status == 403)
                let foreign = try await browser.send(
                    .post,
                    path,
                    form: form,
                    fields: [Field("Origin", "https://evil.example")]
                )
                #expect(foreign.status == 403)
            }
            #expect(try await browsers.browsers(of: .named("customer-4711")) == [])
        }
    }

    @Test("have a manifest and a service worker for the inbox, which need no session")
    func files() async throws {
        try await inbox { stage, browser, _ in
            let page = try await browser.send(.get, "/inbox")
            #expect(page.text.contains("rel=\"manifest\" href=\"/inbox/manifest.webmanifest\""))
            let policy = page.field("content-security-policy") ?? ""
            #expect(policy.contains("; worker-src 'self'; manifest-src 'self'; "))
            #expect(page.text.contains("/assets/push."))
            let stranger = stage.browser()
            let manifest = try await stranger.send(.get, "/inbox/manifest.webmanifest")
            #expect(manifest.contentType?.description == "application/manifest+json")
            #expect(manifest.field("cache-control") == "no-cache")
            let value = try JSONValue(manifest.body)
            #expect(value["scope"]?.string == "/inbox" && value["start_url"]?.string == "/inbox")
            #expect(value["name"]?.string == "Beckon" && value["display"]?.string == "standalone")
            let icon = try #require(value["icons"]?.array?.first?["src"]?.string)
            #expect(try await stranger.send(.get, icon).status != 401)
            let worker = try await stranger.send(.get, "/inbox/sw.js")
            #expect(worker.contentType?.description == "text/javascript; charset=utf-8")
            #expect(worker.field("cache-control") == "no-cache")
            #expect(worker.field("service-worker-allowed") == "/inbox")
            #expect(worker.field("content-security-policy") == "default-src 'none'")
        }
    }

    @Test("are not offered without Web Push")
    func off() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            let page = try await browser.send(.get, "/inbox").text
            #expect(!page.contains("data-push-key") && !page.contains("/assets/push."))
            #expect(page.contains("rel=\"manifest\""))
            #expect(!stage.router.routes.contains { $0.pattern.hasPrefix("/inbox/browsers") })
        }
    }
}
