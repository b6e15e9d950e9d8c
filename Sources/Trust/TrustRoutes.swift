import Access
public import HTTP
import JOSE
import JSON
public import Logins

/// The routes of the token endpoint and what belongs to it.
public struct TrustRoutes: Sendable {
    /// Bytes of a token request. An assertion with a certificate chain has a few thousand.
    static let bodyLimit = 65_536

    private let endpoint: TokenEndpoint
    private let clock: any WallClock

    public init(_ endpoint: TokenEndpoint, clock: any WallClock) {
        self.endpoint = endpoint
        self.clock = clock
    }

    public var routes: [Route] {
        [
            Route(.post, "/oauth2/token", contentLimit: Self.bodyLimit, failure: Self.failure) {
                await endpoint.answer($0)
            },
            Route(.post, "/oauth2/introspect", contentLimit: Self.bodyLimit, failure: Self.failure)
            { await endpoint.introspect($0) },
            Route(.post, "/oauth2/revoke", contentLimit: Self.bodyLimit, failure: Self.failure) {
                await endpoint.revoke($0)
            },
            Route(.get, "/.well-known/oauth-authorization-server") { _ in metadata },
            Route(.get, "/oauth2/jwks") { _ in keys },
        ]
    }

    /// Errors before the handler runs, as the endpoint's own (RFC 6749 §5.2).
    private static func failure(_ status: Int, _ detail: StaticString) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.member("error", status >= 500 ? "temporarily_unavailable" : "invalid_request")
            json.member("error_description", detail.description)
        }
        return .json(status, json.bytes)
    }

    /// Caches may keep keys for this time, which is shorter than a new key is published before it
    /// signs.
    private static let cached = Field("Cache-Control", "public, max-age=300")

    private var keys: Response {
        let set = endpoint.keys.published(at: clock.now())
        return Response(
            status: 200,
            contentType: "application/jwk-set+json",
            fields: [Self.cached],
            body: set.json.bytes
        )
    }

    /// RFC 8414 §2, RFC 8705 §3.3 and §5, RFC 7636 §6.2, RFC 9207 §3, RFC 9449 §5.1.
    private var metadata: Response {
        let settings = endpoint.settings
        let methods = APIClientAuthentication.names
        let algorithms = ["PS256", "ES256", "EdDSA", "RS256"]
        let asksPeople = settings.authorizationEndpoint != nil
        let grants = endpoint.grantTypes.filter { asksPeople || !$0.isOfPeople }
        let scopes = AccessScope.allCases.filter { asksPeople || $0.kind != .user }
        let value = JSONValue.members([
            "issuer": .string(settings.issuer),
            "authorization_endpoint": .text(settings.authorizationEndpoint),
            "token_endpoint": .string(settings.tokenEndpoint),
            "introspection_endpoint": .string(settings.issuer + "/oauth2/introspect"),
            "revocation_endpoint": .string(settings.issuer + "/oauth2/revoke"),
            "jwks_uri": .string(settings.issuer + "/oauth2/jwks"),
            "response_types_supported": .texts(asksPeople ? ["code"] : []),
            "response_modes_supported": asksPeople ? .texts(["query"]) : nil,
            "grant_types_supported": .texts(grants.map(\.rawValue)),
            "scopes_supported": .texts(scopes.map(\.rawValue)),
            "code_challenge_methods_supported": asksPeople ? .texts(["S256"]) : nil,
            "authorization_response_iss_parameter_supported": asksPeople ? .bool(true) : nil,
            "token_endpoint_auth_methods_supported": .texts(methods),
            "token_endpoint_auth_signing_alg_values_supported": .texts(algorithms),
            "introspection_endpoint_auth_methods_supported": .texts(methods),
            "introspection_endpoint_auth_signing_alg_values_supported": .texts(algorithms),
            "revocation_endpoint_auth_methods_supported": .texts(methods),
            "revocation_endpoint_auth_signing_alg_values_supported": .texts(algorithms),
            "tls_client_certificate_bound_access_tokens": .bool(true),
            "dpop_signing_alg_values_supported": settings.allowsProofKeys
                ? .texts(ProofOfKey.clientAlgorithmNames) : nil,
            "mtls_endpoint_aliases": settings.certificateURL.map { base in
                .members([
                    "token_endpoint": .string(base + "/oauth2/token"),
                    "introspection_endpoint": .string(base + "/oauth2/introspect"),
                    "revocation_endpoint": .string(base + "/oauth2/revoke"),
                ])
            },
        ])
        return Response(
            status: 200,
            contentType: "application/json",
            fields: [Self.cached],
            body: value.bytes
        )
    }
}

extension GrantType {
    /// Whether it begins with a person who signs in.
    fileprivate var isOfPeople: Bool { self == .authorizationCode || self == .refreshToken }
}
