import Commands
import CurlClient
import Endpoints
import Engine
import Glibc
import HTTP
import Identity
import JSON
import Logins
import Net
import Notifications
import SQLiteStore
import Synchronization
import Telemetry
import Threads

/// A running Beckon, with everything in its configuration, from listener to store.
///
/// It stops in this order: no new connections, running requests end, no new work, running work ends,
/// the store closes.
final class Service: Sendable {
    private let configuration: ServiceConfiguration
    private let sink: LineSink
    private let log: Logger
    private let clock = SystemClock()
    private let changes = LoginChanges()
    private let client = CurlHTTPClient()
    private let otherClient = CurlHTTPClient()
    /// Raised when the service is told to stop.
    private let stopping = Signal()
    private let store: SQLiteLoginStore
    private let engine: LoginEngine
    private let credentials: [ReplaceableCredentials]
    private let retention: Retention
    private let loops: EventLoopGroup
    private let server: Server
    private let management: Server
    private let isDraining: Draining

    /// The port of the public listener.
    var port: UInt16 { server.port }

    /// Opens the store, reads certificates and binds the listeners. It does not serve yet.
    ///
    /// - Throws: `CommandFailure` with the reason.
    init(_ configuration: ServiceConfiguration) throws {
        self.configuration = configuration
        sink = LineSink(configuration.log.format)
        log = Logger(threshold: configuration.log.level, sink: sink)
        for warning in configuration.warnings {
            log.warning("configuration.warning") { $0.member("about", "\(warning)") }
        }
        ProcessLimits.raiseDescriptors()
        let draining = Draining()
        isDraining = draining
        store = try Self.openStore(configuration.store, clock, changes, log)

        let parts = ServiceParts(
            configuration,
            client: client,
            otherClient: otherClient,
            clock: clock,
            log: log
        )
        let directory = configuration.users.directory(
            local: store.users,
            client: otherClient,
            clock: clock
        )
        let plan = parts.plan()
        let registry = MetricsRegistry()
        ProcessMetrics.add(to: registry, version: Version.number)
        LoginMetrics.add(to: registry, store: store, clock: clock)
        let lines = sink
        registry.counter("beckon_log_dropped_total", "Log lines that found no room.") {
            Double(lines.dropped)
        }
        let health = parts.health()
        let credentials = try parts.credentials()
        self.credentials = configuration.authorizationServers.compactMap { credentials[$0.id] }
        CredentialMetrics.add(to: registry, self.credentials)
        engine = LoginEngine(
            store: store,
            servers: parts.servers(credentials, health),
            health: health,
            directory: directory,
            accounts: parts.accounts(),
            plan: plan,
            clock: clock,
            changes: changes,
            settings: LoginEngine.Settings(
                concurrency: configuration.engine.concurrency,
                publicURL: configuration.publicURL
            ),
            observer: EngineMetrics(
                registry,
                channels: configuration.channels.map(\.id),
                servers: configuration.authorizationServers.map(\.id)
            ),
            log: log
        )
        ServerMetrics.add(
            to: registry,
            depths: { [store, clock] in (try? await store.queues(at: clock.now())) ?? [] },
            underWay: { [engine] in engine.underWay },
            health: health
        )
        retention = Retention(
            redactAfter: configuration.store.redactAfter,
            deleteAfter: configuration.store.deleteAfter
        )
        let desk = DecisionDesk(
            store: store,
            changes: changes,
            clock: clock,
            allowsApprovalByTap: configuration.approval.tap
        )
        let router = Router(
            parts.routes(store: store, plan: plan, directory: directory, desk: desk)
        )
        let managementRouter = Router(Self.managementRoutes(store, registry, draining))
        do {
            let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
            let count = configuration.listen.loops == 0 ? cores : configuration.listen.loops
            loops = try EventLoopGroup(count: count)
            server = try Server(
                configuration.server,
                router: router,
                loops: loops.loops,
                observer: Traffic(
                    RequestLog(
                        configuration.log.requests,
                        routes: router.routes,
                        sink: sink
                    ),
                    routes: router.routes,
                    registry
                )
            )
            management = try Server(
                ServerConfiguration(
                    address: configuration.management.net,
                    maximumConnections: 256
                ),
                router: managementRouter,
                loops: [loops.loops[0]]
            )
        } catch {
            throw CommandFailure(.unavailable, "cannot listen: \(error)")
        }
    }

