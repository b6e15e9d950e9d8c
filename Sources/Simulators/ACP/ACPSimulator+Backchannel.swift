import HTTP
import JSON
import Threads

extension ACPSimulator {
    static let grantType = "urn:openid:params:grant-type:ciba"

    /// What OAuth clients call.
    var clientRoutes: [Route] {
        let issuer = "/\(configuration.tenant)/\(configuration.workspace)"
        return [
            route(.post, issuer + "/backchannel/authentication", from: "client") {
                [self] request in await backchannelAuthentication(request)
            },
            route(.post, issuer + "/oauth2/token", from: "client") { [self] request in
                token(request)
            },
        ]
    }

    /// OpenID CIBA Core §7: the checks in their order, the login, and its start.
    private func backchannelAuthentication(_ request: Request) async -> Response {
        do throws(OAuthProblem) {
            let asked = try BackchannelRequest(
                request,
                configuration,
                idTokens: state.withLock { $0.idTokens },
                knobs: knobs,
                at: clock.now()
            )
            try await verify(asked.user)
            let login = await begin(asked)
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

    /// Check 12. An unnamed user (K-18) cannot be asked about.
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

    /// Stores a login and sees to its start.
    func begin(_ asked: BackchannelRequest) async -> SimulatedLogin {
        let login = store(asked)
        let id = login.id
        // Reckoned from here, however long the background takes to begin.
        let moment = clock.now() + login.plan.delay
        switch login.plan.order {
        case .inside where login.plan.delay == 0:
            let isDelivered = await attemptStart(id)
            work.add { [self] in await continueStart(id, isDelivered: isDelivered) }
        case .inside, .beforeAnswer:
            work.add { [self] in await deliverStart(id, at: moment) }
        case .afterAnswer:
            // Long enough for the answer to have left on any machine.
            work.add { [self] in await deliverStart(id, at: moment + 50) }
        }
        return login
    }

    private func store(_ asked: BackchannelRequest) -> SimulatedLogin {
        // Whole seconds, because that is what `expires_at` can say.
        let now = clock.now() / 1000 * 1000
        let id = Self.identifier()
        let check = knobs.take(.loginStateCheck, user: asked.user, login: id)
        let early = knobs.take(.expireEarly, user: asked.user, login: id)?.integer ?? 0
        let expires = now + Int64(asked.ttl) * 1000
        let login = SimulatedLogin(
            plan: StartPlan(
                knobs,
                user: asked.user,
                login: id,
                usual: configuration.startOrder
            ),
            id: id,
            state: Self.identifier(),
            authReqID: Self.identifier(32),
            clientID: asked.client.id,
            user: asked.user,
            scopes: asked.scopes,
            acrValues: asked.acrValues,
            bindingMessage: asked.bindingMessage,
            notificationToken: asked.notificationToken,
            created: now,
            expires: expires,
            dies: expires - Int64(early),
            stateCheck: check?.string ?? check?.integer.map(String.init),
            interval: configuration.interval
        )
        state.withLock { state in
            state.logins[id] = login
            state.byAuthReqID[login.authReqID] = id
            state.order.append(id)
            guard state.order.count >= 2 * Self.keptLogins else { return }
            for old in state.order.prefix(Self.keptLogins) {
                if let gone = state.logins.removeValue(forKey: old) {
                    state.byAuthReqID[gone.authReqID] = nil
                }
            }
            state.order.removeFirst(Self.keptLogins)
        }
        journal.append(
            "login.created",
            ["login_id": .string(id), "user": .string(asked.user), "ttl": .integer(asked.ttl)]
        )
        return login
    }
}
