import HTTP
import JSON
import Threads

/// The scope-grant operations of the System API, under all base styles.
extension ACPSimulator {
    private static let scope = "manage_scope_grants"
    private static let acceptMembers: [Shape.Member] = [
        .may("granted_scopes", .list(.text(1...1000), 0...10_000)),
        .may("granted_authorization_details", .anything),
        .may("login_state", .text(0...1000)), .may("id", .text(1...1000)),
        .may("consent_id", .text(0...1000)),
        .may("granted_claims", .list(.text(1...1000), 0...1000)),
        .may("granted_verified_claims", .anything),
    ]

    var scopeGrantRoutes: [Route] {
        let get = Self.operation(.get)
        let accept = Self.operation(.accept)
        let reject = Self.operation(.reject)
        let bases = ["/api/system/\(configuration.tenant)", "/api/system"]
        return bases.flatMap { base in
            let path = base + "/scope-grants/{login}"
            return [
                route(.get, path, from: "service") { [self] request in
                    await look(get, request) { (login) throws(SystemProblem) in
                        try scopeGrant(login, request)
                    }
                },
                route(.post, path + "/accept", from: "service") { [self] request in
                    await decide(accept, request) { (login) throws(SystemProblem) in
                        let body = try body(request, login, Self.acceptMembers)
                        let scopes = try grantedScopes(body, login)
                        // They are granted as a whole (RFC 9396 §7), to the last null.
                        guard
                            (body["granted_authorization_details"] ?? .null)
                                == (login.authorizationDetails ?? .null)
                        else { throw SystemProblem(422, "invalid_authorization_details") }
                        return Report(decision: .approved(scopes: scopes), body: body)
                    }
                },
                route(.post, path + "/reject", from: "service") { [self] request in
                    await decide(reject, request) { (login) throws(SystemProblem) in
                        try rejection(request, login, ReportBody.reject)
                    }
                },
            ]
        }
    }

    /// A consent that the System API cannot show has no other way to be rejected.
    private static func operation(_ kind: SystemOperation.Kind) -> SystemOperation {
        SystemOperation(kind: kind, scope: scope) { login in
            guard let family = login.family else { return true }
            return kind == .reject && family.page == nil
        }
    }

    /// What the GET shows (`ScopeGrantSession`), with the faults of K-21 and K-22.
    private func scopeGrant(
        _ login: SimulatedLogin,
        _ request: Request
    ) throws(SystemProblem) -> Response {
        let knob = knobs.take(.consentGet, user: login.user, login: login.id)
        if let status = knob?.integer { throw SystemProblem(status, "simulated_failure") }
        let views = state.withLock { state in
            state.logins[login.id]?.views += 1
            return login.views
        }
        let isDue: (JSONValue) -> Bool = { ConsentFault.concerns($0, views: views) }
        let change = knobs.take(.consentChange, user: login.user, login: login.id, where: isDue)
        let view = ScopeGrantView(
            login,
            configuration,
            shape: change == nil ? knob?.string : "changed",
            logo: base(for: request) + "/_decoy/logo"
        )
        return .json(200, view.json)
    }
}
