import Access
import Configuration
import Cryptography
import OAuthClient
import TestSupport
import Trust

/// Reads a group of `sign_in`, as a file has it.
func providerSettings(
    _ application: SignInApplication = .inbox,
    _ changes: [String: String] = [:],
    without absent: String...
) throws -> IdentityProviderSettings? {
    var keys: [String: String] = [
        "issuer": "\"\(ScriptedProvider.issuer)\"", "client_id": "\"\(ScriptedProvider.clientID)\"",
        "client_secret": "{ env: \"SECRET\" }", "domain": "\"bank.example\"",
        "logout_url": "\"https://login.bank.example/logout\"",
    ]
    if application == .console { keys["controller_email"] = "\"controller@bank.example\"" }
    for (key, value) in changes { keys[key] = value }
    for key in absent { keys[key] = nil }
    let members = keys.map { key, value in "\(key): \(value)" }
    let environment = Environment(
        directory: "/",
        variables: ["SECRET": ScriptedProvider.clientSecret]
    ) { _ in .failure(.init("does not exist")) }
    let text = "{ sign_in: { \(members.joined(separator: ", ")) } }"
    return try ConfigurationFile.read(text, in: environment) {
        IdentityProviderSettings($0.group("sign_in", "Sign-in."), for: application)
    }.0
}

/// A provider that a script plays, and what Beckon knows of it.
struct ProviderStage {
    let clock = ManualClock()
    let log = CapturedLog()
    let http: ScriptedProvider
    let provider: IdentityProvider

    init(_ changes: [String: String] = [:]) throws {
        http = try ScriptedProvider(clock: clock)
        guard let settings = try providerSettings(.inbox, changes) else { throw NoSettings() }
        let credentials = try ReplaceableCredentials(
            settings.authentication,
            of: "sign_in.inbox",
            clock: clock,
            log: log.logger
        )
        provider = IdentityProvider(
            settings,
            credentials: { credentials.current },
            http: http,
            clock: clock,
            log: log.logger
        )
    }

    struct NoSettings: Error {}

    /// Exchanges a code and checks the token.
    func signIn() async throws -> IDTokenClaims {
        let endpoints = try await provider.endpoints()
        http.change { $0.nonce = "n-1" }
        let token = try await provider.idToken(
            for: "code-1",
            redirectURI: "https://as.example/sso/oidc/inbox/callback",
            verifier: "verifier-1",
            from: endpoints
        )
        return try await provider.claims(of: token, nonce: "n-1", from: endpoints)
    }
}
