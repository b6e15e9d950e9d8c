import Access
import Cryptography
public import HTTP
import JOSE
import JSON
import Logins
import Texts

/// Introspection (RFC 7662) and revocation (RFC 7009). The client authenticates as at the token
/// endpoint, with its certificate.
extension TokenEndpoint {
    /// `POST /oauth2/introspect`: what a token says, as long as it counts. A client may ask about its
    /// own tokens; one with the scope `admin:read` about all.
    public func introspect(_ request: Request) async -> Response {
        await answer(request) { (client, form, trail) throws(TokenRefusal) in
            guard let text = form["token"] else { throw .request("token is missing") }
            let inactive = Response.json(200, Array(#"{"active":false}"#.utf8))
            if let token = refreshTokens.read(text) {
                return try await introspect(token, client, trail) ?? inactive
            }
            guard let token = try? verify(text, at: trail.now),
                token.client == client.id || client.scopes.contains(.adminRead)
            else { return inactive }
            let standing = try await standing(of: token)
            guard standing.refusal(of: token, from: nil) == nil else { return inactive }
            return .json(200, JSONValue.object(token.introspection).bytes)
        }
    }

    /// A refresh token counts while it is the one in force.
    private func introspect(
        _ token: RefreshToken,
        _ asking: APIClient,
        _ trail: TokenTrail
    ) async throws(TokenRefusal) -> Response? {
        guard let family = try await family(of: token), family.current == token.digest,
            family.client == asking.id || asking.scopes.contains(.adminRead),
            trail.now < family.endsAt
        else { return nil }
        let question = StandingQuestion(client: family.client, token: nil, user: nil)
        let standing: Standing
        do { standing = try await store.standing(question) } catch {
            throw .unavailable("store: \(error)")
        }
        guard let client = standing.client, client.status == .active else { return nil }
        let value = JSONValue.members([
            "active": .bool(true),
            "iss": .string(settings.issuer),
            "sub": .string(family.user.value),
            "client_id": .string(family.client.value),
            "scope": .string(AccessScope.text(family.scopes)),
            "iat": .integer(family.rotatedAt.milliseconds / 1000),
            "exp": .integer(family.endsAt.milliseconds / 1000),
            AccessToken.familyClaim: .string(family.id),
            "cnf": family.binding.confirmation,
        ])
        return .json(200, value.bytes)
    }

    private func family(of token: RefreshToken) async throws(TokenRefusal) -> TokenFamily? {
        do { return try await store.family(token.familyID) } catch {
            throw .unavailable("store: \(error)")
        }
    }

    /// `POST /oauth2/revoke`: ends a token of the client; with a refresh token, also an old one, all
    /// tokens that the client got by the same sign-in (RFC 7009 §2.1). The answer is the same for a token that is
    /// unknown (RFC 7009 §2.2).
    public func revoke(_ request: Request) async -> Response {
        await answer(request) { (client, form, trail) throws(TokenRefusal) in
            guard let text = form["token"] else { throw .request("token is missing") }
            if let token = refreshTokens.read(text) {
                if let family = try await family(of: token), family.client == client.id {
                    let changes = family.ending(at: trail.now, because: "its client revoked it")
                    do { _ = try await store.commit(changes) } catch {
                        throw .unavailable("store: \(error)")
                    }
                }
                return Response(status: 200, fields: [.noStore])
            }
            guard let token = try? verify(text, at: trail.now), token.client == client.id else {
                return Response(status: 200, fields: [.noStore])
            }
            let event = AuditEvent(
                "token.revoked",
                at: trail.now,
                [
                    "client": .string(client.id.value), "jti": .string(token.id),
                    "address": .string(trail.address),
                ]
            )
            do {
                _ = try await store.commit(
                    [.revokeToken(token.id, until: token.expiresAt), .audit(event)]
                )
            } catch {
                throw .unavailable("store: \(error)")
            }
            return Response(status: 200, fields: [.noStore])
        }
    }

    /// Authenticates the client of a request that asks for no token.
    private func answer(
        _ request: Request,
        _ body: (APIClient, TokenForm, TokenTrail) async throws(TokenRefusal) -> Response
    ) async -> Response {
        var trail = TokenTrail(request, at: clock.now())
        do throws(TokenRefusal) {
            // A client that proves a key instead authenticates without a certificate here.
            let certificate = try filter(request, &trail, orProof: true)
            let form = try TokenForm(request)
            let claim = try ClientClaim(request, form)
            trail.claimed = claim.id
            let client = try await client(claim, certificate)
            try judgeAddress(of: client, trail.address)
            let proven = try authenticator.check(claim, of: client, certificate, at: trail.now)
            trail.client = client.id
            if !proven.uses.isEmpty {
                let refusal: AccessRefusal?
                do { refusal = try await store.commit(proven.uses) } catch {
                    throw .unavailable("store: \(error)")
                }
                if refusal != nil { throw .client("the assertion was used before") }
            }
            return try await body(client, form, trail)
        } catch {
            return await refuse(error, request, trail)
        }
    }

    private func verify(_ text: String, at now: Timestamp) throws(JOSEError) -> VerifiedToken {
        try VerifiedToken(text, keys: keys.published(at: now), settings, at: now)
    }

    private func standing(of token: VerifiedToken) async throws(TokenRefusal) -> Standing {
        do { return try await store.standing(token.question) } catch {
            throw .unavailable("store: \(error)")
        }
    }
}
