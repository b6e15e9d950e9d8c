import App
import Commands
import Net

/// The `beckon-lab` program: what Beckon is tried with and tested against.
enum LabCommandLine {
    static let program = Program(
        name: "beckon-lab",
        version: Version.number,
        purpose: """
            Runs a demo of Beckon, or simulators to test it against: an authorization server and a
            bank. Not for production.
            """,
        commands: [DemoCommand.self, SimulateACPCommand.self, SimulateBankCommand.self],
        blockSignals: UnixSignals.block
    )
}
