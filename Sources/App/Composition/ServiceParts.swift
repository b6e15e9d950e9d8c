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

    // MARK: Users

    /// The directory of users, cached for as long as the configuration says.
    func directory(local: some UserDirectory) -> any UserDirectory {
        guard let settings = configuration.users.http,
            let http = HTTPDirectory.Settings(
                template: settings.urlTemplate,
                destination: settings.destination,
                timeLimit: settings.timeLimit
            )
        else {
            // `beckon users` may change users at the same time, which is noticed within a second.
            return CachedDirectory(
                local,
                clock: clock,
                found: .seconds(1),
                notFound: .seconds(1),
                capacity: 100_000
            )
        }
        let token = settings.token
        return CachedDirectory(
            HTTPDirectory(http, client: otherClient) { token?.withText { $0 } },
            clock: clock,
            found: settings.cacheLifetime,
            notFound: settings.cacheLifetime,
            capacity: settings.cacheEntries
        )
    }

    /// The directory of accounts; nil when none is configured.
    func accounts() -> (any AccountDirectory)? {
        guard let settings = configuration.accounts,
            let http = UserLookup.Settings(
                template: settings.urlTemplate,
                destination: settings.destination,
                timeLimit: settings.timeLimit
            )
        else { return nil }
        let token = settings.token
        return HTTPAccounts(http, client: otherClient) { token?.withText { $0 } }
    }

    /// The channels in the order of the configuration's `notify`.
    ///
    /// - Throws: `CommandFailure` for a channel that cannot be made of its settings.
    func plan() throws -> EscalationPlan {
        let channels = try configuration.channels.map { try channel($0) }
        return EscalationPlan(
            configuration.notify.compactMap { step in
                channels.first { $0.id == step.channel }
                    .map { EscalationPlan.Step(channel: $0, after: step.after) }
            }
        )
    }

    private func channel(_ settings: ChannelSettings) throws -> any NotificationChannel {
        switch settings.kind {
        case .webhook(let webhook):
            let secrets = webhook.secrets.compactMap { $0.withText { WebhookSecret($0) } }
            guard secrets.count == webhook.secrets.count else {
                throw CommandFailure(
                    .configuration,
                    "channels.\(settings.id).secrets: must be whsec_ and 24 to 64 bytes in base 64"
                )
            }
            return WebhookChannel(
                id: settings.id,
                settings: WebhookChannel.Settings(
                    url: webhook.url,
                    secrets: secrets,
                    destination: webhook.destination,
                    timeLimit: webhook.timeLimit
                ),
                client: otherClient,
                clock: clock,
                log: log
            )
        case .exec(let exec):
            guard
                let command = ExecChannel.Settings(
                    command: exec.arguments,
                    timeLimit: exec.timeLimit,
                    maximumCommands: exec.concurrency
                )
            else {
                throw CommandFailure(
                    .configuration,
                    "channels.\(settings.id).argv: not a command"
                )
            }
            return ExecChannel(id: settings.id, settings: command, clock: clock, log: log)
        case .console:
            let terminal = StandardTerminal()
            return ConsoleChannel(id: settings.id) { terminal.output($0) }
        }
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
    func routes(directory: any UserDirectory, desk: DecisionDesk) -> [Route] {
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
        return page.routes + device.routes
    }
}
