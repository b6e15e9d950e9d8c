import Access
import AuthorizationServers
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
import SQLStore
import Synchronization
import Telemetry
import Threads
import Trust

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
    private let activity = LoginActivity()
    private let started: Timestamp
    private let client = CurlHTTPClient()
    private let otherClient = CurlHTTPClient()
    /// Raised when the service has to stop.
    private let stopping = Signal()
    private let store: SQLLoginStore
    private let engine: LoginEngine
    /// Read credentials and certificates again.
    private let reloads: [@Sendable () -> Void]
    private let retention: Retention
    private let notices: DecisionNotices
    private let trust: TrustParts?
    private let audit: AuditStream?
    private let devices: DeviceParts
    private let listeners: ServiceListeners
    private let isDraining: Draining

    /// What the listeners answer.
    let routes: [Route]

    /// The port of the first listener, which is the public one if there is one.
    var port: UInt16 { listeners.audiences.first?.server.port ?? 0 }

    /// Opens the store, reads certificates and binds the listeners. It does not serve yet.
    ///
    /// - Throws: `CommandFailure` with the reason.
    init(_ configuration: ServiceConfiguration) async throws {
        self.configuration = configuration
        started = clock.now()
        sink = LineSink(configuration.log.format)
        let log = Logger(threshold: configuration.log.level, sink: sink)
        self.log = log
        for warning in configuration.warnings {
            log.warning("configuration.warning") { $0.member("about", "\(warning)") }
        }
        let library = SQLiteLibrary.current
        if library.canDamageDatabases {
            log.warning("store.sqlite_version") {
                $0.member("version", library.version)
                $0.member(
                    "about",
                    "two processes that checkpoint can damage the database before 3.51.3; no other "
                        + "program may write to it while the service runs"
                )
            }
        }
        ProcessLimits.raiseDescriptors()
        let descriptors = DescriptorPlan(configuration)
        if descriptors.isShort {
            log.warning("limits.connections_lowered") {
                $0.member("configured", descriptors.wanted)
                $0.member("connections", descriptors.ofAudiences)
                $0.member("descriptors", ProcessLimits.descriptors)
            }
        }
        let draining = Draining()
        isDraining = draining
        let registry = MetricsRegistry()
        let journal = LateJournal()
        let live = LiveStreams(
            changes: changes,
            clock: clock,
            // Streams leave connections for everything else.
            limits: LiveStreams.Limits(all: min(1_000, max(1, descriptors.ofAudiences / 4)))
        )
        let foreign = registry.counter(
            "beckon_audit_foreign_entries_total",
            "Entries of the audit that somebody else wrote where Beckon's belong."
        )
        let audited = Signal()
        let bulkStarts = registry.counter(
            "beckon_bulk_starts_total",
            "How often a client started logins for more users within a minute than it may."
        )
        let blocks = registry.counter(
            "beckon_suspicious_ends_total",
            EngineMetrics.suspiciousHelp,
            [("cause", Suspicion.blocked.rawValue)]
        )
        // Waiting requests leave connections for everything else.
        let connections = DeviceConnections(most: max(1, descriptors.ofAudiences / 2))
        let store = try Self.openStore(
            configuration.store,
            configuration.loginLimits,
            clock,
            changes,
            activity,
            live,
            connections,
            journal,
            log,
            bulkStarts: { [log] client in
                bulkStarts.increment()
                log.warning("client.bulk_starts") { $0.member("client_id", client.value) }
            },
            usersBlocked: { blocks.increment(by: $0) }
        ) { [log] ranges in
            audited.raise()
            for range in ranges {
                foreign.increment(by: range.count)
                log.error("audit.foreign_entries") {
                    $0.member("first", Int(range.lowerBound))
                    $0.member("last", Int(range.upperBound))
                }
            }
        }
        self.store = store
        // Beside what follows: whoever reads first reads the schema too, which takes a millisecond.
        async let uploadedLogo = Self.uploadedLogo(of: store, log)
        audit = configuration.log.audit.map { [store, clock, log] target in
            AuditStream(target, store: store.access, wake: audited, clock: clock, log: log)
        }
        Self.register(audit, registry)

        let parts = ServiceParts(
            configuration,
            client: client,
            otherClient: otherClient,
            clock: clock,
            log: log
        )
        let users =
            configuration.users.isLocal
            ? UserDesk(users: store.users, access: store.access) : nil
        let plan = parts.plan(addresses: RecordedAddresses(desk: users, devices: store.devices))
        let directory = configuration.users.directory(
            local: store.users,
            client: otherClient,
            clock: clock,
            extended: { [store] in
                DirectoryWithDevices.extending(
                    $0,
                    store.devices,
                    for: plan.steps.map(\.channel)
                )
            },
            ignored: { [log] rule in log.warning("directory.ignored") { $0.member("rule", rule) } }
        )
        ProcessMetrics.add(to: registry, version: Version.number)
        LoginMetrics.add(to: registry, store: store, clock: clock)
        StoreMetrics.add(to: registry, clock: clock) { [store] in try await store.probe() }
        let lines = sink
        registry.counter(
            "beckon_log_dropped_total",
            "Log lines dropped because the buffer was full."
        ) {
            Double(lines.dropped)
        }
        let health = parts.health()
        let servers = try parts.servers(
            store: store,
            reachability: PlannedReachability(directory: directory, plan: plan),
            health: health
        )
        for register in servers.metrics { register(registry) }
        let tickets = try Self.tickets(store, configuration.store, log)
        notices = DecisionNotices(
            store: store,
            directory: directory,
            plan: plan,
            clock: clock,
            compose: NoticeWriter(brand: configuration.branding.name).notice,
            log: log
        )
        let observer = EngineMetrics(
            registry,
            channels: configuration.channels.map(\.id),
            servers: configuration.serverIDs,
            families: servers.families
        )
        journal.begin(LoginJournal(log: log, observer: observer))
        engine = LoginEngine(
            store: store,
            servers: servers.servers,
            health: health,
            directory: directory,
            accounts: parts.accounts(),
            plan: plan,
            clock: clock,
            changes: changes,
            tickets: tickets,
            settings: Self.engineSettings(configuration),
            observer: observer,
            log: log
        )
        ServerMetrics.add(
            to: registry,
            depths: { [store, clock] in (try? await store.queues(at: clock.now())) ?? [] },
            underWay: { [engine] in engine.underWay },
            health: health
        )
        ServerMetrics.add(to: registry, channels: engine.channels)
        retention = Retention(
            redactAfter: configuration.store.redactAfter,
            deleteAfter: configuration.store.deleteAfter,
            auditAfter: configuration.store.auditAfter,
            access: store.access
        )
        let desk = DecisionDesk(
            store: store,
            changes: changes,
            clock: clock,
            approvers: Approvers(directory: directory, plan: plan),
            policy: configuration.approval.policy,
            usable: Set(
                ApprovalPolicy.Method.allCases.filter {
                    switch $0 {
                    case .signIn: configuration.approval.signIn != nil
                    case .passkey: configuration.approval.passkey != nil
                    case .tap, .deviceKey, .deviceKeyAndPIN: true
                    }
                }
            ),
            failures: store,
            secret: tickets.bytes
        )
        devices = DeviceParts(
            configuration,
            store: store,
            desk: desk,
            directory: directory,
            plan: plan,
            changes: changes,
            secret: tickets.bytes,
            connections: connections,
            clock: clock,
            log: log
        )
        let signIn = try SignInParts(
            configuration,
            http: otherClient,
            store: store,
            directory: directory,
            desk: desk,
            devices: devices.interface,
            secret: tickets.bytes,
            live: live,
            keepsUsers: configuration.users.isLocal,
            browsers: RecordedSubscriptions(plan, users, clock),
            operation: SignInParts.Operation(
                activity: activity,
                servers: health,
                channels: engine.channels
            ),
            clock: clock,
            log: log
        )
        reloads = servers.reloads + signIn.reloads
        var people =
            parts.routes(
                directory: directory,
                desk: desk,
                signIn: signIn.approval,
                passkeys: signIn.passkeys
            ) + signIn.routes
        if let settings = configuration.trust {
            trust = try TrustParts(
                settings,
                keys: SigningKeyStore(store, configuration.store),
                secret: tickets.bytes,
                stores: store,
                directory: directory,
                keepsUsers: configuration.users.isLocal,
                channels: Set(configuration.channels.map(\.id)),
                brand: configuration.branding,
                desk: desk,
                devices: devices.interface,
                securityEvents: configuration.securityEvents.map { [otherClient] in
                    ($0, otherClient)
                },
                registry: registry,
                clock: clock,
                log: log
            )
        } else {
            trust = nil
        }
        let callers = servers.routes + (trust?.routes ?? [])
        people = devices.api.routes(with: people + (trust?.deviceRoutes ?? []))
        let management = Self.managementRoutes(store, engine.channels, registry, draining, clock)
        routes = callers + people + management
        for (listener, tls) in [
            ("public", configuration.listen.isUsed ? configuration.listen.tls : nil),
            ("servers", configuration.listen.servers?.tls),
            ("people", configuration.listen.people?.tls),
            ("management", configuration.managementListener.tls),
        ] {
            if let tls { ListenerCertificate(tls, of: listener).register(in: registry) }
        }
        if let logo = await uploadedLogo { configuration.branding.show(logo) }
        do {
            listeners = try ServiceListeners(
                configuration,
                servers: callers,
                people: people,
                management: management,
                sink: sink,
                registry: registry
            )
        } catch {
            throw CommandFailure(.unavailable, "cannot listen: \(error)")
        }
    }

    private static func managementRoutes(
        _ store: SQLLoginStore,
        _ channels: [ChannelHealth],
        _ registry: MetricsRegistry,
        _ draining: Draining,
        _ clock: any WallClock
    ) -> [Route] {
        let check = ManagementRoutes.Check("store") {
            do {
                // Writes, because a read does not show that a start could be stored.
                try await store.probe()
                return nil
            } catch {
                return "\(error)"
            }
        }
        return ManagementRoutes(
            checks: [check],
            clock: clock,
            notes: {
                channels.compactMap { health in
                    health.rest.map { (name: "channel \(health.channel.value)", text: $0) }
                }
            },
            isDraining: { draining.isOn },
            metrics: { await registry.exposition() }
        ).routes
    }

    private static func engineSettings(
        _ configuration: ServiceConfiguration
    ) -> LoginEngine.Settings {
        var settings = LoginEngine.Settings(
            concurrency: configuration.engine.concurrency,
            publicURL: configuration.publicURL,
            requiresContext: configuration.approval.policy.profile.requiresContext
        )
        settings.quietHours = configuration.quietHours
        settings.messages = configuration.approval.messages
        settings.requiresNumber = configuration.approval.numbers?.isRequired ?? false
        return settings
    }

    /// Stores users before anything is served.
    func add(_ users: [User]) async throws {
        for user in users { try await store.users.put(user) }
    }

    /// Serves until stopped, and returns when everything has ended.
    func run() async {
        for listener in listeners.all { announce(listener.name, listener.server) }
        let management = listeners.management.server
        await withDiscardingTaskGroup { supporting in
            supporting.addTask { await management.run() }
            if let trust { supporting.addTask { await trust.run() } }
            if configuration.signIn.contains(where: { $0.application == .console }) {
                supporting.addTask { await self.recall() }
            }
            if let audit { supporting.addTask { await audit.run() } }
            supporting.addTask { [devices] in await devices.watch() }
            supporting.addTask { [clock] in
                // Not before: the first answers need it.
                await clock.wait(Self.startUp)
                ProgramFiles.unmap()
            }
            if configuration.engine.concurrency > 0 {
                supporting.addTask { await self.notices.run() }
            }
            supporting.addTask {
                await self.retention.run(self.store, clock: self.clock, log: self.log)
            }
            await work()
            await audit?.finish(within: Self.afterDrain)
            await store.close()
            management.drain(within: .zero)
            supporting.cancelAll()
        }
        client.shutdown()
        otherClient.shutdown()
        for listener in listeners.all { listener.loops.stop() }
        log.info("server.stopped")
        sink.flush()
    }

    /// Reads how logins ended in the hour before this start, so that the console does not begin with
    /// an empty plot.
    private func recall() async {
        let endings = try? await store.endings(since: started - .minutes(60), limit: 20_000)
        for ending in endings ?? [] where ending.at < started {
            if let ended = LoginActivity.Ended(ending) { activity.add(ended) }
        }
    }

    /// A logo that a later version does not accept any more is not shown.
    private static func uploadedLogo(of store: SQLLoginStore, _ log: Logger) async -> LogoImage? {
        do { return try await store.access.logo().map { try LogoImage($0) } } catch {
            log.warning("branding.logo_not_shown") { $0.member("cause", "\(error)") }
            return nil
        }
    }

    /// Runs listener and engine until both have ended, or cancels them when the time for that is
    /// over: the store still has the duties that were cut off.
    private func work() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await withDiscardingTaskGroup { working in
                    working.addTask { await self.engine.run() }
                    working.addTask {
                        await withDiscardingTaskGroup { group in
                            for listener in self.listeners.audiences {
                                group.addTask { await listener.server.run() }
                            }
                        }
                        self.engine.stop()
                    }
                }
            }
            group.addTask {
                await self.stopping.wait()
                if Task.isCancelled { return }
                let end = self.configuration.limits.drain + Self.afterDrain
                await self.clock.wait(end)
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// When nothing of the start is left to do.
    private static let startUp = Duration.seconds(1)

    /// How long the engine may continue its duties after the listener has drained.
    private static let afterDrain = Duration.seconds(2)

    private func announce(_ name: String, _ server: Server) {
        log.info("server.listening") {
            $0.member("listener", name)
            $0.member("host", server.configuration.address.host)
            $0.member("port", Int(server.port))
            $0.member("tls", server.configuration.tls != nil)
        }
    }

    /// Handles a signal of the operator.
    func receive(_ signal: UnixSignal) {
        switch signal {
        case .hangup: reload()
        case .terminate, .interrupt:
            // A second signal exits at once.
            if !stop() { exit(1) }
        }
    }

    /// Begins to stop; false if it has already begun.
    func stop() -> Bool {
        guard isDraining.begin() else { return false }
        log.info("server.draining")
        changes.close()
        stopping.raise()
        for listener in listeners.audiences {
            listener.server.drain(within: configuration.limits.drain)
        }
        return true
    }

    private static func register(_ audit: AuditStream?, _ registry: MetricsRegistry) {
        guard let audit else { return }
        registry.counter(
            "beckon_audit_write_failures_total",
            "Failed attempts to write entries of the audit to log.audit."
        ) { Double(audit.failures) }
        registry.gauge(
            "beckon_audit_unwritten",
            "Entries of the audit that are not written to log.audit yet."
        ) { Double(audit.backlog) }
    }

    private func reload() {
        audit?.reopen()
        for reload in reloads { reload() }
        for listener in listeners.all where listener.server.configuration.tls != nil {
            do {
                try listener.server.reloadCertificate()
                log.info("certificate.reloaded") { $0.member("listener", listener.name) }
            } catch {
                log.error("certificate.not_reloaded") {
                    $0.member("listener", listener.name)
                    $0.member("cause", "\(error)")
                }
            }
        }
    }
}

/// Whether the service is stopping.
private final class Draining: Sendable {
    private let flag = Atomic<Bool>(false)
    var isOn: Bool { flag.load(ordering: .relaxed) }
    /// True for the first caller.
    func begin() -> Bool { !flag.exchange(true, ordering: .relaxed) }
}
