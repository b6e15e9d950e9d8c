import Engine
import Configuration
import Endpoints
import Engine
import HTTP
import Logins
import SQLStore
import Telemetry
import TestSupport
import Testing

@testable import App

@Suite("The configuration of signing in")
struct SignInConfigurationTests {
    typealias Fixtures = ConfigurationFixtures

    private static func group(_ application: String) -> String {
        let controller =
            application == "console" ? "controller_email: \"controller@bank.example\"," : ""
        return """
            \(application): {
              issuer: "https://login.bank.example", client_id: "beckon", client_secret: "secret",
              domain: "bank.example", logout_url: "https://login.bank.example/logout", \(controller)
            },
            """
    }

    private static func text(
        _ applications: [String],
        publicURL: String = "https://login.example"
    ) -> String {
        let groups = applications.map(group).joined()
        return Fixtures.minimal([
            ("development: true,", "development: true, sign_in: { \(groups) },"),
            ("https://login.example", publicURL),
        ])
    }

    // trust: C-4
    @Test(
        "gives each configured application its start URL",
        arguments: [[], ["inbox"], ["console"], ["inbox", "console"]]
    )
    func routes(applications: [String]) async throws {
        let directory = try TemporaryDirectory()
        let configuration = try Fixtures.parse(Self.text(applications))
        let clock = ManualClock()
        let store = try SQLLoginStore(
            StoreOptions(path: directory.file("routes.db"), role: .service, clock: clock)
        )
        let parts = try SignInParts(
            configuration,
            http: ScriptedServer { _, _ in .failure(.notSent("nobody is called")) },
            store: store,
            directory: store.users,
            desk: DecisionDesk(
                store: store,
                changes: LoginChanges(),
                clock: clock,
                approvers: Approvers(directory: store.users, plan: EscalationPlan([])),
                allowsApprovalByTap: true
            ),
            devices: DeviceInterface(
                registry: DeviceRegistry(store.devices),
                directory: store.users,
                publicURL: configuration.publicURL
            ),
            secret: Array(repeating: 1, count: 32),
            live: LiveStreams(changes: LoginChanges(), clock: clock),
            keepsUsers: true,
            operation: SignInParts.Operation(
                activity: LoginActivity(),
                servers: [],
                channels: []
            ),
            clock: clock,
            log: .silent
        )
        await store.close()
        let paths = Set(parts.routes.map(\.pattern))
        for application in ["inbox", "console"] {
            let start = "/sso/oidc/" + application
            let isThere = applications.contains(application)
            #expect(paths.contains(start) == isThere)
            #expect(paths.contains(start + "/callback") == isThere)
        }
        #expect(paths.contains("/inbox") == applications.contains("inbox"))
        #expect(paths.contains("/console") == applications.contains("console"))
    }

    @Test(
        "requires addresses for which browsers keep the session's cookie",
        arguments: [
            ("https://login.example", true), ("http://127.0.0.1:8080", true),
            ("http://localhost:8080", true), ("http://login.example", false),
        ]
    )
    func secureCookies(publicURL: String, isGood: Bool) {
        let paths = Fixtures.problems(Self.text(["inbox"], publicURL: publicURL)).map(\.path)
        #expect(paths == (isGood ? [] : ["public_url"]))
    }

    // trust: C-2
    @Test("names what is missing at its place")
    func missing() {
        let text = Self.text(["console"])
        for key in ["client_id", "domain", "logout_url", "controller_email", "issuer"] {
            let problems = Fixtures.problems(text.replacing(" \(key):", with: " no_\(key):"))
            #expect(problems.contains { $0.path == "sign_in.console." + key }, "\(key)")
        }
    }
}
