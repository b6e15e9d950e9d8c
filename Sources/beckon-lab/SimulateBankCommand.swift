import App
import Commands
import Configuration
import Lab
import Net

/// `beckon-lab simulate bank`: a simulated bank that lists accounts.
struct SimulateBankCommand: Subcommand {
    static let name = "simulate bank"
    static let summary = "Run a simulated bank that lists users' accounts."
    static let details = """
        It serves openapi/bank-accounts.yaml. anna@example.com has accounts in five countries;
        oliver (UK), beatriz (Brasil), jack (Australia), emily (USA) and noura (Saudi Arabia)
        @example.com have accounts in one country each.
        """
    static let options: [CommandOption] = [
        .text("listen", "ADDRESS", "Listening address.", default: "127.0.0.1:8084"),
        .text(
            "token",
            "TEXT",
            "The bearer token it accepts.",
            default: "$BECKON_SIM_BANK_TOKEN or the demo's"
        ),
    ]
    static let handlesSignals = true

    private let listen: SocketAddressText
    private let token: String?

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        listen = try arguments.address("listen", default: .init(host: "127.0.0.1", port: 8084))
        token = arguments.text("token")
    }

    func run(_ terminal: any Terminal) async throws {
        let token =
            token ?? environment("BECKON_SIM_BANK_TOKEN") ?? DemoConfiguration.bankToken
        let listeners = try Listeners()
        let port = try listeners.add(listen.socketAddress, SimulatedBank(token: token).routes)
        terminal.output("accounts  http://127.0.0.1:\(port)\(SimulatedBank.path)")
        try UnixSignals.start { _ in listeners.stop() }
        await listeners.run(beside: nil)
    }
}
