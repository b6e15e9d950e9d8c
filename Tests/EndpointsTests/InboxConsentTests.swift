import Access
import Endpoints
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@Suite("Consents to delegation in the inbox")
struct InboxConsentTests {
    /// An inbox, a robot with the consent of its user, and a signed-in browser.
    private func with(
        _ body: (SignOnStage, APIStage, Browser, Router) async throws -> Void
    ) async throws {
        try await SignOnStage.with { stage in
            let api = try await APIStage(logins: stage.store, clock: stage.clock)
            try await api.consent(of: "customer-4711")
            let browser = stage.browser()
            _ = try await browser.signIn()
            try await body(stage, api, browser, Router(stage.inbox(api.access).routes))
        }
    }

    // trust: B-14
    @Test("lists who may act, by which text, since when and from where it was agreed to")
    func list() async throws {
        try await with { _, _, browser, router in
            let page = try await browser.send(.get, "/inbox", through: router).text
            for text in ["robot", "2031-01", "(<bdi>en</bdi>)", "198.51.100.7", "Withdraw consent"]
            {
                #expect(page.contains(text), "\(text)")
            }
        }
    }

    // trust: B-14
    @Test("withdrawing one ends tokens and delegation at the next request, and is in the audit")
    func withdraw() async throws {
        try await with { _, api, browser, router in
            let token = try await api.token("robot", for: "customer-4711")
            let before = await api.send(.get, "/backend/v1/logins", token: token)
            #expect(before.status == 200)
            let page = try await browser.send(.get, "/inbox", through: router).text
            let action = try #require(page.firstMatch(of: /action="([^"]+withdraw)"/)).1
            let answer = try await browser.send(
                .post,
                String(action),
                form: [try await browser.formToken()],
                through: router
            )
            #expect(answer.status == 303 && answer.field("location") == "/inbox")
            #expect(await api.send(.get, "/backend/v1/logins", token: token).status == 401)
            await #expect(throws: (any Error).self) {
                try await api.token("robot", for: "customer-4711")
            }
            let event = try #require(api.events.first { $0.kind == "consent.withdrawn" })
            #expect(event.members["user"]?.string == "customer-4711")
            #expect(event.members["address"]?.string == "192.0.2.7")
            let after = try await browser.send(.get, "/inbox", through: router).text
            #expect(after.contains("Withdrawn <time") && !after.contains("Withdraw consent"))
        }
    }

    @Test("is changed by its own user only, and only from a page of the inbox")
    func foreign() async throws {
        try await with { _, api, browser, router in
            try await api.consent(of: "somebody-else", id: "consent-2")
            let token = try await browser.formToken()
            let targets = [
                ("/inbox/consents/consent-2/withdraw", [token], 404),
                ("/inbox/consents/none/withdraw", [token], 404),
                ("/inbox/consents/consent-1/withdraw", [Field("token", "guess")], 403),
            ]
            for (target, form, status) in targets {
                let answer = try await browser.send(.post, target, form: form, through: router)
                #expect(answer.status == status, "\(target)")
            }
            for id in ["consent-1", "consent-2"] {
                #expect(try await api.access.consent(id)?.isInForce == true)
            }
        }
    }
}
