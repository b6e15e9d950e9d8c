import HTTP
import JSON
import Threads

/// The scope-grant operations of the System API, under all base styles.
extension ACPSimulator {
    private static let scope = "manage_scope_grants"
    private static let acceptMembers: Set<String> = [
        "granted_scopes", "login_state", "id", "consent_id", "granted_claims",
        "granted_verified_claims",
    ]
    private static let rejectMembers: Set<String> = [
        "id", "login_state", "status_code", "error", "error_cause", "error_description",
    ]

    var scopeGrantRoutes: [Route] {
        let bases = ["/api/system/\(configuration.tenant)", "/api/system"]
        return bases.flatMap { base in
            let path = base + "/scope-grants/{login}"
            return [
                route(.get, path, from: "service") { [self] request in
                    await look(request) { (login) throws(SystemProblem) in
                        try scopeGrant(login, request)
                    }
                },
                route(.post, path + "/accept", from: "service") { [self] request in
                    await decide("accept", request) { (login) throws(SystemProblem) in
                        let body = try body(request, login, Self.acceptMembers)
                        return .approved(scopes: try grantedScopes(body, login))
                    }
                },
                route(.post, path + "/reject", from: "service") { [self] request in
                    await decide("reject", request) { (login) throws(SystemProblem) in
                        let body = try body(request, login, Self.rejectMembers)
                        return .rejected(error: body["error"]?.string ?? "access_denied")
                    }
                },
            ]
        } + [
            // A path that stands in an old text and never existed.
            route(
                .post,
                "/system/{login}/openbanking-account-access/consent/accept",
                from: "service"
            ) { [self] request in
                violations.record(.seedPath, login: request.parameters["login"], request.path)
                return SystemProblem(404, "no_such_operation").response
            }
        ]
    }

    /// The checks that all operations share, in their order.
    private func checked(
        _ request: Request,
        _ operation: String,
        _ counted: SimulatedLogin?,
        arrived: Int64
    ) throws(SystemProblem) -> SimulatedLogin {
        try authorize(
            request,
            scope: Self.scope,
            operation: operation,
            login: counted,
            arrived: arrived
        )
        let id = request.parameters["login"] ?? ""
        guard let login = state.withLock({ $0.logins[id] }) else {
            throw SystemProblem(404, "no_such_login")
        }
        guard clock.now() < login.dies else {
            // Killed early, or held until then, by a knob is not the caller's fault.
            if operation != "get", arrived >= login.expires {
                violations.record(.lateDecision, login: id, "\(operation) after expires_at")
            }
            throw SystemProblem(404, "login_expired")
        }
        return login
    }

    private func look(
        _ request: Request,
        _ handle: (SimulatedLogin) throws(SystemProblem) -> Response
    ) async -> Response {
        let operation = "get"
        let arrived = clock.now()
        let counted = count(request.parameters["login"] ?? "", operation)
        let disturbance = await disturbance(operation, counted, request)
        if let instead = disturbance.instead { return instead }
        do throws(SystemProblem) {
            let login = try checked(request, operation, counted, arrived: arrived)
            return disturbance.applied(to: try handle(login))
        } catch {
            return disturbance.applied(to: error.response)
        }
    }

    private func decide(
        _ operation: String,
        _ request: Request,
        _ decide: (SimulatedLogin) throws(SystemProblem) -> SimulatedLogin.Decision
    ) async -> Response {
        let arrived = clock.now()
        let counted = count(request.parameters["login"] ?? "", operation)
        let disturbance = await disturbance(operation, counted, request)
        if let instead = disturbance.instead { return instead }
        do throws(SystemProblem) {
            let login = try checked(request, operation, counted, arrived: arrived)
            try record(try decide(login), login, isHeard: !disturbance.hidesAnswer)
            return disturbance.applied(to: accepted(login, base(for: request)))
        } catch {
            return disturbance.applied(to: error.response)
        }
    }

    /// Rows 6 and 9: at most one decision has an effect, and only that one is followed by a ping.
    private func record(
        _ decision: SimulatedLogin.Decision,
        _ login: SimulatedLogin,
        isHeard: Bool
    ) throws(SystemProblem) {
        let now = clock.now()
        let before: SimulatedLogin.Decision? = state.withLock { state in
            let before = state.logins[login.id]?.decision
            if before == nil {
                state.logins[login.id]?.decision = decision
                state.logins[login.id]?.decided = now
                state.logins[login.id]?.effectiveReports += 1
            }
            return before
        }
        if let before { try refuseSecond(decision, after: before, login) }
        if isHeard { state.withLock { $0.logins[login.id]?.reportAnswered = now } }
        if before == nil {
            journal.append(
                "login.\(decision.name)",
                ["login_id": .string(login.id), "user": .string(login.user)]
            )
            ping(login)
        }
    }

