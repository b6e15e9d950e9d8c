import Cryptography
import HTTP
import JOSE
import JSON
import Threads

/// Logout: begun by a client (OpenID Connect RP-Initiated Logout 1.0), and told to clients
/// (Back-Channel Logout 1.0).
extension IdentityProviderSimulator {
    private static let event = "http://schemas.openid.net/event/backchannel-logout"

    func logOut(_ request: Request) async -> Response {
        let bytes = request.method == .post ? request.body : request.bytes[request.queryRange]
        guard let form = Form(bytes) else { return ProviderPages.problem("The form is malformed.") }
        if let session = endCurrent(request) {
            _ = await tell(session, issuer: issuer(request))
        }
        let id = form["client_id"] ?? hintedClient(form["id_token_hint"])
        let client = configuration.clients.first { $0.id == id }
        if let target = form["post_logout_redirect_uri"],
            client?.logoutRedirectURIs.contains(target) ?? false
        {
            let query = form["state"].map {
                "?" + String(decoding: Form([Field("state", $0)]).bytes, as: UTF8.self)
            }
            return Response(
                status: 303,
                fields: [.noStore, Field("Location", target + (query ?? ""))]
            )
        }
        return ProviderPages.signedOut
    }

    /// The audience of an ID token of ours, which may have expired.
    private func hintedClient(_ token: String?) -> String? {
        guard let token,
            let jws = try? JWS.verify(
                token,
                keys: JWKSet([signer.verificationKey]),
                allowed: [.es256]
            )
        else { return nil }
        return (try? JSONValue(jws.payload))?["aud"]?.string
    }

    /// Ends the sessions of a person, as an operator of the provider does, and answers with what the
    /// clients said.
    func endSessions(_ request: Request) async -> Response {
        guard let body = try? JSONValue(Array(request.body)),
            let person = body["person"]?.string
        else { return Self.problem(400, "the body is {\"person\":\"customer-anna\"}") }
        let ended = state.withLock { state in
            let ended = state.sessions.filter { $0.value.person.id == person }
            for secret in ended.keys { state.sessions[secret] = nil }
            return Array(ended.values)
        }
        guard let issuer = configuration.baseURL else {
            return Self.problem(409, "the issuer is not known without --base-url")
        }
        var told: [JSONValue] = []
        for session in ended { told += await tell(session, issuer: issuer) }
        return .json(200, .members(["sessions": .integer(ended.count), "told": .array(told)]))
    }

    /// Sends a logout token to each client of a session.
    private func tell(_ session: Session, issuer: String) async -> [JSONValue] {
        var told: [JSONValue] = []
        for client in configuration.clients where session.clients.contains(client.id) {
            guard let address = client.backChannelLogoutURI else { continue }
            let token = logoutToken(session, client, issuer: issuer)
            let request = OutboundRequest(
                .post,
                address,
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                body: Form([Field("logout_token", token)]).bytes,
                destination: Destination(authorities: configuration.serviceAuthorities),
                timeLimit: .seconds(5)
            )
            let answer = try? await http.send(request)
            told.append(
                .members([
                    "client_id": .string(client.id),
                    "status": answer.map { .integer($0.status) } ?? .null,
                ])
            )
        }
        return told
    }

    private func logoutToken(_ session: Session, _ client: Client, issuer: String) -> String {
        let now = clock.now() / 1000
        let fault = take(.logoutToken)?.string.flatMap(LogoutTokenFault.init)
        var claims = JSONValue.members([
            "iss": .string(issuer), "sub": .string(session.person.id), "aud": .string(client.id),
            "iat": .integer(now), "exp": .integer(now + 120), "jti": .string(Self.newSecret()),
            "sid": .string(session.id),
            "events": .object(
                JSONObject([.init(name: Self.event, value: .object(JSONObject()))])
            ),
        ])
        if let fault { claims = fault.applied(to: claims, seconds: now) }
        return sign(claims, type: "logout+jwt", isForged: fault == .signature)
    }
}
