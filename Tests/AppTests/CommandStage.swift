import Commands
import Foundation
import TestSupport

@testable import App

/// A folder with a small configuration, and commands run with it.
struct CommandStage {
    typealias Printed = (code: ExitCode, output: String, errors: String)

    let directory: TemporaryDirectory
    let config: String

    init() throws {
        directory = try TemporaryDirectory()
        config = directory.file("beckon.json5")
        try ConfigurationFixtures.minimal().write(
            toFile: config,
            atomically: true,
            encoding: .utf8
        )
    }

    func run(_ words: [String]) async -> Printed {
        let terminal = TestTerminal()
        let code = await CommandLineInterface.run(words + ["--config", config], on: terminal)
        return (code, terminal.output, terminal.errors)
    }
}
