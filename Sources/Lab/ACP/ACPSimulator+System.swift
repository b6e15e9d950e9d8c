import HTTP
import JSON
import Threads

extension ACPSimulator {
    private static let systemScopes: Set<String> = [
        "manage_scope_grants", "manage_openbanking_consents", "manage_logins",
    ]

    /// The token endpoint of the system workspace, at all base paths.
    var systemRoutes: [Route] {
        ["/\(configuration.tenant)/system", "/system", ""].map { base in
            route(.post, base + "/oauth2/token", from: "service") { [self] request in
                await systemToken(request)
            }
        }
    }

    /// Client credentials (RFC 6749 §4.4) for the authentication service.
    private func systemToken(_ request: Request) async -> Response {
        let number = watchTokenRequests()
        defer { state.withLock { $0.tokenRequests[number] = nil } }
        let disturbance = await disturbance("token", nil, request)
        if let instead = disturbance.instead { return instead }
        if let broken = await brokenToken() { return broken }
        return disturbance.applied(to: grantSystemToken(request))
    }

    /// Concurrent token requests are a violation: one renewal must serve all callers. Requests
    /// older than two seconds do not count, because the caller may have timed out.
    private func watchTokenRequests() -> Int {
        let now = clock.now()
        let (number, others) = state.withLock { state in
            let others = state.tokenRequests.values.filter { now - $0 < 2000 }.count
            state.lastTokenRequest += 1
            state.tokenRequests[state.lastTokenRequest] = now
            return (state.lastTokenRequest, others)
        }
        if others > 0 {
            violations.record(.tokenRequestsInFlight, "\(others + 1) token requests at once")
        }
        return number
    }

    private func grantSystemToken(_ request: Request) -> Response {
        do throws(OAuthProblem) {
            guard request.contentType == "application/x-www-form-urlencoded",
                let form = Form(request.body)
            else { throw .invalidRequest("not a form, or a parameter comes twice") }
            let certificate = try authenticateSystemClient(request, form)
            guard form["grant_type"] == "client_credentials" else {
                throw OAuthProblem(400, "unsupported_grant_type", "only client_credentials")
            }
            let asked = form["scope"]?.split(separator: " ").map(String.init)
            let scopes = Set(asked ?? Self.systemScopes.sorted())
            guard scopes.isSubset(of: Self.systemScopes), !scopes.isEmpty else {
                throw OAuthProblem(400, "invalid_scope", "a scope is unknown")
            }
            return issue(scopes, boundTo: certificate)
        } catch {
            return error.response
        }
    }

    private func issue(_ scopes: Set<String>, boundTo certificate: [UInt8]?) -> Response {
        let ttl =
            knobs.take(.tokenTTL, operation: "token")?.integer ?? configuration.systemTokenTTL
        let token = Self.identifier(32)
        let expires = clock.now() + Int64(ttl) * 1000
        state.withLock { state in
            if state.systemTokens.count >= Self.keptTokens { state.systemTokens = [:] }
            if state.refusedTokens.count >= Self.keptTokens { state.refusedTokens = [:] }
            state.systemTokens[token] = SystemToken(
                scopes: scopes,
                expires: expires,
                certificate: certificate
            )
        }
        return .json(
            200,
            .members([
                "access_token": .string(token), "token_type": .string("bearer"),
                "expires_in": .integer(ttl),
                "scope": .string(scopes.sorted().joined(separator: " ")),
            ])
        )
    }

    /// The failing response of the token endpoint (K-16).
    private func brokenToken() async -> Response? {
        guard let knob = knobs.take(.tokenFail, operation: "token") else { return nil }
        switch (knob.string, knob.integer) {
        case ("timeout", _):
            // Longer than any client waits.
            await clock.sleep(until: clock.now() + 60_000)
            return .dropped
        case ("content_type", _):
            return Response(
                status: 200,
                contentType: "text/html",
                fields: [.noStore],
                body: Array("<html><title>Maintenance</title></html>".utf8)
            )
        case (_, let status?):
            let retry = status == 429 ? [Field("Retry-After", "1")] : []
            let code = status == 401 ? "invalid_client" : "server_error"
            return .json(status, .members(["error": .string(code)]), fields: retry)
        default: return OAuthProblem(400, "invalid_client", "client authentication failed").response
        }
    }

    /// Requires a valid token with the scope. Using an invalid one is a violation only if the
    /// caller could know it when the call arrived.
    func authorize(
        _ request: Request,
        scope: String,
        operation: String,
        login: SimulatedLogin?,
        arrived: Int64
    ) throws(SystemProblem) {
        guard let bearer = ClientAuthentication.bearer(of: request) else {
            violations.record(.noBearer, login: login?.id, "\(operation) without a bearer token")
            throw SystemProblem(401, "missing_token")
        }
        let id = login?.id
        let now = clock.now()
        // Tolerates clock differences and calls that are already in progress.
        let grace: Int64 = 2000
        let knob = knobs.take(.tokenRevoke, user: login?.user, login: id, operation: operation)
        let verdict: (token: SystemToken?, rule: ViolationList.Rule?) = state.withLock { state in
            var rule: ViolationList.Rule?
            var token = state.systemTokens[bearer]
            if let refused = state.refusedTokens[bearer] {
                let isKnown = id.map { state.logins[$0]?.refusedTokens.contains(bearer) == true }
                if isKnown == true ? arrived >= refused : arrived > refused + grace {
                    rule = .tokenAfterRefusal
                }
            } else if token == nil {
                rule = .unknownToken
            }
            if let lived = token, now > lived.expires + grace {
                if arrived > lived.expires + grace { rule = .tokenAfterExpiry }
                token = nil
            }
            if knob?.string == "once" { token = nil }
            if let limit = knob?.integer, let used = token?.uses, used >= limit { token = nil }
            if token == nil {
                state.systemTokens[bearer] = nil
                if state.refusedTokens[bearer] == nil { state.refusedTokens[bearer] = now }
                if let id { state.logins[id]?.refusedTokens.insert(bearer) }
            } else {
                state.systemTokens[bearer]?.uses += 1
            }
            return (token, rule)
        }
        if let rule = verdict.rule {
            violations.record(rule, login: id, "\(operation) with a token that is not good")
        }
        guard let token = verdict.token else { throw SystemProblem(401, "invalid_token") }
        try checkBinding(token, request, operation, login: id)
        let missing = knobs.take(.scopeMissing, user: login?.user, login: id, operation: operation)
        if let missing, missing.string == scope || missing.string == "scope_grant" {
            throw SystemProblem(403, "insufficient_scope")
        }
        guard token.scopes.contains(scope) else {
            violations.record(.scope, login: id, "\(operation) without \(scope)")
            throw SystemProblem(403, "insufficient_scope")
        }
    }
}
