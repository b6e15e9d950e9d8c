import Foundation
import HTTP
import JSON
import Logins
import TestSupport
import Testing
import Trust

@Suite(
    "A real proxy",
    .enabled(
        if: ForeignLibrary.isWanted && FileManager.default.fileExists(atPath: "/usr/sbin/haproxy"),
        "make interop installs HAProxy and runs this"
    )
)
struct ProxyForeignLibraryTests {
    private struct Job {
        let proxy: String
        let field: String
        let format: CertificateFormat
    }

    private static let jobs = [
        Job(proxy: "nginx", field: "X-Escaped", format: .pemURLEncoded),
        Job(proxy: "haproxy", field: "X-DER", format: .derBase64),
        Job(proxy: "haproxy", field: "Client-Cert", format: .rfc9440),
    ]

    // trust: A-6
    @Test("hands over the certificate of its client, or none, whatever the client's header says")
    func handsOver() throws {
        let certificates: [String?] = ["issued", "itself", nil]
        let rows = Self.jobs.flatMap { job in
            certificates.flatMap { name in [true, false].map { (job, name, $0) } }
        }
        let answers = try ForeignLibrary.ask(
            rows.map { job, name, isForged in
                .members([
                    "proxy": .string(job.proxy),
                    "certificate": .text(name),
                    "forged": isForged ? .members([job.field: .string("forged")]) : nil,
                ])
            },
            script: "proxies.py"
        )
        #expect(answers.count == rows.count)
        let now = Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970) * 1000)
        let hops = TrustedHops(ranges: ["127.0.0.1"].compactMap { AddressRange($0) })
        for ((job, name, _), answer) in zip(rows, answers) {
            let result = try ForeignLibrary.result(answer)
            let fields = (result["fields"]?.array ?? []).compactMap { pair -> Field? in
                guard let pair = pair.strings, pair.count == 2 else { return nil }
                return Field(pair[0], pair[1])
            }
            #expect(fields.count >= 2)
            let source = ForwardedCertificate(job.format, header: job.field, hops: hops)
            let found = try source.certificate(
                of: .example(.get, "/", fields: fields),
                at: now
            )
            let thumbprint = found.map {
                $0.thumbprint.map { String(format: "%02x", $0) }.joined()
            }
            #expect(thumbprint == result["thumbprint"]?.string, "\(job)")
            #expect(
                found?.subject
                    == name.map { $0 == "issued" ? "CN=issued,O=Bank,C=GB" : "CN=itself" }
            )
        }
    }
}
