public import HTTP
import Cryptography
import JSON

/// A bank that serves `openapi/bank-accounts.yaml`: what Beckon asks for accounts in the demo and
/// in tests. It knows a handful of people and wants a bearer token.
public struct SimulatedBank: Sendable {
    /// Where a user's accounts are; `{user}` stands for the percent-encoded user identifier.
    public static let path = "/users/{user}/accounts"

    private let token: [UInt8]
    private let people: [String: [SimulatedAccount]]

    /// A bank with the demo's people that takes this bearer token and no other.
    public init(token: String) {
        self.token = Array(token.utf8)
        people = SimulatedAccount.people
    }

    /// The one thing that can be asked for.
    public var routes: [Route] {
        [Route(.get, Self.path) { [self] in answer($0) }]
    }

    private func answer(_ request: Request) -> Response {
        guard isAuthorized(request) else {
            return .problem(
                401,
                "The bearer token is missing or another one.",
                fields: [Field("WWW-Authenticate", "Bearer")]
            )
        }
        guard let accounts = people[request.parameters["user"] ?? ""] else {
            return .problem(404, "No such user.")
        }
        return .json(200, .members(["accounts": .array(accounts.map(\.json))]))
    }

    /// RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1).
    private func isAuthorized(_ request: Request) -> Bool {
        let values = request.fields("authorization")
        guard values.count == 1, values[0].prefix(7).lowercased() == "bearer " else { return false }
        return ConstantTime.equal(Array(values[0].utf8.dropFirst(7)), token)
    }
}
