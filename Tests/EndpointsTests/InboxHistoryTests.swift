import Access
import HTTP
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("The history in the inbox")
struct InboxHistoryTests {
    // rule: A11
    @Test(
        "says which client asked, through what and when, what was answered, from where and by whom"
    )
    func entry() async throws {
        try await SignOnStage.with { stage in
            let number = try await stage.login("one")
            let browser = stage.browser()
            _ = try await browser.signIn()
            let history = "<ul class=\"history\">"
            #expect(try await !browser.send(.get, "/inbox").text.contains(history))
            try await stage.decide(number, .deny)
            let page = try await browser.send(.get, "/inbox").text
            #expect(page.contains("No request is waiting for your answer."))
            let entry = try #require(page.split(separator: history).last)
            for text in [
                "Kiosk &lt;12&gt;", "You declined", "Message of one", ">acp</bdi></dd>",
                "192.0.2.99", "20 November 2026",
            ] {
                #expect(entry.contains(text), "\(text)")
            }
        }
    }

    @Test(
        "says how a request ended",
        arguments: [
            (Decision.Choice.approve, "<dd>Approved</dd>"), (.deny, "<dd>You declined</dd>"),
            (.cancel, "<dd>You cancelled</dd>"),
            (.reportAsFraud, "<dd>You declined and reported the request</dd>"),
        ]
    )
    func result(choice: Decision.Choice, text: String) async throws {
        try await SignOnStage.with { stage in
            try await stage.decide(try await stage.login("one"), choice)
            let browser = stage.browser()
            _ = try await browser.signIn()
            #expect(try await browser.send(.get, "/inbox/logins/one").text.contains(text))
        }
    }

    // trust: B-17
    @Test("marks what a delegated client has decided for the user")
    func delegated() async throws {
        try await SignOnStage.with { stage in
            let delegate = Evidence.Delegate(client: .named("robot"), token: "jti-1")
            try await stage.decide(
                try await stage.login("one"),
                .deny,
                Evidence(delegate: delegate, address: "203.0.113.9")
            )
            let browser = stage.browser()
            _ = try await browser.signIn()
            let page = try await browser.send(.get, "/inbox").text
            #expect(page.contains(">robot</bdi>, on your behalf"))
            #expect(page.contains("203.0.113.9"))
        }
    }

    @Test("has pages, the newest first, that neither repeat nor skip a request")
    func pages() async throws {
        try await SignOnStage.with { stage in
            let ids = (1...45).map { "l\($0)x" }
            for id in ids {
                try await stage.decide(try await stage.login(id), .deny)
                try await stage.login("other-" + id, user: .named("somebody-else"))
            }
            try await stage.login("live")
            let browser = stage.browser()
            _ = try await browser.signIn()
            let front = try await browser.send(.get, "/inbox").text
            #expect(front.contains("Message of l45x") && !front.contains("Message of l40x"))
            var target = front.firstMatch(of: /href="(\/inbox\/history)"/).map { String($0.1) }
            var seen: [String] = []
            var pages = 0
            while let next = target {
                let page = try await browser.send(.get, next).text
                seen += page.matches(of: /Message of (\w+)</).map { String($0.1) }
                target = page.firstMatch(of: /href="(\/inbox\/history\?[^"]+)"/).map {
                    String($0.1)
                }
                pages += 1
            }
            #expect(seen == ids.reversed())
            #expect(pages == 3)
        }
    }

    @Test("ends where retention has erased")
    func retention() async throws {
        try await SignOnStage.with { stage in
            try await stage.decide(try await stage.login("old"), .deny)
            stage.clock.advance(by: .seconds(60))
            let moment = stage.clock.now()
            try await stage.decide(try await stage.login("new"), .deny)
            #expect(try await stage.store.redact(settledBefore: moment, limit: 9) == 1)
            let browser = stage.browser()
            _ = try await browser.signIn()
            let page = try await browser.send(.get, "/inbox/history").text
            #expect(page.contains("Message of new") && !page.contains("Message of old"))
            #expect(try await browser.send(.get, "/inbox/logins/old").status == 404)
        }
    }

    @Test(
        "does not show another user's login, nor say that it exists",
        arguments: ["/inbox/logins/foreign", "/inbox/logins/none", "/inbox/history?before=x"]
    )
    func foreign(target: String) async throws {
        try await SignOnStage.with { stage in
            let number = try await stage.login("foreign", user: .named("somebody-else"))
            let browser = stage.browser()
            _ = try await browser.signIn()
            #expect(try await browser.send(.get, target).status == 404)
            let token = try await browser.formToken()
            let form = [Field("decision", "deny"), token]
            if target.contains("logins") {
                let answer = try await browser.send(.post, target + "/decision", form: form)
                #expect(answer.status == 404)
            }
            try await stage.decide(number, .approve)
            let page = try await browser.send(.get, target)
            #expect(page.status == 404 && !page.text.contains("Kiosk"))
            #expect(try await !browser.send(.get, "/inbox/history").text.contains("Kiosk"))
        }
    }
}
