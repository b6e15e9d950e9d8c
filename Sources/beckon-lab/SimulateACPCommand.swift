import App
import Commands
import Configuration
import Cryptography
import CurlClient
import JOSE
import Lab
import Net

/// `beckon-lab simulate acp`: a simulated authorization server for a service of your own.
struct SimulateACPCommand: Subcommand {
    static let name = "simulate acp"
    static let summary = "Run a simulated Cloudentity ACP."
    static var details: String {
        """
        It calls the service as ACP does, and checks the service's calls as strictly as ACP. GET
        /_sim/violations at its control address lists what the service did wrong, and knobs make the
        simulator misbehave. This fails the next two reports:

          curl http://127.0.0.1:8083/_sim/knobs -H 'Content-Type: application/json' \\
            -d '{"set": {"call.fail": [503, 503]}, "match": {"operation": "accept"}}'

        match may name a user (* matches any characters), a login_id and an operation: verify, start,
        get, accept, reject or token. times says how often a knob applies, probability how likely.
        The answer names the setting; DELETE /_sim/knobs/ID removes it.

        Knobs:
        """
            + KnobName.allCases.map { knob in
                "\n  \(knob.rawValue)" + KnobHelp.lines(knob.effect + ".")
                    + KnobHelp.lines(knob.values)
            }.joined()
    }

    static let options: [CommandOption] = [
        .text("listen", "ADDRESS", "Listening address.", default: "127.0.0.1:8082"),
        .text("tls", "DIRECTORY", "Certificates for TLS: good.pem, good.key and others."),
        .text("control", "ADDRESS", "Control address.", default: "127.0.0.1:8083"),
        .text("tenant", "NAME", "Tenant.", default: "bank"),
        .text("workspace", "NAME", "Workspace.", default: "retail"),
        .text("base-url", "URL", "Public URL.", default: "taken from each request"),
        .text("service-url", "URL", "URL of the service.", default: "http://127.0.0.1:8081"),
        .text("service-ca", "FILE", "PEM file of the authority of the service's certificate."),
        .text("service-user", "NAME", "User name at the service.", default: "acp"),
        .text(
            "service-password",
            "TEXT",
            "Password.",
            default: "$BECKON_SIM_SERVICE_PASSWORD or the demo's"
        ),
        .text("system-client-secret", "TEXT", "Secret of the client beckon, which Beckon uses."),
        .text("system-client-subject", "NAME", "Subject of Beckon's client certificate."),
        .text(
            "system-client-thumbprint",
            "TEXT",
            "Thumbprint (x5t#S256) of Beckon's self-signed certificate."
        ),
        .text("system-client-jwks", "FILE", "JWK Set that verifies Beckon's assertions."),
        .text("client-id", "NAME", "OAuth client.", default: "kiosk"),
        .text("client-secret", "TEXT", "Secret of the OAuth client.", default: "kiosk-secret"),
        .text("mode", "MODE", "Token delivery: poll or ping.", default: "poll"),
        .text("ping-url", "URL", "Where pings are sent; required with --mode=ping."),
        .text("ttl", "SECONDS", "Lifetime of a login.", default: "120"),
        .text("interval", "SECONDS", "Polling interval.", default: "5"),
        .text("seed", "NUMBER", "Random seed.", default: "1"),
    ]
    static let handlesSignals = true

    private let listen: SocketAddressText
    private let control: SocketAddressText
    private let arguments: ParsedArguments
    private let isPing: Bool
    /// x5t#S256.
    private let thumbprint: [UInt8]?
    private let ttl: Int
    private let interval: Int
    private let seed: Int

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        self.arguments = arguments
        listen = try arguments.address("listen", default: .init(host: "127.0.0.1", port: 8082))
        control = try arguments.address("control", default: .init(host: "127.0.0.1", port: 8083))
        guard control.isLoopback else {
            throw CommandFailure(
                .usage,
                "--control must be a loopback address, because it needs no password"
            )
        }
        thumbprint = try arguments.parsed(
            "system-client-thumbprint",
            "must be 32 bytes as base64url"
        ) { text in
            Base64URL.decode(text).flatMap { $0.count == 32 ? $0 : nil }
        }
        isPing = try arguments.choice("mode", default: "poll", among: ["poll", "ping"]) == "ping"
        if isPing, arguments.text("ping-url") == nil {
            throw CommandFailure(.usage, "--mode=ping requires --ping-url")
        }
        ttl = try arguments.number("ttl", default: 120, 15...3600)
        interval = try arguments.number("interval", default: 5, 0...60)
        seed = try arguments.number("seed", default: 1, 0...Int.max)
    }

    func run(_ terminal: any Terminal) async throws {
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        guard let simulation = Simulation(try configuration(), http: client) else {
            throw CommandFailure(.failed, "the simulator cannot be created")
        }
        let certificate = try arguments.text("tls").map { directory in
            guard let certificate = ShownCertificate(directory: directory) else {
                throw CommandFailure(.usage, "--tls requires good.pem and good.key in \(directory)")
            }
            return certificate
        }
        let listeners = try Listeners()
        let port = try listeners.add(listen.socketAddress, simulation, certificate)
        let controlPort = try listeners.add(control.socketAddress, simulation.controlRoutes)
        let scheme = certificate == nil ? "http" : "https"
        terminal.output("authorization server  \(scheme)://127.0.0.1:\(port)")
        terminal.output("control               http://127.0.0.1:\(controlPort)/_sim")
        try UnixSignals.start { _ in listeners.stop() }
        await listeners.run(beside: simulation)
    }

    private func configuration() throws -> SimulatorConfiguration {
        var configuration = SimulatorConfiguration(
            service: .init(
                baseURL: arguments.text("service-url", default: "http://127.0.0.1:8081"),
                user: arguments.text("service-user", default: "acp"),
                password: arguments.text("service-password")
                    ?? environment("BECKON_SIM_SERVICE_PASSWORD")
                    ?? DemoConfiguration.inboundPassword
            ),
            clients: [
                SimulatedClient(
                    id: arguments.text("client-id", default: "kiosk"),
                    secret: arguments.text("client-secret", default: "kiosk-secret"),
                    name: "Kiosk 12",
                    mode: isPing ? .ping : .poll,
                    notificationEndpoint: arguments.text("ping-url")
                )
            ]
        )
        configuration.service.authorities = arguments.text("service-ca")
        configuration.tenant = arguments.text("tenant", default: "bank")
        configuration.workspaces = [.init(arguments.text("workspace", default: "retail"))]
        configuration.baseURL = arguments.text("base-url")
        configuration.defaultTTL = ttl
        configuration.interval = interval
        configuration.seed = UInt64(seed)
        configuration.systemClientSubject = arguments.text("system-client-subject")
        configuration.systemClientThumbprint = thumbprint
        configuration.systemClientKeys = try arguments.text("system-client-jwks").map(keySet)
        if let secret = arguments.text("system-client-secret") {
            configuration.systemClient.secret = secret
        }
        return configuration
    }

    private func keySet(_ path: String) throws -> JWKSet {
        switch Environment.real(directory: ".").read(path) {
        case .failure(let problem): throw CommandFailure(.usage, "\(path) \(problem.reason)")
        case .success(let bytes):
            do { return try JWKSet(bytes: bytes) } catch {
                throw CommandFailure(.usage, "\(path) is not a JWK Set: \(error)")
            }
        }
    }
}

/// A variable of the environment; nil if it is not set.
func environment(_ name: String) -> String? {
    Environment.real(directory: ".").variable(name)
}

extension SocketAddressText {
    var socketAddress: SocketAddress { SocketAddress(host: host, port: UInt16(port)) }
}
