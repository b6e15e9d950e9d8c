import Access
import Endpoints
import HTTP
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("Events of the inbox", .timeLimit(.minutes(3)))
struct InboxLiveTests {
    /// The next piece as text; nil at the end.
    private func next(_ stream: any ResponseStream) async throws -> String? {
        try await within { await stream.next().map { String(decoding: $0, as: UTF8.self) } }
    }

    private func open(_ browser: Browser) async throws -> any ResponseStream {
        let answer = try await browser.send(.get, "/inbox/events")
        #expect(answer.status == 200)
        #expect(answer.contentType?.description == "text/event-stream; charset=utf-8")
        #expect(answer.field("cache-control") == "no-store")
        return try #require(answer.stream)
    }

    @Test("send the list at once, and again when a login of the user arrives")
    func arrival() async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            let stream = try await open(browser)
            let first = try #require(try await next(stream))
            #expect(first.hasPrefix("retry: 3000\nevent: logins\ndata: <p>No request is waiting"))
            #expect(first.hasSuffix("\n\n"))
            try await stage.login("two", user: .named("somebody-else"))
            try await stage.login("one")
            let second = try #require(try await next(stream))
            #expect(second.contains("Message of one") && !second.contains("Message of two"))
            #expect(try await browser.send(.get, "/inbox").text.contains("data-events"))
            stream.close()
            #expect(try await next(stream) == nil)
        }
    }

    @Test(
        "beat every 15 seconds while nothing changes, also if the clock is set",
        arguments: [0, -3_600, 60]
    )
    func heartbeat(set: Int64) async throws {
        try await SignOnStage.with { stage in
            let browser = stage.browser()
            _ = try await browser.signIn()
            let stream = try await open(browser)
            _ = try await next(stream)
            for _ in 0..<3 {
                async let beat = next(stream)
                try await stage.clock.alarm(by: stage.clock.now() + .seconds(15))
                stage.clock.set(stage.clock.now() + .seconds(set))
                stage.clock.advance(by: .seconds(15))
                #expect(try await beat == ": \n\n")
            }
        }
    }

    /// What ends a session.
    enum Ending: String, CaseIterable, Sendable { case signOut, elsewhere, provider, idle }

    // trust: C-17
    @Test("end with the session, which they do not prolong", arguments: Ending.allCases)
    func end(_ ending: Ending) async throws {
        try await SignOnStage.with { stage in
            let (browser, other) = (stage.browser(), stage.browser())
            _ = try await browser.signIn()
            _ = try await other.signIn()
            let stream = try await open(browser)
            _ = try await next(stream)
            async let last = next(stream)
            try await stage.clock.alarm(by: stage.clock.now() + .seconds(15))
            switch ending {
            case .signOut:
                let token = try await browser.formToken()
                _ = try await browser.send(.post, "/inbox/sign-out", form: [token])
            case .elsewhere:
                let token = try await other.formToken()
                _ = try await other.send(.post, "/inbox/sessions/end-others", form: [token])
            case .provider:
                let now = stage.clock.now()
                let logout = ProviderLogout(
                    application: .inbox,
                    issuer: ScriptedProvider.issuer,
                    subject: "24400320",
                    session: nil,
                    key: Array(repeating: 1, count: 32),
                    until: now + .seconds(60)
                )
                _ = try await stage.store.sessions.logOut(logout) { _ in
                    AuditEvent("session.ended", at: now)
                }
            case .idle:
                stage.clock.advance(by: .seconds(301))
            }
            #expect(try await last == "event: end\ndata: signed-out\n\n")
            #expect(try await next(stream) == nil)
        }
    }

    @Test("are refused without a session, and beyond the limits of session, person and server")
    func limits() async throws {
        try await SignOnStage.with { stage in
            #expect(try await stage.browser().send(.get, "/inbox/events").status == 401)
            let (first, second) = (stage.browser(), stage.browser())
            _ = try await first.signIn()
            _ = try await second.signIn()
            let streams = [try await open(first), try await open(first), try await open(first)]
            #expect(try await first.send(.get, "/inbox/events").status == 503)
            let last = try await open(second)
            #expect(try await second.send(.get, "/inbox/events").status == 503)
            streams[0].close()
            let again = try await open(second)
            #expect(stage.live.count == 4)
            for stream in streams + [last, again] { stream.close() }
            #expect(stage.live.count == 0)
        }
    }
}
