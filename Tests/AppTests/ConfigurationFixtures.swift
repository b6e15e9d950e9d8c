import Configuration
import Cryptography
import Foundation
import JOSE
import JSON
import Logins
import TestSupport

@testable import App
@testable import AuthorizationServers

extension ServiceConfiguration {
    /// The servers of the kind `cloudentity`.
    var cloudentity: [CloudentitySettings] {
        authorizationServers.flatMap { ($0 as? CloudentityServers)?.servers ?? [] }
    }
}

/// Configurations to try, and environment for them.
enum ConfigurationFixtures {
    /// The repository's root.
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

    static func file(_ path: String) throws -> String {
        try String(contentsOfFile: root + "/" + path, encoding: .utf8)
    }

    /// `sha256:salt:digest` of "correct horse battery staple" with the salt 00 01 … 0f, computed
    /// with Python's hashlib.
    static let hash =
        "sha256:AAECAwQFBgcICQoLDA0ODw:PT7NB1B2A4OlzWox1NgpSt0YKawNe-BkcIP3OEfdMl4"

    /// 32 bytes.
    static let webhookSecret = "whsec_YmVja29uIGRlbW8gd2ViaG9vayBrZXkgMzIgYnl0ZXM="

    /// `beckon-client` and `other-client`, good for two days.
    static let certificates = Result {
        let certificates = try Certificates()
        for name in ["beckon-client", "other-client"] {
            try certificates.issue(name, alternativeName: "DNS:\(name).test")
        }
        return certificates
    }

    /// Every file exists and every variable that the examples name is set. Certificates and keys
    /// are those of `certificates`.
    static let complete = Environment(
        directory: "/etc/beckon",
        variables: [
            "ACP_API_KEY_HASH": hash, "DIRECTORY_TOKEN": "token", "ACCOUNTS_TOKEN": "token",
            "BECKON_ACP_PASSWORD_HASH": hash,
            "BECKON_ACP_CLIENT_SECRET": "secret", "BECKON_WEBHOOK_SECRET": webhookSecret,
        ]
    ) { path in
        let name = String(path.split(separator: "/").last ?? "")
        if name.hasSuffix(".pem") || name.hasSuffix(".key"),
            let certificates = try? certificates.get(),
            let bytes = try? certificates.bytes(
                certificates.directory.file(name.contains("-client.") ? name : stand(in: name))
            )
        {
            return .success(bytes)
        }
        if let key = try? pushKey(name) { return .success(key) }
        if name.hasSuffix(".png") { return .success(SampleImage.png()) }
        return .success(Array((name == "webhook" ? "\(webhookSecret)\n" : "a secret\n").utf8))
    }

    /// A key for the files that channels of push services read.
    private static func pushKey(_ name: String) throws -> [UInt8]? {
        if name == "firebase.json" {
            return JSONValue.members([
                "project_id": .string("bank-1"), "client_email": .string("push@bank.example"),
                "token_uri": .string("https://oauth2.example/token"),
                "private_key": .string(try PrivateKey.generate(.rsa(bits: 2048)).secretPEM()),
            ]).bytes
        }
        guard name == "vapid.jwk" || name.hasSuffix(".p8") else { return nil }
        return try SigningKey.generate(.es256, id: "ABC123DEFG").secretJWK().bytes
    }

    /// The file that stands in for one of the example's.
    private static func stand(in name: String) -> String {
        if name == "server.key" { return "beckon-client.key" }
        return "beckon-client.pem"
    }

    /// The least that is a configuration, with `change` made to its text.
    static func minimal(_ replacements: [(String, String)] = []) -> String {
        var text = """
            {
              development: true,
              public_url: "https://login.example",
              authorization_servers: [
                {
                  id: "acp",
                  inbound: { basic: [ { user: "acp", password_hash: "\(hash)" } ] },
                  outbound: {
                    acp: "https://acp.example",
                    tenant: "bank",
                    client_id: "beckon",
                    client_secret: "secret",
                  },
                },
              ],
              channels: { console: { kind: "console" } },
            }
            """
        for (old, new) in replacements {
            precondition(text.contains(old), "the minimal configuration holds \(old)")
            text = text.replacingOccurrences(of: old, with: new)
        }
        return text
    }

    static func parse(_ text: String) throws(ConfigurationError) -> ServiceConfiguration {
        try ServiceConfiguration.parse(text, in: complete)
    }

    /// What is wrong with a text, as `path: reason` or `path`.
    static func problems(
        _ text: String,
        in environment: Environment = complete
    ) -> [ConfigurationProblem] {
        do {
            _ = try ServiceConfiguration.parse(text, in: environment)
            return []
        } catch {
            return error.problems
        }
    }
}
