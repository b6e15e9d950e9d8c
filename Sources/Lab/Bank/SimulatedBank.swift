public import HTTP
import Cryptography
import JSON

/// A bank that implements `openapi/bank-accounts.yaml` for the demo and tests. It has a few users
/// and requires a bearer token.
public struct SimulatedBank: Sendable {
    /// The path of a user's accounts; `{user}` is the percent-encoded user identifier.
    public static let path = "/users/{user}/accounts"

    private let token: [UInt8]
    private let people: [String: [SimulatedAccount]]

    /// A bank with the demo's users that accepts only this bearer token.
    public init(token: String) {
        self.token = Array(token.utf8)
        people = SimulatedAccount.people
    }

    /// The list of a user's accounts.
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

    /// The bearer token (RFC 6750 §2.1). The scheme is case-insensitive (RFC 9110 §11.1).
    private func isAuthorized(_ request: Request) -> Bool {
        let values = request.fields("authorization")
        guard values.count == 1, values[0].prefix(7).lowercased() == "bearer " else { return false }
        return ConstantTime.equal(Array(values[0].utf8.dropFirst(7)), token)
    }
}
