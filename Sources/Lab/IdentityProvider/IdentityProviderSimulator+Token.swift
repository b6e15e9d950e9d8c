import Cryptography
import HTTP
import JOSE
import JSON
import Threads

/// The token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.6), for form and JSON bodies.
extension IdentityProviderSimulator {
    func token(_ request: Request) async -> Response {
        if let pause = take(.tokenSlow)?.integer {
            await clock.sleep(until: clock.now() + Int64(pause))
        }
        switch take(.tokenFail) {
        case nil: break
        case .string("html"):
            return Response(status: 200, contentType: "text/html", body: Array("<p>Hello".utf8))
        case .string(let word) where word == "no_id_token":
            return .json(
                200,
                .members(["access_token": .string("a"), "token_type": .string("Bearer")])
            )
        case .some(let value):
            return OAuthProblem(value.integer ?? 500, "server_error", "The knob says so.").response
        }
        do throws(OAuthProblem) { return try answer(request) } catch { return error.response }
    }

    private func answer(_ request: Request) throws(OAuthProblem) -> Response {
        let form = try self.form(request)
        let clients = configuration.clients
        let client = try ClientAuthentication.client(
            of: request,
            form,
            among: clients.map { SimulatedClient(id: $0.id, secret: $0.secret, name: $0.id) }
        )
        guard form["grant_type"] == "authorization_code" else {
            throw OAuthProblem(400, "unsupported_grant_type", "only authorization_code")
        }
        let now = clock.now()
        // A code is used up by whatever follows.
        let grant = state.withLock { $0.grants.removeValue(forKey: form["code"] ?? "") }
        guard let grant, now - grant.issuedAt < Self.codeLife,
            grant.request.client.id == client.id
        else { throw OAuthProblem(400, "invalid_grant", "the code is not valid") }
        guard form["redirect_uri"] == grant.request.redirectURI else {
            throw OAuthProblem(400, "invalid_grant", "the redirect URI is another one")
        }
        let verifier = Array((form["code_verifier"] ?? "").utf8)
        guard Base64URL.encode(SHA256.digest(verifier)) == grant.request.challenge else {
            throw OAuthProblem(400, "invalid_grant", "the verifier is not the challenge's")
        }
        return .json(
            200,
            .members([
                "access_token": .string(Self.newSecret()), "token_type": .string("Bearer"),
                "expires_in": .integer(Self.tokenLife),
                "id_token": .string(idToken(grant, issuer: issuer(request))),
            ])
        )
    }

    /// The parameters, whichever way they are written.
    private func form(_ request: Request) throws(OAuthProblem) -> Form {
        if request.contentType == "application/json" {
            let members = (try? JSONValue(Array(request.body)))?.object?.members ?? []
            return Form(
                members.compactMap { member in member.value.string.map { Field(member.name, $0) } }
            )
        }
        guard request.contentType == "application/x-www-form-urlencoded",
            let form = Form(request.body)
        else { throw .invalidRequest("the body must be a form or JSON") }
        return form
    }

    private func idToken(_ grant: Grant, issuer: String) -> String {
        let skew = Int64(take(.clockSkew)?.integer ?? 0)
        let now = clock.now() / 1000 + skew
        let domain = configuration.domain
        let session = grant.session
        let person = session.person
        let names = IDTokenFault.customClaims(domain)
        var claims = JSONValue.members([
            "iss": .string(issuer), "sub": .string(person.id),
            "aud": .string(grant.request.client.id), "iat": .integer(now),
            "exp": .integer(now + Self.tokenLife),
            "auth_time": .integer(session.authenticatedAt / 1000 + skew),
            "nonce": .text(grant.request.nonce), "acr": .string(session.acr),
            "amr": .texts(session.acr == Self.plainContext ? ["pwd"] : ["pwd", "otp"]),
            "sid": .string(session.id), "email": .string(person.email),
            "email_verified": .bool(true), "given_name": .string(person.givenName),
            "family_name": .string(person.familyName),
        ])
        claims = claims.joined(
            .object(
                JSONObject(
                    zip(names, [person.user, person.account]).compactMap { name, value in
                        value.map { .init(name: name, value: .string($0)) }
                    }
                )
            )
        )
        let fault = take(.idToken)?.string.flatMap(IDTokenFault.init)
        if let fault { claims = fault.applied(to: claims, domain: domain, seconds: now) }
        if fault == .unsigned {
            let header = JSONValue.members(["alg": .string("none"), "typ": .string("JWT")])
            return [header, claims].map { Base64URL.encode($0.bytes) }.joined(separator: ".") + "."
        }
        return sign(claims, type: "JWT", isForged: fault == .signature)
    }

    /// A compact JWS; forged by a key that is not published but has its name.
    func sign(_ claims: JSONValue, type: String, isForged: Bool) -> String {
        let header = JSONObject([.init(name: "typ", value: .string(type))])
        let key = isForged ? try? SigningKey.generate(.es256, id: signer.id) : signer
        guard let key, let token = try? JWS.sign(payload: claims.bytes, header: header, key: key)
        else { preconditionFailure("OpenSSL signs with a key that it made") }
        return token
    }
}
