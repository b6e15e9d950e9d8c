import Configuration
import Foundation
import Testing

@testable import App

@Suite("An invalid configuration")
struct ConfigurationProblemTests {
    private typealias Fixtures = ConfigurationFixtures

    /// What is changed in the minimal configuration, and what must be said of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let old: String
        let new: String
        let path: String
        let says: String

        init(_ old: String, _ new: String, _ path: String, _ says: String) {
            self.old = old
            self.new = new
            self.path = path
            self.says = says
        }

        var testDescription: String { new }
    }

    private static let top = "development: true,"
    private static let inbound = "inbound: {"
    private static let outbound = "outbound: {"
    private static let console = "channels: { console: { kind: \"console\" } },"
    private static let server = "authorization_servers[0]"

    static let cases: [Case] = [
        // The store in PostgreSQL.
        Case(top, top + "store: { postgres: {} },", "store.postgres.url", "missing"),
        Case(
            top,
            top + "store: { postgres: { url: \"postgresql://a:b@db.example/c\" } },",
            "store.postgres.url",
            "without a password"
        ),
        Case(
            top,
            top + "store: { postgres: { url: \"postgresql://a@db.example/c\", password: \"p\" } },",
            "store.postgres.password",
            "must be in a file"
        ),
        Case(
            top,
            top + "store: { postgres: { url: \"postgresql://a@db.example/c\", readers: 0 } },",
            "store.postgres.readers",
            "1 to 64"
        ),
        // Unknown keys, at every level.
        Case(top, "development: true, lissten: {},", "lissten", "did you mean listen?"),
        Case(top, top + "limits: { conections: 1 },", "limits.conections", "mean connections?"),
        Case(
            top,
            top + "log: { colour: 1 },",
            "log.colour",
            "known: audit, format, level, requests"
        ),
        Case(inbound, inbound + "basci: [],", "\(server).inbound.basci", "did you mean basic?"),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", client: { secret: 1 }",
            "\(server).outbound.client",
            "not a known key"
        ),
        // Wrong types, named.
        Case("development: true", "development: 1", "development", "true or false, not a number"),
        Case(top, top + "listen: [],", "listen", "a group of keys, not a list"),
        Case(top, top + "limits: { connections: \"many\" },", "limits.connections", "not a text"),
        Case(top, top + "limits: { connections: 1.5 },", "limits.connections", "whole number"),
        Case(
            top,
            top + "limits: { connections: 1e300 },",
            "limits.connections",
            "must be a whole number, 1 to 1000000, not 1e+300"
        ),
        Case(
            top,
            top + "limits: { connections: 0 },",
            "limits.connections",
            "1 to 1000000, not 0"
        ),
        Case(top, top + "limits: { idle: 60 },", "limits.idle", "duration"),
        Case(top, top + "limits: { idle: \"1 minute\" },", "limits.idle", "duration"),
        Case(top, top + "limits: { idle: \"2d\" },", "limits.idle", "1ms to 1d, not 2d"),
        Case(top, top + "log: { level: \"warn\" },", "log.level", "debug, info, warning or error"),
        Case(top, top + "log: { format: \"jsn\" },", "log.format", "did you mean json?"),
        Case("\"https://login.example\"", "7", "public_url", "a text, not a number"),
        Case("\"https://login.example\"", "\"\"", "public_url", "must not be empty"),
        Case(
            "\"https://login.example\"",
            "\"https://a\\u0007b\"",
            "public_url",
            "control characters"
        ),
        // Addresses and URLs.
        Case(
            top,
            top + "listen: { address: \"localhost:80\" },",
            "listen.address",
            "numeric address"
        ),
        Case(top, top + "listen: { address: \"::1:80\" },", "listen.address", "numeric address"),
        Case(top, top + "listen: { address: \"127.0.0.1:99999\" },", "listen.address", "numeric"),
        Case(
            top,
            top + "management: { address: \"127.0.0.1:8080\" },",
            "management",
            "address of listen"
        ),
        Case("https://login.example", "login.example", "public_url", "absolute https"),
        Case("https://login.example", "ftp://login.example", "public_url", "absolute https"),
        Case("https://login.example", "https://a:b@login.example", "public_url", "a password"),
        Case("https://login.example", "https://login.example?a=1", "public_url", "a query"),
        // What must be there.
        Case("public_url: \"https://login.example\",", "", "public_url", "is missing"),
        Case("id: \"acp\",", "", "\(server).id", "is missing"),
        Case(
            outbound,
            outbound + "consent_api_style: \"api\",",
            "\(server).outbound.consent_api_style",
            "must be system_workspace or api_system"
        ),
        Case(
            outbound,
            outbound + "workspaces: { retail: { family: \"obie\" } },",
            "\(server).outbound.workspaces.retail.family",
            "auto, scope_grant, obuk, obbr, fdx, cdr or ksa"
        ),
        Case(
            outbound,
            outbound + "workspaces: { retail: { famly: \"obuk\" } },",
            "\(server).outbound.workspaces.retail.famly",
            "did you mean family?"
        ),
        Case(
            outbound,
            outbound + "brasil_payment_versions: [3, 4],",
            "\(server).outbound.brasil_payment_versions[1]",
            "must be 1, 2 or 3, each at most once; ACP has no API for later versions"
        ),
        Case(
            outbound,
            outbound + "rejection_codes: { data: { decline: \"X\" } },",
            "\(server).outbound.rejection_codes.data.decline",
            "did you mean declined?"
        ),
        Case(
            outbound,
            outbound + "status_policy: { \"403\": \"never\" },",
            "\(server).outbound.status_policy.403",
            "not_processed, ambiguous or permanent"
        ),
        Case(
            outbound,
            outbound + "status_policy: { \"403\": \"permanant\" },",
            "\(server).outbound.status_policy.403",
            "did you mean permanent?"
        ),
        Case(
            outbound,
            outbound + "status_policy: { \"0403\": \"permanent\" },",
            "\(server).outbound.status_policy.0403",
            "must be a status from 400 to 599"
        ),
        Case(
            outbound,
            outbound + "status_policy: { \"+403\": \"permanent\" },",
            "\(server).outbound.status_policy.+403",
            "must be a status from 400 to 599"
        ),
        Case(
            outbound,
            outbound + "brasil_payment_versions: [],",
            "\(server).outbound.brasil_payment_versions",
            "must not be empty"
        ),
        Case(
            outbound,
            outbound + "plain_scopes: [\"a\", \"\"],",
            "\(server).outbound.plain_scopes[1]",
            "must not be empty"
        ),
        Case(
            outbound,
            outbound + "status_policy: { \"200\": \"permanent\" },",
            "\(server).outbound.status_policy.200",
            "from 400 to 599"
        ),
        Case("client_id: \"beckon\",", "", "\(server).outbound.client_id", "is missing"),
        Case("client_secret: \"secret\",", "", "\(server).outbound.client_secret", "is missing"),
        Case("tenant: \"bank\",", "", "\(server).outbound.tenant", "domain_mode standard needs it"),
        Case("user: \"acp\",", "", "\(server).inbound.basic[0].user", "is missing"),
        Case(console, "", "channels", "at least one channel"),
        Case(console, "channels: { a: {} },", "channels.a.kind", "is missing"),
        Case(console, "channels: { a: { kind: \"webhook\" } },", "channels.a.url", "is missing"),
        Case(console, "channels: { a: { kind: \"exec\" } },", "channels.a.argv", "is missing"),
        Case(
            console,
            "channels: { a: { kind: \"exec\", argv: [\"ls\"] } },",
            "channels.a.argv",
            "absolute path"
        ),
        // What belongs together.
        Case(top, top + "listen: { tls: { certificate: \"a\" } },", "listen.tls.key", "is missing"),
        Case(
            top,
            top
                + "listen: { tls: { certificate: \"a\", key: \"b\", client_certificates: \"required\" } },",
            "listen.tls.client_authorities",
            "is missing"
        ),
        Case(
            top,
            top
                + "listen: { tls: { certificate: \"a\", key: \"b\", client_certificates: \"any\", "
                + "client_crl: \"a\" } },",
            "listen.tls.client_authorities",
            "is missing"
        ),
        Case(
            inbound,
            inbound + "require_client_certificate: true,",
            "\(server).inbound.require_client_certificate",
            "needs listen.tls"
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", tenants: [\"other\"]",
            "\(server).outbound.tenants",
            "must contain bank"
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", key: \"a\"",
            "\(server).outbound.certificate",
            "set together"
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", certificate: \"beckon-client.pem\", key: \"other-client.key\"",
            "\(server).outbound.key",
            "is not the key of the certificate in /etc/beckon/beckon-client.pem"
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", certificate: \"a\", key: \"other-client.key\"",
            "\(server).outbound.certificate",
            "/etc/beckon/a is not a chain of PEM certificates"
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", certificate: \"beckon-client.pem\", key: \"a\"",
            "\(server).outbound.key",
            "/etc/beckon/a is not an unencrypted PEM key"
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", client_authentication: \"tls_client_auth\"",
            "\(server).outbound.certificate",
            "is missing: tls_client_auth needs it"
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", certificate_bound_access_tokens: true",
            "\(server).outbound.certificate",
            "certificate_bound_access_tokens needs one"
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", client_authentication: \"none\"",
            "\(server).outbound.client_authentication",
            "not \"none\""
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", client_authentication: \"unspecified\"",
            "\(server).outbound.client_authentication",
            "not \"unspecified\""
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", discovery: \"https://acp.example/metadata\"",
            "\(server).outbound.discovery",
            "must end in /.well-known/openid-configuration"
        ),
        Case(
            "tenant: \"bank\"",
            "tenant: \"bank\", discovery: 1",
            "\(server).outbound.discovery",
            "true or false"
        ),
        Case(
            top,
            top + "store: { retention: { redact_after: \"30d\", delete_after: \"7d\" } },",
            "store.retention.delete_after",
            "shorter than redact_after"
        ),
        Case(top, top + "users: { kind: \"http\" },", "users.http", "is missing"),
        Case(
            top,
            top + "users: { kind: \"http\", http: { url: \"https://d.example/\" } },",
            "users.http.url",
            "{user} once"
        ),
        Case(
            top,
            top + "users: { kind: \"http\", http: { url: \"https://{user}.d.example/\" } },",
            "users.http.url",
            "in its path or its query"
        ),
        Case(top, top + "accounts: {},", "accounts.url", "is missing"),
        Case(
            top,
            top + "accounts: { url: \"https://b.example/\" },",
            "accounts.url",
            "{user} once"
        ),
        Case(
            top,
            top + "accounts: { url: \"https://{user}/accounts\" },",
            "accounts.url",
            "in its path or its query"
        ),
        Case(
            top,
            top + "accounts: { url: \"b.example/{user}\" },",
            "accounts.url",
            "an absolute https URL"
        ),
        Case(
            top,
            top + "accounts: { url: \"https://b.example/{user}\", time_limit: \"11s\" },",
            "accounts.time_limit",
            "50ms to 10s, not 11s"
        ),
        Case(
            top,
            top + "accounts: { url: \"https://b.example/{user}\", certificate: \"a\" },",
            "accounts.key",
            "set together"
        ),
        Case(
            top,
            top + "accounts: { url: \"https://b.example/{user}\", bearer: \"a\" },",
            "accounts.bearer",
            "is not a known key"
        ),
        Case(
            top,
            "approval: { tap: true }, accounts: { url: \"http://b.example/{user}\" },",
            "accounts.url",
            "must be https"
        ),
        Case(
            top,
            "approval: { tap: true }, accounts: { url: \"https://b.example/{user}\", token: \"a\" },",
            "accounts.token",
            "must not be written here"
        ),
        Case(
            top,
            top + "notify: [ { channel: \"consol\" } ],",
            "notify[0].channel",
            "did you mean console?"
        ),
        Case(
            top,
            top + "notify: [ { channel: \"console\" }, { channel: \"console\" } ],",
            "notify[1].channel",
            "listed twice"
        ),
        Case(
            top,
            top + "engine: { breaker: { pause: \"10s\", longest_pause: \"9s\" } },",
            "engine.breaker.longest_pause",
            "not be shorter than pause"
        ),
        Case(top, top + "engine: { breaker: { failures: 0 } },", "engine.breaker.failures", "1 to"),
        Case(
            inbound,
            inbound + "workspaces: [\"\\u0007\"],",
            "\(server).inbound.workspaces",
            "an invalid name"
        ),
        // Values with a grammar.
        Case(
            inbound,
            inbound + "allow: [\"10.0.0.1/8\"],",
            "\(server).inbound.allow[0]",
            "a range such as"
        ),
        Case(
            inbound,
            inbound + "base_path: \"acp/\",",
            "\(server).inbound.base_path",
            "begin with a slash"
        ),
        Case(
            inbound,
            inbound + "api_key: { name: \"a b\", value_hashes: [] },",
            "\(server).inbound.api_key.name",
            "header field"
        ),
        Case("sha256:AAE", "md5:AAE", "\(server).inbound.basic[0].password_hash", "not a hash"),
        Case("user: \"acp\"", "user: \"a:b\"", "\(server).inbound.basic[0].user", "colon"),
        Case(
            top,
            top + "approval: { authorization_details_types: { a: 1 } },",
            "approval.authorization_details_types.a",
            "must be a text, or texts by language, not a number"
        ),
        Case(
            top,
            top + "approval: { authorization_details_types: { a: { xx: \"A\" } } },",
            "approval.authorization_details_types.a.xx",
            "must be under one of"
        ),
        Case(
            top,
            top + "approval: { frame_ancestors: [\"*\"] },",
            "approval.frame_ancestors[0]",
            "an origin"
        ),
        Case(
            top,
            top + "approval: { frame_ancestors: [\"https://a; script-src *\"] },",
            "approval.frame_ancestors[0]",
            "an origin"
        ),
        Case(
            console,
            "channels: { a: { kind: \"webhook\", url: \"https://a.example\", secrets: [\"plain\"] } },",
            "channels.a.secrets",
            "whsec_"
        ),
        Case(
            console,
            "channels: { a: { kind: \"webhook\", url: \"http://a.example\", secrets: [\"whsec_YQ==\"] } },",
            "channels.a.url",
            "must be https"
        ),
        Case(
            console,
            "channels: { a: { kind: \"email\", host: \"smtps://x\", from: \"a@b.example\" } },",
            "channels.a.host",
            "without port and scheme"
        ),
        Case(
            console,
            "channels: { a: { kind: \"email\", host: \"smtp.example\", from: \"Bank <a@b.example>\" } },",
            "channels.a.from",
            "an e-mail address"
        ),
        Case(
            console,
            "channels: { a: { kind: \"email\", host: \"smtp.example\", from: \"a@b.example\", user: \"u\" } },",
            "channels.a.password",
            "must be set together"
        ),
        Case(
            console,
            "channels: { a: { kind: \"email\", host: \"smtp.example\", from: \"a@b.example\", security: \"ssl\" } },",
            "channels.a.security",
            "starttls"
        ),
        Case(
            console,
            "channels: { a: { kind: \"gateway\", url: \"https://a.example\", body: \"{nobody}\", content_type: \"text/plain\" } },",
            "channels.a.body",
            "{nobody}"
        ),
        Case(
            console,
            "channels: { a: { kind: \"gateway\", url: \"https://a.example\", body: \"hello\", content_type: \"text/plain\" } },",
            "channels.a.body",
            "must contain {to}"
        ),
        Case(
            console,
            "channels: { a: { kind: \"gateway\", url: \"https://a.example\", body: \"{to}\" } },",
            "channels.a.body",
            "must be JSON"
        ),
        Case(
            console,
            "channels: { a: { kind: \"gateway\", url: \"https://a.example\", body: \"{to} {link}\", content_type: \"text/plain\" } },",
            "channels.a.body",
            "link: true"
        ),
        Case(
            console,
            "channels: { a: { kind: \"gateway\", url: \"https://a.example\", body: \"{to} {text}\", content_type: \"application/x-www-form-urlencoded\" } },",
            "channels.a.body",
            "form-encoded"
        ),
        Case(
            console,
            "channels: { a: { kind: \"gateway\", url: \"https://a.example\", body: \"{to}\", content_type: \"text/plain\", headers: [{ name: \"Host\", text: \"a\" }] } },",
            "channels.a.headers[0].name",
            "is not a header"
        ),
        Case(
            console,
            "channels: { a: { kind: \"gateway\", url: \"https://a.example\", body: \"{to}\", content_type: \"text/plain\", statuses: { refused: [\"2xx\"] } } },",
            "channels.a.statuses.refused",
            "listed twice"
        ),
        Case(
            console,
            "channels: { a: { kind: \"gateway\", url: \"https://127.0.0.1\", body: \"{to}\", content_type: \"text/plain\" } },",
            "channels.a.url",
            "internal address"
        ),
        Case(
            console,
            "channels: { a: { kind: \"web_push\", vapid_key: \"x\", contact: \"mailto:a@localhost\" } },",
            "channels.a.contact",
            "public domain"
        ),
        Case(
            console,
            "channels: { a: { kind: \"web_push\", vapid_key: \"x\", contact: \"mailto: a@bank.example\" } },",
            "channels.a.contact",
            "public domain"
        ),
        Case(
            console,
            "channels: { a: { kind: \"web_push\", vapid_key: \"x\", contact: \"mailto:a@bank.example\" } },",
            "channels.a.vapid_key",
            "a private key of P-256"
        ),
        Case(
            console,
            "channels: { a: { kind: \"apns\", signing_key: \"x\", key_id: \"a\", team_id: \"b\", topic: \"c\" } },",
            "channels.a.signing_key",
            "a private key of P-256"
        ),
        Case(
            console,
            "channels: { a: { kind: \"fcm\", service_account: \"{}\" } },",
            "channels.a.service_account",
            "project_id"
        ),
        // Secrets.
        Case(
            "client_secret: \"secret\"",
            "client_secret: { env: \"NOT_SET\" }",
            "\(server).outbound.client_secret",
            "NOT_SET is not set"
        ),
        Case(
            "client_secret: \"secret\"",
            "client_secret: { file: \"a\", env: \"b\" }",
            "\(server).outbound.client_secret",
            "{ file:"
        ),
        Case(
            "client_secret: \"secret\"",
            "client_secret: 7",
            "\(server).outbound.client_secret",
            "{ file:"
        ),
        // Without development.
        Case(
            top,
            "approval: { tap: true },",
            "\(server).outbound.client_secret",
            "must not be written here"
        ),
        Case(
            top,
            "approval: { tap: true },",
            "channels.console.kind",
            "only allowed with development: true"
        ),
        Case(top, "", "approval.tap", "must be yours"),
    ]

    @Test("is reported at the key", arguments: cases)
    func says(_ example: Case) {
        let text = Fixtures.minimal([(example.old, example.new)])
        let problems = Fixtures.problems(text)
        #expect(
            problems.contains { $0.path == example.path && $0.reason.contains(example.says) },
            "\(problems)"
        )
    }

    @Test("has all problems reported at once, in the order of the file, with lines")
    func everything() {
        let text = """
            {
              development: 1,
              public_url: "nowhere",
              listen: { address: "x", tls: { certificate: "/absent", kee: "" } },
              authorization_servers: [ { id: "a", inbound: { allow: [1] }, outbound: {} } ],
              nonsense: true,
            }
            """
        let nothing = Environment(directory: "/") { _ in .failure(.init("does not exist")) }
        let problems = Fixtures.problems(text, in: nothing)
        let lines = problems.compactMap(\.line)
        #expect(lines == lines.sorted())
        let said = Dictionary(grouping: problems, by: \.path)
        for path in [
            "development", "public_url", "listen.address", "listen.tls.certificate",
            "listen.tls.kee", "listen.tls.key", "authorization_servers[0].inbound.allow[0]",
            "authorization_servers[0].inbound.basic", "authorization_servers[0].outbound.acp",
            "authorization_servers[0].outbound.client_id", "channels", "nonsense",
        ] {
            #expect(said[path] != nil, "nothing is said of \(path)")
        }
        #expect(said["nonsense"]?.first?.line == 6)
        #expect(said["listen.tls.certificate"]?.first?.reason == "/absent does not exist")
    }

    @Test("that is not JSON5 is reported with line and column")
    func syntax() {
        let problems = Fixtures.problems("{\n  development: yes\n}")
        #expect(problems.map(\.line) == [2])
        #expect(problems.first?.reason.contains("column 16") ?? false)
    }

    @Test("is reported without any secret")
    func secrets() {
        let text = Fixtures.minimal([
            ("\"secret\"", "\"hunter2-hunter2\""), (Self.top, "development: false, bad: 1,"),
            ("sha256:AAE", "hunter2:AAE"),
        ])
        let problems = Fixtures.problems(text)
        #expect(!problems.isEmpty)
        #expect(!problems.map(\.description).joined().contains("hunter2"))
    }
}
