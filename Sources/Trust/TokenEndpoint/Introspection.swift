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
            guard let token = try? verify(text, at: trail.now),
                token.client == client.id || client.scopes.contains(.adminRead)
            else { return inactive }
            let standing = try await standing(of: token)
            guard standing.refusal(of: token, from: nil) == nil else { return inactive }
            return .json(200, JSONValue.object(token.introspection).bytes)
        }
    }

    /// `POST /oauth2/revoke`: ends a token of the client. The answer is the same for a token that is
    /// unknown (RFC 7009 §2.2).
    public func revoke(_ request: Request) async -> Response {
        await answer(request) { (client, form, trail) throws(TokenRefusal) in
            guard let text = form["token"] else { throw .request("token is missing") }
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
            let certificate = try filter(request, &trail)
            let form = try TokenForm(request)
            let claim = try ClientClaim(request, form)
            trail.claimed = claim.id
            try requireException(of: claim.id, from: certificate)
            let client = try await client(claim)
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
