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
        there. Browsers reach the page as localhost, because they have passkeys for names only.
        With another address of this machine there are no passkeys. Logins, and the certificates of
        the bank's clients, are stored in a temporary directory, which is removed at the end, unless
        --directory names another one.
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
        try await simulation.connect(policies: Self.policies(ports, files))
        let service = try await EmbeddedService(configuration: configuration, directory: files.path)
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
        let publicURL = "http://\(ports.browserHost):\(ports.service)"
        simulation.connect(phone: PhoneDevice(service: publicURL, http: client))
        provider.connect(
            baseURL: DemoConfiguration.providerURL(ports),
            clients: IdentityProviderSimulator.Client.applications(
                secret: DemoConfiguration.providerSecret,
                of: publicURL
            )
        )
        simulation.connect(
            acp: url(ports.acp),
            service: "http://\(ports.machineHost):\(ports.service)",
            prompts: publicURL,
            demo: "http://\(ports.machineHost):\(ports.page)"
        )
        simulation.connect(page: DemoConfiguration.pageURL(ports))
        simulation.connect(languages: { user, language in
            try? await service.add(user: user, language: language)
        })
        terminal.output(
            """

              Open this page:       \(DemoConfiguration.pageURL(ports))/

              inbox                 \(publicURL)/sso/oidc/inbox
              console               \(publicURL)/sso/oidc/console
              identity provider     \(DemoConfiguration.providerURL(ports))
              Beckon for clients    \(DemoConfiguration.clientsURL(ports))
              their certificates    \(files.path)

              Beckon                \(publicURL)
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

    /// What the page offers to choose from, with what `beckon check` says of it.
    static func policies(
        _ ports: DemoConfiguration.Ports,
        _ files: DemoFiles
    ) async throws -> DemoPolicies {
        let explanation = try await files.explanation()
        func explained(_ words: String?, _ id: String) throws(CommandFailure) -> String {
            guard let words else {
                throw CommandFailure(.failed, "beckon check does not explain the policy \(id)")
            }
            return words
        }
        let offered = DemoPolicy.all(hasPasskeys: ports.hasPasskeys)
        return DemoPolicies(
            approvals: try offered.map { policy in
                let clients = SimulatedClient.DeliveryMode.allCases.map { mode in
                    (
                        mode,
                        ConsumptionDevice.Configuration.Credentials(
                            id: policy.client(mode),
                            secret: clientSecret
                        )
                    )
                }
                return DemoPolicies.Approval(
                    DemoPolicies.Choice(
                        id: policy.id,
                        title: policy.title,
                        demand: try explained(policy.demand(in: explanation), policy.id),
                        hint: policy.hint
                    ),
                    clients: Dictionary(clients) { first, _ in first }
                )
            },
            matchings: try DemoPolicy.Matching.all.enumerated().map { position, matching in
                let words = matching.demand(in: explanation, at: position)
                return DemoPolicies.Matching(
                    DemoPolicies.Choice(
                        id: matching.id,
                        title: matching.title,
                        demand: try explained(words, matching.id),
                        hint: matching.hint
                    ),
                    suffix: matching.suffix
                )
            }
        )
    }

    private static let clientSecret = "kiosk-secret"

    /// The authorization server of the demo: for each policy one client for each delivery mode, and for
    /// each way of matching numbers workspaces of its own.
    private static var server: SimulatorConfiguration {
        var configuration = SimulatorConfiguration(
            service: .init(baseURL: "", user: "acp", password: DemoConfiguration.inboundPassword),
            clients: DemoPolicy.all.flatMap { policy in
                SimulatedClient.DeliveryMode.allCases.map { mode in
                    SimulatedClient(
                        id: policy.client(mode),
                        secret: clientSecret,
                        name: "Coffee kiosk",
                        mode: mode
                    )
                }
            }
        )
        configuration.interval = 2
        // Only the workspace tells Beckon that a consent is of the family `cdr`.
        configuration.workspaces = DemoPolicy.Matching.all.flatMap { matching in
            ["retail", "cdr"].map { .init($0 + matching.suffix) }
        }
        return configuration
    }
}
