import Configuration
import CurlClient
import Glibc
import HTTP
import JOSE
import Logins
import Net
import Simulators
import TLS
import Threads

extension Composition {
    /// Runs the simulated authorization server until told to stop.
    static func simulate(_ options: SimulateOptions) async throws {
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        let password = getenv("BECKON_SIM_SERVICE_PASSWORD").map { String(cString: $0) }
        var configuration = SimulatorConfiguration(
            service: .init(
                baseURL: options.serviceURL,
                user: options.serviceUser,
                password: options.servicePassword
                    ?? password
                    ?? DemoConfiguration.inboundPassword
            ),
            clients: [
                SimulatedClient(
                    id: options.clientID,
                    secret: options.clientSecret,
                    name: "Kiosk 12",
                    mode: options.isPing ? .ping : .poll,
                    notificationEndpoint: options.pingURL
                )
            ]
        )
        configuration.tenant = options.tenant
        configuration.workspaces = [.init(options.workspace)]
        configuration.baseURL = options.baseURL
        configuration.defaultTTL = options.ttl
        configuration.interval = options.interval
        configuration.seed = UInt64(options.seed)
        configuration.systemClientSubject = options.systemClientSubject
        configuration.systemClientThumbprint = options.systemClientThumbprint
        configuration.systemClientKeys = try options.systemClientKeys.map(keySet)
        if let secret = options.systemClientSecret { configuration.systemClient.secret = secret }
        guard let simulation = Simulation(configuration, http: client) else {
            throw CommandFailure(.failed, "the simulator cannot be made")
        }
        let site = try Site()
        let shown = try options.tlsDirectory.map(shownCertificate)
        let publicServer = try site.server(options.listen, simulation.publicRoutes, shown)
        if let shown {
            simulation.acp.knobs.connectTLS { shown.show($0, on: publicServer) }
        }
        let control = try site.server(options.control, simulation.controlRoutes)
        let terminal = StandardTerminal()
        let scheme = shown == nil ? "http" : "https"
        terminal.output("authorization server  \(scheme)://127.0.0.1:\(publicServer.port)")
        terminal.output("control               \(url(control))/_sim")
        UnixSignals.start { _ in site.stop() }
        await site.run(beside: simulation)
    }

    private static func shownCertificate(_ directory: String) throws -> ShownCertificate {
        guard let shown = ShownCertificate(directory: directory) else {
            throw CommandFailure(.usage, "--tls needs good.pem and good.key in \(directory)")
        }
        return shown
    }

    /// Runs the simulated bank until told to stop.
    static func simulateBank(_ options: SimulateBankOptions) async throws {
        let token =
            options.token
            ?? Environment.real(directory: ".").variable("BECKON_SIM_BANK_TOKEN")
            ?? DemoConfiguration.bankToken
        let site = try Site()
        let server = try site.server(options.listen, SimulatedBank(token: token).routes)
        StandardTerminal().output("accounts  \(url(server))\(SimulatedBank.path)")
        UnixSignals.start { _ in site.stop() }
        await site.run(beside: nil)
    }

    /// Runs the service, the simulator and the demo's page until told to stop.
    static func demo(_ options: DemoOptions) async throws {
        let directory = try DemoDirectory(options.directory)
        defer { directory.remove() }
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        let simulation = Simulation(
            .demo,
            demo: DemoSite.Configuration(webhookSecrets: [DemoConfiguration.webhookSecret]),
            http: client
        )
        guard let simulation else {
            throw CommandFailure(.configuration, "the demo's webhook secret is none")
        }
        let site = try Site()
        let page = try site.server(.loopback(options.port), simulation.demoRoutes)
        let acp = try site.server(.loopback(8082), simulation.publicRoutes)
        let control = try site.server(.loopback(8083), simulation.controlRoutes)
        let bank = try site.server(
            .loopback(8084),
            SimulatedBank(token: DemoConfiguration.bankToken).routes
        )
        // The addresses where the demo's peers really listen.
        let text = DemoConfiguration.text
            .replacing("http://127.0.0.1:8082", with: url(acp))
            .replacing("http://127.0.0.1:8084", with: url(bank))
            .replacing("http://127.0.0.1:8080", with: url(page))
            .replacing("http://localhost:8080", with: "http://localhost:\(page.port)")
        var configuration = try ServiceConfiguration.parse(
            text,
            in: .real(directory: directory.path)
        )
        configuration.listen.address = Site.free(configuration.listen.address)
        configuration.management = Site.free(configuration.management)
        configuration.publicURL = "http://\(configuration.listen.address)"
        let service = try Service(configuration)
        guard let person = UserID(DemoSite.Configuration(webhookSecrets: []).user) else { return }
        try await service.add([User(id: person, isActive: true)])
        simulation.connect(
            acp: url(acp),
            service: configuration.publicURL,
            prompts: configuration.publicURL,
            demo: url(page)
        )
        let terminal = StandardTerminal()
        terminal.output("")
        terminal.output("  Open this page:       \(url(page))/")
        terminal.output("")
        terminal.output("  Beckon                \(configuration.publicURL)")
        terminal.output("  authorization server  \(url(acp))")
        terminal.output("  its control           \(url(control))/_sim")
        terminal.output("  bank accounts         \(url(bank))\(SimulatedBank.path)")
        terminal.output("  health and metrics    http://\(configuration.management)/metrics")
        terminal.output("")
        terminal.output("  Stop it with Ctrl-C.")
        UnixSignals.start { signal in
            service.receive(signal)
            if signal != .hangup { site.stop() }
        }
        await withDiscardingTaskGroup { group in
            group.addTask { await service.run() }
            group.addTask { await site.run(beside: simulation) }
        }
    }

