import Configuration
import Glibc
import Threads

/// A program made of commands: it finds the command, runs it, and turns the result into messages and
/// an exit code.
public struct Program: Sendable {
    /// The name of its executable.
    public let name: String
    /// Printed by `--version`.
    public let version: String
    /// What it is for; the first paragraph of `--help`.
    public let purpose: String
    /// In the order of the help.
    public let commands: [any Subcommand.Type]
    /// Blocks signals before there is a second thread, for commands that handle signals.
    private let blockSignals: @Sendable () -> Void

    /// A program that is ready to run.
    public init(
        name: String,
        version: String,
        purpose: String,
        commands: [any Subcommand.Type],
        blockSignals: @escaping @Sendable () -> Void
    ) {
        self.name = name
        self.version = version
        self.purpose = purpose
        self.commands = commands
        self.blockSignals = blockSignals
    }

    /// Runs the command named by the words after the program's name, and returns its exit code.
    /// Call it on the main thread, before any other thread exists.
    ///
    /// There is no `await` at top level: the main thread would wait inside Dispatch, which unblocks
    /// every signal there.
    public func main(_ arguments: [[UInt8]] = CommandWords.ofProcess) -> Int32 {
        // What cannot be read is refused before any command handles signals.
        let command = (try? read(arguments)).flatMap(find)?.0
        if command?.handlesSignals == true { blockSignals() }
        let pool: WorkerPool
        do throws(WorkerThread.Unavailable) {
            pool = try WorkerPool(threads: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        } catch {
            StandardTerminal().error("\(name): \(error)")
            return ExitCode.unavailable.rawValue
        }
        let end = ThreadSemaphore()
        let code = Locked(ExitCode.failed)
        // What it starts runs there too.
        Task.detached(executorPreference: pool) {
            let result = await run(arguments, on: StandardTerminal())
            code.withLock { $0 = result }
            end.signal()
        }
        command?.prepare()
        end.wait()
        return code.withLock { $0.rawValue }
    }

    /// Runs the command named by the words after the program's name, as the system gave them.
    public func run(_ arguments: [[UInt8]], on terminal: any Terminal) async -> ExitCode {
        let words: [String]
        do throws(CommandFailure) { words = try read(arguments) } catch {
            terminal.error("\(name): \(error.message)")
            return error.code
        }
        return await run(words, on: terminal)
    }

    /// The words as text. Those that are not UTF-8 are refused: replacing what is invalid would turn
    /// two identifiers into one.
    private func read(_ arguments: [[UInt8]]) throws(CommandFailure) -> [String] {
        var words: [String] = []
        for argument in arguments {
            guard let word = String(validating: argument, as: UTF8.self) else {
                let number = "argument \(words.count + 1)"
                let what = optionOfValue(argument, after: words).map { "the value of --\($0)" }
                throw CommandFailure(.usage, (what ?? number) + " is not UTF-8")
            }
            words.append(word)
        }
        return words
    }

    /// The option that a word which cannot be read is the value of.
    private func optionOfValue(_ word: [UInt8], after words: [String]) -> String? {
        let own = word.prefix { $0 != UInt8(ascii: "=") }
        if own.count < word.count, own.starts(with: "--".utf8) {
            return String(validating: own.dropFirst(2), as: UTF8.self)
        }
        guard let last = words.last, last.hasPrefix("--"), let command = find(words)?.0 else {
            return nil
        }
        return command.options.first {
            guard case .text = $0.value else { return false }
            return "--" + $0.name == last
        }?.name
    }

    /// Runs the command named by the words after the program's name.
    public func run(_ words: [String], on terminal: any Terminal) async -> ExitCode {
        do {
            try await dispatch(words, terminal)
            return .ok
        } catch let failure as CommandFailure {
            terminal.error("\(name): \(failure.message)")
            if failure.code == .usage {
                let command = find(words).map { "\($0.0.name) " } ?? ""
                terminal.error("Try: \(name) \(command)--help")
            }
            return failure.code
        } catch let error as ConfigurationError {
            let count = error.problems.count
            let plural = count == 1 ? "" : "s"
            terminal.error("\(name): the configuration has \(count) problem\(plural):")
            for problem in error.problems { terminal.error("  \(problem)") }
            return .configuration
        } catch {
            terminal.error("\(name): \(error)")
            return .failed
        }
    }

    private func dispatch(_ words: [String], _ terminal: any Terminal) async throws {
        guard let first = words.first else {
            throw CommandFailure(.usage, "a command is required")
        }
        if first == "--help" || first == "help" || first == "-h" {
            terminal.output(overview)
            return
        }
        if first == "--version" {
            terminal.output("\(name) \(version)")
            return
        }
        guard let (command, rest) = find(words) else {
            if words.dropFirst().contains("--help"), let text = help(forGroup: first) {
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
            terminal.output(help(for: command))
            return
        }
        try await command.init(arguments).run(terminal)
    }

    /// The command whose name the words begin with; names have one to three words.
    private func find(_ words: [String]) -> (any Subcommand.Type, [String])? {
        // An option is no part of a name.
        let longest = words.prefix(3).prefix { $0.utf8.first != UInt8(ascii: "-") }.count
        for length in (0..<longest).reversed() {
            let name = words[...length].joined(separator: " ")
            if let command = commands.first(where: { $0.name == name }) {
                return (command, Array(words.dropFirst(length + 1)))
            }
        }
        return nil
    }

    private func unknown(_ words: [String]) -> CommandFailure {
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
                "\(words[0]) has no command \(verb)"
                    + (meant ?? "; its commands are " + verbs.joined(separator: ", "))
            )
        }
        let roots = names.map { String($0.prefix { $0 != " " }) }
        let meant =
            Spelling.nearest(to: words[0], among: roots).map { "; did you mean \($0)?" } ?? ""
        return CommandFailure(.usage, "\(words[0]) is not a command" + meant)
    }
}
