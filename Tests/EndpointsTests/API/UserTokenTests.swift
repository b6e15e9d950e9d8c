import Access
import HTTP
import JSON
import Logins
import TestSupport
import Testing

@Suite("A user's access token")
struct UserTokenTests {
    // trust: A-3
    @Test("is refused with 403 by every route of the admin and the backend API")
    func refused() async throws {
        let stage = try await APIStage()
        let token = try await stage.userToken()
        let routes = stage.router.routes.filter { $0.pattern != "/device/v1/logins" }
        #expect(routes.count > 20)
        for route in routes {
            let target = route.pattern.replacing(/\{[a-z]+\}/, with: "x")
            let answer = await stage.send(route.method, target, token: token)
            #expect(answer.status == 403, "\(route.method.name) \(route.pattern)")
        }
    }

    // trust: A-3, B-5
    @Test("alone opens the device API: tokens of applications and of delegation do not")
    func own() async throws {
        try await Stage.with { logins in
            let stage = try await APIStage(logins: logins.store, clock: logins.clock)
            try await alone(stage)
        }
    }

    private func alone(_ stage: APIStage) async throws {
        let target = "/device/v1/logins"
        let listed = await stage.send(.get, target, token: try await stage.userToken())
        #expect(listed.status == 200)
        #expect(listed.json["logins"]?.array == [])
        try await stage.consent(of: "ann")
        for client in ["ops", "reader", "bank", "robot"] {
            let token = try await stage.token(client, for: client == "robot" ? "ann" : nil)
            #expect(await stage.send(.get, target, token: token).status == 403)
        }
        #expect(await stage.send(.get, target, token: nil).status == 401)
    }
}
