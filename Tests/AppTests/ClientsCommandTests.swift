import Access
import Commands
import Cryptography
import Engine
import Foundation
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@testable import App

@Suite("beckon clients")
struct ClientsCommandTests {
    private let stage: CommandStage

    init() throws { stage = try CommandStage() }

    private func run(_ words: String...) async -> CommandStage.Printed {
        await run(words)
    }

    private func run(_ words: [String]) async -> CommandStage.Printed {
        await stage.run(["clients"] + words)
    }

    /// A file with a key, and its public thumbprint.
    private func key(
        _ name: String,
        _ algorithm: SignatureAlgorithm = .es256,
        isPrivate: Bool = false
    ) throws -> (file: String, thumbprint: String) {
        let key = try SigningKey.generate(algorithm)
        let publicKey = try #require(key.verificationKey.publicKey)
        let file = stage.directory.file(name)
        let text = isPrivate ? try key.secretPEM() : try publicKey.pem()
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return (file, Thumbprint.sha256(of: publicKey))
    }

    private func audit() async throws -> [AuditEvent] {
        let store = try SQLLoginStore(
            StoreOptions(path: stage.directory.file("beckon.db"), role: .tool, clock: SystemClock())
        )
        let entries = try await store.access.audit(after: 0, limit: 100)
        await store.close()
        return entries.map(\.event)
    }

