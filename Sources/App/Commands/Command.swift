/// One of the things that `beckon` can be told to do.
protocol Command: Sendable {
    /// What follows `beckon` on the command line: `serve`, `users add`.
    static var name: String { get }
    /// One line for the list of commands.
    static var summary: String { get }
    /// More, for `--help`; may be empty.
    static var details: String { get }
    /// The options it takes beside `--help`.
    static var options: [CommandOption] { get }
    /// The words it takes that belong to no option.
    static var operands: Operands { get }

    /// Takes the values of its options.
    ///
    /// - Throws: `CommandFailure` with `.usage` for a value that cannot be.
    init(_ arguments: ParsedArguments) throws(CommandFailure)

    /// Does it. What people ask for goes to `terminal`'s output, all else to its errors.
    func run(_ terminal: any Terminal) async throws
}

extension Command {
    static var details: String { "" }
    static var operands: Operands { .none }
}

/// Words of a command line that belong to no option. Each case has what `--help` calls them.
enum Operands: Hashable, Sendable {
    case none
    case one(String)
    /// One or more.
    case some(String)
}

/// An option of a command. Every one is long, takes a value or is a flag, and stands once.
struct CommandOption: Sendable {
    enum Value: Sendable {
        case flag
        /// What `--help` calls the value.
        case text(String)
    }

    let name: String
    let value: Value
    let explanation: String
    /// For `--help` only: the command applies it.
    var defaultText: String?
    var isRequired = false

    static func flag(_ name: String, _ explanation: String) -> CommandOption {
        CommandOption(name: name, value: .flag, explanation: explanation)
    }

    static func text(
        _ name: String,
        _ value: String,
        _ explanation: String,
        default defaultText: String? = nil,
        required: Bool = false
    ) -> CommandOption {
        CommandOption(
            name: name,
            value: .text(value),
            explanation: explanation,
            defaultText: defaultText,
            isRequired: required
        )
    }

    /// The file that most commands need.
    static let config = text(
        "config",
        "FILE",
        "The configuration, a JSON5 file.",
        default: "Config/beckon.json5"
    )
}

/// What a command ends with, in the numbers of `sysexits.h` where it has one.
public enum ExitCode: Int32, Sendable, CaseIterable {
    case ok = 0
    /// It could not be done; the message says why.
    case failed = 1
    /// The command line cannot be understood.
    case usage = 2
    /// EX_UNAVAILABLE: something that is needed does not answer.
    case unavailable = 69
    /// EX_TEMPFAIL: another process has what is needed; trying again may help.
    case busy = 75
    /// EX_CONFIG: the configuration is wrong.
    case configuration = 78

    var meaning: String {
        switch self {
        case .ok: "done"
        case .failed: "it could not be done"
        case .usage: "the command line cannot be understood"
        case .unavailable: "something that is needed does not answer"
        case .busy: "another process holds what is needed"
        case .configuration: "the configuration is wrong"
        }
    }
}

/// Why a command did not do what it was told.
struct CommandFailure: Error, Hashable, Sendable {
    let code: ExitCode
    /// For people; may have several lines.
    let message: String

    init(_ code: ExitCode, _ message: String) {
        self.code = code
        self.message = message
    }
}

/// Where a command reads and writes. A protocol, so that tests can be one.
public protocol Terminal: Sendable {
    /// A line of what was asked for, to standard output.
    func output(_ line: String)
    /// A line of anything else, to standard error.
    func error(_ line: String)
    /// One line of standard input without its end, not echoed on a terminal; nil at the end.
    func readSecret(prompt: String) -> String?
}
