import HTTP
import JSON
import Threads

/// The consent operations of the System API (group 2), under all base styles.
extension ACPSimulator {
    private static let scope = "manage_openbanking_consents"

    private var consentBases: [String] {
        let tenant = configuration.tenant
        return ["/\(tenant)/system", "/api/system/\(tenant)", "/system", "/api/system", ""]
    }

    var consentRoutes: [Route] {
        var routes = [seedRoute]
        // Several families may be decided at the same address.
        let places = Dictionary(grouping: ConsentFamily.all) { $0.decisions ?? "" }
        for base in consentBases {
            for family in ConsentFamily.all {
                if let page = family.page { routes.append(look(at: base + page, [family])) }
            }
            for (place, families) in places where !place.isEmpty {
                routes += decisions(at: base + place, Set(families))
            }
        }
        return routes
    }

    private func look(at path: String, _ families: Set<ConsentFamily>) -> Route {
        let operation = Self.operation(.get, families)
        return route(.get, path + "/{login}", from: "service") { [self] request in
            await look(operation, request) { (login) throws(SystemProblem) in
                try show(login, request)
            }
        }
    }

    private func decisions(at path: String, _ families: Set<ConsentFamily>) -> [Route] {
        let accept = Self.operation(.accept, families)
        let reject = Self.operation(.reject, families)
        return [
            route(.post, path + "/{login}/accept", from: "service") { [self] request in
                await decide(accept, request) { (login) throws(SystemProblem) in
                    try acceptance(request, login)
                }
            },
            route(.post, path + "/{login}/reject", from: "service") { [self] request in
                await decide(reject, request) { (login) throws(SystemProblem) in
                    let standard = login.family?.standard
                    return try rejection(
                        request,
                        login,
                        standard?.rejectMembers ?? ReportBody.reject
                    )
                }
            },
        ]
    }

    private static func operation(
        _ kind: SystemOperation.Kind,
        _ families: Set<ConsentFamily>
    ) -> SystemOperation {
        SystemOperation(kind: kind, scope: scope) { login in
            login.family.map(families.contains) ?? false
        }
    }

    /// An address in an old text that never existed. It works like the right one, so that a test goes
    /// on and finds the mistake among the violations.
    private var seedRoute: Route {
        let operation = Self.operation(.accept, [.accountAccess])
        let path = "/system/{login}/openbanking-account-access/consent/accept"
        return route(.post, path, from: "service") { [self] request in
            violations.record(.seedPath, login: request.parameters["login"], request.path)
            return await decide(operation, request) { (login) throws(SystemProblem) in
                try acceptance(request, login)
            }
        }
    }

    /// The response of the GET, with the faults of K-21 and K-22.
    private func show(
        _ login: SimulatedLogin,
        _ request: Request
    ) throws(SystemProblem) -> Response {
        let knob = knobs.take(.consentGet, user: login.user, login: login.id)
        if let status = knob?.integer { throw SystemProblem(status, "simulated_failure") }
        guard let consent = consent(of: login) else { throw SystemProblem(404, "no_such_consent") }
        let (previous, views) = state.withLock { state in
            state.logins[login.id]?.views += 1
            return (consent.previous.flatMap { state.consents[$0] }, login.views)
        }
        let view = ConsentView(
            consent,
            login,
            configuration,
            previous: previous,
            logo: base(for: request) + "/_decoy/logo",
            at: clock.now()
        )
        var json = view.json
        let isDue: (JSONValue) -> Bool = { ConsentFault.concerns($0, views: views) }
        let change = knobs.take(.consentChange, user: login.user, login: login.id, where: isDue)
        if let change { json = ConsentFault.changed(json, consent.family, change) }
        if let fault = knob?.string {
            json = ConsentFault.applied(fault, to: json, consent.family)
        }
        return .json(200, json)
    }

    private func consent(of login: SimulatedLogin) -> SimulatedConsent? {
        state.withLock { state in login.consentID.flatMap { state.consents[$0] } }
    }

    private func acceptance(
        _ request: Request,
        _ login: SimulatedLogin
    ) throws(SystemProblem) -> Report {
        guard let consent = consent(of: login) else { throw SystemProblem(404, "no_such_consent") }
        let body = try body(request, login, consent.family.standard.acceptMembers)
        let scopes = try grantedScopes(body, login)
        do throws(Shape.Problem) {
            try ReportBody.check(body, for: consent, accounts: configuration.accounts[login.user])
        } catch {
            violations.record(.member, login: login.id, error.text)
            throw SystemProblem(400, "member", path: error.path, rule: error.rule)
        }
        return Report(decision: .approved(scopes: scopes), body: body)
    }

    /// Reads the body of a rejection.
    func rejection(
        _ request: Request,
        _ login: SimulatedLogin,
        _ members: [Shape.Member]
    ) throws(SystemProblem) -> Report {
        let body = try body(request, login, members)
        // RejectCDR alone has none, and refuses it.
        if body["id"] != nil, !members.contains(where: { $0.name == "id" }) {
            violations.record(.member, login: login.id, "a rejected arrangement has no id")
            throw SystemProblem(400, "member", path: "id", rule: "is not a member of this")
        }
        return Report(
            decision: .rejected(error: body["error"]?.string ?? "access_denied"),
            body: body
        )
    }
}