    // trust: B-11
    @Test("add a client and list its type, status, creation date and thumbprints, never a key")
    func listed() async throws {
        let (file, thumbprint) = try key("robot.pem", .rs256)
        let added = await run(
            "add",
            "--type=delegated",
            "--name=Payout robot",
            "--key=\(file)",
            "--kid=k-2031-01",
            "--scope=logins:read,logins:decide",
            "--source-address=203.0.113.0/28"
        )
        #expect(added.code == .ok, "\(added.errors)")
        let id = String(added.output.dropFirst("added ".count))
        #expect(id.hasPrefix("dc_"))
        let columns = await run("list").output.split(separator: "\t").map(String.init)
        try #require(columns.count == 6)
        #expect(Array(columns[0...2]) == [id, "delegated", "active"])
        #expect(columns[3].hasSuffix("Z"))
        #expect(Array(columns[4...]) == ["Payout robot", "k-2031-01 \(thumbprint)"])
        let json = try JSONValue(Array(await run("list", "--json").output.utf8))
        let row = try #require(json.array?.first)
        #expect(
            row.object?.members.map(\.name) == [
                "client_id", "name", "type", "status", "created_at", "keys", "source_addresses",
                "last_used_at",
            ]
        )
        #expect(row["keys"]?.array?.first?["bits"]?.integer == 2048)
        #expect(await run("list", "--type=user").output == "")
        #expect(await run("list", "--status=suspended", "--json").output == "[]")
        let shown = await run("show", "--id=\(id)").output
        #expect(shown.contains("scope                       logins:read logins:decide"))
        #expect(await run("show", "--id=\(id)", "--json").code == .ok)
        let pem = try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")[1]
        #expect(!shown.contains(pem))
        #expect(try await audit().map(\.kind) == ["client.created"])
        #expect(try await audit().first?.members["by"]?.string == "command line")
    }

    @Test("wait for a second administrator with four eyes, who is another account")
    func fourEyes() async throws {
        try ConfigurationFixtures.minimal([
            ("development: true,", "development: true,\n  trust: { four_eyes: true },")
        ])
        .write(toFile: stage.config, atomically: true, encoding: .utf8)
        let (file, _) = try key("ops.pem")
        let added = await run(
            "add",
            "--id=ops",
            "--type=user",
            "--name=Ops",
            "--scope=admin:read",
            "--key=\(file)"
        )
        #expect(added.code == .ok, "\(added.errors)")
        let note = "added ops; waits for a second administrator: beckon clients confirm --change="
        #expect(added.output.hasPrefix(note + "cc_"))
        let change = String(added.output.dropFirst(note.count))
        let columns = await run("changes").output.split(separator: "\t").map(String.init)
        try #require(columns.count == 6)
        #expect(
            Array(columns[0...3]) == [change, "create", "ops", "command line (uid \(getuid()))"]
        )
        #expect(await run("list").output.split(separator: "\t")[2] == "pending")
        let own = await run("confirm", "--change=\(change)")
        #expect(own.code == .failed)
        #expect(own.errors.contains("another administrator than who asked"))
        let store = try SQLLoginStore(
            StoreOptions(path: stage.directory.file("beckon.db"), role: .tool, clock: SystemClock())
        )
        _ = try await ClientDesk(store: store.access)
            .confirm(change, by: .commandLine(account: getuid() + 1), at: SystemClock().now())
        await store.close()
        #expect(await run("list").output.split(separator: "\t")[2] == "active")
        #expect(await run("changes").output == "")
        #expect(await run("refuse", "--change=\(change)").errors.contains("there is no change"))
        let more = await run("keys", "add", "--id=ops", "--key=\(file)", "--kid=k2")
        #expect(more.output.hasPrefix("added key k2 to ops; waits"))
        let kinds = try await audit().map(\.kind)
        #expect(
            kinds == [
                "client.created", "client.change_requested", "client.change_confirmed",
                "client.confirmed", "client.change_requested",
            ]
        )
        #expect(
            try await audit()[2].members["requested_by"]?.string?.hasSuffix("(uid \(getuid()))")
                == true
        )
    }

    @Test("suspend, resume and revoke, and rotate keys, each with its event in the audit")
    func life() async throws {
        let (first, _) = try key("first.pem")
        let (second, _) = try key("second.pem")
        let add = ["add", "--id=ops", "--type=user", "--name=Ops", "--scope=admin:read"]
        #expect(await run(add + ["--key=\(first)", "--kid=k1"]).output == "added ops")
        #expect(await run(add + ["--key=\(first)"]).errors.contains("a client ops already"))
        for (words, output) in [
            (["suspend"], "suspended ops"), (["resume"], "resumed ops"),
            (["keys", "add", "--key=\(second)", "--kid=k2"], "added key k2 to ops"),
            (["keys", "remove", "--kid=k1"], "removed key k1 of ops"), (["revoke"], "revoked ops"),
        ] {
            let done = await run(words + ["--id=ops"])
            #expect(done.output == output, "\(done.errors)")
        }
        #expect(await run("resume", "--id=ops").errors.contains("is revoked, which is final"))
        #expect(await run("keys", "remove", "--id=ops", "--kid=k2").code == .failed)
        for verb in ["show", "suspend", "resume", "revoke"] {
            #expect(await run(verb, "--id=nobody").errors.contains("there is no client nobody"))
        }
        #expect(
            try await audit().map(\.kind) == [
                "client.created", "client.suspended", "client.resumed", "client.key_added",
                "client.key_removed", "client.revoked",
            ]
        )
    }

    // trust: B-7
    @Test("refuse a private key, a short one and other files, and store nothing")
    func wrongKeys() async throws {
        let (secret, _) = try key("secret.pem", isPrivate: true)
        let short = stage.directory.file("short.pem")
        try """
        -----BEGIN PUBLIC KEY-----
        MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCrGzOqQnTKSxAdaBFwbOVkOss
        2pSTyfGZPQGTHDLpMcBeQ3w3x5r/YTWMWF5C9ZTZ7v4bD2d0GZc6BnN0b3gnRAO5
        -----END PUBLIC KEY-----
        """.write(toFile: short, atomically: true, encoding: .utf8)
        let add = ["add", "--id=ops", "--type=user", "--name=Ops", "--scope=admin:read"]
        for (file, text) in [
            (secret, "a private key was sent"), (short, "must be public keys: the key is"),
            (stage.directory.file("none"), "none"), (stage.config, "keys: must be"),
        ] {
            let refused = await run(add + ["--key=\(file)"])
            #expect(refused.code == .failed)
            #expect(refused.errors.contains(text), "\(refused.errors)")
        }
        #expect(await run("list").output == "")
        #expect(try await audit().isEmpty)
    }

    @Test(
        "name the option or the rule that is broken",
        arguments: [
            ("--type=robot --scope=admin:read", "--type must be user or delegated"),
            ("--type=user --scope=admin", "--scope must be a list of admin:read"),
            ("--type=user --scope=admin:read", "keys: must have at least one key"),
            (
                "--type=user --scope=logins:read --auth=tls_client_auth --certificate-dns=a",
                "scopes"
            ),
            ("--type=user --scope=admin:read --auth=tls_client_auth", "needs exactly one of"),
            (
                "--type=user --scope=admin:read --auth=tls_client_auth --certificate-dns=a "
                    + "--certificate-ip=192.0.2.1", "needs exactly one of"
            ),
            ("--type=user --scope=admin:read --certificate-dns=a", "is for tls_client_auth"),
            ("--type=user --scope=admin:read --auth=client_secret_post", "needs --secret-hash"),
            ("--type=user --scope=admin:read --grant=password", "--grant must be a list of"),
            ("--type=user --scope=admin:read --source-address=1.2.3", "--source-address must be"),
            (
                "--type=delegated --scope=logins:read --auth=tls_client_auth --certificate-dns=a",
                "keys"
            ),
        ]
    )
    func refused(_ options: String, says text: String) async {
        let refused = await run(
            ["add", "--name=Ops"] + options.split(separator: " ").map(String.init)
        )
        #expect(refused.code == .usage || refused.code == .failed)
        #expect(refused.errors.contains(text), "\(refused.errors)")
    }

    @Test("add an app with redirect URIs, change it, and show what it may do")
    func app() async throws {
        let (file, _) = try key("app.pem")
        let added = await run(
            "add",
            "--id=app",
            "--type=user",
            "--name=App",
            "--key=\(file)",
            "--scope=device:logins",
            "--redirect-uri=https://app.example/cb,http://127.0.0.1/cb",
            "--dpop"
        )
        #expect(added.code == .ok, "\(added.errors)")
        func shown() async throws -> JSONValue {
            try JSONValue(Array(await run("show", "--id=app", "--json").output.utf8))
        }
        var client = try await shown()
        #expect(client["grants"] == .texts(["authorization_code", "refresh_token"]))
        #expect(client["dpop_bound_access_tokens"]?.bool == true)
        #expect(client["first_party"]?.bool == false)
        let changed = await run(
            "change",
            "--id=app",
            "--redirect-uri=com.bank.app:/cb",
            "--dpop=no",
            "--first-party=yes",
            "--scope=device:logins,admin:read",
            "--grant=authorization_code,client_credentials"
        )
        #expect(changed.code == .ok, "\(changed.errors)")
        client = try await shown()
        #expect(client["redirect_uris"] == .texts(["com.bank.app:/cb"]))
        #expect(client["dpop_bound_access_tokens"]?.bool == false)
        #expect(client["first_party"]?.bool == true)
        #expect(client["scope"]?.string == "admin:read device:logins")
        #expect(client["grants"] == .texts(["client_credentials", "authorization_code"]))
        let event = try #require(try await audit().last)
        #expect(event.kind == "client.changed")
        #expect(event.members["changes"]?["dpop_bound_access_tokens"]?.isNull == true)
    }

    @Test(
        "never leave an app half made",
        arguments: [
            ["--scope=device:logins"], ["--scope=device:logins", "--redirect-uri=app:/cb"],
            ["--scope=device:logins", "--redirect-uri=http://app.example/cb"],
            ["--scope=device:logins", "--redirect-uri=https://app.example/cb#x"],
            ["--scope=device:logins", "--redirect-uri=javascript:alert(1)"],
            ["--scope=device:logins", "--redirect-uri=https://*.app.example/;x"],
            ["--scope=admin:read", "--grant=refresh_token"],
            [
                "--scope=admin:read", "--grant=authorization_code",
                "--redirect-uri=https://a.example",
            ],
            ["--scope=device:logins", "--grant=client_credentials"],
        ]
    )
    func half(options: [String]) async throws {
        let (file, _) = try key("app.pem")
        let added = await run(["add", "--type=user", "--name=App", "--key=\(file)"] + options)
        #expect(added.code != .ok)
        #expect(await run("list").output.isEmpty)
    }
}
