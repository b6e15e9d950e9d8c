import Cryptography
import Engine
import HTTP
import Logins
import SQLStore
import TestSupport
import Testing

@testable import AuthorizationServers

// Tenant and workspace select the server [IN-7, BP-2].
@Suite("Servers that call under one base path", .timeLimit(.minutes(3)))
struct SharedPathTests {
    private static func server(
        _ id: String,
        _ user: String,
        tenants: [String] = [],
        workspaces: [String] = [],
        allowed: [AddressRange] = []
    ) -> CloudentityInbound {
        CloudentityInbound(
            server: .named(id),
            basePath: "/acp",
            peers: InboundGuard(
                basic: [.init(user: user, password: SecretHash(of: Array("\(user)-secret".utf8)))],
                allowed: allowed
            ),
            tenants: Set(tenants.map { .named($0) }),
            allowedWorkspaces: Set(workspaces.map { .named($0) })
        )
    }

    /// Two that share a credential and are told apart by tenant, one that shares theirs and its
    /// tenant with the first but not its workspace, and one with a credential of its own.
    private static let servers = [
        server("retail", "shared", tenants: ["bank"], workspaces: ["retail", "private"]),
        server("other", "shared", tenants: ["other", "third"]),
        server("business", "shared", tenants: ["bank"], workspaces: ["business"]),
        server("alone", "alone", tenants: ["bank"]),
    ]

    /// Who calls about which tenant and workspace, and whose login it is, or how it is refused.
    struct Row: Sendable, CustomTestStringConvertible {
        let user: String
        let tenant: String?
        let workspace: String?
        let server: String?
        /// Whether the login is taken; the server is told otherwise that it failed.
        let isTaken: Bool
        let status: Int

        init(
            _ user: String,
            _ tenant: String?,
            _ workspace: String?,
            _ server: String?,
            isTaken: Bool = true,
            _ status: Int = 200
        ) {
            self.user = user
            self.tenant = tenant
            self.workspace = workspace
            self.server = server
            self.isTaken = isTaken
            self.status = status
        }

        var testDescription: String { "\(user) \(tenant ?? "-") \(workspace ?? "-")" }
    }

    static let rows = [
        Row("shared", "bank", "retail", "retail"),
        Row("shared", "bank", "private", "retail"),
        Row("shared", "bank", "business", "business"),
        Row("shared", "other", "retail", "other"),
        Row("shared", "third", nil, "other"),
        Row("shared", nil, "business", "other", isTaken: false),
        Row("shared", nil, nil, "retail", isTaken: false),
        Row("shared", "bank", nil, "retail", isTaken: false),
        Row("shared", "bank", "elsewhere", "retail", isTaken: false),
        Row("shared", "nobody", "retail", "retail", isTaken: false),
        Row("alone", "bank", "retail", "alone"),
        Row("alone", "bank", nil, "alone"),
        Row("alone", nil, nil, "alone"),
        Row("alone", "other", "retail", "alone", isTaken: false),
        Row("stranger", "bank", "retail", nil, 401),
    ]

    @Test("are identified by credential, tenant and workspace", arguments: rows)
    func whose(_ row: Row) async throws {
        try await Self.withCalls(Self.servers) { (calls, store) async throws in
            var members = [#""login_id":"L1""#, #""user_identifier":"u""#]
            if let tenant = row.tenant { members.append(#""tenant_id":"\#(tenant)""#) }
            if let workspace = row.workspace { members.append(#""server_id":"\#(workspace)""#) }
            let body = "{" + members.joined(separator: ",") + "}"
            let response = try await calls.start(body, [Self.credentials(row.user)])
            #expect(response.status == row.status)
            var owners: [String] = []
            for server in Self.servers.map(\.server) {
                let key = LoginKey(
                    server: server,
                    tenant: row.tenant.map { .named($0) },
                    login: .named("L1")
                )
                guard let login = try await store.login(key)?.login else { continue }
                owners.append(server.value)
                #expect(login.phase.name == (row.isTaken ? .preparing : .reporting))
            }
            #expect(owners == (row.server.map { [$0] } ?? []))
            #expect(try await calls.count() == owners.count)
        }
    }

    @Test(
        "take a repeat that leaves out the workspace for the same login, in either order",
        arguments: [["bank", nil], [nil, "bank"]]
    )
    func repeats(_ tenants: [String?]) async throws {
        try await Self.withCalls(Self.servers) { (calls, _) async throws in
            for tenant in tenants {
                let others = tenant.map { #","tenant_id":"\#($0)","server_id":"business""# } ?? ""
                let body = #"{"login_id":"L1","user_identifier":"u"\#(others)}"#
                let response = try await calls.start(body, [Self.credentials("shared")])
                #expect(response.status == 200)
            }
            #expect(try await calls.count() == 1)
        }
    }

    @Test("get the same answers about users, each with its own credential")
    func users() async throws {
        try await Self.withCalls(Self.servers) { (calls, _) async throws in
            let body = #"{"user_identifier":"customer-4711@example.com"}"#
            for (user, status) in [("shared", 200), ("alone", 200), ("stranger", 401)] {
                let response = try await calls.verify(body, [Self.credentials(user)])
                #expect(response.status == status)
                #expect(response.text.contains("true") == (status == 200))
            }
        }
    }

    @Test("judge a malformed body by its own problem, not as another server's")
    func malformed() async throws {
        var strict = Self.server("strict", "shared", tenants: ["strict"])
        strict.requiresLoginState = true
        try await Self.withCalls([strict, Self.servers[1]]) { (calls, store) async throws in
            let body = #"{"login_id":"L1","user_identifier":"u","tenant_id":"strict"}"#
            let response = try await calls.start(body, [Self.credentials("shared")])
            #expect(response.status == 200)
            let login = try #require(try await store.login(LoginNumber(1))?.login)
            #expect(login.key.server == .named("strict"))
        }
    }

    @Test("answer 403 only if no credential would help")
    func addresses() async throws {
        let far = try #require(AddressRange("192.0.2.0/24"))
        let fenced = Self.server("fenced", "fenced", allowed: [far])
        let body = #"{"user_identifier":"u"}"#
        for (servers, status) in [([fenced], 403), ([fenced, Self.servers[3]], 401)] {
            try await Self.withCalls(servers) { (calls, _) async throws in
                let response = try await calls.verify(body, [Self.credentials("fenced")])
                #expect(response.status == status)
            }
        }
    }

    private static func credentials(_ user: String) -> Field {
        Field("Authorization", "Basic " + Base64.encode(Array("\(user):\(user)-secret".utf8)))
    }

    private static func withCalls(
        _ servers: [CloudentityInbound],
        _ body: (Calls, any LoginStore) async throws -> Void
    ) async throws {
        let stage = try InboundStage()
        let store = try stage.open()
        let plan = EscalationPlan([.init(channel: stage.channel, after: .zero)])
        let routes = CloudentityRoutes(
            servers[0],
            beside: Array(servers.dropFirst()),
            store: store,
            reachability: PlannedReachability(directory: stage.people, plan: plan),
            clock: stage.clock,
            log: stage.log.logger
        )
        do {
            try await body(Calls(store: store, router: Router(routes.routes)), store)
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }
}
