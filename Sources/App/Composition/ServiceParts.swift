import AuthorizationServers
import Commands
import Configuration
import Endpoints
import Engine
import HTTP
import Identity
import Logins
import Net
import Notifications
import TLS
import Telemetry

/// Makes the parts that a configuration describes one by one.
struct ServiceParts {
    private let configuration: ServiceConfiguration
    /// Calls authorization servers.
    private let client: any OutboundHTTP
    /// Calls everybody else, so that a receiver that hangs does not hold reports back.
    private let otherClient: any OutboundHTTP
    private let clock: any WallClock
    private let log: Logger

    init(
        _ configuration: ServiceConfiguration,
        client: any OutboundHTTP,
        otherClient: any OutboundHTTP,
        clock: any WallClock,
        log: Logger
    ) {
        self.configuration = configuration
        self.client = client
        self.otherClient = otherClient
        self.clock = clock
        self.log = log
    }

    /// The list of users' accounts; nil when none is configured.
    func accounts() -> (any AccountDirectory)? {
        configuration.accounts.map { HTTPAccounts($0, client: otherClient) }
    }

    /// The channels in the order in which they are notified.
    func plan() -> EscalationPlan {
        let terminal = StandardTerminal()
        let context = ChannelKind.Context(client: otherClient, clock: clock, log: log) {
            terminal.output($0)
        }
        let channels = configuration.channels.map { $0.make(context) }
        return EscalationPlan(
            configuration.notify.compactMap { step in
                channels.first { $0.id == step.channel }
                    .map { EscalationPlan.Step(channel: $0, after: step.after) }
            }
        )
    }

    // MARK: Authorization servers

    func inbound() -> [CloudentityInbound] {
        configuration.authorizationServers.map { server in
            let settings = server.inbound
            var limits = configuration.loginLimits
            limits.sameConsent = server.outbound.sameConsent
            return CloudentityInbound(
                server: server.id,
                basePath: settings.basePath,
                peers: InboundGuard(
                    basic: settings.basic.map {
                        InboundGuard.BasicCredential(user: $0.user, password: $0.passwordHash)
                    },
                    apiKey: settings.apiKey.map {
                        InboundGuard.APIKey(field: $0.name, values: $0.hashes)
                    },
                    allowed: settings.allow,
                    requiresCertificate: settings.requiresClientCertificate
                ),
                decoding: settings.decoding == .strict ? .strict : .lenient,
                requiresLoginState: settings.requiresLoginState,
                tenants: Set(server.outbound.tenants),
                allowedWorkspaces: Set(settings.workspaces),
                timing: CloudentityInbound.Timing(
                    defaultLifetime: settings.defaultTTL,
                    promptMargin: server.outbound.promptMargin,
                    reportMargin: server.outbound.reportMargin
                ),
                limits: limits,
                reportsExpiry: server.outbound.rejectOnExpiry,
                workspaces: server.outbound.consents.workspaces
            )
        }
    }

    /// What proves us to each server, to be read again on SIGHUP.
    ///
    /// - Throws: `CommandFailure` when a file has gone since the configuration was checked.
    func credentials() throws -> [AuthorizationServerID: ReplaceableCredentials] {
        var credentials: [AuthorizationServerID: ReplaceableCredentials] = [:]
        for (number, server) in configuration.authorizationServers.enumerated() {
            do throws(ClientAuthenticationSettings.Problem) {
                credentials[server.id] = try ReplaceableCredentials(
                    server.outbound.authentication,
                    of: server.id,
                    clock: clock,
                    log: log
                )
            } catch {
                let path = "authorization_servers[\(number)].outbound.\(error.key)"
                throw CommandFailure(.configuration, "\(path): \(error.reason)")
            }
        }
        return credentials
    }

    /// What is known of how each server fares.
    func health() -> [ServerHealth] {
        configuration.authorizationServers.map {
            ServerHealth($0.id, rule: configuration.engine.breaker, clock: clock, log: log)
        }
    }

    func servers(
        _ credentials: [AuthorizationServerID: ReplaceableCredentials],
        _ health: [ServerHealth]
    ) -> [any AuthorizationServer] {
        configuration.authorizationServers.compactMap { server in
            guard let credentials = credentials[server.id],
                let health = health.first(where: { $0.server == server.id })
            else { return nil }
            let settings = server.outbound
            return CloudentityServer(
                CloudentityOutbound(
                    server: server.id,
                    acp: settings.acp,
                    domainMode: settings.domainMode,
                    tenant: settings.tenant,
                    scopeGrantBaseURL: settings.scopeGrantBaseURL,
                    consentStyle: settings.consents.style,
                    consentBaseURL: settings.consents.baseURL,
                    tokenURL: settings.tokenURL,
                    discovery: settings.discovery,
                    clientID: settings.clientID,
                    credentials: { credentials.current },
                    assertionAudience: settings.authentication.audience,
                    scopes: settings.scopes,
                    destination: settings.destination,
                    timeLimit: settings.timeLimit,
                    lookup: settings.scopeGrantLookup,
                    workspaces: settings.consents.workspaces,
                    rejectionCodes: settings.consents.rejectionCodes,
                    statusPolicy: settings.consents.statusPolicy
                ),
                http: WatchedHTTP(client, health),
                clock: clock,
                log: log
            )
        }
    }

    // MARK: Routes

    /// Everything that the listener for everybody answers.
    func routes(
        store: any LoginStore,
        plan: EscalationPlan,
        directory: any UserDirectory,
        desk: DecisionDesk
    ) -> [Route] {
        let reachability = PlannedReachability(directory: directory, plan: plan)
        let inbound = inbound()
        let fromServers = inbound.indices.flatMap { index -> [Route] in
            let path = inbound[index].basePath
            guard inbound.firstIndex(where: { $0.basePath == path }) == index else { return [] }
            return CloudentityRoutes(
                inbound[index],
                beside: inbound[(index + 1)...].filter { $0.basePath == path },
                store: store,
                reachability: reachability,
                clock: clock,
                log: log
            ).routes
        }
        let page = ApprovalRoutes(
            desk: desk,
            directory: directory,
            settings: ApprovalRoutes.Settings(
                brand: configuration.approval.title,
                publicURL: configuration.publicURL,
                frameAncestors: configuration.approval.frameAncestors
            ),
            log: log
        )
        let device = DeviceRoutes(desk: desk, directory: directory, log: log)
        return fromServers + page.routes + device.routes
    }
}
