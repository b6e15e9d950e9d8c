import Endpoints
import HTTP
import Identity
import Logins
import TestSupport
import Testing

@Suite("A decision whose body has not arrived")
struct HeadJudgementTests {
    private static let ticket = PromptTicket(for: LoginNumber(7)).text
    private static let form = Field("Content-Type", "application/x-www-form-urlencoded")

    @Test(
        "is refused if its head shows that it cannot be accepted, with the usual answer",
        arguments: [
            ("/device/v1/logins/x/decision", [Field("Authorization", "Bearer \(ticket)")], nil),
            ("/device/v1/logins/x/decision", [], 401),
            ("/device/v1/logins/x/decision", [Field("Authorization", "Bearer nonsense")], 401),
            ("/device/v1/logins/x/decision", [Field("Authorization", "Basic YTpi")], 401),
            ("/approve/\(ticket)", [form], nil),
            ("/approve/nonsense", [form], 404),
            ("/approve/\(ticket)", [Field("Content-Type", "application/json")], 415),
            ("/approve/\(ticket)", [form, Field("Origin", "https://evil.example")], 403),
        ] as [(String, [Field], Int?)]
    )
    func heads(path: String, fields: [Field], status: Int?) async throws {
        try await Stage.with { stage in
            var request = Request.example(.post, path, fields: fields)
            guard case .route(let number) = stage.router.match(&request) else {
                Issue.record("no route")
                return
            }
            let route = stage.router.routes[number]
            let judge = try #require(route.judge)
            let refusal = judge(request)
            #expect(refusal?.status == status)
            guard let refusal else { return }
            let whole = await route.handler(request)
            #expect(whole.status == refusal.status && whole.body == refusal.body)
        }
    }
}
