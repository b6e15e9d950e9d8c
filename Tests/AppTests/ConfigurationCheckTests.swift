import Commands
import Configuration
import Foundation
import TestSupport
import Testing

@testable import App

/// What a configuration says that would only fail once a login arrives.
@Suite("The check of a configuration")
struct ConfigurationCheckTests {
    private typealias Fixtures = ConfigurationFixtures

    private static let server = "authorization_servers[0].outbound"
    private static let console = "channels: { console: { kind: \"console\" } },"
    private static let top = "development: true,"

    private static func webhook(_ url: String, _ more: String = "") -> String {
        """
        channels: { a: { kind: "webhook", url: "\(url)", secrets: ["\(Fixtures.webhookSecret)"], \
        \(more) } },
        """
    }

    private static func problems(_ old: String, _ new: String) -> [ConfigurationProblem] {
        Fixtures.problems(Fixtures.minimal([(old, new)]))
    }

    // MARK: Addresses

    @Test(
        "refuses a webhook at an internal address unless allow_internal is set",
        arguments: [
            "https://127.0.0.1/", "https://localhost:8443/a", "https://LOCALHOST./a",
            "https://push.localhost/", "https://10.1.2.3/", "https://172.31.255.255/",
            "https://192.168.0.1/", "https://100.64.0.1/", "https://[::1]/", "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/", "https://127.1/", "https://2130706433/",
            "https://0x7f000001/", "http://127.0.0.1/",
        ]
    )
    func internalWebhook(_ url: String) {
        let found = Self.problems(Self.console, Self.webhook(url))
        #expect(found.map(\.path) == ["channels.a.url"], "\(found)")
        #expect(found.first?.reason.contains("allow_internal: true") == true)
        #expect(Self.problems(Self.console, Self.webhook(url, "allow_internal: true")).isEmpty)
    }

    @Test(
        "takes a webhook at a public address",
        arguments: ["https://8.8.8.8/", "https://a.example/"]
    )
    func publicWebhook(_ url: String) {
        #expect(Self.problems(Self.console, Self.webhook(url)).isEmpty)
    }

    @Test(
        "refuses an address that cannot be a server's in every URL",
        arguments: [
            "169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "0.0.0.0", "[::]",
            "224.0.0.1", "255.255.255.255", "0xA9FEA9FE",
        ]
    )
    func uselessAddress(_ host: String) {
        let url = "https://\(host)/x"
        let base = "https://\(host)"
        let cases: [(String, String, String)] = [
            ("\"https://login.example\"", "\"\(base)\"", "public_url"),
            (Self.console, Self.webhook(url), "channels.a.url"),
            (Self.console, Self.webhook(url, "allow_internal: true"), "channels.a.url"),
            ("https://acp.example", base, "\(Self.server).acp"),
            ("tenant:", "token_url: \"\(url)\", tenant:", "\(Self.server).token_url"),
            (
                "tenant:", "scope_grant_base_url: \"\(url)\", tenant:",
                "\(Self.server).scope_grant_base_url"
            ),
            (
                "tenant:", "consent_base_url: \"\(url)\", tenant:",
                "\(Self.server).consent_base_url"
            ),
            (
                "tenant:", "discovery: \"\(base)/.well-known/openid-configuration\", tenant:",
                "\(Self.server).discovery"
            ),
            (
                Self.top,
                Self.top + "users: { kind: \"http\", http: { url: \"\(base)/{user}\" } },",
                "users.http.url"
            ),
            (Self.top, Self.top + "accounts: { url: \"\(base)/{user}\" },", "accounts.url"),
        ]
        for (old, new, path) in cases {
            let found = Self.problems(old, new)
            #expect(found.map(\.path) == [path], "\(new): \(found)")
        }
    }

