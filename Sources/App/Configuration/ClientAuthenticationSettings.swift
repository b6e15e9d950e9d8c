import AuthorizationServers
import Cryptography
import HTTP
import Logins

/// How we prove ourselves to an authorization server, and the files that do it
/// (`cloudentity.md` 5). It is read once for the configuration, and again whenever a file changes.
public struct ClientAuthenticationSettings: Sendable {
    /// `token_endpoint_auth_method`. `none` and `unspecified` are no choice: they prove nothing.
    public enum Method: String, CaseIterable, Sendable {
        case secretBasic = "client_secret_basic"
        case secretPost = "client_secret_post"
        case tls = "tls_client_auth"
        case selfSignedTLS = "self_signed_tls_client_auth"
    }

    /// What is wrong with the files, at a key of the configuration.
    struct Problem: Error, Hashable, Sendable {
        let key: String
        let reason: String
    }

    /// A secret, and the file to read it from again.
    struct Source: Sendable {
        let secret: Secret
        /// Nil for what cannot change: a variable of the environment, a text.
        let file: String?

        func read(_ surroundings: Surroundings, _ key: String) throws(Problem) -> Secret {
            guard let file else { return secret }
            let bytes = try surroundings.bytes(of: file, key)
            let secret = Section.secretBytes(inFile: bytes)
            guard !secret.isEmpty else { throw Problem(key: key, reason: "\(file) is empty") }
            return Secret(secret)
        }
    }

    /// Default `client_secret_basic`.
    public var method: Method
    /// Of the client that the server made for us; needed by the methods that are named after it.
    var secret: Source?
    /// Whether tokens are bound to our certificate (RFC 8705 §3), which must then be there.
    public var bindsTokens: Bool
    /// Paths of our certificate chain and its key, shown on every call.
    var certificate: (chain: String, key: String)?

    init(_ section: Section, destination: DestinationSettings, development: Bool) {
        method = section.choice("client_authentication", default: .secretBasic)
        secret = section.secretSource("client_secret", development: development)
        bindsTokens = section.flag("certificate_bound_access_tokens", default: false)
        if let chain = destination.certificate, let key = destination.key {
            certificate = (chain, key)
        }
        check(section)
    }

    private func check(_ section: Section) {
        switch method {
        case .secretBasic, .secretPost:
            if !section.has("client_secret") { section.missing("client_secret") }
        case .tls, .selfSignedTLS: break
        }
        if section.has("certificate") { return }
        switch method {
        case .tls, .selfSignedTLS:
            section.problem("certificate", "is missing: \(method.rawValue) proves us by it")
        case .secretBasic, .secretPost:
            if bindsTokens {
                section.problem(
                    "certificate",
                    "is missing: certificate_bound_access_tokens needs one"
                )
            }
        }
    }

    /// Every file that is read, to be watched.
    var files: [String] {
        [secret?.file, certificate?.chain, certificate?.key].compactMap(\.self)
    }

    /// Reads everything and checks that it fits together. The certificate must be good at
    /// `moment`; nil takes any.
    func credentials(
        in surroundings: Surroundings,
        goodAt moment: Timestamp?
    ) throws(Problem) -> ClientCredentials {
        var identity: ClientIdentity?
        if let certificate {
            let (read, certified) = try surroundings.identity(
                certificate.chain,
                key: certificate.key
            )
            if let moment, let reason = certified.unusable(at: moment) {
                throw Problem(key: "certificate", reason: "\(certificate.chain) \(reason)")
            }
            identity = read
        }
        let method: ClientCredentials.Method =
            switch self.method {
            case .secretBasic: .secretBasic(try text(of: secret, in: surroundings))
            case .secretPost: .secretPost(try text(of: secret, in: surroundings))
            case .tls, .selfSignedTLS: .certificate
            }
        return ClientCredentials(method, identity: identity)
    }

    private func text(
        of source: Source?,
        in surroundings: Surroundings
    ) throws(Problem) -> String {
        guard let source else { throw Problem(key: "client_secret", reason: "is missing") }
        return try source.read(surroundings, "client_secret").withText { $0 }
    }
}

extension Surroundings {
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
