import HTTP
import JSON
import Threads

extension ACPSimulator {
    static let grantType = "urn:openid:params:grant-type:ciba"

    /// The routes for OAuth clients, for each workspace.
    var clientRoutes: [Route] {
        configuration.workspaces.flatMap { workspace in
            let issuer = issuer("", workspace.id)
            return [
                route(.post, issuer + "/backchannel/authentication", from: "client") {
                    [self] request in await backchannelAuthentication(request, workspace)
                },
                route(.post, issuer + "/oauth2/token", from: "client") { [self] request in
                    token(request, of: workspace)
                },
            ] + lodgingRoutes(of: workspace)
        }
    }

    /// Handles a backchannel request: checks, login, start (OpenID CIBA Core §7).
    private func backchannelAuthentication(
        _ request: Request,
        _ workspace: SimulatorConfiguration.Workspace
    ) async -> Response {
        do throws(OAuthProblem) {
            let asked = try BackchannelRequest(
                request,
                configuration,
                workspace,
                issuer: issuer(base(for: request), workspace.id),
                signer: signer,
                knobs: knobs,
                at: clock.now()
            ) { [self] id in isFirstRequest(id) }
            let company =
                asked.consentID == nil ? nil : knobs.take(.sameConsent, user: asked.user)?.string
            let isAlone = company == nil
            try state.withLock { (state) throws(OAuthProblem) in
                _ = try Self.checkConsent(asked, isAlone: isAlone, state, at: clock.now())
            }
            try await verify(asked.user)
            let login = try await begin(asked, isAlone: isAlone)
            accompany(asked, again: company == "twice")
            return .json(
                200,
                .members([
                    "auth_req_id": .string(login.authReqID),
                    "expires_in": .integer((login.expires - login.created) / 1000),
                    "interval": .integer(login.interval),
                ])
            )
        } catch {
            return error.response
        }
    }

    /// A request object can be used once.
    private func isFirstRequest(_ id: String) -> Bool {
        state.withLock { state in
            if state.requestIDs.count >= Self.keptTokens { state.requestIDs = [] }
            return state.requestIDs.insert(id).inserted
        }
    }

    /// Check 11. `isAlone` is whether a consent can have only one pending login (UK-6).
    /// - Returns: the consent, when one is named.
    private static func checkConsent(
        _ asked: BackchannelRequest,
        isAlone: Bool,
        _ state: State,
        at now: Int64
    ) throws(OAuthProblem) -> SimulatedConsent? {
        guard let id = asked.consentID else { return nil }
        guard let consent = state.consents[id], consent.clientID == asked.client.id,
            consent.workspace == asked.workspace
        else { throw .invalidRequest("there is no such consent of this client") }
        switch consent.status(at: now) {
        case .awaiting: break
        case .authorised where consent.family.isLongLived: break
        case .authorised, .rejected: throw .invalidRequest("the consent awaits no authorisation")
        }
        if let scope = consent.family.scope, !asked.scopes.contains(scope) {
            throw OAuthProblem(400, "invalid_scope", "this consent needs the scope \(scope)")
        }
        let other = consent.loginID.flatMap { state.logins[$0] }
        if isAlone, let other, other.phase(at: now) == .pending {
            throw .invalidRequest("the consent has a login under way")
        }
        return consent
    }

    /// Check 12. Without a user, there is nothing to verify (K-18).
    private func verify(_ user: String) async throws(OAuthProblem) {
        if user.isEmpty { return }
        guard await !isValid(user) else { return }
        switch knobs.take(.verifyMap, user: user, operation: "verify")?.string {
        case "access_denied":
            throw OAuthProblem(403, "access_denied", "the user cannot be authenticated")
        case "server_error":
            throw OAuthProblem(500, "server_error", "the authentication service failed")
        default: throw OAuthProblem(400, "unknown_user_id", "no such user")
        }
    }

    /// Stores a login and schedules its start.
    func begin(
        _ asked: BackchannelRequest,
        isAlone: Bool
    ) async throws(OAuthProblem) -> SimulatedLogin {
        let login = try store(asked, isAlone: isAlone)
        let id = login.id
        // Measured from now, however late the background job begins.
        let moment = clock.now() + login.plan.delay
        switch login.plan.order {
        case .inside where login.plan.delay == 0:
            let isDelivered = await attemptStart(id)
            work.add { [self] in await continueStart(id, isDelivered: isDelivered) }
        case .inside, .beforeAnswer:
            work.add { [self] in await deliverStart(id, at: moment) }
        case .afterAnswer:
            // Long enough to send the response first.
            work.add { [self] in await deliverStart(id, at: moment + 50) }
        }
        return login
    }

    /// Checks the consent again, because two requests can be concurrent.
    private func store(
        _ asked: BackchannelRequest,
        isAlone: Bool
    ) throws(OAuthProblem) -> SimulatedLogin {
        let id = Self.identifier()
        let plan = StartPlan(knobs, user: asked.user, login: id, usual: configuration.startOrder)
        let check = knobs.take(.loginStateCheck, user: asked.user, login: id)
        let early = knobs.take(.expireEarly, user: asked.user, login: id)?.integer ?? 0
        // `expires_at` has whole seconds.
        let now = clock.now() / 1000 * 1000
        let expires = now + Int64(asked.ttl) * 1000
        let login = try state.withLock { (state) throws(OAuthProblem) in
            let consent = try Self.checkConsent(asked, isAlone: isAlone, state, at: now)
            let login = SimulatedLogin(
                plan: plan,
                id: id,
                state: Self.identifier(),
                authReqID: Self.identifier(32),
                workspace: asked.workspace,
                clientID: asked.client.id,
                user: asked.user,
                scopes: asked.scopes,
                acrValues: asked.acrValues,
                bindingMessage: asked.bindingMessage,
                notificationToken: asked.notificationToken,
                consentID: consent?.id,
                family: consent?.family,
                authorizationDetails: asked.authorizationDetails,
                isRenewal: consent?.status(at: now) == .authorised,
                created: now,
                expires: expires,
                dies: expires - Int64(early),
                stateCheck: check?.string ?? check?.integer.map(String.init),
                interval: configuration.interval
            )
            if let consent { state.consents[consent.id]?.loginID = id }
            state.keep(login)
            return login
        }
        journal.append(
            "login.created",
            [
                "login_id": .string(id), "user": .string(asked.user),
                "ttl": .integer(asked.ttl), "consent_id": .text(asked.consentID),
            ]
        )
        return login
    }
}

extension ACPSimulator.State {
    /// Adds a login, and removes the oldest if there are too many.
    mutating func keep(_ login: SimulatedLogin) {
        logins[login.id] = login
        byAuthReqID[login.authReqID] = login.id
        order.append(login.id)
        guard order.count >= 2 * ACPSimulator.keptLogins else { return }
        for old in order.prefix(ACPSimulator.keptLogins) {
            if let gone = logins.removeValue(forKey: old) { byAuthReqID[gone.authReqID] = nil }
        }
        order.removeFirst(ACPSimulator.keptLogins)
    }
}
