import Access
import Cryptography
import HTTP
import JOSE
import Logins
import Texts

/// `refresh_token` (RFC 6749 §6): each use gives the next refresh token, and one that was used before
/// ends the family (RFC 9700 §4.14).
///
/// Whoever did not get the answer may ask again for a short time, and gets the same refresh token, as
/// long as that was not used.
struct RefreshTokenGrant: GrantHandler {
    static let kind = GrantType.refreshToken

    let settings: TrustSettings
    let store: any AccessStore
    let users: any UserDirectory
    let tokens: RefreshTokens

    func grant(_ request: CheckedTokenRequest) async throws(TokenRefusal) -> Granted {
        guard let text = request.form["refresh_token"] else {
            throw .request("refresh_token is missing")
        }
        guard let token = tokens.read(text) else { throw .grant("no refresh token of ours") }
        let found: TokenFamily?
        do { found = try await store.family(token.familyID) } catch {
            throw .unavailable("store: \(error)")
        }
        guard let family = found else { throw .grant("the family has ended") }
        guard family.client == request.client.id else {
            throw .grant("a refresh token of another client")
        }
        let now = request.now
        guard now < family.endsAt else { throw .grant("the refresh token has expired") }
        let next = tokens.successor(of: token)
        let changes: [AccessChange]
        if token.digest == family.current {
            try request.requireBinding(of: family)
            let rotated = family.rotated(
                to: next.digest,
                binding: request.binding,
                at: now,
                endsAt: settings.refresh.end(startedAt: family.startedAt, usedAt: now)
            )
            changes = [.rotateFamily(rotated, from: token.digest)]
        } else if next.digest == family.current, now < family.rotatedAt + settings.refresh.again,
            request.binding == family.binding
        {
            changes = []
        } else {
            var refusal = TokenRefusal.grant("the refresh token was used before")
            refusal.changes = family.ending(at: now, because: "a refresh token was used again")
            throw refusal
        }
        try await users.require(family.user)
        return Granted(
            subject: family.user.value,
            kind: .user,
            user: family.user,
            life: settings.tokenLife,
            changes: changes,
            scopes: family.scopes,
            family: family.id,
            refreshToken: next.text
        )
    }
}

extension CheckedTokenRequest {
    /// Requires the certificate or the key that the family is bound to, or a renewed certificate: with
    /// the same key, with a registered key, or with the registered name.
    fileprivate func requireBinding(of family: TokenFamily) throws(TokenRefusal) {
        switch (family.binding, binding) {
        case (.nothing, .nothing): return
        case (.proofKey(let bound), .proofKey(let shown)):
            guard bound.isExactly(shown) else { throw .grant("another key") }
        case (
            .certificate(let thumbprint, let key),
            .certificate(let shown, let shownKey)
        ):
            if ConstantTime.equal(thumbprint, shown) || ConstantTime.equal(key, shownKey) { return }
            switch client.authentication {
            // The client authenticated with a certificate of its registered name or key.
            case .tlsClientAuth, .selfSignedTLSClientAuth: return
            case .privateKeyJWT, .secretBasic, .secretPost:
                let isRegistered = client.keys.contains { registered in
                    registered.isValid(at: now)
                        && registered.key.publicKey?.info.map { SHA256.digest($0) } == shownKey
                }
                guard isRegistered else { throw .grant("another certificate") }
            }
        case (.nothing, _), (.proofKey, _), (.certificate, _):
            throw .grant("not what the token is bound to")
        }
    }
}
