import Configuration

/// `beckon simulate bank`: a simulated bank to ask for accounts.
struct SimulateBankCommand: Command {
    static let name = "simulate bank"
    static let summary = "Runs a simulated bank that lists people's accounts."
    static let details = """
        It serves openapi/bank-accounts.yaml for the people of the demo: anna@example.com has
        accounts in five countries; oliver (UK), beatriz (Brasil), jack (Australia), emily (USA)
        and noura (Saudi Arabia) @example.com in one each.
        """
    static let options: [CommandOption] = [
        .text("listen", "ADDRESS", "Where it listens.", default: "127.0.0.1:8084"),
        .text(
            "token",
            "TEXT",
            "The bearer token it wants.",
            default: "$BECKON_SIM_BANK_TOKEN or the demo's"
        ),
    ]

    private let bank: SimulateBankOptions

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        bank = SimulateBankOptions(
            listen: try arguments.address("listen", default: .init(host: "127.0.0.1", port: 8084)),
            token: arguments.text("token")
        )
    }

    func run(_ terminal: any Terminal) async throws { try await Composition.simulateBank(bank) }
}

/// What `beckon simulate bank` was told.
struct SimulateBankOptions: Hashable, Sendable {
    let listen: SocketAddressText
    /// Nil for the environment's or the demo's.
    let token: String?
}
