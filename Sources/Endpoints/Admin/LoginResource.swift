import Access
import Consents
import Engine
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
                try await resolve(.retried, "login.retry_requested", call)
            },
            api.route(.post, one + "/abandon", [.adminLogins]) { call async throws(Problem) in
                try await resolve(.abandoned, "login.abandon_requested", call)
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

    /// The change itself is in the audit too; this line, which comes first, says who asked for it.
    private func resolve(
        _ event: PendingLogin.Event,
        _ kind: String,
        _ call: APICall
    ) async throws(Problem) -> Response {
        let stored = try await call.login(logins)
        guard stored.login.phase.name == .stranded else { throw Self.notStranded }
        let line = call.author.event(
            kind,
            at: call.now,
            [
                "login": .integer(stored.number.rawValue),
                "reference": .string(LoginReference.text(of: stored.login.key)),
                "server": .string(stored.login.key.server.value),
            ]
        )
        let now = call.now
        let result: Result<StoredLogin, PendingLogin.Refusal>?
        do {
            _ = try await api.access.commit([.audit(line)])
            result = try await logins.update(stored.number) {
                (login: inout PendingLogin) throws(PendingLogin.Refusal) in
                try login.apply(event, at: now)
            }
        } catch {
            throw Problem(error)
        }
        switch result {
        case nil: throw Problem(.notFound, "id: there is no such login.")
        case .failure(.pastDeadline):
            throw Problem(.tooLate, "The time for reporting is over; the login can be abandoned.")
        case .failure(.consentBusy):
            throw Problem(.conflict, "Another login for the same consent is pending.")
        case .failure: throw Self.notStranded
        case .success(let stored):
            return .document(LoginRecord(stored).document(.operation))
        }
    }

    private static let notStranded = Problem(.conflict, "The login is not stranded.")
}
