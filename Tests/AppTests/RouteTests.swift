import AuthorizationServers
import Configuration
import Endpoints
import Engine
import Foundation
import HTTP
import Logins
import SQLStore
import Telemetry
import TestSupport
import Testing

@testable import App

@Suite("The routes of the whole service")
struct RouteTests {
    @Test("are those of the interface description")
    func described() async throws {
        let directory = try TemporaryDirectory()
        let configuration = try ServiceConfiguration.parse(
            ConfigurationFixtures.minimal(),
            in: .real(directory: directory.path)
        )
        let clock = ManualClock()
        let path = directory.file("routes.db")
        let store = try SQLLoginStore(StoreOptions(path: path, role: .service, clock: clock))
        let nobody = ScriptedServer { _, _ in .failure(.notSent("nobody is called")) }
        let parts = ServiceParts(
            configuration,
            client: nobody,
            otherClient: nobody,
            clock: clock,
            log: .silent
        )
        let desk = DecisionDesk(
            store: store,
            changes: LoginChanges(),
            clock: clock,
            approvers: Approvers(directory: store.users, plan: parts.plan()),
            allowsApprovalByTap: true
        )
        let servers = try parts.servers(
            store: store,
            reachability: PlannedReachability(directory: store.users, plan: parts.plan()),
            health: parts.health()
        )
        let devices = DeviceParts(
            configuration,
            store: store,
            desk: desk,
            directory: store.users,
            plan: EscalationPlan([]),
            changes: LoginChanges(),
            secret: Array(repeating: 1, count: 32),
            connections: DeviceConnections(most: 10),
            clock: clock,
            log: .silent
        )
        let people = parts.routes(directory: store.users, desk: desk)
        let routes = servers.routes + devices.api.routes(with: people)
        await store.close()
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "openapi/beckon.yaml")
        let text = try String(contentsOf: file, encoding: .utf8)
        let paths = text.split(separator: "\n").filter { $0.hasPrefix("  /") }
            .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " :")) }
        let management: Set<String> = ["/health/live", "/health/ready", "/metrics"]
        // Described beside the target that has them.
        let others = [
            "/oauth2/", "/.well-known/", "/admin/", "/backend/", "/inbox", "/sso/",
        ]
        let own = paths.filter { path in
            path != "/approve/{ticket}/passkey" && !others.contains { path.hasPrefix($0) }
        }
        #expect(Set(routes.map(\.pattern)) == Set(own).subtracting(management))
    }
}
