import Access
import HTTP
import JSON
import Logins

/// `/admin/v1/logins`: logins for operators.
struct LoginResource: Sendable {
    let api: APIRoutes
    let base: String
    let logins: any LoginStore

    var routes: [Route] {
        let one = base + "/logins/{server}/{id}"
        return [
            api.route(.get, base + "/logins", [.adminRead], list),
            api.route(.get, one, [.adminRead], show),
            api.route(.post, one + "/retry", [.adminLogins]) { call async throws(Problem) in
                try await resolve(.retry, call)
            },
            api.route(.post, one + "/abandon", [.adminLogins]) { call async throws(Problem) in
                try await resolve(.abandon, call)
            },
        ]
    }

    /// In the order of arrival. A login may move to another phase between two pages.
    private func list(_ call: APICall) async throws(Problem) -> Response {
        let query = try ListQuery(call, ["phase"])
        let all = PendingLogin.PhaseName.allCases
        let phase = try query.parsed(
            "phase",
            "must be one of \(all.map(\.name).joined(separator: ", "))"
        ) { PendingLogin.PhaseName(name: $0) }
        var after: LoginNumber?
        if let text = query.after {
            guard let number = ListQuery.number(text) else { throw ListQuery.wrongCursor }
            after = LoginNumber(Int64(number))
        }
        var found: [StoredLogin] = []
        do {
            for phase in phase.map({ [$0] }) ?? all {
                found += try await logins.logins(in: phase, after: after, limit: query.limit + 1)
            }
        } catch {
            throw Problem(error)
        }
        found.sort { $0.number < $1.number }
        // A login may have changed its phase in between.
        let once = found.indices.filter { $0 == 0 || found[$0].number != found[$0 - 1].number }
            .map { found[$0] }
        let page = Array(once.prefix(query.limit + 1))
        return query.page("logins", page, key: { "\($0.number.rawValue)" }) {
            LoginRecord($0).document(.row)
        }
    }

    private func show(_ call: APICall) async throws(Problem) -> Response {
        .document(LoginRecord(try await call.login(logins)).document(.operation))
    }

    private func resolve(
        _ resolution: StrandedLogin.Resolution,
        _ call: APICall
    ) async throws(Problem) -> Response {
        let stored = try await call.login(logins)
        let resolved = try await StrandedLogin(stored: stored, logins: logins, access: api.access)
            .resolve(resolution, by: call.author, at: call.now)
        return .document(LoginRecord(resolved).document(.operation))
    }
}
