import App
import Commands
import Net

/// The `beckon-lab` program: what Beckon is tried with and tested against.
enum LabCommandLine {
    static let program = Program(
        name: "beckon-lab",
        version: Version.number,
        purpose: """
            Runs a demo of Beckon, simulators to test it against (an authorization server, a bank
            and an identity provider), or a device of a user. Not for production.
            """,
        commands: [
            DemoCommand.self, SimulateACPCommand.self, SimulateBankCommand.self,
            SimulateIDPCommand.self, DeviceEnrolCommand.self, DeviceWatchCommand.self,
            DeviceApproveCommand.self, DeviceDeclineCommand.self, DeviceReportCommand.self,
        ],
        blockSignals: UnixSignals.block
    )
}
