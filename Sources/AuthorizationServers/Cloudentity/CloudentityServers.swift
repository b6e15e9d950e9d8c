import Configuration
import Logins
import OAuthClient

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
        for server in servers {
            let credentials = try server.credentials(context)
            started.metrics.append { credentials.register(in: $0) }
            started.reloads.append { credentials.reload() }
            started.servers.append(
                CloudentityServer(
                    server.outbound,
                    credentials: { credentials.current },
                    http: context.http(server.outbound.server),
                    clock: context.clock,
                    log: context.log
                )
            )
        }
        let inbound = inbound(within: context.limits)
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

    /// How each server calls, with the limits of users and clients.
    func inbound(within limits: LoginLimits) -> [CloudentityInbound] {
        servers.map { server in
            var inbound = server.inbound
            inbound.limits = limits
            inbound.limits.sameConsent = server.inbound.limits.sameConsent
            return inbound
        }
    }
}

extension CloudentitySettings {
    fileprivate func credentials(
        _ context: ServerContext
    ) throws(ConfigurationProblem) -> ReplaceableCredentials {
        do throws(ClientAuthenticationSettings.Problem) {
            return try ReplaceableCredentials(
                authentication,
                of: outbound.server.value,
                clock: context.clock,
                log: context.log
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
