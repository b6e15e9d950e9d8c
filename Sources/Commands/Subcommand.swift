/// One command of a program, such as `serve` or `users add`.
public protocol Subcommand: Sendable {
    /// The words after the program's name: `serve`, `users add`, `clients keys add`. One to three.
    static var name: String { get }
    /// One line for the list of commands.
    static var summary: String { get }
    /// More text for `--help`; may be empty.
    static var details: String { get }
    /// The options it accepts besides `--help`.
    static var options: [CommandOption] { get }
    /// The arguments it accepts that are not options.
    static var operands: Operands { get }
    /// The values that such an argument can have, for completion; empty if there are too many to
    /// name.
    static var operandChoices: [String] { get }
    /// Whether it handles SIGTERM, SIGINT and SIGHUP itself. Other commands end by them.
    static var handlesSignals: Bool { get }
    /// Optional work that makes `run` faster. The main thread does it while `run` runs on another.
    static func prepare()

    /// Reads the values of its options.
    ///
    /// - Throws: `CommandFailure` with `.usage` for an invalid value.
    init(_ arguments: ParsedArguments) throws(CommandFailure)

    /// Runs the command. Results go to `terminal.output`, everything else to `terminal.error`.
    func run(_ terminal: any Terminal) async throws
}

extension Subcommand {
    /// None.
    public static var details: String { "" }
    /// None.
    public static var operands: Operands { .none }
    /// None.
    public static var operandChoices: [String] { [] }
    /// It does not.
    public static var handlesSignals: Bool { false }
    /// Nothing.
    public static func prepare() {}
}

/// Arguments of a command that are not options. The text is their name in `--help`.
public enum Operands: Hashable, Sendable {
    case none
    case one(String)
    /// One or more.
    case some(String)
}

/// An option of a command. Options are long, are a flag or take a value, and are given once at most.
public struct CommandOption: Sendable {
    enum Value: Sendable {
        case flag
        /// The name of the value in `--help`.
        case text(String)
    }

    /// Without the leading hyphens.
    public let name: String
    let value: Value
    let explanation: String
    /// Shown by `--help`; the command itself applies it.
    let defaultText: String?
    let isRequired: Bool
    /// The values there are, for completion; empty if there are too many to name.
    let choices: [String]

    /// An option without a value.
    public static func flag(_ name: String, _ explanation: String) -> CommandOption {
        CommandOption(
            name: name,
            value: .flag,
            explanation: explanation,
            defaultText: nil,
            isRequired: false,
            choices: []
        )
    }

    /// An option with a value. `value` is the name of the value in `--help`; `FILE` and `DIRECTORY` are
    /// paths.
    public static func text(
        _ name: String,
        _ value: String,
        _ explanation: String,
        default defaultText: String? = nil,
        required: Bool = false,
        choices: [String] = []
    ) -> CommandOption {
        CommandOption(
            name: name,
            value: .text(value),
            explanation: explanation,
            defaultText: defaultText,
            isRequired: required,
            choices: choices
        )
    }
}
