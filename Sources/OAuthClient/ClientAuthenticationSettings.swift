public import Configuration
import Cryptography
public import HTTP
public import JOSE
import Logins

/// How Beckon authenticates to an authorization server, and the files that it needs for that. The
/// files are read with the configuration, and again whenever one changes.
public struct ClientAuthenticationSettings: Sendable {
    /// `token_endpoint_auth_method`. `none` and `unspecified` are not supported.
    public enum Method: String, CaseIterable, Sendable {
        case secretBasic = "client_secret_basic"
        case secretPost = "client_secret_post"
        case secretJWT = "client_secret_jwt"
        case privateKeyJWT = "private_key_jwt"
        case tls = "tls_client_auth"
        case selfSignedTLS = "self_signed_tls_client_auth"
    }

    /// What is wrong with the files, at a key of the configuration.
    public struct Problem: Error, Hashable, Sendable {
        public let key: String
        public let reason: String
    }

    /// By default `client_secret_basic`, unless the reader of the settings says otherwise.
    public var method: Method
    /// Required by the methods that are named after it.
    var secret: SecretSource?
    /// PEM or a private JWK; required by `private_key_jwt`.
    var privateKey: SecretSource?
    /// `kid` of assertions. Nil takes that of the JWK, or the key's thumbprint (RFC 7638).
    public var keyID: String?
    /// Nil takes that of the JWK, or the usual one for the kind of key, which is RS256 for RSA.
    public var algorithm: SignatureAlgorithm?
    /// Default `token_url`.
    public var audience: ClientSettings.AssertionAudience
    /// Whether tokens are bound to our certificate (RFC 8705 §3), which must then be there.
    public var bindsTokens: Bool
    /// Paths of our certificate chain and its key, shown on every call.
    var certificate: (chain: String, key: String)?

    /// Reads the keys from `client_authentication` on. `destination` was read from the same group.
    public init(
        _ section: Section,
        _ destination: Destination,
        default method: Method = .secretBasic
    ) {
        self.method = section.choice(
            "client_authentication",
            default: method,
            """
            How Beckon authenticates to the server. Files named here, certificates included, may be \
            replaced at any time: new ones are used within seconds, or at once on SIGHUP; invalid \
            ones are logged and ignored.
            """
        )
        secret = section.secretSource(
            "client_secret",
            example: "{ file: \"secrets/acp-client-secret\" }",
            """
            For the client_secret methods; at least 32 bytes for client_secret_jwt.
            """
        )
        privateKey = section.secretSource(
            "private_key",
            example: "{ file: \"secrets/acp-signing-key.json\" }",
            """
            For private_key_jwt: PEM or a private JWK, as `beckon keys generate` creates it; RSA, \
            P-256 or Ed25519.
            """
        )
        keyID = section.text(
            "key_id",
            example: "beckon-2026",
            "The kid of assertions. By default that of the JWK, or else the key's thumbprint."
        )
        algorithm = section.optionalChoice(
            "assertion_algorithm",
            among: ["RS256": .rs256, "PS256": .ps256, "ES256": .es256, "EdDSA": .edDSA],
            example: "RS256",
            """
            The algorithm of assertions. By default that of the JWK, or else the usual one for the \
            key, which is RS256 for RSA.
            """
        )
        audience = section.choice(
            "assertion_audience",
            default: .tokenURL,
            "The audience of assertions; FAPI requires issuer."
        )
        bindsTokens = section.flag(
            "certificate_bound_access_tokens",
            default: false,
            "Whether tokens are bound to our certificate, which is then required (RFC 8705 §3)."
        )
        if let chain = destination.certificate, let key = destination.key {
            certificate = (chain, key)
        }
        check(section)
    }

    private func check(_ section: Section) {
        switch method {
        case .secretBasic, .secretPost, .secretJWT:
            if !section.has("client_secret") { section.missing("client_secret") }
        case .privateKeyJWT:
            if !section.has("private_key") { section.missing("private_key") }
        case .tls, .selfSignedTLS:
            if !section.has("certificate") {
                section.problem("certificate", "is missing: \(method.rawValue) needs it")
            }
            return
        }
        if bindsTokens, !section.has("certificate") {
            section.problem("certificate", "is missing: certificate_bound_access_tokens needs one")
        }
        // Files that could not be read are already noted.
        if secret != nil || privateKey != nil {
            do throws(Problem) { _ = try proof(in: section.environment) } catch {
                if section.has(error.key) { section.problem(error.key, error.reason) }
            }
        }
    }

