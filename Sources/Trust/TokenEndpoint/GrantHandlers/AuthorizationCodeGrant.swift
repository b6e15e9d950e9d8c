import Access
import Cryptography
import HTTP
import JSON
import Logins
import Texts

/// `authorization_code` (RFC 6749 §4.1.3) with PKCE (RFC 7636): exchanges a code, once, for a user's
/// access token, and a refresh token if the client may have one.
struct AuthorizationCodeGrant: GrantHandler {
    static let kind = GrantType.authorizationCode
    /// How long a code lasts.
    static let codeLife = Duration.seconds(60)
    /// Bytes of a verifier (RFC 7636 §4.1).
    private static let verifierLength = 43...128

    let settings: TrustSettings
    let store: any AccessStore
    let users: any UserDirectory
    let tokens: RefreshTokens

    func grant(_ request: CheckedTokenRequest) async throws(TokenRefusal) -> Granted {
        guard let text = request.form["code"] else { throw .request("code is missing") }
        let digest = SHA256.digest(Array(text.utf8))
        let found: AuthorizationCode?
        do { found = try await store.code(digest) } catch { throw .unavailable("store: \(error)") }
        guard let code = found else { throw try await replay(of: text, by: request) }
        guard code.client == request.client.id else { throw .grant("a code of another client") }
        guard request.now < code.endsAt else { throw .grant("the code has expired") }
        guard let redirect = request.form["redirect_uri"], redirect.isExactly(code.redirectURI)
        else { throw .grant("another redirect_uri") }
        guard let verifier = request.form["code_verifier"],
            Self.fits(verifier, code.challenge)
        else { throw .grant("another code_verifier") }
        if let key = code.proofKey {
            guard request.binding.proofKey?.isExactly(key) ?? false else {
                throw .grant("another key than the request's")
            }
        }
        try await users.require(code.user)
        return granted(code, text, to: request)
    }

    private func granted(
        _ code: AuthorizationCode,
        _ text: String,
        to request: CheckedTokenRequest
    ) -> Granted {
        let now = request.now
        let mayRefresh = request.client.grants.contains(.refreshToken)
        let token = mayRefresh ? tokens.first(of: text) : nil
        let tokenEnd = now + settings.tokenLife
        let family = TokenFamily(
            id: RefreshTokens.familyID(of: text),
            client: code.client,
            user: code.user,
            scopes: code.scopes,
            binding: request.binding,
            current: token?.digest,
            rotatedAt: now,
            startedAt: now,
            endsAt: mayRefresh
                ? max(tokenEnd, settings.refresh.end(startedAt: now, usedAt: now)) : tokenEnd
        )
        return Granted(
            subject: code.user.value,
            kind: .user,
            user: code.user,
            life: settings.tokenLife,
            changes: [.openFamily(family, code: code.digest)],
            scopes: code.scopes,
            family: family.id,
            refreshToken: token?.text
        )
    }

    /// A code that is not there: never issued, or used before, which ends what it gave (RFC 6749 §4.1.2).
    private func replay(
        of text: String,
        by request: CheckedTokenRequest
    ) async throws(TokenRefusal) -> TokenRefusal {
        let family: TokenFamily?
        do { family = try await store.family(RefreshTokens.familyID(of: text)) } catch {
            throw .unavailable("store: \(error)")
        }
        guard let family, family.client == request.client.id else {
            return .grant("no such code")
        }
        var refusal = TokenRefusal.grant("the code was used before")
        refusal.changes = family.ending(at: request.now, because: "a code was used again")
        return refusal
    }

    /// S256: the challenge is the hash of the verifier (RFC 7636 §4.6).
    private static func fits(_ verifier: String, _ challenge: String) -> Bool {
        guard verifierLength.contains(verifier.utf8.count), verifier.isASCII else { return false }
        let hash = Base64URL.encode(SHA256.digest(Array(verifier.utf8)))
        return ConstantTime.equal(Array(hash.utf8), Array(challenge.utf8))
    }
}

extension TokenFamily {
    /// Ends the family, and says so in the audit.
    func ending(at now: Timestamp, because reason: String) -> [AccessChange] {
        [
            .endFamily(id),
            .audit(
                AuditEvent(
                    "token.family_ended",
                    at: now,
                    [
                        "client": .string(client.value), "family": .string(id),
                        "reason": .string(reason),
                    ]
                )
            ),
        ]
    }
}

extension UserDirectory {
    /// Requires a known, active user.
    func require(_ user: UserID) async throws(TokenRefusal) {
        let known: User?
        do { known = try await current(user) } catch { throw .unavailable("\(error)") }
        guard let known else { throw .grant("the user is not known") }
        guard known.isActive else { throw .grant("the user is disabled") }
    }
}
