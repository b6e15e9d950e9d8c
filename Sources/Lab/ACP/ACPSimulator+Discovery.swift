import HTTP
import JSON

extension ACPSimulator {
    /// Metadata and keys of each workspace, and metadata of the system workspace at all base paths.
    var discoveryRoutes: [Route] {
        let document = "/.well-known/openid-configuration"
        let systems = ["/\(configuration.tenant)/system", "/system"]
        return configuration.workspaces.flatMap { workspace in
            let issuer = issuer("", workspace.id)
            return [
                route(.get, issuer + document, from: "client") { [self] request in
                    .json(200, metadata(self.issuer(base(for: request), workspace.id)))
                },
                route(.get, issuer + "/.well-known/jwks.json", from: "client") { [self] _ in
                    .json(200, signer.keys)
                },
            ]
        }
            + systems.map { system in
                route(.get, system + document, from: "service") { [self] request in
                    .json(200, systemMetadata(base(for: request), system))
                }
            }
    }

    /// Metadata, only for what is simulated (OpenID CIBA Core §4).
    private func metadata(_ issuer: String) -> JSONValue {
        .members([
            "issuer": .string(issuer),
            "token_endpoint": .string(issuer + "/oauth2/token"),
            "jwks_uri": .string(issuer + "/.well-known/jwks.json"),
            "backchannel_authentication_endpoint":
                .string(issuer + "/backchannel/authentication"),
            "backchannel_token_delivery_modes_supported":
                .texts(SimulatedClient.DeliveryMode.allCases.map(\.rawValue)),
            "backchannel_authentication_request_signing_alg_values_supported":
                .texts(["PS256", "ES256"]),
            "backchannel_user_code_parameter_supported":
                .bool(configuration.clients.contains { $0.userCode != nil }),
            "grant_types_supported": .texts([Self.grantType, "client_credentials"]),
            "scopes_supported": .texts(Set(configuration.clients.flatMap(\.scopes)).sorted()),
            "token_endpoint_auth_methods_supported":
                .texts(["client_secret_basic", "client_secret_post"]),
            "subject_types_supported": .texts(["public"]),
            "id_token_signing_alg_values_supported": .texts(["ES256"]),
        ])
    }

    private var systemClientMethods: [String] {
        if configuration.systemClientKeys != nil { return ["private_key_jwt"] }
        if configuration.systemClientThumbprint != nil { return ["self_signed_tls_client_auth"] }
        return wantsCertificates
            ? ["tls_client_auth"] : ["client_secret_basic", "client_secret_post"]
    }

    private func systemMetadata(_ base: String, _ system: String) -> JSONValue {
        let issuer = base + system
        // The same endpoint at another address, so that tests can tell which one was used.
        let aliases = JSONValue.members(["token_endpoint": .string(base + "/system/oauth2/token")])
        return .members([
            "issuer": .string(issuer),
            "token_endpoint": .string(issuer + "/oauth2/token"),
            "grant_types_supported": .texts(["client_credentials"]),
            "token_endpoint_auth_methods_supported":
                .texts(systemClientMethods),
            "mtls_endpoint_aliases": wantsCertificates ? aliases : nil,
            "tls_client_certificate_bound_access_tokens": wantsCertificates ? .bool(true) : nil,
        ])
    }
}
