import App
import Commands
import Configuration
import CurlClient
import Lab
import Net

/// `beckon-lab simulate idp`: a simulated identity provider for a service of your own.
struct SimulateIDPCommand: Subcommand {
    static let name = "simulate idp"
    static let summary = "Run a simulated OpenID Connect identity provider."
    static var details: String {
        """
        People sign in by a click, without a password: customers of a demo bank to the inbox, its
        staff to the console. \(IdentityProviderSimulator.Person.controllerEmail) is to administrate.
        Custom claims are https://DOMAIN/ciba_user and https://DOMAIN/ciba_account.

        Knobs at its control address make it misbehave. This makes the next ID token wrong:

          curl http://127.0.0.1:8087/_sim/knobs -H 'Content-Type: application/json' \\
            -d '{"set": {"id_token": "wrong_nonce"}, "times": 1}'

        The answer names the setting; DELETE /_sim/knobs/ID removes it. This ends the sessions of a
        person, and tells the applications (back-channel logout):

          curl http://127.0.0.1:8087/_sim/logout -H 'Content-Type: application/json' \\
            -d '{"person": "customer-anna"}'

        Knobs:
        """
            + ProviderKnob.allCases.map { knob in
                "\n  \(knob.rawValue)" + KnobHelp.lines(knob.effect + ".")
                    + KnobHelp.lines(knob.values)
            }.joined()
    }

    static let options: [CommandOption] = [
        .text("listen", "ADDRESS", "Listening address.", default: "127.0.0.1:8086"),
        .text("control", "ADDRESS", "Control address.", default: "127.0.0.1:8087"),
        .text("base-url", "URL", "The issuer.", default: "http://127.0.0.1 with the port"),
        .text("service-url", "URL", "URL of the service.", default: "http://127.0.0.1:8081"),
        .text("domain", "NAME", "Domain of the custom claims.", default: "bank.example"),
        .text("inbox-client", "NAME", "Client id of the inbox.", default: "beckon-inbox"),
        .text("console-client", "NAME", "Client id of the console.", default: "beckon-console"),
        .text(
            "client-secret",
            "TEXT",
            "Secret of both.",
            default: "$BECKON_SIM_IDP_SECRET or the demo's"
        ),
        .text("service-ca", "FILE", "PEM file of the authority of the service's certificate."),
    ]
    static let handlesSignals = true

    private let listen: SocketAddressText
    private let control: SocketAddressText
    private let arguments: ParsedArguments

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        self.arguments = arguments
        listen = try arguments.address("listen", default: .init(host: "127.0.0.1", port: 8086))
        control = try arguments.address("control", default: .init(host: "127.0.0.1", port: 8087))
        guard control.isLoopback else {
            throw CommandFailure(
                .usage,
                "--control must be a loopback address, because it needs no password"
            )
        }
    }

    func run(_ terminal: any Terminal) async throws {
        let client = CurlHTTPClient()
        defer { client.shutdown() }
        let secret =
            arguments.text("client-secret") ?? environment("BECKON_SIM_IDP_SECRET")
            ?? DemoConfiguration.providerSecret
        let clients = IdentityProviderSimulator.Client.applications(
            inbox: arguments.text("inbox-client", default: "beckon-inbox"),
            console: arguments.text("console-client", default: "beckon-console"),
            secret: secret,
            of: arguments.text("service-url", default: "http://127.0.0.1:8081")
        )
        let provider = IdentityProviderSimulator(
            .init(
                baseURL: arguments.text("base-url"),
                domain: arguments.text("domain", default: "bank.example"),
                clients: clients,
                serviceAuthorities: arguments.text("service-ca")
            ),
            http: client
        )
        let listeners = try Listeners()
        let port = try listeners.add(listen.socketAddress, provider.routes)
        let controlPort = try listeners.add(control.socketAddress, provider.controlRoutes)
        let base = arguments.text("base-url") ?? "http://127.0.0.1:\(port)"
        provider.connect(baseURL: base, clients: clients)
        terminal.output("identity provider  \(base)")
        terminal.output("control            http://127.0.0.1:\(controlPort)/_sim")
        try UnixSignals.start { _ in listeners.stop() }
        await listeners.run(beside: nil)
    }
}

/// How the help of a simulator lists its knobs.
enum KnobHelp {
    /// A text on lines of its own, below a knob's name.
    static func lines(_ text: String) -> String {
        var lines = [""]
        for word in text.split(separator: " ") {
            let last = lines.removeLast()
            lines +=
                last.isEmpty
                ? [String(word)]
                : last.count + word.count < 90 ? ["\(last) \(word)"] : [last, String(word)]
        }
        return lines.map { "\n      \($0)" }.joined()
    }
}
