import Access
import Configuration
import HTTP
import TestSupport
import Testing

@testable import Trust

@Suite("The configuration of client certificates")
struct ClientCertificateSettingsTests {
    private static let hops = "trusted_hops: [\"10.20.0.0/24\"]"

    private func read(
        _ text: String
    ) throws(ConfigurationError) -> (ClientCertificateSettings, warnings: [ConfigurationProblem]) {
        let pem = (try? HeaderValues.shared.get().pem("client")) ?? []
        let environment = Environment(directory: "/etc/beckon") { path in
            path == "/etc/beckon/ca.pem" ? .success(pem) : .success(Array("text".utf8))
        }
        return try ConfigurationFile.read("{ \(text) }", in: environment, part: true) { section in
            let settings = ClientCertificateSettings(section)
            section.end()
            return settings
        }
    }

    // trust: A-7
    @Test(
        "chooses a format by its name or by the alias, and the field that its senders use",
        arguments: [
            ("", nil, ""),
            ("client_certificate: {}", nil, ""),
            ("client_certificate: { format: \"tls\" }", nil, ""),
            ("client_certificate_encode: false", nil, ""),
            (
                "client_certificate: { format: \"pem_urlencoded\", \(hops) }", .pemURLEncoded,
                "X-WSO2-Mutual-Auth-Cert"
            ),
            (
                "client_certificate_encode: true, client_certificate: { \(hops) }", .pemURLEncoded,
                "X-WSO2-Mutual-Auth-Cert"
            ),
            (
                "client_certificate_encode: true, "
                    + "client_certificate: { format: \"pem_urlencoded\", \(hops) }", .pemURLEncoded,
                "X-WSO2-Mutual-Auth-Cert"
            ),
            (
                "client_certificate_encode: false, "
                    + "client_certificate: { header: \"SSL-CLIENT-CERT\", \(hops) }", .pem,
                "SSL-CLIENT-CERT"
            ),
            (
                "client_certificate_encode: false, "
                    + "client_certificate: { format: \"rfc9440\", \(hops) }", .rfc9440,
                "Client-Cert"
            ),
            (
                "client_certificate: { format: \"pem\", header: \"SSL-CLIENT-CERT\", \(hops) }",
                .pem,
                "SSL-CLIENT-CERT"
            ),
            (
                "client_certificate: { format: \"der_base64\", header: \"X-SSL-Client-DER\", \(hops) }",
                .derBase64, "X-SSL-Client-DER"
            ),
            (
                "client_certificate: { format: \"aws_alb\", \(hops) }", .awsALB,
                "X-Amzn-Mtls-Clientcert"
            ),
            (
                "client_certificate: { format: \"envoy\", \(hops), authorities: \"ca.pem\" }",
                .envoy,
                "X-Forwarded-Client-Cert"
            ),
        ] as [(String, CertificateFormat?, String)]
    )
    func formats(text: String, format: CertificateFormat?, header: String) throws {
        let (settings, warnings) = try read(text)
        #expect(settings.format == format)
        #expect(settings.header == header)
        #expect(warnings.isEmpty)
        #expect(settings.needsCertificatesOfPeers == (format == nil))
        let source = try settings.source()
        #expect(source is ConnectionCertificate == (format == nil))
        #expect(source is ForwardedCertificate == (format != nil))
    }

    @Test("names trusted hops by ranges of addresses and by their certificates")
    func trusted() throws {
        let text =
            "trusted_hops: [\"10.0.0.1\", \"2001:db8::/32\", { dns: \"proxy.test\" }, "
            + "{ \"x5t#S256\": \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\" }, "
            + "{ subject: \"CN=proxy,O=Bank\" }]"
        let settings = try read("client_certificate: { format: \"rfc9440\", \(text) }").0
        #expect(settings.needsCertificatesOfPeers)
        let hops = settings.hops
        #expect(hops.ranges.map(\.description) == ["10.0.0.1", "2001:db8::/32"])
        #expect(hops.names.map(\.key) == ["dns", "x5t#S256", "subject"])
    }

    @Test(
        "reports each value that is wrong, contradictory or missing",
        arguments: [
            ("client_certificate: { format: \"der\" }", ["format"]),
            ("client_certificate: { form: \"tls\" }", ["form"]),
            ("client_certificate: { format: \"pem\" }", ["trusted_hops"]),
            ("client_certificate_encode: true", ["trusted_hops"]),
            ("client_certificate: { format: \"pem\", trusted_hops: [] }", ["trusted_hops"]),
            ("client_certificate: { format: \"der_base64\", \(hops) }", ["header"]),
            ("client_certificate: { format: \"der_base64\" }", ["header", "trusted_hops"]),
            ("client_certificate: { format: \"pem\", header: \"a b\", \(hops) }", ["header"]),
            ("client_certificate: { header: \"Client-Cert\" }", ["header"]),
            (
                "client_certificate: { format: \"tls\", header: \"a\", \(hops), "
                    + "authorities: \"ca.pem\" }", ["header", "trusted_hops", "authorities"]
            ),
            (
                "client_certificate: { format: \"envoy\", \(hops), authorities: \"text\" }",
                ["authorities"]
            ),
            (
                "client_certificate: { format: \"envoy\", trusted_hops: [\"10.0.0.1/8\", 5, {}, "
                    + "{ dns: 1 }, { ip: \"a\" }, { cn: \"a\" }, { dns: \"a\", ip: \"::1\" }] }",
                [
                    "trusted_hops[0]", "trusted_hops[1]", "trusted_hops[2]", "trusted_hops[3].dns",
                    "trusted_hops[4].ip", "trusted_hops[5].cn", "trusted_hops[6]",
                ]
            ),
            (
                "client_certificate_encode: true, client_certificate: { format: \"pem\", \(hops) }",
                ["client_certificate_encode"]
            ),
            (
                "client_certificate_encode: true, client_certificate: { format: \"tls\" }",
                ["client_certificate_encode"]
            ),
            (
                "client_certificate_encode: false, "
                    + "client_certificate: { format: \"pem_urlencoded\", \(hops) }",
                ["client_certificate_encode"]
            ),
            ("client_certificate_encode: \"true\"", ["client_certificate_encode"]),
        ] as [(String, [String])]
    )
    func problems(text: String, expected: [String]) {
        let error = #expect(throws: ConfigurationError.self) { try read(text) }
        let paths = expected.map {
            $0 == "client_certificate_encode" ? $0 : "client_certificate.\($0)"
        }
        #expect(Set(error?.problems.map(\.path) ?? []) == Set(paths), "\(error?.problems ?? [])")
    }

    @Test("warns of hops that are everybody", arguments: ["0.0.0.0/0", "::/0"])
    func everybody(range: String) throws {
        let text = "client_certificate: { format: \"rfc9440\", trusted_hops: [\"\(range)\"] }"
        #expect(try read(text).warnings.map(\.path) == ["client_certificate.trusted_hops"])
    }
}
