/// The texts of `--help`.
extension Program {
    var overview: String {
        let codes = ExitCode.allCases.map {
            "  " + "\($0.rawValue)".padded(to: 3) + "  " + $0.meaning
        }
        return """
            \(purpose)

            Usage: \(name) COMMAND [--option=value …]

            Commands:
            \(list(commands))

            \(name) COMMAND --help shows the options of a command.

            Exit codes:
            \(codes.joined(separator: "\n"))
            """
    }

    func help(for command: any Subcommand.Type) -> String {
        var text = "\(command.summary)\n\nUsage: \(name) \(command.name)"
        if !command.options.isEmpty { text += " [options]" }
        switch command.operands {
        case .none: break
        case .one(let name): text += " \(name)"
        case .some(let name): text += " \(name) …"
        }
        if !command.details.isEmpty { text += "\n\n\(command.details)" }
        text += "\n\nOptions:"
        let rows = command.options.map { option in
            switch option.value {
            case .flag: ("--\(option.name)", note(option))
            case .text(let value): ("--\(option.name)=\(value)", note(option))
            }
        }
        let width = max(rows.map(\.0.count).max() ?? 0, 6)
        for row in rows { text += "\n  " + row.0.padded(to: width) + "  " + row.1 }
        return text + "\n  " + "--help".padded(to: width) + "  Show this help."
    }

    /// The commands that begin with the same word; nil if there are none.
    func help(forGroup word: String) -> String? {
        let group = commands.filter { $0.name.hasPrefix("\(word) ") }
        guard !group.isEmpty else { return nil }
        return "Usage: \(name) \(word) COMMAND [--option=value …]\n\n" + list(group)
    }

    private func list(_ commands: [any Subcommand.Type]) -> String {
        let width = commands.map { $0.name.count }.max() ?? 0
        return commands.map { "  " + $0.name.padded(to: width) + "  " + $0.summary }
            .joined(separator: "\n")
    }

    private func note(_ option: CommandOption) -> String {
        if option.isRequired { return option.explanation + " Required." }
        guard let defaultText = option.defaultText else { return option.explanation }
        return option.explanation + " Default: \(defaultText)."
    }
}

extension String {
    /// The text, with spaces after it up to `width` characters.
    public func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
