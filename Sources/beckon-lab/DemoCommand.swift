import App
import Commands
import Configuration
import CurlClient
import Lab
import Net

/// `beckon-lab demo`: Beckon and everything around it on one machine.
struct DemoCommand: Subcommand {
    static let name = "demo"
    static let summary = "Run Beckon, a simulated authorization server and a page to try them."
    static let details = """
        Everything listens on this machine only, unless --listen names another address, as a
        container needs: --listen=0.0.0.0:8080. Page and Beckon then listen there. Logins are
        stored in a temporary directory, which is removed at the end, unless --directory names
        another one.
        """
    static let options: [CommandOption] = [
        .text("port", "PORT", "The port of the page.", default: "8080"),
        .text("listen", "ADDRESS", "The address of the page, instead of --port."),
        .text("directory", "DIRECTORY", "Where logins are stored."),
    ]
    static let handlesSignals = true

    private let host: String
    private let port: UInt16
    private let directory: String?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        let port = try arguments.number("port", default: 8080, 0...65535)
        let listen = try arguments.address("listen", default: .init(host: "127.0.0.1", port: port))
        host = listen.host
        self.port = UInt16(listen.port)
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
        let page = try listeners.add(SocketAddress(host: host, port: port), simulation.demoRoutes)
        // A busy port is named at once, because the examples of the README have the usual ones.
        func said(_ name: String, _ usual: UInt16, _ used: UInt16) -> UInt16 {
            if usual != 0, used != usual {
                terminal.output("Port \(usual) is in use. \(name) uses port \(used) instead.")
            }
            return used
        }
        let ports = DemoConfiguration.Ports(
            host: host,
            page: said("The page", port, page),
            service: said("Beckon", 8081, try Listeners.freePort(8081, host: host)),
            acp: said(
                "The authorization server",
                8082,
                try listeners.add(.loopback(port: 8082), simulation)
            ),
            bank: said("The bank", 8084, try listeners.add(.loopback(port: 8084), bank.routes)),
            management: said("Health and metrics", 9464, try Listeners.freePort(9464))
        )
        let control = said(
            "The control",
            8083,
            try listeners.add(.loopback(port: 8083), simulation.controlRoutes)
        )
        let service = try EmbeddedService(
            configuration: DemoConfiguration.text(ports),
            directory: directory.path
        )
        for person in demo.people { try await service.add(user: person.user) }
        func url(_ port: UInt16) -> String { "http://127.0.0.1:\(port)" }
        simulation.connect(
            acp: url(ports.acp),
            service: "http://\(ports.browserHost):\(ports.service)",
            prompts: "http://\(ports.browserHost):\(ports.service)",
            demo: "http://\(ports.browserHost):\(ports.page)"
        )
        simulation.connect(languages: { user, language in
            try? await service.add(user: user, language: language)
        })
        terminal.output(
            """

              Open this page:       http://\(ports.browserHost):\(ports.page)/

              Beckon                http://\(ports.browserHost):\(ports.service)
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