    private func refuseSecond(
        _ decision: SimulatedLogin.Decision,
        after before: SimulatedLogin.Decision,
        _ login: SimulatedLogin
    ) throws(SystemProblem) {
        let rule: ViolationList.Rule =
            switch (before, decision) {
            case (.approved, .approved): .secondAccept
            case (.approved, .rejected): .rejectAfterAccept
            case (.rejected, .rejected): .secondReject
            case (.rejected, .approved): .acceptAfterReject
            }
        violations.record(rule, login: login.id, "the login is \(before.name) already")
        let knob = knobs.take(.secondDecision, user: login.user, login: login.id)
        switch knob?.string ?? knob?.integer.map(String.init) {
        case "404": throw SystemProblem(404, "login_not_pending")
        case "same_409": throw SystemProblem(409, "login_not_pending")
        default:
            if before.name != decision.name { throw SystemProblem(409, "login_not_pending") }
        }
    }

    /// K-23 chooses what else the answer says.
    private func accepted(_ login: SimulatedLogin, _ base: String) -> Response {
        switch knobs.take(.redirectTo, user: login.user, login: login.id)?.string {
        case "absent": .json(200, .members([:]))
        case "decoy": .json(200, .members(["redirect_to": .string(base + "/_decoy/link")]))
        default: .json(200, .members(["redirect_to": .string("")]))
        }
    }

    /// Rows 4 and 5.
    private func body(
        _ request: Request,
        _ login: SimulatedLogin,
        _ known: Set<String>
    ) throws(SystemProblem) -> JSONValue {
        guard request.contentType == "application/json" else {
            violations.record(.contentType, login: login.id, request.contentType ?? "none")
            throw SystemProblem(400, "content_type")
        }
        guard let body = try? JSONValue(Array(request.body)), let object = body.object else {
            violations.record(.malformedBody, login: login.id, "the body is not one JSON object")
            throw SystemProblem(400, "malformed_json")
        }
        for member in object.members where !known.contains(member.name) {
            journal.append(
                "sim.unknown_member",
                ["login_id": .string(login.id), "member": .string(member.name)]
            )
            if member.name == "scopes" {
                violations.record(.scopesMember, login: login.id, "the member is granted_scopes")
            }
        }
        if let id = body["id"], id.string != login.id {
            violations.record(.malformedBody, login: login.id, "id is that of another login")
            throw SystemProblem(400, "wrong_id")
        }
        try check(state: body["login_state"], login, isRequired: configuration.requiresLoginState)
        return body
    }

    /// K-06 chooses how strict the check is and what a wrong value is answered with.
    private func check(
        state: JSONValue?,
        _ login: SimulatedLogin,
        isRequired: Bool
    ) throws(SystemProblem) {
        let knob = login.stateCheck
        if knob == "off" { return }
        if knob == "expect_other" { throw SystemProblem(403, "login_state_mismatch") }
        // What was never sent cannot come back.
        if state == nil, !isRequired || login.plan.stateField == "none" { return }
        guard state?.string != login.state else { return }
        let what = state == nil ? "login_state is missing" : "login_state is wrong"
        violations.record(.loginState, login: login.id, what)
        throw SystemProblem(knob.flatMap { Int($0) } ?? 403, "login_state_mismatch")
    }

    /// Row 7.
    private func grantedScopes(
        _ body: JSONValue,
        _ login: SimulatedLogin
    ) throws(SystemProblem) -> [String] {
        guard let scopes = body["granted_scopes"]?.strings, scopes.contains("openid"),
            Set(scopes).isSubset(of: login.scopes)
        else {
            violations.record(
                .grantedScopes,
                login: login.id,
                "granted_scopes must be some of the requested ones, openid among them"
            )
            throw SystemProblem(400, "granted_scopes")
        }
        return scopes
    }

    /// What the GET shows (`ScopeGrantSession`), with the faults of K-09 and K-22.
    private func scopeGrant(
        _ login: SimulatedLogin,
        _ request: Request
    ) throws(SystemProblem) -> Response {
        let sent = request.query("login_state").map { JSONValue.string($0) }
        try check(state: sent, login, isRequired: false)
        if login.decision != nil {
            let knob = knobs.take(.getAfterDecision, user: login.user, login: login.id)
            if knob?.string == "404" || knob?.integer == 404 {
                throw SystemProblem(404, "no_such_login")
            }
        }
        let knob = knobs.take(.consentGet, user: login.user, login: login.id)
        if let status = knob?.integer { throw SystemProblem(status, "simulated_failure") }
        let view = ScopeGrantView(
            login,
            configuration,
            shape: knob?.string,
            logo: base(for: request) + "/_decoy/logo"
        )
        return .json(200, view.json)
    }
}
