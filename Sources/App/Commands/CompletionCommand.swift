import Commands

/// `beckon completion`: makes a shell complete commands, options and values.
struct CompletionCommand: Subcommand {
    static let name = "completion"
    static let summary = "Print a script that completes commands in bash, zsh or fish."
    static let details = """
        For this session:

          bash: source <(beckon completion bash)
          zsh:  source <(beckon completion zsh)
          fish: beckon completion fish | source

        To keep it, put that line into the start file of the shell.
        """
    static let options: [CommandOption] = []
    static let operands = Operands.one("SHELL")
    static let operandChoices = CompletionShell.allCases.map(\.rawValue)

    private let shell: CompletionShell

    init(_ arguments: ParsedArguments) throws(CommandFailure) {
        let word = arguments.operands.first ?? ""
        guard let shell = CompletionShell(rawValue: word) else {
            throw CommandFailure(.usage, "SHELL must be bash, zsh or fish, not \(word)")
        }
        self.shell = shell
    }

    func run(_ terminal: any Terminal) async throws {
        terminal.output(CommandLineInterface.program.completion(for: shell))
    }
}
