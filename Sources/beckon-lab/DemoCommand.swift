import App
import Commands
import Configuration
import CurlClient
import HTTP
import Lab
import Net

/// `beckon-lab demo`: Beckon and everything around it on one machine.
struct DemoCommand: Subcommand {
    static let name = "demo"
    static let summary = "Run Beckon, a simulated authorization server and a page to try them."
    static let details = """
        Everything listens on this machine only, unless --listen names another address, as a
        container needs: --listen=0.0.0.0:8080. Page, Beckon and the identity provider then listen
        there. Logins, and the certificates of the bank's clients, are stored in a temporary
        directory, which is removed at the end, unless --directory names another one.
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
        let files = try DemoFiles(directory)
        defer { files.remove() }
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        let demo = DemoSite.Configuration(webhookSecrets: [DemoConfiguration.webhookSecret])
        guard let simulation = Simulation(Self.server, demo: demo, http: client) else {
            throw CommandFailure(.failed, "the webhook secret of the demo is invalid")
        }
        let listeners = try Listeners()
        let bank = SimulatedBank(token: DemoConfiguration.bankToken)
        let provider = IdentityProviderSimulator(.init(clients: []), http: client)
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
            clients: said("Beckon for clients", 8085, try Listeners.freePort(8085, host: host)),
            provider: said(
                "The identity provider",
                8086,
                try listeners.add(SocketAddress(host: host, port: 8086), provider.routes)
            ),
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
            try listeners.add(
                .loopback(port: 8083),
                simulation.controlRoutes
                    + provider.controlRoutes.filter {
                        $0.pattern == "/_sim/logout"
                    }
            )
        )
        let configuration = DemoConfiguration.text(ports)
        try files.makeCertificates()
        try files.write(configuration, to: DemoConfiguration.fileName)
        try await files.registerClients()
        let service = try EmbeddedService(configuration: configuration, directory: files.path)
        // Health and metrics have an address of their own.
        let served = service.routes.filter {
            !$0.pattern.hasPrefix("/health/") && $0.pattern != "/metrics"
        }
        _ = try listeners.add(SocketAddress(host: host, port: ports.service), served)
        for person in demo.people { try await service.add(user: person.user) }
        func url(_ port: UInt16) -> String { "http://127.0.0.1:\(port)" }
        let backend = try BankBackend(
            url: DemoConfiguration.clientsURL(ports),
            folder: files.path,
            key: files.read(BankBackend.robot + ".key"),
            http: client
        )
        simulation.connect(backend: backend)
        simulation.connect(
            phone: PhoneDevice(
                service: "http://\(ports.browserHost):\(ports.service)",
                http: client
            )
        )
        provider.connect(
            baseURL: DemoConfiguration.providerURL(ports),
            clients: IdentityProviderSimulator.Client.applications(
                secret: DemoConfiguration.providerSecret,
                of: "http://\(ports.browserHost):\(ports.service)"
            )
        )
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

              inbox                 http://\(ports.browserHost):\(ports.service)/sso/oidc/inbox
              console               http://\(ports.browserHost):\(ports.service)/sso/oidc/console
              identity provider     \(DemoConfiguration.providerURL(ports))
              Beckon for clients    \(DemoConfiguration.clientsURL(ports))
              their certificates    \(files.path)

              Beckon                http://\(ports.browserHost):\(ports.service)
              authorization server  \(url(ports.acp))
              its control           \(url(control))/_sim
              bank accounts         \(url(ports.bank))\(SimulatedBank.path)
              health and metrics    \(url(ports.management))/metrics

              Press Ctrl-C to stop.
            """
        )
        let consent = Task {
            for person in demo.people.prefix(1) {
                await backend.recordFirstConsent(of: person.user)
            }
        }
        try UnixSignals.start { signal in
            service.receive(signal)
            if signal != .hangup {
                consent.cancel()
                listeners.stop()
            }
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
