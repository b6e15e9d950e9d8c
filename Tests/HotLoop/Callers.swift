import Access
import Cryptography
import Foundation
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport

/// Who calls the routes that need a client, a token or a session.
struct Callers: Sendable {
    private static let secret = "a secret of a tool"
    private static let formSecret = secret.replacing(" ", with: "%20")

    /// The token of an application with every scope.
    private let application: String
    /// The cookies of an inbox and of a console, and the tokens of their forms.
    private let sessions: [SignInApplication: SessionSecret]

    /// Registers a client, begins sessions and gets a token.
    ///
    /// - Parameters:
    ///   - path: the store's file.
    ///   - answer: what the service answers to a request.
    /// - Throws: whatever is in the way.
    init(path: String, answer: (Message) async throws -> Response) async throws {
        let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let store = try SQLLoginStore(
            StoreOptions(path: path, role: .tool, clock: ManualClock(now))
        )
        let client = try APIClient(
            id: try require(APIClientID("tool"), "a client"),
            kind: .user,
            name: "A tool",
            createdAt: now,
            authentication: .secretPost(
                ClientSecret(allowed: SecretHash(of: Array(Self.secret.utf8)))
            ),
            grants: [.clientCredentials],
            scopes: Set(AccessScope.allCases.filter { !$0.isForDelegation })
        )
        _ = try await store.access.commit([.addClient(client)])
        var sessions: [SignInApplication: SessionSecret] = [:]
        for application in SignInApplication.allCases {
            let text = Base64URL.encode(Random.bytes(32))
            let secret = try require(SessionSecret(text), "a secret")
            sessions[application] = secret
            let email = "anna@bank.example"
            let session = Session(
                id: application.rawValue,
                application: application,
                person: Person(issuer: "https://login.bank.example", subject: "1"),
                user: application == .inbox ? UserID("anna") : nil,
                account: "retail",
                name: "Anna",
                email: email,
                address: "192.0.2.7",
                agent: "",
                startedAt: now,
                lastUsedAt: now
            )
            _ = try await store.sessions.begin(
                session,
                digest: secret.digest,
                replacing: nil,
                controllerEmail: email
            )
            cookies[application] = SessionSecret.cookieName(application) + "=" + text
        }
        self.sessions = sessions
        await store.close()
        let form = Message(
            method: "POST",
            target: "/oauth2/token",
            fields: [Self.formType],
            body: "grant_type=client_credentials&client_id=tool&client_secret=" + Self.formSecret
        )
        let token = try JSONValue(try await answer(form).body)["access_token"]?.string
        application = try require(token, "a token")
    }

    private var cookies: [SignInApplication: String] = [:]
    private static let formType = (
        name: "Content-Type", value: "application/x-www-form-urlencoded"
    )

    // MARK: Places

    /// The places of a route that is for one of them; nil for another route.
    func places(of route: Route) -> [Place]? {
        let segments = route.pattern.split(separator: "/")
        let target = Self.path(route.pattern, "a")
        let path: (@Sendable (String) -> String)? =
            route.pattern.contains("{") ? { @Sendable in Self.path(route.pattern, "a" + $0) } : nil
        var places = Places(message: Message(method: route.method.name, target: target), path: path)
        places.isBrief = true
        switch segments.first {
        case "oauth2", ".well-known":
            places.fields = ["Authorization", "Client-Cert", "Content-Type", "DPoP"]
            if route.method.name == "POST" {
                places.message.fields = [Self.formType]
                places.message.body = "client_id=tool&client_secret=" + Self.formSecret
                places.form = [
                    "grant_type", "scope", "client_assertion", "assertion", "client_secret",
                    "token", "code", "code_verifier", "redirect_uri", "refresh_token",
                ]
            }
        case "admin", "backend", "device":
            places.fields = ["Authorization", "Client-Cert", "Idempotency-Key", "If-Match"]
            places.message.fields = [
                ("Authorization", "Bearer " + application), ("Content-Type", "application/json"),
            ]
            guard route.method.name != "GET" else { break }
            let names = Self.members(segments.last.map(String.init) ?? "")
            places.message.body = "{\"\(names.texts[0])\":\"a\"}"
            places.strings = names.texts
            places.arrays = names.lists
        case "inbox", "console", "sso":
            places.fields = ["Cookie"]
            let application = SignInApplication(rawValue: segments.first.map(String.init) ?? "")
            if let application, let secret = sessions[application] {
                places.message.fields.append(("Cookie", cookies[application] ?? ""))
                places.message.body = "token=" + secret.formToken
            }
            guard route.method.name == "POST" else {
                places.message.body = ""
                break
            }
            places.message.fields.append(Self.formType)
            places.form = [
                "token", "reason", "name", "scope", "logout_token", "decision", "subscription",
                "replaces", "passkey_id", "client_data", "attestation",
            ]
        default: return nil
        }
        return places.all
    }

    private static func path(_ pattern: String, _ text: String) -> String {
        pattern.replacing(/\{[a-z_]+\}/, with: text)
    }

    /// The names that a resource's JSON has.
    private static func members(_ resource: String) -> (texts: [String], lists: [String]) {
        switch resource {
        case "clients", "{id}":
            (
                ["name", "type", "client_id", "scope", "certificate", "status"],
                ["grants", "source_addresses", "redirect_uris", "keys"]
            )
        case "keys": (["kid", "pem", "kty", "x"], [])
        case "{user}": (["language", "time_zone"], ["channels", "documents"])
        case "consents":
            (["text", "user", "client_id", "language", "accepted_at", "address"], [])
        case "decision": (["decision", "digest"], ["accounts", "scopes"])
        default: (["reason"], [])
        }
    }
}
