import Access
import Consents
import Engine
import HTTP
import JSON
import Logins
import Trust

/// `/backend/v1/logins`: logins for the bank's backend and for delegated clients.
struct BackendLogins: Sendable {
    let api: APIRoutes
    let base: String
    let logins: any LoginStore
    let desk: DecisionDesk
    let policy: DelegationPolicy

    var routes: [Route] {
        let scopes: [AccessScope] = [.backendLogins, .loginsRead]
        return [
            api.route(.get, base + "/logins", scopes, list),
            api.route(.get, base + "/logins/{server}/{id}", scopes) { call async throws(Problem) in
                .document(LoginRecord(try await call.login(logins)).document(.question))
            },
            api.route(
                .post,
                base + "/logins/{server}/{id}/decision",
                [.loginsDecide],
                bodyLimit: DeviceRoutes.bodyLimit
            ) { call async throws(Problem) in try await decide(call) },
        ]
    }

    /// The logins of a user that are not decided yet, the newest first.
    private func list(_ call: APICall) async throws(Problem) -> Response {
        let query = try ListQuery(call, ["user"])
        guard query.after == nil else { throw ListQuery.wrongCursor }
        let asked: UserID? = try query.id("user")
        guard let user = call.caller.user ?? asked else {
            throw Problem(.invalidQuery, "user: is required.")
        }
        // For a delegated client other users do not exist.
        guard asked == nil || asked == user else {
            throw Problem(.notFound, "user: there is none with this identifier.")
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

    /// Decides for the user, where the policy allows it. The body is that of the device interface.
    private func decide(_ call: APICall) async throws(Problem) -> Response {
        guard let user = call.caller.user else {
            throw Problem(.notFound, "id: there is no such login.")
        }
        guard call.request.contentType == "application/json" else {
            throw Problem(.unsupportedMediaType, "Content-Type: must be application/json.")
        }
        let (choice, selection) = try DecisionBody.decision(call.request)
        let stored = try await call.login(logins)
        let delegate = Evidence.Delegate(client: call.caller.client, token: call.caller.tokenID)
        let policy = policy
        let decided: StoredLogin
        do {
            decided = try await desk.decide(
                choice,
                stored.number,
                of: user,
                by: delegate,
                address: call.caller.address
            ) { (asked) throws(DecisionDesk.Refusal) in
                let objection = policy.objection(
                    to: choice,
                    of: asked.login,
                    granting: selection.scopes,
                    at: call.now
                )
                if let objection { throw .delegationNotAllowed(objection) }
                return selection
            }
        } catch {
            try await note(error, of: stored, call)
            throw Problem(error)
        }
        return .document(LoginRecord(decided).document(.question))
    }

    /// Why the policy objected is only in the audit.
    private func note(
        _ refusal: DecisionDesk.Refusal,
        of stored: StoredLogin,
        _ call: APICall
    ) async throws(Problem) {
        guard case .delegationNotAllowed(let reason) = refusal else { return }
        let event = call.author.event(
            "delegation.refused",
            at: call.now,
            [
                "reference": .string(LoginReference.text(of: stored.login.key)),
                "reason": .string(reason),
            ]
        )
        do { _ = try await api.access.commit([.audit(event)]) } catch { throw Problem(error) }
    }
}
