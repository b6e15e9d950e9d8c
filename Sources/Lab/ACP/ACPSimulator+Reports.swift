import HTTP
import JSON
import Threads

/// An operation of the System API on one login.
struct SystemOperation: Sendable {
    enum Kind: String { case get, accept, reject }

    let kind: Kind
    /// The required scope of the token.
    let scope: String
    /// Whether the login belongs to this address.
    let fits: @Sendable (SimulatedLogin) -> Bool

    var name: String { kind.rawValue }
}

/// What all operations of the System API share.
extension ACPSimulator {
    /// The checks of all operations, in order.
    private func checked(
        _ request: Request,
        _ operation: SystemOperation,
        _ counted: SimulatedLogin?,
        arrived: Int64
    ) throws(SystemProblem) -> SimulatedLogin {
        try authorize(
            request,
            scope: operation.scope,
            operation: operation.name,
            login: counted,
            arrived: arrived
        )
        let id = request.parameters["login"] ?? ""
        guard let login = state.withLock({ $0.logins[id] }), operation.fits(login) else {
            throw SystemProblem(404, "no_such_login")
        }
        guard clock.now() < login.dies else {
            // The caller cannot know that a knob ended the login early or delayed the call.
            if operation.kind != .get, arrived >= login.expires {
                violations.record(.lateDecision, login: id, "\(operation.name) after expires_at")
            }
            throw SystemProblem(404, "login_expired")
        }
        return login
    }

    /// Handles a GET for a login.
    func look(
        _ operation: SystemOperation,
        _ request: Request,
        _ handle: (SimulatedLogin) throws(SystemProblem) -> Response
    ) async -> Response {
        let arrived = clock.now()
        let counted = count(request.parameters["login"] ?? "", operation)
        let disturbance = await disturbance(operation.name, counted, request)
        if let instead = disturbance.instead { return instead }
        do throws(SystemProblem) {
            let login = try checked(request, operation, counted, arrived: arrived)
            let sent = request.query("login_state").map { JSONValue.string($0) }
            try check(state: sent, login, isRequired: false)
            try hideDecided(login)
            return disturbance.applied(to: try handle(login))
        } catch {
            return disturbance.applied(to: error.response)
        }
    }

    /// Handles a decision for a login.
    func decide(
        _ operation: SystemOperation,
        _ request: Request,
        _ decide: (SimulatedLogin) throws(SystemProblem) -> Report
    ) async -> Response {
        let arrived = clock.now()
        let counted = count(request.parameters["login"] ?? "", operation)
        let disturbance = await disturbance(operation.name, counted, request)
        if let instead = disturbance.instead { return instead }
        do throws(SystemProblem) {
            let login = try checked(request, operation, counted, arrived: arrived)
            try record(try decide(login), login, isHeard: !disturbance.hidesAnswer)
            return disturbance.applied(to: accepted(login, base(for: request)))
        } catch {
            return disturbance.applied(to: error.response)
        }
    }

    /// A reported decision.
    struct Report {
        let decision: SimulatedLogin.Decision
        let body: JSONValue
    }

