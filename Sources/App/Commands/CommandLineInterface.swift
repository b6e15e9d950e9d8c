import Configuration
import Net
import Threads

/// Finds the command, runs it, and turns what happened into messages and an exit code.
public enum CommandLineInterface {
    /// In the order of the help.
    static let commands: [any Command.Type] = [
        ServeCommand.self, DemoCommand.self, CheckCommand.self, MigrateCommand.self,
        HashSecretCommand.self,
        KeysGenerateCommand.self, KeysShowCommand.self, KeysJWKSCommand.self,
        UsersAddCommand.self, UsersListCommand.self, UserCommand<EnableUser>.self,
        UserCommand<DisableUser>.self, UserCommand<RemoveUser>.self,
        LoginsListCommand.self, LoginsShowCommand.self, LoginsRetryCommand.self,
        LoginsAbandonCommand.self,
        SimulateCommand.self, SimulateBankCommand.self, HealthCommand.self, VersionCommand.self,
    ]

    /// Runs `beckon` with the words that follow its name, and returns its exit code. To be called
    /// on the main thread, before there is any other.
    ///
    /// Not `await` at top level: the main thread would then wait inside Dispatch, which lets every
    /// signal through there. Commands that serve take signals in their own way; all others end by
    /// them as usual.
    public static func main(_ words: [String]) -> Int32 {
        if ["serve", "demo", "simulate"].contains(words.first) { UnixSignals.block() }
        let end = ThreadSemaphore()
        let code = Locked(ExitCode.failed)
        Task.detached {
            let result = await run(words, on: StandardTerminal())
            code.withLock { $0 = result }
            end.signal()
        }
        end.wait()
        return code.withLock { $0.rawValue }
    }

    /// Runs `beckon` with the words that follow its name.
    public static func run(_ words: [String], on terminal: any Terminal) async -> ExitCode {
        do {
            try await dispatch(words, terminal)
            return .ok
        } catch let failure as CommandFailure {
            terminal.error("beckon: \(failure.message)")
            if failure.code == .usage { terminal.error("Try: beckon \(helpHint(words))--help") }
            return failure.code
        } catch let error as ConfigurationError {
            let count = error.problems.count
            terminal.error(
                "beckon: the configuration has \(count) problem\(count == 1 ? "" : "s"):"
            )
            for problem in error.problems { terminal.error("  \(problem)") }
            return .configuration
        } catch {
            terminal.error("beckon: \(error)")
            return .failed
        }
    }

    private static func dispatch(_ words: [String], _ terminal: any Terminal) async throws {
        guard let first = words.first else {
            throw CommandFailure(.usage, "a command is missing")
        }
        if first == "--help" || first == "help" || first == "-h" {
            terminal.output(HelpText.overview)
            return
        }
        if first == "--version" {
            terminal.output(Version.text)
            return
        }
        guard let (command, rest) = find(words) else {
            if words.dropFirst().contains("--help"), let text = HelpText.group(first) {
                terminal.output(text)
                return
            }
            throw unknown(words)
        }
        let arguments = try ParsedArguments(
            rest,
            options: command.options,
            operands: command.operands
        )
        if arguments.wantsHelp {
            terminal.output(HelpText.command(command))
            return
        }
        try await command.init(arguments).run(terminal)
    }

    /// The command whose name the words begin with; names have one word or two.
    private static func find(_ words: [String]) -> (any Command.Type, [String])? {
        for length in [2, 1] where words.count >= length {
            let name = words[..<length].joined(separator: " ")
            if let command = commands.first(where: { $0.name == name }) {
                return (command, Array(words.dropFirst(length)))
            }
        }
        return nil
    }

    private static func unknown(_ words: [String]) -> CommandFailure {
        let names = commands.map { $0.name }
        let group = names.filter { $0.hasPrefix("\(words[0]) ") }
        if !group.isEmpty {
            let verbs = group.map { String($0.dropFirst(words[0].count + 1)) }
            let verb = words.count > 1 && !words[1].hasPrefix("--") ? words[1] : nil
            guard let verb else {
                return CommandFailure(
                    .usage,
                    "\(words[0]) needs one of: " + verbs.joined(separator: ", ")
                )
            }
            let meant = Spelling.nearest(to: verb, among: verbs).map { "; did you mean \($0)?" }
            return CommandFailure(
                .usage,
                "\(words[0]) has no \(verb)"
                    + (meant ?? "; it has " + verbs.joined(separator: ", "))
            )
        }
        let roots = names.map { String($0.prefix { $0 != " " }) }
        let meant =
            Spelling.nearest(to: words[0], among: roots).map { "; did you mean \($0)?" } ?? ""
        return CommandFailure(.usage, "\(words[0]) is not a command" + meant)
    }

    private static func helpHint(_ words: [String]) -> String {
        find(words).map { "\($0.0.name) " } ?? ""
    }
}
