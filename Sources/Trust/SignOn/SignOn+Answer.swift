import Access
import Cryptography
public import HTTP
import JSON
import Logins
import OAuthClient
import Texts

/// What the provider answers.
extension SignOn {
    /// Judges the parameters of the redirect URI; nil if the query cannot be read.
    public func answer(_ parameters: Form?, _ browser: Browser) async -> Answer {
        guard let parameters, let state = parameters["state"], !state.isEmpty else {
            return await failed(SignOnFailure(.callback, .notBegun, "state_missing"), [])
        }
        let name = Self.cookieName(of: state)
        guard let value = browser.cookie(name), let begun = begun(value),
            ConstantTime.equal(Array(begun.state.utf8), Array(state.utf8))
        else { return await failed(SignOnFailure(.callback, .notBegun, "state_unknown"), []) }
        let spent = [Cookie.deleting(name)]
        do throws(SignOnFailure) {
            let claims = try await self.claims(parameters, begun)
            if let fresh = begun.fresh {
                return .confirmed(try confirmation(fresh, claims, begun), spent)
            }
            let person = SignedInPerson(
                claims,
                provider.settings,
                target: begun.target,
                id: Base64URL.encode(Random.bytes(16)),
                at: clock.now()
            )
            return try await signIn(person, browser, spent)
        } catch {
            var failure = error
            failure.target = begun.target
            failure.login = begun.fresh?.login
            return await failed(failure, spent)
        }
    }

    /// Whether the user whom it was demanded of has just authenticated, strongly enough.
    private func confirmation(
        _ fresh: FreshSignIn,
        _ claims: IDTokenClaims,
        _ begun: BegunSignIn
    ) throws(SignOnFailure) -> Confirmation {
        let rule = FreshnessRule(
            begun: begun.at,
            now: clock.now(),
            leeway: provider.settings.leeway,
            contexts: contexts
        )
        let signIn: Evidence.SignIn
        do { signIn = try rule.authentication(of: claims) } catch { throw SignOnFailure(error) }
        let settings = provider.settings
        try require(account: claims.custom[settings.accountClaim] ?? "")
        guard claims.custom[settings.userClaim]?.isExactly(fresh.user.value) ?? false else {
            var failure = SignOnFailure(.mapping, .person, "other_person")
            failure.claim = settings.userClaim
            failure.got = .string("text")
            throw failure
        }
        return Confirmation(fresh: fresh, signIn: signIn)
    }

    private func claims(
        _ parameters: Form,
        _ begun: BegunSignIn
    ) async throws(SignOnFailure) -> IDTokenClaims {
        let now = clock.now()
        guard begun.at <= now + .seconds(60), now < begun.at + Self.lifetime else {
            throw SignOnFailure(.callback, .notBegun, "state_expired")
        }
        try await useOnce(
            "sign-in-state|" + begun.state,
            until: begun.at + Self.lifetime,
            "state_used"
        )
        let endpoints: IdentityProviderSettings.Endpoints
        do { endpoints = try await provider.endpoints() } catch {
            throw SignOnFailure(
                .callback,
                .unavailable,
                "provider_unavailable",
                cause: error.reason
            )
        }
        try check(issuer: parameters["iss"], of: endpoints)
        let secrets = [begun.state, begun.nonce, begun.verifier, parameters["code"] ?? ""]
        if let error = parameters["error"] {
            var failure = SignOnFailure(.callback, .refusedByProvider, "provider_error")
            failure.providerError = OAuthErrorWord(error)?.text
            failure.providerText = SignOnFailure.shown(
                parameters["error_description"],
                without: secrets
            )
            failure.cause = failure.providerError
            throw failure
        }
        guard let code = parameters["code"], !code.isEmpty else {
            throw SignOnFailure(.callback, .notBegun, "code_missing")
        }
        let token: String
        do {
            token = try await provider.idToken(
                for: code,
                redirectURI: redirectURI,
                verifier: begun.verifier,
                from: endpoints
            )
        } catch {
            let code = error.status.map { $0 == 200 ? "no_id_token" : "token_refused" }
            // Refused by the provider: trying again would not help if the settings are wrong.
            let isRefused = error.status.map { (200..<500).contains($0) } ?? false
            var failure = SignOnFailure(
                .token,
                isRefused ? .token : .unavailable,
                code ?? "provider_unavailable",
                cause: error.cause
            )
            failure.status = error.status
            failure.providerError = error.error
            failure.providerText = SignOnFailure.shown(error.errorDescription, without: secrets)
            throw failure
        }
        do {
            return try await provider.claims(of: token, nonce: begun.nonce, from: endpoints)
        } catch {
            switch error {
            case .refused(let refusal): throw SignOnFailure(refusal)
            case .keys(let reason):
                throw SignOnFailure(
                    .idToken,
                    .unavailable,
                    "keys_unavailable",
                    cause: reason.reason
                )
            }
        }
    }

    /// RFC 9207 §2.4.
    private func check(
        issuer: String?,
        of endpoints: IdentityProviderSettings.Endpoints
    ) throws(SignOnFailure) {
        let isGood = issuer?.isExactly(endpoints.issuer) ?? !endpoints.answersWithIssuer
        guard !isGood else { return }
        var failure = SignOnFailure(.callback, .token, "issuer")
        failure.claim = "iss"
        failure.expected = .string(endpoints.issuer)
        failure.got = .string(issuer == nil ? "absent" : "text")
        throw failure
    }

    func useOnce(
        _ name: String,
        until: Timestamp,
        _ code: String
    ) async throws(SignOnFailure) {
        let refusal: AccessRefusal?
        do {
            refusal = try await access.commit([
                .use(key: SHA256.digest(Array(name.utf8)), until: until)
            ])
        } catch {
            throw SignOnFailure(.callback, .unavailable, "store_unavailable", cause: "\(error)")
        }
        guard refusal == nil else { throw SignOnFailure(.callback, .notBegun, code) }
    }
}