    /// Whether a client certificate is configured.
    var hasCertificate: Bool { certificate != nil }

    /// The files to check for changes.
    var files: [String] {
        [secret?.file, privateKey?.file, certificate?.chain, certificate?.key].compactMap(\.self)
    }

    /// Reads the files and checks that they belong together. The certificate must be valid at
    /// `moment`; nil accepts any.
    func credentials(
        in environment: Environment,
        goodAt moment: Timestamp?
    ) throws(Problem) -> ClientCredentials {
        var identity: ClientIdentity?
        if let certificate {
            let (read, certified) = try environment.identity(
                certificate.chain,
                key: certificate.key
            )
            if let moment, let reason = certified.unusable(at: moment) {
                throw Problem(key: "certificate", reason: "\(certificate.chain) \(reason)")
            }
            identity = read
        }
        return ClientCredentials(try proof(in: environment), identity: identity)
    }

    private func proof(
        in environment: Environment
    ) throws(Problem) -> ClientCredentials.Method {
        switch method {
        case .secretBasic:
            return .secretBasic(try read(secret, "client_secret", environment).withText { $0 })
        case .secretPost:
            return .secretPost(try read(secret, "client_secret", environment).withText { $0 })
        case .secretJWT:
            let secret = try read(secret, "client_secret", environment)
            return .assertion(try key(of: secret))
        case .privateKeyJWT:
            let text = try read(privateKey, "private_key", environment)
            return .assertion(try text.withText { text throws(Problem) in try key(in: text) })
        case .tls, .selfSignedTLS: return .certificate
        }
    }

    private func read(
        _ source: SecretSource?,
        _ key: String,
        _ environment: Environment
    ) throws(Problem) -> Secret {
        guard let source else { throw Problem(key: key, reason: "is missing") }
        guard let file = source.file else { return source.secret }
        let secret = SecretSource.bytes(inFile: try environment.bytes(of: file, key))
        guard !secret.isEmpty else { throw Problem(key: key, reason: "\(file) is empty") }
        return Secret(secret)
    }

    private func key(of secret: Secret) throws(Problem) -> SigningKey {
        do throws(JOSEError) {
            let shared = try secret.withBytes { bytes throws(JOSEError) in
                try SharedSecret(bytes)
            }
            return SigningKey(secret: shared, id: keyID)
        } catch {
            throw Problem(key: "client_secret", reason: "cannot sign by HS256: \(error)")
        }
    }

    private func key(in text: String) throws(Problem) -> SigningKey {
        do throws(JOSEError) {
            if let algorithm {
                return try SigningKey(text: text, algorithm: algorithm, id: keyID)
            }
            // RS256 is the usual default for RSA keys. It does not fit other keys, nor a JWK that
            // names another algorithm.
            do throws(JOSEError) {
                return try SigningKey(text: text, algorithm: .rs256, id: keyID)
            } catch .algorithm {
                return try SigningKey(text: text, id: keyID)
            }
        } catch {
            switch error {
            case .algorithm:
                throw Problem(
                    key: algorithm == nil ? "private_key" : "assertion_algorithm",
                    reason: "is not for the key in private_key, or not what its JWK says"
                )
            case .malformed("kid") where keyID != nil:
                throw Problem(key: "key_id", reason: "is not the kid of the JWK in private_key")
            default: throw Problem(key: "private_key", reason: "cannot be used: \(error)")
            }
        }
    }
}

extension Environment {
    fileprivate func bytes(
        of file: String,
        _ key: String
    ) throws(ClientAuthenticationSettings.Problem) -> [UInt8] {
        switch read(file) {
        case .success(let bytes): return bytes
        case .failure(let problem): throw .init(key: key, reason: "\(file) \(problem.reason)")
        }
    }

    /// A certificate and its key, checked to belong together.
    fileprivate func identity(
        _ chain: String,
        key: String
    ) throws(ClientAuthenticationSettings.Problem) -> (ClientIdentity, CertifiedKey) {
        let identity = ClientIdentity(
            certificate: try bytes(of: chain, "certificate"),
            key: try bytes(of: key, "key")
        )
        do throws(CertifiedKey.Problem) {
            let certified = try CertifiedKey(
                certificate: identity.certificate,
                key: identity.key
            )
            return (identity, certified)
        } catch {
            let (place, reason) = error.explained(chain, key: key)
            throw .init(key: place, reason: reason)
        }
    }
}
