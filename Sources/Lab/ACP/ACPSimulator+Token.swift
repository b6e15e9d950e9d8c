import HTTP
import JSON
import Threads

extension ACPSimulator {
    /// Seconds added to the interval if a client polls too early (OpenID CIBA Core §11).
    private static let slowDownSeconds = 5
    /// Early polls in a row until the client gets an error.
    private static let tooSoonLimit = 6
    private static let tokenTTL = 3600
    /// Seconds: 180 days.
    private static let brasilIDTokenLife = 15_552_000

    /// Exchanges an `auth_req_id` for tokens. The first failing check determines the error.
    func token(_ request: Request, of workspace: SimulatorConfiguration.Workspace) -> Response {
        do throws(OAuthProblem) {
            guard request.contentType == "application/x-www-form-urlencoded",
                let form = Form(request.body)
            else { throw .invalidRequest("not a form, or a parameter comes twice") }
            let client = try ClientAuthentication.client(
                of: request,
                form,
                among: configuration.clients
            )
            guard let grant = form["grant_type"] else {
                throw .invalidRequest("grant_type is missing")
            }
            if grant == "client_credentials" {
                return try grantClientToken(form, client, workspace.id)
            }
            guard grant == Self.grantType else {
                throw OAuthProblem(400, "unsupported_grant_type", "only CIBA is supported")
            }
            guard let authReqID = form["auth_req_id"], Self.isWellFormed(authReqID) else {
                throw .invalidRequest("auth_req_id is missing or malformed")
            }
            let (login, scopes) = try redeem(authReqID, client, workspace)
            let issuer = issuer(base(for: request), workspace.id)
            return tokens(for: login, scopes, issuer: issuer, workspace.profile)
        } catch {
            return error.response
        }
    }

    private static func isWellFormed(_ id: String) -> Bool {
        !id.isEmpty
            && id.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-._".utf8.contains(byte)
                }
            }
    }

    /// One atomic step, so that only one of two parallel calls gets the tokens.
    private func redeem(
        _ authReqID: String,
        _ client: SimulatedClient,
        _ workspace: SimulatorConfiguration.Workspace
    ) throws(OAuthProblem) -> (SimulatedLogin, scopes: [String]) {
        let now = clock.now()
        // Open Finance Brasil responds with 403 instead of 400.
        let waiting = workspace.profile == .ofb ? 403 : 400
        return try state.withLock { state throws(OAuthProblem) in
            guard let id = state.byAuthReqID[authReqID], var login = state.logins[id],
                login.clientID == client.id, login.workspace == workspace.id, login.consumed == nil
            else { throw OAuthProblem(400, "invalid_grant", "auth_req_id is unknown or used up") }
            guard client.mode != nil else {
                throw OAuthProblem(400, "unauthorized_client", "not registered for CIBA")
            }
            defer { state.logins[id] = login }
            switch login.decision {
            case .approved(let scopes):
                login.consumed = now
                return (login, scopes)
            case .rejected: throw OAuthProblem(waiting, "access_denied", "the user declined")
            case nil: break
            }
            if login.phase(at: now) == .expired {
                throw OAuthProblem(400, "expired_token", "the login has expired")
            }
            let earliest = login.lastPoll.map { $0 + Int64(login.interval) * 1000 } ?? now
            login.lastPoll = now
            if login.pollsTooSoon >= Self.tooSoonLimit || now < earliest {
                login.pollsTooSoon += 1
                if login.pollsTooSoon >= Self.tooSoonLimit {
                    throw .invalidRequest("polling did not slow down: stop")
                }
                login.interval += Self.slowDownSeconds
                throw OAuthProblem(waiting, "slow_down", "polled before the interval had passed")
            }
            login.pollsTooSoon = 0
            throw OAuthProblem(waiting, "authorization_pending", "the user has not decided yet")
        }
    }

    private func tokens(
        for login: SimulatedLogin,
        _ scopes: [String],
        issuer: String,
        _ profile: SimulatorConfiguration.Profile
    ) -> Response {
        let now = clock.now() / 1000
        // Clients in Brasil use it for half a year.
        let life = Int64(profile == .ofb ? Self.brasilIDTokenLife : Self.tokenTTL)
        var idToken: String?
        if scopes.contains("openid") {
            idToken = signer.sign(
                .members([
                    "iss": .string(issuer), "aud": .string(login.clientID),
                    "sub": .string(login.user), "iat": .integer(now),
                    "exp": .integer(now + life),
                    "auth_time": .integer((login.decided ?? clock.now()) / 1000),
                    "acr": .text(login.acrValues.first),
                ])
            )
        } else {
            journal.append("sim.no_openid", ["login_id": .string(login.id)])
        }
        return .json(
            200,
            .members([
                "access_token": .string(Self.identifier(32)), "token_type": .string("Bearer"),
                "expires_in": .integer(Self.tokenTTL),
                "scope": .string(scopes.joined(separator: " ")), "id_token": .text(idToken),
            ])
        )
    }
}
