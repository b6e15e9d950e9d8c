import App
import Foundation

let code = await CommandLineInterface.run(
    Array(CommandLine.arguments.dropFirst()),
    on: StandardTerminal()
)
exit(code.rawValue)
