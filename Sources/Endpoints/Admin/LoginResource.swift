import Access
import HTTP
import JSON
import Logins
import Trust

/// `/admin/v1/logins`: logins for operators.
struct LoginResource: Sendable {
    let api: APIRoutes
    let base: String
    let logins: any LoginStore
    /// Sign exported evidence, in the name of `issuer`.
    let keys: SigningKeys
    let issuer: String

    var routes: [Route] {
        let one = base + "/logins/{server}/{id}"
        return [
            api.route(.get, base + "/logins", [.adminRead], list),
            api.route(.get, one, [.adminRead], show),
            api.route(.get, one + "/evidence", [.adminRead], evidence),
            api.route(.post, one + "/retry", [.adminLogins]) { call async throws(Problem) in
                try await resolve(.retry, call)
            },
            api.route(.post, one + "/cancel", [.adminLogins]) { call async throws(Problem) in
                try await resolve(.cancel, call)
            },
            api.route(.post, one + "/abandon", [.adminLogins]) { call async throws(Problem) in
                try await resolve(.abandon, call)
            },
        ]
    }

    /// Logins that a search looks at for one page.
    private static let searched = 5_000

    /// In the order of arrival. A login may move to another phase between two pages. A search that has
    /// looked at many logins answers with what it has found, and a cursor to go on.
    private func list(_ call: APICall) async throws(Problem) -> Response {
        let query = try ListQuery(call, ["phase", "user", "id", "number"])
        let all = PendingLogin.PhaseName.allCases
        let phase = try query.parsed(
            "phase",
            "must be one of \(all.map(\.name).joined(separator: ", "))"
        ) { PendingLogin.PhaseName(name: $0) }
        let user: UserID? = try query.id("user")
        let id: LoginID? = try query.id("id")
        let number = try query.parsed("number", "must be the number of a login") {
            ListQuery.number($0).map { LoginNumber(Int64($0)) }
        }
        func isWanted(_ stored: StoredLogin) -> Bool {
            (user == nil || stored.login.details.user == user)
                && (id == nil || stored.login.key.login == id)
                && (phase == nil || stored.login.phase.name == phase)
        }
        if let number {
            let found: StoredLogin?
            do { found = try await logins.login(number) } catch { throw Problem(error) }
            let rows = [found].compactMap { $0 }.filter(isWanted)
            return query.page("logins", rows.map(Self.row), next: nil)
        }
        var after: LoginNumber?
        if let text = query.after {
            guard let number = ListQuery.number(text) else { throw ListQuery.wrongCursor }
            after = LoginNumber(Int64(number))
        }
        var found: [StoredLogin] = []
        let isSearch = user != nil || id != nil
        let limit = isSearch ? Self.searched : query.limit + 1
        var seen = LoginNumber(.max)
        do {
            for phase in phase.map({ [$0] }) ?? all {
                let page = try await logins.logins(in: phase, after: after, limit: limit)
                // What comes after the last one of any phase is for the next page.
                if page.count == limit, let last = page.last { seen = min(seen, last.number) }
                found += page
            }
        } catch {
            throw Problem(error)
        }
        found.sort { $0.number < $1.number }
        // A login may have changed its phase in between.
        let once = found.indices.filter { $0 == 0 || found[$0].number != found[$0 - 1].number }
            .map { found[$0] }
        guard isSearch else {
            let page = Array(once.prefix(query.limit + 1))
            return query.page("logins", page, key: { "\($0.number.rawValue)" }, Self.row)
        }
        let wanted = once.filter { $0.number <= seen && isWanted($0) }
        let page = wanted.prefix(query.limit)
        let last = wanted.count > query.limit ? page.last?.number ?? seen : seen
        return query.page(
            "logins",
            page.map(Self.row),
            next: last == LoginNumber(.max) ? nil : "\(last.rawValue)"
        )
    }

    private static func row(_ stored: StoredLogin) -> JSONValue {
        LoginRecord(stored).document(.numberedRow)
    }

    private func show(_ call: APICall) async throws(Problem) -> Response {
        .document(LoginRecord(try await call.login(logins)).document(.operation))
    }

    private func evidence(_ call: APICall) async throws(Problem) -> Response {
        let login = try await call.login(logins).login
        let document: JSONValue?
        do {
            document = try EvidenceDocument.document(
                of: login,
                issuer: issuer,
                at: call.now,
                key: keys.signer(at: call.now)
            )
        } catch {
            throw Problem(.unavailable, "The evidence cannot be signed: \(error).")
        }
        guard let document else {
            throw Problem(.notFound, "decision: nobody has decided this login.")
        }
        return .document(document)
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