    @Test(
        "warns of what is open to other machines",
        arguments: [
            ("listen: { address: \"0.0.0.0:8080\" },", "listen.address"),
            ("listen: { address: \"[::]:8080\" },", "listen.address"),
            ("listen: { address: \"10.0.0.5:8080\" },", "listen.address"),
            ("management: { address: \"0.0.0.0:9464\" },", "management.address"),
            ("management: { address: \"[::]:9464\" },", "management.address"),
        ]
    )
    func openListener(_ text: String, path: String) throws {
        let configuration = try Fixtures.parse(Fixtures.minimal([(Self.top, Self.top + text)]))
        #expect(configuration.warnings.map(\.path) == [path])
    }

    @Test("does not warn of TLS on every address, or of loopback")
    func closedListener() throws {
        let tls = "tls: { certificate: \"tls/server.pem\", key: \"tls/server.key\" }"
        for text in [
            "listen: { address: \"[::]:8443\", \(tls) },", "listen: { address: \"127.0.0.2:80\" },",
        ] {
            let configuration = try Fixtures.parse(Fixtures.minimal([(Self.top, Self.top + text)]))
            #expect(configuration.warnings.isEmpty, "\(configuration.warnings)")
        }
    }

    // MARK: Copied URLs

    @Test(
        "refuses a URL with more than its base",
        arguments: [
            ("acp", "https://acp.example/bank"), ("acp", "https://acp.example/bank/system"),
            ("acp", "https://acp.example/bank/retail/oauth2/token"),
            ("acp", "https://acp.example/base/api/system/bank"),
            ("acp", "https://acp.example/retail/.well-known/openid-configuration"),
            ("scope_grant_base_url", "https://acp.example/api/system/bank/scope-grants"),
            ("scope_grant_base_url", "https://acp.example/api/system/bank/scope-grants/1/accept"),
            ("consent_base_url", "https://acp.example/bank/system/open-banking/domestic-payment"),
            ("consent_base_url", "https://acp.example/bank/system/fdx/fdx"),
            ("consent_base_url", "https://acp.example/bank/system/cdr/cdr-arrangement"),
            ("consent_base_url", "https://acp.example/bank/system/KSA/consent/"),
            ("consent_base_url", "https://acp.example/bank/../system"),
            ("scope_grant_base_url", "https://acp.example/api/%2E./bank"),
            ("token_url", "https://acp.example"),
            ("token_url", "https://acp.example/bank/system/.well-known/openid-configuration"),
            ("token_url", "https://acp.example/bank/system/oauth2/authorize"),
        ]
    )
    func pastedPath(_ key: String, url: String) {
        let old = key == "acp" ? "acp: \"https://acp.example\"" : "tenant:"
        let found = Self.problems(old, "\(key): \"\(url)\"" + (key == "acp" ? "" : ", tenant:"))
        #expect(found.map(\.path) == ["\(Self.server).\(key)"], "\(found)")
    }

    @Test(
        "refuses a path of people's pages and apps in public_url, and a route in base_path",
        arguments: [
            ("\"https://login.example\"", "\"https://login.example/approve\"", "public_url"),
            ("\"https://login.example\"", "\"https://login.example/device/v1\"", "public_url"),
            (
                "\"https://login.example\"", "\"https://login.example/a/Device/V1/logins\"",
                "public_url"
            ),
            ("\"https://login.example\"", "\"https://login.example/a/./b\"", "public_url"),
        ]
            + [
                "/acp/user/verify", "/authentication/start", "/acp/USER/verify", "/user/verify/x",
                "/acp/../x", "/acp/.", "/%2e%2E",
            ].map {
                (
                    "inbound: {", "inbound: { base_path: \"\($0)\",",
                    "authorization_servers[0].inbound.base_path"
                )
            }
    )
    func pastedRoute(_ old: String, _ new: String, path: String) {
        let found = Self.problems(old, new)
        #expect(found.map(\.path) == [path], "\(found)")
    }

    @Test("takes a base URL with a path, and warns of it")
    func basePath() throws {
        let text = Fixtures.minimal([("https://acp.example", "https://gateway.example/acp/")])
        #expect(try Fixtures.parse(text).warnings.map(\.path) == ["\(Self.server).acp"])
    }

    // MARK: Files

