import Access
import Cryptography
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("The terms at sign-in")
struct TermsTests {
    static let text = "You may use the inbox.\n<b>Fairly</b>."

    private static func settings(version: String = "1") -> [String: String] {
        let texts = #"{ en: "You may use the inbox.\n<b>Fairly</b>.", de: "Sie dürfen." }"#
        return ["terms": #"{ version: "\#(version)", text: \#(texts) }"#]
    }

    /// The fields of the form on a page.
    private static func form(_ page: Response) -> [Field] {
        page.text.matches(of: /<input type="hidden" name="([^"]+)" value="([^"]*)">/)
            .map { Field(String($0.1), String($0.2)) }
    }

    // trust: C-16
    @Test("are shown once, and stored with who, when, address, version, digest and language")
    func accepted() async throws {
        try await SignOnStage.with(.inbox, Self.settings()) { stage in
            let browser = stage.browser()
            let page = try await browser.signIn(to: "/inbox/logins/7")
            #expect(page.status == 200 && browser.session == nil)
            #expect(page.text.contains("&lt;b&gt;Fairly&lt;/b&gt;"))
            stage.clock.advance(by: .seconds(30))
            let answer = try await browser.send(
                .post,
                "/sso/oidc/inbox/terms",
                form: Self.form(page)
            )
            #expect(answer.field("location") == "https://as.example/inbox/logins/7")
            #expect(browser.session != nil)
            let event = try #require(
                try await stage.audit().first { $0.kind == "terms.accepted" }
            )
            #expect(event.at == stage.clock.now())
            #expect(event.members["subject"]?.string == "24400320")
            #expect(event.members["address"]?.string == "192.0.2.7")
            #expect(event.members["version"]?.string == "1")
            #expect(event.members["language"]?.string == "en")
            let digest = Base64URL.encode(SHA256.digest(Array(Self.text.utf8)))
            #expect(event.members["sha256"]?.string == digest)
            let person = Person(issuer: ScriptedProvider.issuer, subject: "24400320")
            for (version, isAccepted) in [("1", true), ("2", false)] {
                let found = try await stage.store.sessions.hasAccepted(version, .inbox, person)
                #expect(found == isAccepted)
            }
            // Not again, in any browser.
            #expect(try await stage.browser().signIn().status == 303)
        }
    }

    @Test("are shown in the browser's language if there is such a text")
    func language() async throws {
        try await SignOnStage.with(.inbox, Self.settings()) { stage in
            for (accepted, shown) in [("de", "Sie dürfen."), ("fr", "You may use")] {
                let browser = stage.browser()
                let request = try await browser.begin()
                let query = "code=c&state=" + (request["state"] ?? "")
                let page = try await browser.send(
                    .get,
                    "/sso/oidc/inbox/callback?" + query,
                    fields: [Field("Accept-Language", accepted)]
                )
                #expect(page.text.contains(shown))
            }
        }
    }

    /// What is wrong with an acceptance.
    enum Fault: String, CaseIterable, Sendable {
        case noToken, otherToken, otherDigest, otherBrowser, crossSite, tooLate, twice
    }

    // trust: C-16
    @Test("are accepted only by who has seen them, on our own page", arguments: Fault.allCases)
    func refused(fault: Fault) async throws {
        try await SignOnStage.with(.inbox, Self.settings()) { stage in
            let browser = stage.browser()
            let page = try await browser.signIn()
            var form = Self.form(page)
            var fields: [Field] = []
            var status = 400
            switch fault {
            case .noToken:
                form.removeAll { $0.name == "token" }
                status = 403
            case .otherToken:
                form = form.map { $0.name == "token" ? Field("token", "x.y") : $0 }
            case .otherDigest:
                form = form.map { $0.name == "digest" ? Field("digest", "AAAA") : $0 }
                status = 200
            case .otherBrowser: browser.cookies.withLock { $0 = [:] }
            case .crossSite:
                fields = [Field("Sec-Fetch-Site", "cross-site")]
                status = 403
            case .tooLate: stage.clock.advance(by: .seconds(600))
            case .twice:
                let kept = browser.cookies.withLock { $0 }
                _ = try await browser.send(.post, "/sso/oidc/inbox/terms", form: form)
                browser.cookies.withLock { $0 = kept }
            }
            let answer = try await browser.send(
                .post,
                "/sso/oidc/inbox/terms",
                form: form,
                fields: fields
            )
            #expect(answer.status == status)
            #expect(browser.session == nil)
            let accepted = try await stage.audit().count { $0.kind == "terms.accepted" }
            #expect(accepted == (fault == .twice ? 1 : 0))
        }
    }
}
