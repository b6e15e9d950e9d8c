import Configuration
import Cryptography
import Foundation
import HTTP
import Logins
import Telemetry
import TestSupport
import Testing

@testable import App
@testable import AuthorizationServers
@testable import OAuthClient

@Suite("Credentials in files")
struct ReplaceableCredentialsTests {
    let certificates: Certificates
    let clock: ManualClock
    let log = CapturedLog()
    let credentials: ReplaceableCredentials

    init() throws {
        certificates = try Certificates()
        for name in ["old", "new"] {
            try certificates.issue(name, alternativeName: "DNS:\(name).test")
        }
        // When the certificates are good.
        clock = ManualClock(
            Timestamp(milliseconds: Int64(Date.now.timeIntervalSince1970 * 1000))
                + .seconds(3600)
        )
        for (part, name) in [("pem", "old.pem"), ("key", "old.key")] {
            try certificates.bytes(certificates.directory.file(name))
                .write(to: certificates.directory.file("used.\(part)"))
        }
        try Array("first\n".utf8).write(to: certificates.directory.file("secret"))
        let text = """
            {
              development: true,
              public_url: "https://login.example",
              authorization_servers: [
                {
                  id: "acp",
                  inbound: { basic: [ { user: "a", password_hash: "\(ConfigurationFixtures.hash)" } ] },
                  outbound: {
                    acp: "https://acp.example", tenant: "bank", client_id: "beckon",
                    client_authentication: "client_secret_post",
                    client_secret: { file: "secret" }, certificate: "used.pem", key: "used.key",
                  },
                },
              ],
              channels: { console: { kind: "console" } },
            }
            """
        let environment = Environment.real(directory: certificates.directory.path)
        let configuration = try ServiceConfiguration.parse(text, in: environment)
        credentials = try ReplaceableCredentials(
            try #require(configuration.cloudentity.first).authentication,
            of: "acp",
            clock: clock,
            log: log.logger
        )
    }

    @Test("are reloaded within seconds when a file has changed")
    func change() throws {
        #expect(secret == "first")
        try replace("secret", with: Array("second".utf8))
        #expect(secret == "first")
        clock.advance(by: ReplaceableCredentials.interval)
        #expect(secret == "second")
        #expect(credentials.current.revision == 1)
        #expect(log.events == ["credentials.replaced"])
        try replace("secret", with: Array("third".utf8))
        clock.set(clock.now() + .seconds(-3600))
        clock.advance(by: ReplaceableCredentials.interval)
        #expect(secret == "third", "a clock that is set back does not keep us from looking")
    }

    @Test("that could not be used are tried again without another change of the file")
    func retry() throws {
        let now = clock.now()
        clock.set(now + .seconds(-86_400))
        let new = try certificates.bytes(certificates.certificate("new"))
        try replace("used.pem", with: new)
        try replace("used.key", with: try certificates.bytes(certificates.key("new")))
        clock.advance(by: ReplaceableCredentials.interval)
        #expect(credentials.current.identity?.certificate != new, "not valid yet")
        clock.set(now)
        clock.advance(by: ReplaceableCredentials.interval)
        #expect(credentials.current.identity?.certificate == new)
        #expect(log.events == ["credentials.not_replaced", "credentials.replaced"])
    }

    @Test("are reloaded at once on request")
    func reload() throws {
        try replace("secret", with: Array("second".utf8))
        credentials.reload()
        #expect(secret == "second")
    }

    @Test("keep their revision when a file is rewritten unchanged")
    func touch() throws {
        try replace("secret", with: Array("first\n".utf8))
        clock.advance(by: ReplaceableCredentials.interval)
        #expect(credentials.current.revision == 0)
        credentials.reload()
        #expect(credentials.current.revision == 0)
        #expect(log.events.isEmpty)
    }

    @Test("stay in use while a replacement is invalid, which is logged once with the reason")
    func bad() throws {
        let old = try certificates.bytes(certificates.certificate("old"))
        let new = try certificates.bytes(certificates.certificate("new"))
        // As a renewal goes: one file after the other, and something in between.
        let steps: [(file: String, bytes: [UInt8]?, cause: String)] = [
            ("secret", [], "secret is empty"),
            ("used.pem", Array(new.dropLast(100)), "not a chain of PEM certificates"),
            ("used.pem", new, "is not the key of the certificate"),
            ("used.key", nil, "does not exist"),
            ("secret", Array("second".utf8), "does not exist"),
        ]
        for (number, step) in steps.enumerated() {
            try replace(step.file, with: step.bytes)
            for _ in 0..<3 {
                clock.advance(by: ReplaceableCredentials.interval)
                #expect(credentials.current.identity?.certificate == old)
                #expect(secret == "first")
            }
            #expect(log.lines.count == number + 1)
            #expect(log.lines.last?.event == "credentials.not_replaced")
            #expect(log.lines.last?.members.contains(step.cause) == true, "\(log.lines)")
        }
        try replace("used.key", with: try certificates.bytes(certificates.key("new")))
        clock.advance(by: ReplaceableCredentials.interval)
        #expect(credentials.current.identity?.certificate == new)
        #expect(secret == "second")
        #expect(credentials.current.revision == 1)
        #expect(log.events.last == "credentials.replaced")
        #expect(!log.lines.map(\.members).joined().contains("second"))
    }

    @Test("have a metric for the expiry of the certificate")
    func metric() async throws {
        let certified = try CertifiedKey(
            certificate: try certificates.bytes(certificates.certificate("old")),
            key: try certificates.bytes(certificates.key("old"))
        )
        let registry = MetricsRegistry()
        credentials.register(in: registry)
        let text = String(decoding: await registry.exposition(), as: UTF8.self)
        let line =
            "beckon_client_certificate_expiry_timestamp_seconds{server=\"acp\"} \(certified.notAfter)"
        #expect(text.contains(line + "\n"), "\(text)")
    }

    @Test("are not replaced by an expired certificate")
    func expired() throws {
        try replace("used.pem", with: try certificates.bytes(certificates.certificate("new")))
        try replace("used.key", with: try certificates.bytes(certificates.key("new")))
        clock.advance(by: .seconds(3 * 86_400))
        #expect(credentials.current.revision == 0)
        #expect(log.lines.last?.members.contains("used.pem expired at") == true)
    }

    private var secret: String? {
        guard case .secretPost(let secret) = credentials.current.method else { return nil }
        return secret
    }

    /// Nil removes the file.
    private func replace(_ name: String, with bytes: [UInt8]?) throws {
        let path = certificates.directory.file(name)
        guard let bytes else { return try FileManager.default.removeItem(atPath: path) }
        try bytes.write(to: path)
    }
}

extension [UInt8] {
    /// By a new file that takes the place of the old one.
    fileprivate func write(to path: String) throws {
        try Data(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    }
}
