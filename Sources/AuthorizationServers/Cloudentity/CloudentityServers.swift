import Configuration
import Logins
import HTTP
import OAuthClient
import Telemetry

extension AuthorizationServerKind {
    /// Cloudentity ACP.
    public static let cloudentity = AuthorizationServerKind(name: "cloudentity") {
        CloudentityServers($0)
    }
}

/// The configured servers of the kind `cloudentity`.
struct CloudentityServers: ConfiguredServers {
    let servers: [CloudentitySettings]

    var ids: [AuthorizationServerID] { servers.map(\.inbound.server) }

    var ownNumbers: [OwnNumbers] {
        servers.map(\.numbers).filter { $0.matching != nil || $0.pattern != nil }
    }

    init(_ sections: [ServerSection]) {
        servers = sections.map { CloudentitySettings($0) }
        for (index, server) in servers.enumerated() {
            for other in servers[..<index] {
                guard let shared = server.inbound.sharedCredential(with: other.inbound) else {
                    continue
                }
                sections[index].section.problem(
                    "inbound.base_path",
                    "is already used by \(other.path), and so is \(shared): use different "
                        + "credentials, or list different workspaces or tenants for both"
                )
            }
        }
    }

    func start(_ context: ServerContext) throws(ConfigurationProblem) -> StartedServers {
        var started = StartedServers()
        started.families = AuthorizationServerKind.consentKinds.map(\.name)
        for server in servers {
            let credentials = try server.credentials(context.clock, context.log)
            started.metrics.append { credentials.register(in: $0) }
            started.reloads.append { credentials.reload() }
            let cloudentity = CloudentityServer(
                server.outbound,
                credentials: { credentials.current },
                http: context.http(server.outbound.server),
                clock: context.clock,
                log: context.log
            )
            started.metrics.append { cloudentity.tokens.register(in: $0) }
            started.servers.append(cloudentity)
        }
        let inbound = inbound(
            within: context.limits,
            longestPrompt: context.longestPrompt,
            numbers: context.numbers
        )
        for (index, server) in inbound.enumerated() {
            func sharesPath(_ other: CloudentityInbound) -> Bool {
                other.basePath == server.basePath
            }
            if inbound[..<index].contains(where: sharesPath) { continue }
            started.routes +=
                CloudentityRoutes(
                    server,
                    beside: inbound[(index + 1)...].filter(sharesPath),
                    store: context.store,
                    reachability: context.reachability,
                    clock: context.clock,
                    log: context.log,
                    throttle: context.throttle
                ).routes
        }
        return started
    }

    /// A token for each tenant.
    func onlineChecks(
        _ http: any OutboundHTTP,
        _ clock: any WallClock,
        _ log: Logger
    ) throws(ConfigurationProblem) -> [(AuthorizationServerID, OnlineCheck)] {
        var checks: [(AuthorizationServerID, OnlineCheck)] = []
        for server in servers {
            let credentials = try server.credentials(clock, log)
            let tokens = AccessTokens(
                server.outbound.client { credentials.current },
                http: http,
                clock: clock,
                log: log
            )
            let tenants = server.inbound.tenants.sorted { $0.value < $1.value }
            var endpoints: [(TokenEndpoint, String)] = []
            for tenant in tenants.isEmpty ? [nil] : tenants.map(Optional.init) {
                guard let endpoint = server.outbound.tokenEndpoint(for: tenant),
                    !endpoints.contains(where: { $0.0 == endpoint })
                else { continue }
                endpoints.append((endpoint, tenant.map { " for \($0)" } ?? ""))
            }
            for (endpoint, name) in endpoints {
                checks += tokens.onlineChecks(of: endpoint, named: endpoints.count > 1 ? name : "")
                    .map { (server.outbound.server, $0) }
            }
            if endpoints.isEmpty {
                let check = OnlineCheck("token") { .skipped("no tenant is configured") }
                checks.append((server.outbound.server, check))
            }
        }
        return checks
    }

    /// How each server calls, with the limits of users and clients.
    func inbound(
        within limits: LoginLimits,
        longestPrompt: Duration = .seconds(86_400),
        numbers: NumberRule? = nil
    ) -> [CloudentityInbound] {
        servers.map { server in
            var inbound = server.inbound
            inbound.timing.longestPrompt = longestPrompt
            inbound.numbers = numbers?.with(server.numbers.pattern, server.numbers.matching)
            inbound.limits = limits
            inbound.limits.sameConsent = server.inbound.limits.sameConsent
            return inbound
        }
    }
}

extension CloudentitySettings {
    fileprivate func credentials(
        _ clock: any WallClock,
        _ log: Logger
    ) throws(ConfigurationProblem) -> ReplaceableCredentials {
        do throws(ClientAuthenticationSettings.Problem) {
            return try ReplaceableCredentials(
                authentication,
                of: outbound.server.value,
                clock: clock,
                log: log
            )
        } catch {
            let path = "\(self.path).outbound.\(error.key)"
            throw ConfigurationProblem(path: path, line: nil, reason: error.reason)
        }
    }
}

extension CloudentityInbound {
    /// The credential with which a call could be from either server; nil when calls identify one.
    fileprivate func sharedCredential(with other: CloudentityInbound) -> String? {
        func areApart<Name: Hashable>(_ names: Set<Name>, _ others: Set<Name>) -> Bool {
            !names.isEmpty && !others.isEmpty && names.isDisjoint(with: others)
        }
        guard basePath == other.basePath, !areApart(tenants, other.tenants),
            !areApart(allowedWorkspaces, other.allowedWorkspaces)
        else { return nil }
        return peers.sharedCredential(with: other.peers)
    }
}
