import HTTP
import JSON
import Lab
import TestSupport
import Testing

@Suite("The simulated bank")
struct BankTests {
    private func answer(_ user: String, _ authorization: [String]) async throws -> Response {
        let request = Request.example(
            .get,
            "/users/\(user)/accounts",
            fields: authorization.map { Field("Authorization", $0) }
        )
        let router = Router(SimulatedBank(token: "a token").routes)
        return try #require(await router.answer(request))
    }

    @Test("lists accounts with unique ids", arguments: ["anna", "oliver", "beatriz", "noura"])
    func accounts(name: String) async throws {
        let response = try await answer("\(name)%40example.com", ["bearer a token"])
        #expect(response.status == 200)
        let accounts = try #require(try JSONValue(response.body)["accounts"]?.array)
        #expect(!accounts.isEmpty)
        #expect(Set(accounts.map { $0["id"] }).count == accounts.count)
    }

    @Test("lists no account for two users")
    func owners() async throws {
        var owners: [JSONValue: String] = [:]
        for name in ["anna", "oliver", "beatriz", "jack", "emily", "noura"] {
            let body = try await answer("\(name)@example.com", ["Bearer a token"]).body
            for account in try JSONValue(body)["accounts"]?.array ?? [] {
                let id = try #require(account["id"])
                #expect(owners.updateValue(name, forKey: id) == nil, "\(id)")
            }
        }
        #expect(owners.count > 10)
    }

    @Test(
        "answers only with its token",
        arguments: [
            [], ["Bearer"], ["Bearer "], ["Bearer a toke"], ["Bearer a tokens"], ["Basic a token"],
            ["Bearer  a token"], ["Bearer a token", "Bearer a token"],
        ]
    )
    func strangers(authorization: [String]) async throws {
        for user in ["anna@example.com", "nobody"] {
            let response = try await answer(user, authorization)
            #expect(response.status == 401)
            #expect(response.fields.first("www-authenticate") == "Bearer")
        }
    }

    @Test("lists no account of an unknown user")
    func nobody() async throws {
        #expect(try await answer("Anna@example.com", ["Bearer a token"]).status == 404)
    }
}
