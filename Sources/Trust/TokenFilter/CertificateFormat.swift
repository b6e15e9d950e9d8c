import Cryptography
import HTTP

/// How a proxy writes a client's certificate into a header field.
public enum CertificateFormat: String, Hashable, Sendable, CaseIterable {
    /// Percent-encoded PEM: nginx's `$ssl_client_escaped_cert`. A `+` is itself.
    case pemURLEncoded = "pem_urlencoded"
    /// PEM with spaces or tabs for line ends: Apache's `%{SSL_CLIENT_CERT}s`.
    case pem
    /// DER in base64 (RFC 4648 §4): HAProxy's `%[ssl_c_der,base64]`.
    case derBase64 = "der_base64"
    /// The same between colons (RFC 9440 §2.1).
    case rfc9440
    /// AWS ALB in passthrough mode: percent-encoded PEM in which `+`, `/` and `=` are themselves.
    case awsALB = "aws_alb"
    /// Envoy: `By=…;Hash=…;Cert="…"`, percent-encoded PEM.
    case envoy

    /// The header field that the senders of the format use; nil when each has its own.
    public var usualHeader: String? {
        switch self {
        case .pemURLEncoded, .pem: "X-WSO2-Mutual-Auth-Cert"
        case .derBase64: nil
        case .rfc9440: "Client-Cert"
        case .awsALB: "X-Amzn-Mtls-Clientcert"
        case .envoy: "X-Forwarded-Client-Cert"
        }
    }

    /// Names of such fields, in lower case.
    static let knownHeaders = [
        "client-cert", "ssl-client-cert", "x-ssl-client-cert", "x-wso2-mutual-auth-cert",
        "x-amzn-mtls-clientcert", "x-amzn-mtls-clientcert-leaf", "x-forwarded-client-cert",
    ]

    /// Whether a value says that the client has shown no certificate.
    ///
    /// nginx leaves out a field with an empty value, but other programs of the same format send it;
    /// HAProxy sends it; Apache writes `(null)`. The senders of the other formats leave out the
    /// field.
    func isNone(_ value: ArraySlice<UInt8>) -> Bool {
        switch self {
        case .pemURLEncoded, .derBase64: value.isEmpty
        case .pem: value.isEmpty || value.elementsEqual("(null)".utf8)
        case .rfc9440, .awsALB, .envoy: false
        }
    }

    /// The certificate in a value.
    func certificate(in value: ArraySlice<UInt8>) throws(CertificateError) -> Certificate {
        guard value.count <= Certificate.longest else { throw .tooLong }
        let isPrintable = value.allSatisfy { $0 >= 0x20 && $0 < 0x7F || $0 == 0x09 && self == .pem }
        guard isPrintable else { throw .malformed }
        switch self {
        case .pemURLEncoded, .awsALB: return try Self.escapedPEM(value)
        case .pem: return try Certificate(pem: value, lineEnd: .blank)
        case .derBase64: return try Self.der(value)
        case .rfc9440:
            let colon = UInt8(ascii: ":")
            guard value.count >= 2, value.first == colon, value.last == colon else {
                throw .malformed
            }
            return try Self.der(value.dropFirst().dropLast())
        case .envoy:
            guard let element = EnvoyElement(lastOf: value), let text = element.certificate else {
                throw .malformed
            }
            let certificate = try Self.escapedPEM(text[...])
            guard element.digest.map({ $0 == certificate.thumbprint }) ?? true else {
                throw .malformed
            }
            return certificate
        }
    }

    private static func escapedPEM(
        _ value: ArraySlice<UInt8>
    ) throws(CertificateError) -> Certificate {
        guard let text = PercentEncoding.decode(value) else { throw .notPEM }
        return try Certificate(pem: text.utf8)
    }

    private static func der(_ value: ArraySlice<UInt8>) throws(CertificateError) -> Certificate {
        guard let bytes = Base64.decode(value.span) else { throw .malformed }
        return try Certificate(der: bytes)
    }
}
