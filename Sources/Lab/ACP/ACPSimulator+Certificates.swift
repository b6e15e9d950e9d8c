import Cryptography
import HTTP

/// Mutual TLS behind a proxy such as nginx, which puts `$ssl_client_escaped_cert` and
/// `$ssl_client_s_dn` into two header fields.
extension ACPSimulator {
    /// The caller's certificate: PEM, percent-encoded.
    static let certificateField: StaticString = "x-client-certificate"
    /// Its subject (RFC 4514).
    static let subjectField: StaticString = "x-client-subject"

    /// Whether the service's client has a certificate (RFC 8705 §2). If so, its tokens are bound to
    /// it (§3) and the metadata have an alias (§5).
    var wantsCertificates: Bool {
        configuration.systemClientSubject != nil || configuration.systemClientThumbprint != nil
    }

    /// Authenticates the service's client by its registered method only.
    /// - Returns: the thumbprint that its token is to be bound to.
    func authenticateSystemClient(
        _ request: Request,
        _ form: Form
    ) throws(OAuthProblem) -> [UInt8]? {
        var certificate: [UInt8]?
        if wantsCertificates {
            certificate = Self.thumbprint(of: request)
            let subject = configuration.systemClientSubject
            let registered = configuration.systemClientThumbprint
            guard certificate != nil,
                subject == nil || request.field(Self.subjectField) == subject,
                registered == nil || certificate == registered
            else { throw .invalidClient(usedBasic: false) }
        }
        if let keys = configuration.systemClientKeys {
            try checkAssertion(of: request, form, by: keys)
        } else if certificate == nil {
            _ = try ClientAuthentication.client(
                of: request,
                form,
                among: [configuration.systemClient]
            )
        } else {
            guard form["client_id"] == configuration.systemClient.id,
                form["client_secret"] == nil, form["client_assertion"] == nil,
                request.field("authorization") == nil
            else { throw .invalidClient(usedBasic: false) }
        }
        return certificate
    }

    /// A bound token requires its certificate (RFC 8705 §3).
    func checkBinding(
        _ token: SystemToken,
        _ request: Request,
        _ operation: String,
        login: String?
    ) throws(SystemProblem) {
        guard let bound = token.certificate, bound != Self.thumbprint(of: request) else { return }
        violations.record(.certificate, login: login, "\(operation) with another certificate")
        throw SystemProblem(401, "invalid_token")
    }

    /// SHA-256 over the DER encoding of the caller's certificate (RFC 8705 §3.1).
    private static func thumbprint(of request: Request) -> [UInt8]? {
        guard let field = request.field(certificateField),
            let pem = PercentEncoding.decode(Array(field.utf8)[...])
        else { return nil }
        let lines = pem.split(separator: "\n")
        guard lines.first == "-----BEGIN CERTIFICATE-----",
            lines.last == "-----END CERTIFICATE-----",
            let der = Base64.decode(lines.dropFirst().dropLast().joined())
        else { return nil }
        return SHA256.digest(der)
    }
}