    private static func managementRoutes(
        _ store: SQLiteLoginStore,
        _ registry: MetricsRegistry,
        _ draining: Draining
    ) -> [Route] {
        let check = ManagementRoutes.Check("store") {
            do {
                // A read would not show whether a start could be stored.
                try await store.probe()
                return nil
            } catch {
                return "\(error)"
            }
        }
        return ManagementRoutes(
            checks: [check],
            isDraining: { draining.isOn },
            metrics: { await registry.exposition() }
        ).routes
    }

    private static func openStore(
        _ settings: StoreSettings,
        _ clock: SystemClock,
        _ changes: LoginChanges,
        _ log: Logger
    ) throws -> SQLiteLoginStore {
        var options = StoreOptions(path: settings.sqlitePath, role: .service, clock: clock)
        options.changes = { changes.publish($0) }
        options.damaged = { number, error in
            log.error("store.damaged_row") {
                $0.member("number", Int(number.rawValue))
                $0.member("cause", "\(error)")
            }
        }
        do {
            return try SQLiteLoginStore(options)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Adds users before anything is served.
    func add(_ users: [User]) async throws {
        for user in users { try await store.users.put(user) }
    }

    /// Serves until stopped, and returns when everything has ended.
    func run() async {
        announce("public", server)
        announce("management", management)
        await withDiscardingTaskGroup { supporting in
            supporting.addTask { await self.management.run() }
            supporting.addTask {
                await self.retention.run(self.store, clock: self.clock, log: self.log)
            }
            await work()
            await store.close()
            management.drain(within: .zero)
            supporting.cancelAll()
        }
        client.shutdown()
        otherClient.shutdown()
        loops.stop()
        log.info("server.stopped")
        sink.flush()
    }

    /// Runs listener and engine until both have ended, or until the time for that is over. Then they
    /// are cancelled, and the rows show what is still to be done.
    private func work() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { working in
                    working.addTask { await self.engine.run() }
                    working.addTask {
                        await self.server.run()
                        self.engine.stop()
                    }
                }
            }
            group.addTask {
                await self.stopping.wait()
                if Task.isCancelled { return }
                try? await Task.sleep(for: self.configuration.limits.drain + Self.afterDrain)
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// For running work of the engine to end, after the listener's drain.
    private static let afterDrain = Duration.seconds(2)

    private func announce(_ name: String, _ server: Server) {
        log.info("server.listening") {
            $0.member("listener", name)
            $0.member("host", server.configuration.address.host)
            $0.member("port", Int(server.port))
            $0.member("tls", server.configuration.tls != nil)
        }
    }

    /// Handles a signal to the process.
    func receive(_ signal: UnixSignal) {
        switch signal {
        case .hangup: reload()
        case .terminate, .interrupt:
            // A second signal stops at once.
            if !stop() { exit(1) }
        }
    }

    /// Begins to stop; returns false when it is stopping already.
    func stop() -> Bool {
        guard isDraining.begin() else { return false }
        log.info("server.draining")
        changes.close()
        stopping.raise()
        server.drain(within: configuration.limits.drain)
        return true
    }

    private func reload() {
        for credentials in credentials { credentials.reload() }
        guard configuration.listen.tls != nil else { return }
        do {
            try server.reloadCertificate()
            log.info("certificate.reloaded")
        } catch {
            log.error("certificate.not_reloaded") { $0.member("cause", "\(error)") }
        }
    }
}

/// Whether the service is stopping.
private final class Draining: Sendable {
    private let flag = Atomic<Bool>(false)
    var isOn: Bool { flag.load(ordering: .relaxed) }
    /// Returns true the first time.
    func begin() -> Bool { !flag.exchange(true, ordering: .relaxed) }
}