    @Test(
        "refuses a certificate whose key is another's, wherever there is one",
        arguments: [
            (top, "listen: { tls: { PAIR } },", "listen.tls.key"),
            ("tenant:", "PAIR, tenant:", "\(server).key"),
            (
                top,
                "users: { kind: \"http\", http: { url: \"https://d.example/{user}\", PAIR } },",
                "users.http.key"
            ),
            (top, "accounts: { url: \"https://d.example/{user}\", PAIR },", "accounts.key"),
            (console, webhook("https://a.example/", "PAIR"), "channels.a.key"),
        ] as [(String, String, String)]
    )
    func mismatch(_ old: String, _ new: String, path: String) {
        let pair = "certificate: \"beckon-client.pem\", key: \"other-client.key\""
        let text =
            (old == Self.top ? Self.top : "") + new.replacingOccurrences(of: "PAIR", with: pair)
        let found = Self.problems(old, text)
        #expect(found.map(\.path) == [path], "\(found)")
        #expect(found.first?.reason.contains("is not the key of the certificate") == true)
    }

    @Test(
        "refuses a file of authorities without certificates, wherever there is one",
        arguments: [
            (
                top,
                "listen: { tls: { certificate: \"server.pem\", key: \"server.key\", "
                    + "client_certificates: \"required\", client_authorities: \"text\" } },",
                "listen.tls.client_authorities"
            ),
            ("tenant:", "ca: \"text\", tenant:", "\(server).ca"),
            (
                top,
                "users: { kind: \"http\", http: { url: \"https://d.example/{user}\", ca: \"text\" } },",
                "users.http.ca"
            ),
            (
                top, "accounts: { url: \"https://d.example/{user}\", ca: \"beckon-client.key\" },",
                "accounts.ca"
            ),
            (console, webhook("https://a.example/", "ca: \"text\""), "channels.a.ca"),
        ] as [(String, String, String)]
    )
    func authorities(_ old: String, _ new: String, path: String) {
        let found = Self.problems(old, (old == Self.top ? Self.top : "") + new)
        #expect(found.map(\.path) == [path], "\(found)")
    }

