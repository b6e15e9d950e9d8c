import App
import Foundation

let words = Array(CommandLine.arguments.dropFirst())
CommandLineInterface.prepare(words)
let code = await CommandLineInterface.run(words, on: StandardTerminal())
exit(code.rawValue)