    /// At most one decision has an effect, and only that one causes a ping.
    private func record(
        _ report: Report,
        _ login: SimulatedLogin,
        isHeard: Bool
    ) throws(SystemProblem) {
        let now = clock.now()
        let decision = report.decision
        let before = try state.withLock { (state) throws(SystemProblem) in
            let before = state.logins[login.id]?.decision
            if before == nil {
                try Self.settle(report, login, &state, at: now)
                state.logins[login.id]?.decision = decision
                state.logins[login.id]?.report = report.body
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

    /// The response, with or without a link (K-23).
    private func accepted(_ login: SimulatedLogin, _ base: String) -> Response {
        switch knobs.take(.redirectTo, user: login.user, login: login.id)?.string {
        case "absent": .json(200, .members([:]))
        case "decoy": .json(200, .members(["redirect_to": .string(base + "/_decoy/link")]))
        default: .json(200, .members(["redirect_to": .string("")]))
        }
    }

    /// Records the decision in the consent, which must be undecided unless the login confirms it
    /// again.
    private static func settle(
        _ report: Report,
        _ login: SimulatedLogin,
        _ state: inout State,
        at now: Int64
    ) throws(SystemProblem) {
        guard let id = login.consentID, let consent = state.consents[id] else { return }
        let status = consent.status(at: now)
        guard status == .awaiting || login.isRenewal && status == .authorised else {
            throw SystemProblem(409, "consent_not_awaiting")
        }
        state.consents[id]?.settle(
            report.decision.name == "approved" ? .authorised : .rejected,
            body: report.body,
            at: now
        )
    }

    /// Reads the body of a report. `members` are those of the family.
    func body(
        _ request: Request,
        _ login: SimulatedLogin,
        _ members: [Shape.Member]
    ) throws(SystemProblem) -> JSONValue {
        guard request.contentType == "application/json" else {
            violations.record(.contentType, login: login.id, request.contentType ?? "none")
            throw SystemProblem(400, "content_type")
        }
        guard let body = try? JSONValue(Array(request.body)), let object = body.object else {
            violations.record(.malformedBody, login: login.id, "the body is not one JSON object")
            throw SystemProblem(400, "malformed_json")
        }
        for member in object.members {
            guard let known = members.first(where: { $0.name == member.name }) else {
                try note(member, login)
                continue
            }
            do throws(Shape.Problem) {
                try known.shape.check(member.value, at: member.name)
            } catch {
                // `granted_scopes` and `login_state` are checked below.
                if member.name == "granted_scopes" || member.name == "login_state" { continue }
                violations.record(.member, login: login.id, error.text)
                throw SystemProblem(400, "member", path: error.path, rule: error.rule)
            }
        }
        if let id = body["id"], id.string != login.id {
            violations.record(.malformedBody, login: login.id, "id is that of another login")
            throw SystemProblem(400, "wrong_id")
        }
        try check(state: body["login_state"], login, isRequired: configuration.requiresLoginState)
        return body
    }

    /// Records an unknown member, which the real server ignores. A misspelled member is a
    /// violation.
    private func note(
        _ member: JSONObject.Member,
        _ login: SimulatedLogin
    ) throws(SystemProblem) {
        journal.append(
            "sim.unknown_member",
            ["login_id": .string(login.id), "member": .string(member.name)]
        )
        if member.name == "scopes" {
            violations.record(.scopesMember, login: login.id, "the member is granted_scopes")
        }
        if Self.misspelt.contains(member.name) {
            violations.record(.member, login: login.id, "\(member.name) is misspelt")
            throw SystemProblem(400, "member", path: member.name, rule: "is misspelt")
        }
    }

    private static let misspelt: Set<String> = [
        "accountIds", "AccountIds", "debtorAccount", "grantedScopes", "loginState", "customerId",
        "rejectionReason", "resouces",
    ]

    /// Checks `login_state` as strictly as the knob says (K-06).
    private func check(
        state: JSONValue?,
        _ login: SimulatedLogin,
        isRequired: Bool
    ) throws(SystemProblem) {
        let knob = login.stateCheck
        if knob == "off" { return }
        if knob == "expect_other" { throw SystemProblem(403, "login_state_mismatch") }
        // The start had no state.
        if state == nil, !isRequired || login.plan.stateField == "none" { return }
        guard state?.string != login.state else { return }
        let what = state == nil ? "login_state is missing" : "login_state is wrong"
        violations.record(.loginState, login: login.id, what)
        throw SystemProblem(knob.flatMap { Int($0) } ?? 403, "login_state_mismatch")
    }

    /// Checks the granted scopes.
    func grantedScopes(
        _ body: JSONValue,
        _ login: SimulatedLogin
    ) throws(SystemProblem) -> [String] {
        guard let scopes = body["granted_scopes"]?.strings,
            scopes.contains("openid") || !login.scopes.contains("openid"),
            Set(scopes).isSubset(of: login.scopes)
        else {
            violations.record(
                .grantedScopes,
                login: login.id,
                "granted_scopes must be some of the requested ones, openid among them if it was requested"
            )
            throw SystemProblem(400, "granted_scopes")
        }
        return scopes
    }

    /// Whether a decided login can still be read (K-09).
    private func hideDecided(_ login: SimulatedLogin) throws(SystemProblem) {
        guard login.decision != nil else { return }
        let knob = knobs.take(.getAfterDecision, user: login.user, login: login.id)
        if knob?.string == "404" || knob?.integer == 404 {
            throw SystemProblem(404, "no_such_login")
        }
    }
}