    @Test(
        "names a store's missing folder, a folder in the file's place, and a command that cannot run"
    )
    func paths() throws {
        let directory = try TemporaryDirectory()
        let real = Environment.real(directory: directory.path)
        try "text".write(toFile: directory.file("file"), atomically: true, encoding: .utf8)
        try FileManager.default.createDirectory(
            atPath: directory.file("folder"),
            withIntermediateDirectories: false
        )
        let exec = "channels: { a: { kind: \"exec\", argv: [\"PATH\"] } },"
        let store = Self.top + "store: { sqlite: { path: \"PATH\" } },"
        for (old, new, file, path, says) in [
            (Self.top, store, "absent/beckon.db", "store.sqlite.path", "absent does not exist"),
            (Self.top, store, "file/beckon.db", "store.sqlite.path", "is not a folder"),
            (Self.top, store, "folder", "store.sqlite.path", "is a directory"),
            (Self.top, store, "file", "store.sqlite.path", "is not an SQLite database"),
            (Self.top, store, "/dev/null", "store.sqlite.path", "is not a regular file"),
            (Self.console, exec, "file", "channels.a.argv", "cannot be run"),
            (Self.console, exec, "folder", "channels.a.argv", "is a directory"),
            (Self.console, exec, "absent", "channels.a.argv", "does not exist"),
        ] {
            let text = new.replacingOccurrences(
                of: "PATH",
                with: file.hasPrefix("/") ? file : directory.file(file)
            )
            let found = Fixtures.problems(Fixtures.minimal([(old, text)]), in: real)
            #expect(found.map(\.path) == [path], "\(file): \(found)")
            #expect(found.first?.reason.contains(says) == true, "\(found)")
        }
        try Data("SQLite format 3\0 and more".utf8)
            .write(to: URL(fileURLWithPath: directory.file("old.db")))
        try Data().write(to: URL(fileURLWithPath: directory.file("empty.db")))
        for name in ["old.db", "empty.db"] {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600],
                ofItemAtPath: directory.file(name)
            )
            let text = store.replacingOccurrences(of: "PATH", with: directory.file(name))
            #expect(Fixtures.problems(Fixtures.minimal([(Self.top, text)]), in: real).isEmpty)
        }
        let good = store.replacingOccurrences(of: "PATH", with: directory.file("new.db"))
        #expect(Fixtures.problems(Fixtures.minimal([(Self.top, good)]), in: real).isEmpty)
    }

    @Test(
        "warns of files that other users can read or change, and of a folder in which they can",
        arguments: [
            ("beckon.db", "store", 0o644, "store.sqlite.path"),
            ("beckon.db-wal", "store", 0o604, "store.sqlite.path"),
            ("beckon.db-shm", "store", 0o604, "store.sqlite.path"),
            ("beckon.db-lock", "store", 0o644, "store.sqlite.path"),
            ("beckon.db-tickets", "store", 0o602, "store.sqlite.path"),
            ("beckon.db-tickets", "store", 0o640, nil),
            ("program", "exec", 0o757, "channels.a.argv"), ("program", "exec", 0o755, nil),
            (".", "exec", 0o757, "channels.a.argv"), (".", "exec", 0o1777, nil),
            ("ca.pem", "ca", 0o646, "channels.a.ca"), ("ca.pem", "ca", 0o644, nil),
        ] as [(String, String, Int, String?)]
    )
    func modes(file: String, kind: String, mode: Int, warns: String?) throws {
        let directory = try TemporaryDirectory()
        func set(_ name: String, _ mode: Int) throws {
            try FileManager.default.setAttributes(
                [.posixPermissions: mode],
                ofItemAtPath: directory.file(name)
            )
        }
        let authority = try Fixtures.certificates.get().bytes(
            Fixtures.certificates.get().directory.file("beckon-client.pem")
        )
        for name in [file, "program", "ca.pem"] where name != "." {
            let bytes = name == "ca.pem" ? Data(authority) : Data()
            try bytes.write(to: URL(fileURLWithPath: directory.file(name)))
            try set(name, name == "program" ? 0o700 : 0o600)
        }
        try set(file, mode)
        let (old, new) =
            switch kind {
            case "store": (Self.top, Self.top + "store: { sqlite: { path: \"PATH/beckon.db\" } },")
            case "exec":
                (Self.console, "channels: { a: { kind: \"exec\", argv: [\"PATH/program\"] } },")
            default: (Self.console, Self.webhook("https://a.example/", "ca: \"PATH/ca.pem\""))
            }
        let text = Fixtures.minimal([
            (old, new.replacingOccurrences(of: "PATH", with: directory.path))
        ])
        let warnings = try ServiceConfiguration.parse(
            text,
            in: Environment.real(directory: directory.path)
        ).warnings
        #expect(
            warnings.filter { $0.reason.contains("other users") }.map(\.path)
                == (warns.map { [$0] } ?? [])
        )
    }

    @Test("refuses a certificate that a listener cannot use, with exit code 78")
    func weakCertificate() async throws {
        let directory = try TemporaryDirectory()
        let weak = (certificate: directory.file("weak.pem"), key: directory.file("weak.key"))
        try Fixtures.certificates.get().openssl(
            "req -x509 -newkey rsa:1024 -nodes -days 30 -subj /CN=weak.test "
                + "-keyout \(weak.key) -out \(weak.certificate)"
        )
        for listener in ["listen", "management"] {
            let tls = "\(listener): { tls: { certificate: \"weak.pem\", key: \"weak.key\" } },"
            let file = directory.file("beckon.json5")
            try Fixtures.minimal([(Self.top, Self.top + tls)])
                .write(toFile: file, atomically: true, encoding: .utf8)
            let terminal = TestTerminal()
            let code = await CommandLineInterface.run(["check", "--config", file], on: terminal)
            #expect(code == .configuration)
            #expect(terminal.errors.contains("\(listener).tls: "), "\(terminal.errors)")
        }
    }
}
