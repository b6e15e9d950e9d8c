public import Access
public import HTTP
import JSON
public import Logins
public import Trust

/// What the user's own app may do with the user's access token: list the logins that wait for the
/// user's answer. A decision needs the ticket of the prompt (`DeviceRoutes`).
public struct OwnLoginsRoutes: Sendable {
    private let api: APIRoutes
    private let logins: any LoginStore

    public init(
        resources: ResourceGuard,
        access: any AccessStore,
        logins: any LoginStore,
        clock: any WallClock
    ) {
        api = APIRoutes(resources: resources, access: access, clock: clock)
        self.logins = logins
    }

    /// `GET /device/v1/logins`.
    public var routes: [Route] {
        [
            api.route(.get, "/device/v1/logins", [.deviceLogins]) { call async throws(Problem) in
                try await list(call)
            }
        ]
    }

    /// The logins of the token's user that are not decided yet, the newest first.
    private func list(_ call: APICall) async throws(Problem) -> Response {
        let query = try ListQuery(call, [])
        guard query.after == nil else { throw ListQuery.wrongCursor }
        guard let user = call.caller.user else {
            throw Problem(.notFound, "There is no user.")
        }
        let found: [StoredLogin]
        do {
            found = try await logins.liveLogins(of: user, limit: query.limit)
        } catch {
            throw Problem(error)
        }
        let shown = found.map { LoginRecord($0).document(.row) }
        return query.page("logins", shown, next: nil)
    }
}
