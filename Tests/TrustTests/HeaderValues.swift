import Cryptography
import Foundation
import HTTP
import TestSupport
import Trust

/// Certificates, and the header values that proxies make of them: written by Python, not by the code
/// that reads them.
struct HeaderValues: Sendable {
    static let shared = Result { try HeaderValues() }

    let certificates: Certificates
    /// Of one certificate and its way of writing, such as `client nginx`.
    private let values: [String: String]

    static let names = [
        "client", "other", "long", "expired", "stranger", "weak", "curve", "rsa", "p384", "ed25519",
    ]

    private init() throws {
        certificates = try Certificates()
        let alternative = "DNS:client.test,URI:spiffe://bank/client,IP:192.0.2.9,email:a@b.test"
        // What spoils a "+" spoils nothing in the one certificate of forty that has none.
        repeat {
            try certificates.issue("client", alternativeName: alternative)
        } while try !certificates.bytes(certificates.certificate("client"))
            .contains(UInt8(ascii: "+"))
        try certificates.issue("other", alternativeName: "DNS:other.test")
        try certificates.issue("long", alternativeName: "DNS:long.test", days: 90)
        try certificates.issue("expired", alternativeName: "DNS:a.test", days: -1)
        for (name, key) in [
            ("stranger", "ec -pkeyopt ec_paramgen_curve:P-256"), ("weak", "rsa:1024"),
            ("curve", "ec -pkeyopt ec_paramgen_curve:P-521"), ("rsa", "rsa:2048"),
            ("p384", "ec -pkeyopt ec_paramgen_curve:P-384"), ("ed25519", "ed25519"),
        ] {
            try certificates.openssl(
                "req -x509 -newkey \(key) -nodes -days 2 -subj /CN=\(name) "
                    + "-keyout \(certificates.key(name)) -out \(certificates.certificate(name))"
            )
        }
        let paths = Self.names.map(certificates.certificate)
        let answer = try ChildProcess.run(["python3", "-c", Self.script] + paths)
        var values: [String: String] = [:]
        for line in answer.output.split(separator: "\n") {
            let parts = line.split(separator: "|", omittingEmptySubsequences: false)
            values["\(parts[0]) \(parts[1])"] = String(parts[2])
        }
        self.values = values
    }

    /// A header value; empty when there is none of that name, which fails the test.
    func value(_ name: String, _ form: String) -> String { values["\(name) \(form)"] ?? "" }

    func pem(_ name: String) throws -> [UInt8] {
        try certificates.bytes(certificates.certificate(name))
    }

    func certificate(_ name: String) throws -> Certificate { try Certificate(pem: try pem(name)) }

    /// As the proxies' sources do it: nginx escapes all but the unreserved characters
    /// (NGX_ESCAPE_URI_COMPONENT), ALB leaves `+`, `/` and `=`, Envoy escapes only these, line ends and
    /// spaces.
    private static let script = #"""
        import base64, hashlib, pathlib, ssl, sys
        from urllib.parse import quote

        def envoy(pem, der):
            text = pem
            for raw, escaped in ("\n", "%0A"), (" ", "%20"), ("+", "%2B"), ("/", "%2F"), ("=", "%3D"):
                text = text.replace(raw, escaped)
            return 'By=spiffe://mesh/beckon;Hash=%s;Cert="%s"' % (hashlib.sha256(der).hexdigest(), text)

        for path in map(pathlib.Path, sys.argv[1:]):
            pem = path.read_text()
            der = ssl.PEM_cert_to_DER_cert(pem)
            text = base64.b64encode(der).decode()
            forms = {
                "nginx": quote(pem, safe="-._~"), "alb": quote(pem, safe="+=/"),
                "crlf": quote(pem.replace("\n", "\r\n"), safe=""), "envoy": envoy(pem, der),
                "details": envoy(pem, der) + r';Subject="CN=a,O=\"B; C\"";URI=;DNS=a.test;DNS=b.test',
                "spaces": pem.strip().replace("\n", " "), "tabs": pem.strip().replace("\n", "\t"),
                "joined": pem.replace("\n", ""), "haproxy": text, "rfc9440": ":%s:" % text,
                "urlsafe": base64.urlsafe_b64encode(der).decode(), "pluses": quote(pem, safe="").replace("%20", "+"),
                "form": quote(pem, safe="").replace("%2B", "%20"), "hash": hashlib.sha256(der).hexdigest(),
                "java": quote(pem, safe="*").replace("%20", "+"), "lower": quote(pem, safe="-._~").replace("%2B", "%2b").replace("%0A", "%0a"),
            }
            for form, value in forms.items():
                print(path.stem, form, value, sep="|")
        """#
}
