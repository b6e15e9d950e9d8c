import Endpoints
import Foundation
import HTTP
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("The interface description")
struct InterfaceDescriptionTests {
    private static func lines() throws -> [Substring] {
        let root = URL(filePath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appending(path: "openapi/beckon.yaml")
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
    }

    /// The operations below `paths:`, as `GET /path`: names at two spaces are paths, those at four
    /// are methods or something else of the path. No more of YAML is needed for that.
    private static func described() throws -> Set<String> {
        var operations: Set<String> = []
        var path = ""
        let methods: Set<Substring> = ["get", "post", "put", "patch", "delete", "head", "options"]
        let paths = try lines().drop { $0 != "paths:" }.dropFirst()
        for line in paths.prefix(while: { $0.hasPrefix(" ") }) where line.hasSuffix(":") {
            let indent = line.prefix { $0 == " " }.count
            let name = line.dropFirst(indent).dropLast()
            if indent == 2 { path = String(name) }
            if indent == 4, methods.contains(name) {
                operations.insert("\(name.uppercased()) \(path)")
            }
        }
        return operations
    }

    @Test("The interface description has exactly the routes of the service")
    func routes() async throws {
        let management = ManagementRoutes(
            checks: [],
            clock: ManualClock(),
            isDraining: { false },
            metrics: { [] }
        )
        var routes = Stage.broken.router.routes + management.routes
        let methods = SignOnStage.Methods(
            tap: true,
            signIn: true,
            passkeys: SignOnStage.Methods.passkey.passkeys
        )
        try await SignOnStage.with(approving: methods, browsers: ListedBrowsers()) { stage in
            let interfaces = try await APIStage(
                logins: stage.store,
                devices: stage.store.devices
            )
            routes += stage.router.routes + interfaces.router.routes + interfaces.tokenRoutes
        }
        let devices = Locked<[Route]>([])
        try await DeviceStage.with { stage in
            devices.withLock { $0 = stage.router.routes }
        }
        routes += devices.withLock { $0 }
        let ours = routes.map { "\($0.method.name) \($0.pattern)" }
        // The same for both applications.
        let console = ours.filter { $0.contains("/sso/oidc/inbox") }
            .map { $0.replacing("/sso/oidc/inbox", with: "/sso/oidc/console") }
        let elsewhere = [
            "POST /user/verify", "POST /authentication/start",
            "POST /admin/v1/users/{user}/enrolments", "GET /admin/v1/users/{user}/devices",
            "DELETE /admin/v1/users/{user}/devices/{device}",
            "POST /backend/v1/users/{user}/enrolments", "GET /backend/v1/users/{user}/devices",
            "DELETE /backend/v1/users/{user}/devices/{device}",
        ]
        let described = try Self.described()
        let served = Set(ours + console + elsewhere)
        #expect(described.subtracting(served) == [] && served.subtracting(described) == [])
    }

    @Test("The interface description names every problem type")
    func problems() throws {
        let prefix = "- urn:beckon:problem:"
        let named = try Self.lines().compactMap { line -> String? in
            let item = line.trimmingCharacters(in: .whitespaces)
            return item.hasPrefix(prefix) ? String(item.dropFirst(prefix.count)) : nil
        }
        let guards = [
            "invalid-request", "invalid-token", "insufficient-scope", "source-address-not-allowed",
            "invalid-dpop-proof", "use-dpop-nonce",
        ]
        #expect(Set(named) == Set(Problem.Kind.allCases.map(\.rawValue) + guards))
    }
}
