import Glibc
import HTTP
import Net
import Telemetry

/// The listeners of the service, each on event loops of its own.
struct ServiceListeners {
    /// One of them.
    struct Listener {
        /// Also the name in the log and in metrics.
        let name: String
        let server: Server
        let loops: EventLoopGroup
    }

    /// For authorization servers and people: one for both, or one each.
    private(set) var audiences: [Listener] = []
    /// For the platform.
    let management: Listener

    /// Binds all of them.
    ///
    /// - Throws: `NetError`, and nothing stays bound.
    init(
        _ configuration: ServiceConfiguration,
        servers: [Route],
        people: [Route],
        management: [Route],
        sink: LineSink,
        registry: MetricsRegistry
    ) throws {
        let listen = configuration.listen
        let plan = DescriptorPlan(configuration)
        let routes = servers + people
        let log = RequestLog(configuration.log.requests, routes: routes, sink: sink)
        let traffic = Traffic(log, routes: routes, registry)
        func open(
            _ name: String,
            _ server: ServerConfiguration,
            _ loops: Int,
            _ part: Range<Int>
        ) throws -> Listener {
            var server = server
            server.maximumConnections = plan.share(of: server.maximumConnections)
            let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
            return try Self.open(
                name,
                server,
                routes: Array(routes[part]),
                loops: loops == 0 ? cores : loops,
                observer: TrafficPart(traffic, from: part.lowerBound)
            )
        }
        let ofServers = 0..<servers.count
        let ofPeople = servers.count..<routes.count
        do {
            if let own = listen.servers {
                audiences.append(try open("servers", own.server, own.loops, ofServers))
            }
            if let own = listen.people {
                audiences.append(try open("people", own.server, own.loops, ofPeople))
            }
            if listen.isUsed {
                let first = listen.servers == nil ? 0 : servers.count
                let last = listen.people == nil ? routes.count : servers.count
                let server = configuration.server
                audiences.insert(try open("public", server, listen.loops, first..<last), at: 0)
            }
            var server = configuration.managementListener.server
            server.maximumConnections = min(server.maximumConnections, plan.ofManagement)
            self.management = try Self.open(
                "management",
                server,
                routes: management,
                loops: 1,
                observer: nil
            )
        } catch {
            for audience in audiences { audience.loops.stop() }
            throw error
        }
        for listener in all { Self.measure(listener, registry) }
    }

    var all: [Listener] { audiences + [management] }

    private static func open(
        _ name: String,
        _ configuration: ServerConfiguration,
        routes: [Route],
        loops count: Int,
        observer: (any ExchangeObserver)?
    ) throws -> Listener {
        let loops = try EventLoopGroup(count: count)
        do {
            let server = try Server(
                configuration,
                router: Router(routes),
                loops: loops.loops,
                observer: observer
            )
            return Listener(name: name, server: server, loops: loops)
        } catch {
            loops.stop()
            throw error
        }
    }

    private static func measure(_ listener: Listener, _ registry: MetricsRegistry) {
        for (number, loop) in listener.loops.loops.enumerated() {
            registry.gauge(
                "beckon_loop_lag_seconds",
                "Longest time since the last reading that an event loop could not respond.",
                [("listener", listener.name), ("loop", "\(number)")]
            ) {
                let lag = loop.takeLag().components
                return Double(lag.seconds) + Double(lag.attoseconds) / 1e18
            }
        }
    }
}

/// How many file descriptors connections may have, so that libcurl, SQLite and commands always find
/// some.
struct DescriptorPlan {
    /// For all listeners but that of management.
    let ofAudiences: Int
    /// For the management listener.
    let ofManagement: Int
    /// What the configuration asks for.
    let wanted: Int

    /// `limit` is how many the process may have.
    init(limit: Int, concurrency: Int, servers: Int, connections: Int) {
        // Each call has a socket, and a command has pipes. Files, loops, and peers that are told to
        // come back take the rest.
        let ours = 256 + 2 * max(1, servers) * min(concurrency, 1 << 20)
        ofManagement = max(4, min(256, limit / 16))
        ofAudiences = max(1, limit - min(ours, limit / 2) - ofManagement)
        wanted = connections
    }

    init(_ configuration: ServiceConfiguration) {
        let listen = configuration.listen
        var connections = listen.isUsed ? configuration.limits.connections : 0
        connections += listen.servers?.limits.connections ?? 0
        connections += listen.people?.limits.connections ?? 0
        self.init(
            limit: ProcessLimits.descriptors,
            concurrency: configuration.engine.concurrency,
            servers: configuration.serverIDs.count,
            connections: connections
        )
    }

    /// Whether the listeners get fewer connections than configured.
    var isShort: Bool { wanted > ofAudiences }

    /// What a listener gets that wants so many connections.
    func share(of connections: Int) -> Int {
        isShort ? max(1, ofAudiences * connections / max(1, wanted)) : connections
    }
}
