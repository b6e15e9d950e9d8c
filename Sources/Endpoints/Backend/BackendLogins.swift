import Access
import HTTP
import JSON
import Logins

/// `/backend/v1/logins`: logins for the bank's backend and for delegated clients.
struct BackendLogins: Sendable {
    let api: APIRoutes
    let base: String
    let logins: any LoginStore

    var routes: [Route] {
        [
            api.route(
                .get,
                base + "/logins/{server}/{id}",
                [.backendLogins, .loginsRead]
            ) { call async throws(Problem) in
                .document(LoginRecord(try await call.login(logins)).document(.question))
            }
        ]
    }
}
