/// What `--help` says.
enum HelpText {
    static var overview: String {
        let width = CommandLineInterface.commands.map { $0.name.count }.max() ?? 0
        let lines = CommandLineInterface.commands.map { command in
            "  " + pad(command.name, width) + "  " + command.summary
        }
        let codes = ExitCode.allCases.map { "  " + pad("\($0.rawValue)", 3) + "  " + $0.meaning }
        return """
            Beckon asks people on another device to approve logins (OpenID CIBA), and reports what
            they said to the authorization server.

            Usage: beckon COMMAND [--option=value …]

            Commands:
            \(lines.joined(separator: "\n"))

            beckon COMMAND --help says more about one. The first steps: beckon demo.

            Exit codes:
            \(codes.joined(separator: "\n"))
            """
    }

    static func command(_ command: any Command.Type) -> String {
        var text = "\(command.summary)\n\nUsage: beckon \(command.name)"
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
        for row in rows { text += "\n  " + pad(row.0, width) + "  " + row.1 }
        return text + "\n  " + pad("--help", width) + "  Says this."
    }

    /// Every command that begins with the same word.
    static func group(_ word: String) -> String? {
        let commands = CommandLineInterface.commands.filter { $0.name.hasPrefix("\(word) ") }
        guard !commands.isEmpty else { return nil }
        let width = commands.map { $0.name.count }.max() ?? 0
        let lines = commands.map { "  " + pad($0.name, width) + "  " + $0.summary }
        return "Usage: beckon \(word) COMMAND [--option=value …]\n\n"
            + lines.joined(separator: "\n")
    }

    private static func note(_ option: CommandOption) -> String {
        if option.isRequired { return option.explanation + " Required." }
        guard let defaultText = option.defaultText else { return option.explanation }
        return option.explanation + " Default: \(defaultText)."
    }

    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// Which Beckon this is.
public enum Version {
    /// By the rules of semver.org.
    public static let number = "0.1.0"
    static let text = "beckon \(number)"
}
