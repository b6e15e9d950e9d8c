import AuthorizationServers
import Commands
import Configuration
import CurlClient
import Endpoints
import Engine
import HTTP
import Identity
import Logins
import Net
import Notifications
import TLS
import Telemetry

/// Makes the parts of the service from its configuration.
struct ServiceParts {
    private let configuration: ServiceConfiguration
    /// Calls authorization servers only.
    private let client: any OutboundHTTP
    /// Calls channels, directories and the bank, so that one that hangs does not delay reports.
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
    func plan(
        addresses: any ChannelAddresses = RecordedAddresses(desk: nil)
    ) -> EscalationPlan {
        let terminal = StandardTerminal()
        let context = ChannelKind.Context(
            client: otherClient,
            mail: CurlMailer(),
            addresses: addresses,
            brand: configuration.branding.name,
            clock: clock,
            log: log
        ) { terminal.output($0) }
        let channels = configuration.channels.map { $0.make(context) }
        return EscalationPlan(
            configuration.notify.compactMap { step in
                channels.first { $0.id == step.channel }
                    .map { EscalationPlan.Step(channel: $0, after: step.after) }
            },
            until: configuration.notifyUntil
        )
    }

    // MARK: Authorization servers

    /// The circuit breakers of all servers.
    func health() -> [ServerHealth] {
        configuration.serverIDs.map {
            ServerHealth($0, rule: configuration.engine.breaker, clock: clock, log: log)
        }
    }

    /// The adapters of all servers.
    ///
    /// - Throws: `CommandFailure` when a file has changed since the configuration was checked.
    func servers(
        store: any LoginStore,
        reachability: any Reachability,
        health: [ServerHealth]
    ) throws -> StartedServers {
        let healthByServer = Dictionary(health.map { ($0.server, $0) }) { first, _ in first }
        let context = ServerContext(
            store: store,
            reachability: reachability,
            limits: configuration.loginLimits,
            longestPrompt: configuration.approval.longestPrompt,
            numbers: configuration.approval.numbers,
            http: { [client] server in
                guard let health = healthByServer[server] else { return client }
                return WatchedHTTP(client, health)
            },
            clock: clock,
            log: log
        )
        var started = StartedServers()
        do throws(ConfigurationProblem) {
            for servers in configuration.authorizationServers {
                started.append(try servers.start(context))
            }
        } catch {
            throw CommandFailure(.configuration, "\(error)")
        }
        return started
    }

    // MARK: Routes

    /// The routes that people and their apps call.
    func routes(
        directory: any UserDirectory,
        desk: DecisionDesk,
        signIn: (approval: SignInApproval, pages: SignOnRoutes)? = nil,
        passkeys: PasskeyDesk? = nil
    ) -> [Route] {
        let page = ApprovalRoutes(
            desk: desk,
            directory: directory,
            settings: ApprovalRoutes.Settings(
                brand: configuration.branding,
                publicURL: configuration.publicURL,
                frameAncestors: configuration.approval.frameAncestors,
                help: configuration.approval.help,
                detailTypes: configuration.approval.detailTypes
            ),
            signIn: signIn,
            passkeys: passkeys,
            log: log
        )
        let device = DeviceRoutes(desk: desk, directory: directory, log: log)
        return page.routes + device.routes
    }
}
