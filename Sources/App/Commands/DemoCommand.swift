import Configuration
import Cryptography

/// `beckon demo`: everything on one machine, to look at.
struct DemoCommand: Command {
    static let name = "demo"
    static let summary = "Runs Beckon, a simulated authorization server and a page to try them."
    static let details = """
        Everything listens on this machine only. Logins are kept in a directory that goes away with
        the demo unless --directory names one.
        """
    static let options: [CommandOption] = [
        .text("port", "PORT", "The page's port.", default: "8080"),
        .text("directory", "DIRECTORY", "Where logins are kept."),
    ]

    private let demo: DemoOptions

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        demo = DemoOptions(
            port: try arguments.number("port", default: 8080, 0...65535),
            directory: arguments.text("directory")
        )
    }

    func run(_ terminal: any Terminal) async throws { try await Composition.demo(demo) }
}

/// What `beckon demo` was told.
struct DemoOptions: Hashable, Sendable {
    /// Of the page; 0 lets the system choose.
    let port: Int
    /// Nil for a temporary one.
    let directory: String?
}

/// `beckon simulate acp`: a simulated authorization server to point a service at.
struct SimulateCommand: Command {
    static let name = "simulate acp"
    static let summary = "Runs a simulated Cloudentity ACP."
    static let details = """
        It calls the service as ACP does and is as strict as ACP about what comes back. What it can
        be made to do wrong is set through its control address (POST /_sim/knobs).
        """
    static let options: [CommandOption] = [
        .text("listen", "ADDRESS", "Where it listens.", default: "127.0.0.1:8082"),
        .text("tls", "DIRECTORY", "Certificates to listen with: good.pem, good.key and others."),
        .text("control", "ADDRESS", "Where it is controlled.", default: "127.0.0.1:8083"),
        .text("tenant", "NAME", "Its tenant.", default: "bank"),
        .text("workspace", "NAME", "Its workspace.", default: "retail"),
        .text("base-url", "URL", "How it is reached.", default: "taken from each request"),
        .text("service-url", "URL", "The service.", default: "http://127.0.0.1:8081"),
        .text("service-user", "NAME", "The user it calls the service as.", default: "acp"),
        .text(
            "service-password",
            "TEXT",
            "Password.",
            default: "$BECKON_SIM_SERVICE_PASSWORD or the demo's"
        ),
        .text("system-client-secret", "TEXT", "The secret of the service's client, beckon."),
        .text(
            "system-client-subject",
            "NAME",
            "Of its certificate, in place of a secret."
        ),
        .text("system-client-thumbprint", "TEXT", "Of a self-signed one: x5t#S256 (RFC 8705)."),
        .text("system-client-jwks", "FILE", "Its public keys, instead of a secret."),
        .text("client-id", "NAME", "The OAuth client.", default: "kiosk"),
        .text("client-secret", "TEXT", "Its secret.", default: "kiosk-secret"),
        .text("mode", "MODE", "How it hears of tokens: poll or ping.", default: "poll"),
        .text("ping-url", "URL", "Where pings go; needed with --mode=ping."),
        .text("ttl", "SECONDS", "How long a login lives.", default: "120"),
        .text("interval", "SECONDS", "Between polls, at first.", default: "5"),
        .text("seed", "NUMBER", "Behind its random choices.", default: "1"),
    ]

    private let simulation: SimulateOptions

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        simulation = try SimulateOptions(arguments)
    }

    func run(_ terminal: any Terminal) async throws { try await Composition.simulate(simulation) }
}

/// What `beckon simulate acp` was told.
struct SimulateOptions: Sendable {
    let listen: SocketAddressText
    /// Nil for plain HTTP.
    let tlsDirectory: String?
    let control: SocketAddressText
    let tenant: String
    let workspace: String
    let baseURL: String?
    let serviceURL: String
    let serviceUser: String
    /// Nil for the environment's or the demo's.
    let servicePassword: String?
    let systemClientSecret: String?
    let systemClientSubject: String?
    /// SHA-256 of a certificate.
    let systemClientThumbprint: [UInt8]?
    /// The path of a JWK Set.
    let systemClientKeys: String?
    let clientID: String
    let clientSecret: String
    let isPing: Bool
    let pingURL: String?
    let ttl: Int
    let interval: Int
    let seed: Int

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        listen = try arguments.address("listen", default: .init(host: "127.0.0.1", port: 8082))
        tlsDirectory = arguments.text("tls")
        control = try arguments.address("control", default: .init(host: "127.0.0.1", port: 8083))
        guard control.isLoopback else {
            throw CommandFailure(
                .usage,
                "--control must be a loopback address: it asks for no password"
            )
        }
        tenant = arguments.text("tenant", default: "bank")
        workspace = arguments.text("workspace", default: "retail")
        baseURL = arguments.text("base-url")
        serviceURL = arguments.text("service-url", default: "http://127.0.0.1:8081")
        serviceUser = arguments.text("service-user", default: "acp")
        servicePassword = arguments.text("service-password")
        systemClientSecret = arguments.text("system-client-secret")
        systemClientSubject = arguments.text("system-client-subject")
        systemClientThumbprint = try arguments.text("system-client-thumbprint").map {
            (text: String) throws(CommandFailure) -> [UInt8] in
            guard let digest = Base64URL.decode(text), digest.count == 32 else {
                throw CommandFailure(
                    .usage,
                    "--system-client-thumbprint must be 32 bytes as base64url"
                )
            }
            return digest
        }
        systemClientKeys = arguments.text("system-client-jwks")
        clientID = arguments.text("client-id", default: "kiosk")
        clientSecret = arguments.text("client-secret", default: "kiosk-secret")
        isPing = try arguments.choice("mode", default: "poll", among: ["poll", "ping"]) == "ping"
        pingURL = arguments.text("ping-url")
        if isPing, pingURL == nil {
            throw CommandFailure(.usage, "--mode=ping needs --ping-url")
        }
        ttl = try arguments.number("ttl", default: 120, 15...3600)
        interval = try arguments.number("interval", default: 5, 0...60)
        seed = try arguments.number("seed", default: 1, 0...Int.max)
    }
}
