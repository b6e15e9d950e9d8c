import HTTP
import TestSupport
import Testing

@Suite("A delegated token")
struct DelegatedReachTests {
    // trust: B-5
    @Test(
        "opens no page that is for people",
        arguments: ["/inbox", "/inbox/logins/one"]
    )
    func pages(path: String) async throws {
        try await SignOnStage.with { stage in
            try await stage.login("one")
            let browser = stage.browser()
            let token = Field("Authorization", "Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln")
            let without = try await browser.send(.get, path)
            let with = try await browser.send(.get, path, fields: [token])
            #expect(without.status == 401)
            #expect(with.status == 401 && with.text == without.text)
        }
    }
}
