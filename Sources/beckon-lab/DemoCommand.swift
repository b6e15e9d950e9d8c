import App
import Commands
import CurlClient
import Lab
import Net

/// `beckon-lab demo`: Beckon and everything around it on one machine.
struct DemoCommand: Subcommand {
    static let name = "demo"
    static let summary = "Run Beckon, a simulated authorization server and a page to try them."
    static let details = """
        Everything listens on this machine only. Logins are stored in a temporary directory, which
        is removed at the end, unless --directory names another one.
        """
    static let options: [CommandOption] = [
        .text("port", "PORT", "The port of the page.", default: "8080"),
        .text("directory", "DIRECTORY", "Where logins are stored."),
    ]
    static let handlesSignals = true

    private let port: UInt16
    private let directory: String?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        port = UInt16(try arguments.number("port", default: 8080, 0...65535))
        directory = arguments.text("directory")
    }

    func run(_ terminal: any Terminal) async throws {
        let directory = try DemoDirectory(directory)
        defer { directory.remove() }
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        let demo = DemoSite.Configuration(webhookSecrets: [DemoConfiguration.webhookSecret])
        guard let simulation = Simulation(Self.server, demo: demo, http: client) else {
            throw CommandFailure(.failed, "the webhook secret of the demo is invalid")
        }
        let listeners = try Listeners()
        let bank = SimulatedBank(token: DemoConfiguration.bankToken)
        let ports = DemoConfiguration.Ports(
            page: try listeners.add(.loopback(port: port), simulation.demoRoutes),
            service: try Listeners.freePort(8081),
            acp: try listeners.add(.loopback(port: 8082), simulation),
            bank: try listeners.add(.loopback(port: 8084), bank.routes),
            management: try Listeners.freePort(9464)
        )
        let control = try listeners.add(.loopback(port: 8083), simulation.controlRoutes)
        let service = try EmbeddedService(
            configuration: DemoConfiguration.text(ports),
            directory: directory.path
        )
        try await service.add(user: demo.user)
        func url(_ port: UInt16) -> String { "http://127.0.0.1:\(port)" }
        simulation.connect(
            acp: url(ports.acp),
            service: url(ports.service),
            prompts: url(ports.service),
            demo: url(ports.page)
        )
        terminal.output(
            """

              Open this page:       \(url(ports.page))/

              Beckon                \(url(ports.service))
              authorization server  \(url(ports.acp))
              its control           \(url(control))/_sim
              bank accounts         \(url(ports.bank))\(SimulatedBank.path)
              health and metrics    \(url(ports.management))/metrics

              Press Ctrl-C to stop.
            """
        )
        try UnixSignals.start { signal in
            service.receive(signal)
            if signal != .hangup { listeners.stop() }
        }
        await withDiscardingTaskGroup { group in
            group.addTask { await service.run() }
            group.addTask { await listeners.run(beside: simulation) }
        }
    }

    /// The authorization server of the demo: one client for each delivery mode.
    private static var server: SimulatorConfiguration {
        var configuration = SimulatorConfiguration(
            service: .init(baseURL: "", user: "acp", password: DemoConfiguration.inboundPassword),
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
        // Only the workspace tells Beckon that a consent is of this family.
        configuration.workspaces.append(.init("cdr"))
        return configuration
    }
}

/// Where the demo stores its logins.
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
