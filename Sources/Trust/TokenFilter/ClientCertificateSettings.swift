import Access
public import Configuration
import Cryptography
import HTTP

/// Where the certificates of clients come from: the group `client_certificate` and the key
/// `client_certificate_encode` of a section.
public struct ClientCertificateSettings: Sendable {
    /// Nil for the TLS connection.
    public let format: CertificateFormat?
    /// The header field; empty without a format.
    public let header: String
    public let hops: TrustedHops
    /// The PEM text of the authorities, as it was when the configuration was read.
    private let authorities: [UInt8]?

    /// Reads and checks everything but unknown keys of `section` itself.
    public init(_ section: Section) {
        let group = section.group(
            "client_certificate",
            "Where the certificate of an API client is taken from."
        )
        let stated = group.optionalChoice(
            "format",
            among: Self.formats,
            example: "pem_urlencoded",
            """
            tls, the default, takes the certificate of the connection (listen.tls). The others take \
            it from a header field that a TLS proxy sets: pem_urlencoded (nginx \
            $ssl_client_escaped_cert), pem (line ends replaced by spaces or tabs), der_base64 \
            (HAProxy ssl_c_der,base64), rfc9440 (:base64:), aws_alb, envoy (Cert of the last \
            element).
            """
        )
        let encode = section.has("client_certificate_encode")
        let isEncoded = section.flag(
            "client_certificate_encode",
            default: false,
            example: true,
            """
            Another way to write client_certificate.format: true is pem_urlencoded. False, with a \
            header, is pem.
            """
        )
        let header = group.text(
            "header",
            example: "X-WSO2-Mutual-Auth-Cert",
            """
            The header field. By default X-WSO2-Mutual-Auth-Cert for pem_urlencoded and pem, \
            Client-Cert for rfc9440, X-Amzn-Mtls-Clientcert for aws_alb, X-Forwarded-Client-Cert \
            for envoy; required for der_base64. If it is repeated or has no acceptable certificate, \
            the request is refused (400).
            """
        )
        hops = TrustedHops(group)
        authorities = Self.authorities(group)
        group.end()

        var format = stated ?? nil
        if encode, group.has("format") {
            if (format == .pemURLEncoded) != isEncoded {
                section.problem(
                    "client_certificate_encode",
                    "contradicts client_certificate.format"
                )
            }
        } else if isEncoded {
            format = .pemURLEncoded
        } else if encode, header != nil {
            format = .pem
        }
        self.format = format
        self.header = header ?? format?.usualHeader ?? ""
        // What else is wrong depends on a format that is not known.
        if stated != nil || !group.has("format") { check(group, header) }
    }

    /// Whether a listener must request certificates for it: those of clients, or of hops.
    public var needsCertificatesOfPeers: Bool { format == nil || !hops.names.isEmpty }

    /// The source of certificates. `onRefusal` is called with each refusal, to count it.
    ///
    /// - Throws: `CertificateError` when the file of authorities could not be read.
    public func source(
        onRefusal: @escaping @Sendable (CertificateRefusal) -> Void = { _ in }
    ) throws -> any CertificateSource {
        guard let format else { return ConnectionCertificate(onRefusal: onRefusal) }
        return ForwardedCertificate(
            format,
            header: header,
            hops: hops,
            authorities: try authorities.map { try Authorities(pem: $0) },
            onRefusal: onRefusal
        )
    }

    private func check(_ group: Section, _ stated: String?) {
        guard format != nil else {
            for key in ["header", "trusted_hops", "authorities"] where group.has(key) {
                group.problem(key, "needs a format other than tls")
            }
            return
        }
        if header.isEmpty, !group.has("header") { group.missing("header") }
        if let stated, !Self.isFieldName(stated) {
            group.problem("header", "must be the name of a header field")
        }
        if !group.has("trusted_hops") || group.isEmptyList("trusted_hops") {
            group.problem("trusted_hops", "is missing: nobody else is believed")
        }
    }

    private static var formats: KeyValuePairs<String, CertificateFormat?> {
        [
            "tls": nil, "pem_urlencoded": .pemURLEncoded, "pem": .pem, "der_base64": .derBase64,
            "rfc9440": .rfc9440, "aws_alb": .awsALB, "envoy": .envoy,
        ]
    }

    private static func authorities(_ group: Section) -> [UInt8]? {
        let path = group.authorities(
            "authorities",
            example: "tls/clients-ca.pem",
            """
            The authorities of certificates in the header, with their intermediate ones; read at \
            the start. Without \
            them every certificate counts as self-signed: only its registered key or thumbprint \
            says whose it is.
            """
        )
        guard let path, case .success(let bytes) = group.environment.read(path) else { return nil }
        return bytes
    }

    private static func isFieldName(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

extension TrustedHops {
    /// Reads `trusted_hops`.
    fileprivate init(_ group: Section) {
        let key = "trusted_hops"
        var ranges: [AddressRange] = []
        var names: [CertificateName] = []
        let elements = group.elements(
            key,
            type: "A list of addresses, ranges and names of certificates.",
            example: "[\"10.20.0.0/24\", { dns: \"proxy.bank.example\" }]",
            """
            The proxies that the header is believed from, by the address that they connect from or \
            by the certificate that they show to Beckon (listen.tls.client_certificates), named as \
            in require_client_certificate. Each must terminate TLS, and set or remove the header in \
            every request. With the header from anybody else a request is refused (400).
            """
        )
        for (position, node) in elements {
            if case .string(let text) = node.value {
                if let range = AddressRange(text) {
                    ranges.append(range)
                } else {
                    group.problem(key, at: position, node, "must be a range such as \"10.0.0.0/8\"")
                }
            } else if let name = CertificateName(node, group, "\(key)[\(position)]") {
                names.append(name)
            }
        }
        self.init(ranges: ranges, names: names)
        if ranges.contains(where: \.isEverything) {
            group.warn(key, "contains every address: any peer can claim any certificate")
        }
    }
}

extension CertificateName {
    /// Reads `{ dns: "…" }`. Nil when it is wrong, which is noted.
    fileprivate init?(_ node: ConfigurationNode, _ section: Section, _ key: String) {
        guard let (name, text) = section.onlyText(node, at: key, among: Self.keys) else {
            return nil
        }
        guard let read = Self(key: name, text) else {
            section.problem("\(key).\(name)", "must be \(Self.form(of: name))")
            return nil
        }
        self = read
    }
}