    private static func keySet(_ path: String) throws -> JWKSet {
        switch Environment.real(directory: ".").read(path) {
        case .failure(let problem): throw CommandFailure(.usage, "\(path) \(problem.reason)")
        case .success(let bytes):
            do { return try JWKSet(bytes: bytes) } catch {
                throw CommandFailure(.usage, "\(path) is not a JWK Set: \(error)")
            }
        }
    }

    private static func url(_ server: Server) -> String { "http://127.0.0.1:\(server.port)" }
}

/// The listeners of what is simulated: all on this machine, on one loop.
private final class Site: Sendable {
    private let loops: EventLoopGroup
    private let servers = Locked<[Server]>([])

    init() throws { loops = try EventLoopGroup(count: 1) }

    /// A listener on an address, or on a port of the system's choice when somebody has that one.
    func server(
        _ address: SocketAddressText,
        _ routes: [Route],
        _ shown: ShownCertificate? = nil
    ) throws -> Server {
        // Long polls wait for half a minute.
        let deadlines = Deadlines(handler: .seconds(60))
        func make(_ address: SocketAddressText) throws -> Server {
            var configuration = ServerConfiguration(
                address: address.net,
                limits: HTTPLimits(body: 2 << 20),
                deadlines: deadlines
            )
            configuration.tls = shown.map { TLSSettings(certificate: $0.certificate, key: $0.key) }
            return try Server(configuration, router: Router(routes), loops: loops.loops)
        }
        let server: Server
        do {
            server = try make(address)
        } catch NetError.addressInUse {
            server = try make(SocketAddressText(host: address.host, port: 0))
        }
        servers.withLock { $0.append(server) }
        return server
    }

    /// The same address, or with a free port when that one is taken.
    static func free(_ address: SocketAddressText) -> SocketAddressText {
        func probe(_ address: SocketAddressText) -> SocketAddressText? {
            guard let loops = try? EventLoopGroup(count: 1) else { return nil }
            defer { loops.stop() }
            let server = try? Server(
                ServerConfiguration(address: address.net),
                router: Router([]),
                loops: loops.loops
            )
            return server.map { SocketAddressText(host: address.host, port: Int($0.port)) }
        }
        return probe(address) ?? probe(SocketAddressText(host: address.host, port: 0)) ?? address
    }

    func run(beside simulation: Simulation?) async {
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

    func stop() {
        for server in servers.withLock({ $0 }) { server.drain(within: .seconds(1)) }
    }
}

/// Where the demo keeps its logins.
private struct DemoDirectory {
    let path: String
    private let isTemporary: Bool

    init(_ chosen: String?) throws {
        isTemporary = chosen == nil
        if let chosen {
            path = chosen
            try Files.makeDirectory(path)
        } else {
            path = try Files.makeTemporaryDirectory("beckon-demo")
        }
    }

    func remove() {
        if isTemporary { Files.removeDirectory(path) }
    }
}

extension SocketAddressText {
    fileprivate static func loopback(_ port: Int) -> SocketAddressText {
        SocketAddressText(host: "127.0.0.1", port: port)
    }
}

extension SimulatorConfiguration {
    /// The authorization server of the demo: one client for each mode.
    fileprivate static var demo: SimulatorConfiguration {
        var configuration = SimulatorConfiguration(
            service: .init(
                baseURL: "",
                user: "acp",
                password: DemoConfiguration.inboundPassword
            ),
            clients: [
                SimulatedClient(
                    id: "kiosk",
                    secret: "kiosk-secret",
                    name: "Coffee kiosk",
                    mode: .poll
                ),
                SimulatedClient(
                    id: "kiosk-ping",
                    secret: "kiosk-secret",
                    name: "Coffee kiosk",
                    mode: .ping
                ),
            ]
        )
        configuration.interval = 2
        // Beckon knows a family such as CDR by its workspace only.
        configuration.workspaces.append(.init("cdr"))
        return configuration
    }
}
