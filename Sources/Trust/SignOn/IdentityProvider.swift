import Cryptography
public import HTTP
import JOSE
public import Logins
public import OAuthClient
public import Telemetry

/// One identity provider: its endpoints, its keys, and the tokens that it issues to Beckon.
public final class IdentityProvider: Sendable {
    public let settings: IdentityProviderSettings
    private let credentials: @Sendable () -> ClientCredentials
    private let discovery: Discovery
    private let keys: ProviderKeys
    private let exchange: CodeExchange
    private let clock: any WallClock

    /// `credentials` is called before each request, so that replaced ones are used.
    public init(
        _ settings: IdentityProviderSettings,
        credentials: @escaping @Sendable () -> ClientCredentials,
        http: any OutboundHTTP,
        clock: any WallClock,
        log: Logger
    ) {
        self.settings = settings
        self.credentials = credentials
        self.clock = clock
        let client = ClientSettings(
            server: settings.path,
            clientID: settings.clientID,
            scopes: [],
            credentials: credentials,
            assertionAudience: settings.authentication.audience,
            destination: settings.destination,
            timeLimit: settings.timeLimit
        )
        discovery = Discovery(client, http: http, clock: clock, log: log)
        exchange = CodeExchange(
            client,
            encoding: settings.tokenRequest,
            http: http,
            clock: clock
        )
        keys = ProviderKeys(
            destination: { [destination = settings.destination] in
                var destination = destination
                destination.identity = credentials().identity
                return destination
            },
            timeLimit: settings.timeLimit,
            http: http,
            clock: clock
        )
    }

    /// The endpoints, from the configuration or the provider's metadata.
    public func endpoints() async throws(OAuthFailure) -> IdentityProviderSettings.Endpoints {
        switch settings.place {
        case .explicit(let endpoints): return endpoints
        case .discovered(let url, let issuers):
            let metadata = try await discovery.metadata(
                at: url,
                of: issuers,
                showing: credentials().identity,
                trace: nil
            )
            guard let authorization = metadata.authorizationEndpoint,
                let keys = metadata.keySetURL
            else {
                throw .refused(
                    "discovery: authorization_endpoint or jwks_uri is missing or not https"
                )
            }
            var endpoints = IdentityProviderSettings.Endpoints(
                issuer: metadata.issuer,
                authorization: authorization,
                token: metadata.tokenEndpoint,
                keys: keys
            )
            endpoints.answersWithIssuer = metadata.answersWithIssuer
            return endpoints
        }
    }

    /// Exchanges a code for an ID token.
    public func idToken(
        for code: String,
        redirectURI: String,
        verifier: String,
        from endpoints: IdentityProviderSettings.Endpoints
    ) async throws(CodeExchange.Failure) -> String {
        try await exchange.idToken(
            for: code,
            redirectURI: redirectURI,
            verifier: verifier,
            from: endpoints.token,
            of: endpoints.issuer
        )
    }

    /// Why the claims of a token are not known.
    public enum ClaimsFailure: Error, Hashable, Sendable, CustomStringConvertible {
        case refused(IDTokenRefusal)
        /// The keys cannot be fetched.
        case keys(OAuthFailure)

        public var description: String {
            switch self {
            case .refused(let refusal): "\(refusal)"
            case .keys(let failure): "\(failure)"
            }
        }
    }

    /// The claims of a token that passes every check.
    public func claims(
        of token: String,
        nonce: String,
        from endpoints: IdentityProviderSettings.Endpoints
    ) async throws(ClaimsFailure) -> IDTokenClaims {
        let (check, now) = (settings.check(issuer: endpoints.issuer), clock.now())
        return try await withKeys(of: endpoints) { (keys) throws(IDTokenRefusal) in
            try check.claims(of: token, keys: keys, nonce: nonce, at: now)
        }
    }

    /// The claims of a logout token that passes every check.
    public func logout(
        by token: String,
        from endpoints: IdentityProviderSettings.Endpoints
    ) async throws(ClaimsFailure) -> LogoutClaims {
        let (check, now) = (settings.check(issuer: endpoints.issuer), clock.now())
        return try await withKeys(of: endpoints) { (keys) throws(IDTokenRefusal) in
            try check.logout(by: token, keys: keys, at: now)
        }
    }

    /// Checks a token, again with newer keys if there is none for its signature.
    private func withKeys<Claims>(
        of endpoints: IdentityProviderSettings.Endpoints,
        _ check: (JWKSet) throws(IDTokenRefusal) -> Claims
    ) async throws(ClaimsFailure) -> Claims {
        let keys: JWKSet
        do { keys = try await self.keys.keys(at: endpoints.keys) } catch { throw .keys(error) }
        do { return try check(adding(keys)) } catch {
            // The provider may have replaced its keys, under the same name at worst.
            guard error.cause == .noKey || error.cause == .signature else { throw .refused(error) }
            guard let newer = (try? await self.keys.newerKeys(at: endpoints.keys)) ?? nil else {
                throw .refused(error)
            }
            do { return try check(adding(newer)) } catch { throw .refused(error) }
        }
    }

    /// The keys, and the client secret where the operator chose HMAC.
    private func adding(_ keys: JWKSet) -> JWKSet {
        guard settings.algorithms.contains(.hs256), let secret = sharedSecret else { return keys }
        return JWKSet(keys.keys + [VerificationKey(secret: secret)])
    }

    private var sharedSecret: SharedSecret? {
        switch credentials().method {
        case .secretBasic(let text), .secretPost(let text): try? SharedSecret(Array(text.utf8))
        case .assertion, .certificate: nil
        }
    }

    /// Questions for `beckon check --online`.
    public var onlineChecks: [OnlineCheck] {
        [
            OnlineCheck("keys") { [self] in
                do throws(OAuthFailure) {
                    let endpoints = try await endpoints()
                    let set = try await keys.keys(at: endpoints.keys)
                    return set.keys.isEmpty
                        ? .fails("\(endpoints.keys) has no key that can be used")
                        : .works("\(set.keys.count) keys of \(endpoints.issuer)")
                } catch {
                    return .fails(error.reason)
                }
            }
        ]
    }
}
