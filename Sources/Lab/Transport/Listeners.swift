public import HTTP
public import Net
import TLS
import Threads

/// The listeners of the lab, all on one event loop.
public final class Listeners: Sendable {
    private let loops: EventLoopGroup
    private let servers = Locked<[Server]>([])
    private let relays = Locked<[FaultRelay]>([])

    /// No listener yet.
    public init() throws { loops = try EventLoopGroup(count: 1) }

    /// Adds a listener. If the port is in use, the system chooses another one.
    ///
    /// - Returns: the port.
    public func add(_ address: SocketAddress, _ routes: [Route]) throws -> UInt16 {
        try Self.orAnyPort(address) { try server($0, routes, nil).port }
    }

    /// Adds the listener of a simulated authorization server. Its connections break as the knobs
    /// say, and over TLS, the knob `tls` chooses the certificate. If the port is in use, the system
    /// chooses another one.
    ///
    /// - Returns: the port.
    public func add(
        _ address: SocketAddress,
        _ simulation: Simulation,
        _ certificate: ShownCertificate? = nil
    ) throws -> UInt16 {
        let relay = try Self.orAnyPort(address) { try FaultRelay($0) }
        relays.withLock { $0.append(relay) }
        let routes = relay.routes(simulation.publicRoutes)
        let server = try server(.loopback(), routes, certificate)
        if let certificate {
            simulation.acp.knobs.connectTLS { certificate.show($0, on: server) }
        }
        relay.start(target: server.port)
        return relay.port
    }

    private func server(
        _ address: SocketAddress,
        _ routes: [Route],
        _ certificate: ShownCertificate?
    ) throws -> Server {
        var configuration = ServerConfiguration(
            address: address,
            limits: HTTPLimits(body: 2 << 20),
            // Long polls wait for half a minute.
            deadlines: Deadlines(handler: .seconds(60))
        )
        configuration.tls = certificate.map {
            TLSSettings(certificate: $0.certificate, key: $0.key)
        }
        let server = try Server(configuration, router: Router(routes), loops: loops.loops)
        servers.withLock { $0.append(server) }
        return server
    }

    private static func orAnyPort<Result>(
        _ address: SocketAddress,
        _ listen: (SocketAddress) throws -> Result
    ) throws -> Result {
        do {
            return try listen(address)
        } catch NetError.addressInUse {
            return try listen(SocketAddress(host: address.host, port: 0))
        }
    }

    /// A free port: the preferred one if possible. Another process may take it meanwhile.
    public static func freePort(
        _ preferred: UInt16,
        host: String = "127.0.0.1"
    ) throws -> UInt16 {
        let loops = try EventLoopGroup(count: 1)
        defer { loops.stop() }
        return try orAnyPort(SocketAddress(host: host, port: preferred)) { address in
            let configuration = ServerConfiguration(address: address)
            return try Server(configuration, router: Router([]), loops: loops.loops).port
        }
    }

    /// Serves until `stop`, with the work of a simulation.
    public func run(beside simulation: Simulation?) async {
        await withDiscardingTaskGroup { group in
            if let simulation { group.addTask { await simulation.run() } }
            await withDiscardingTaskGroup { serving in
                for server in servers.withLock({ $0 }) {
                    serving.addTask { await server.run() }
                }
            }
            group.cancelAll()
        }
        loops.stop()
    }

    /// Ends `run` within a second.
    public func stop() {
        for relay in relays.withLock({ $0 }) { relay.stop() }
        for server in servers.withLock({ $0 }) { server.drain(within: .seconds(1)) }
    }
}
