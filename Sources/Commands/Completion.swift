/// A shell that can complete commands and options.
public enum CompletionShell: String, Sendable, CaseIterable {
    case bash, zsh, fish
}

/// Completion of commands, options and values, made of the commands' declarations.
extension Program {
    /// The script that makes a shell complete this program.
    public func completion(for shell: CompletionShell) -> String {
        switch shell {
        case .bash: bash
        case .zsh: zsh
        case .fish: fish
        }
    }

    private typealias Group = (word: String, commands: [any Subcommand.Type])

    /// The commands by their first words, in the order of the help.
    private var groups: [Group] {
        var groups: [Group] = []
        for command in commands {
            let word = String(command.name.prefix { $0 != " " })
            if let index = groups.firstIndex(where: { $0.word == word }) {
                groups[index].commands.append(command)
            } else {
                groups.append((word, [command]))
            }
        }
        return groups
    }

    /// The words that something follows in the names of commands: `users`, `clients`, `clients keys`.
    private var prefixes: [String] {
        var prefixes: [String] = []
        for command in commands {
            let words = command.name.split(separator: " ")
            for length in 1..<max(words.count, 1) {
                let prefix = words[..<length].joined(separator: " ")
                if !prefixes.contains(prefix) { prefixes.append(prefix) }
            }
        }
        return prefixes
    }

    /// The words that follow a prefix, each with the command that it ends, if it ends one.
    private func next(
        _ prefix: String
    ) -> [(word: String, command: (any Subcommand.Type)?)] {
        var next: [(word: String, command: (any Subcommand.Type)?)] = []
        for command in commands where command.name.hasPrefix(prefix + " ") {
            let rest = command.name.dropFirst(prefix.count + 1)
            let word = String(rest.prefix { $0 != " " })
            if word.count == rest.count {
                next.append((word, command))
            } else if !next.contains(where: { $0.word == word }) {
                next.append((word, nil))
            }
        }
        return next
    }

    private static func hasVerbs(_ group: Group) -> Bool { group.commands[0].name.contains(" ") }

    private static func verb(_ command: any Subcommand.Type) -> String {
        String(command.name.drop { $0 != " " }.dropFirst())
    }

    private func about(_ group: Group) -> String {
        Self.hasVerbs(group)
            ? group.commands.map(Self.verb).joined(separator: ", ") : group.commands[0].summary
    }

    /// In single quotes, for every one of the shells.
    private static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false).joined(
                separator: "'\\''"
            )
            + "'"
    }

    // MARK: bash

    private var bash: String {
        let groups = groups
        var values: [String] = []
        var words: [String] = []
        for command in commands {
            for option in command.options {
                let place = "'\(command.name):--\(option.name)'"
                if option.isPath {
                    values.append("        \(place)) compopt -o filenames; kind=-f ;;")
                } else if !option.choices.isEmpty {
                    let choices = option.choices.joined(separator: " ")
                    values.append("        \(place)) kind=-W; words='\(choices)' ;;")
                } else if option.takesValue {
                    values.append("        \(place)) return ;;")
                }
            }
            let options = command.options.map { "--\($0.name)" + ($0.takesValue ? "=" : "") }
            let choices = (options + ["--help"] + command.operandChoices).joined(separator: " ")
            let files = command.operands.arePaths ? "; [[ $current != -* ]] && kind=-f" : ""
            words.append("        '\(command.name)') words='\(choices)'\(files) ;;")
        }
        for prefix in prefixes {
            let following = next(prefix).map(\.word).joined(separator: " ")
            words.append("        '\(prefix)') words='\(following)' ;;")
        }
        let names = groups.map(\.word).joined(separator: " ")
        let longer = prefixes.map { "'\($0)'" }.joined(separator: "|")
        return """
            # Completion of \(name) for bash:
            #   source <(\(name) completion bash)
            _\(name)() {
                local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
                local command=${COMP_WORDS[1]} words= kind=-W index
                # Bash cuts --option=value into three words.
                if [[ $current == = ]]; then
                    current=
                elif [[ $previous == = ]]; then
                    previous=${COMP_WORDS[COMP_CWORD - 2]}
                fi
                for index in 2 3; do
                    case $command in
                        \(longer.isEmpty ? "''" : longer))
                            ((COMP_CWORD > index)) && command+=" ${COMP_WORDS[index]}" ;;
                    esac
                done
                ((COMP_CWORD == 1)) && command=
                case "$command:$previous" in
            \(values.joined(separator: "\n"))
                esac
                [[ $kind == -W && -z $words ]] && case $command in
                    '') words='\(names) --help --version' ;;
            \(words.joined(separator: "\n"))
                esac
                if [[ $kind == -f ]]; then
                    mapfile -t COMPREPLY < <(compgen -f -- "$current")
                else
                    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
                fi
                [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
                return 0
            }
            complete -F _\(name) \(name)
            """
    }

    // MARK: zsh

    private var zsh: String {
        func described(_ pairs: [(String, String)]) -> String {
            pairs.map { Self.quoted("\($0.0):\($0.1)") }.joined(separator: " ")
        }
        var cases: [String] = []
        for group in groups {
            guard Self.hasVerbs(group) else {
                cases.append("        \(group.word)) \(arguments(of: group.commands[0])) ;;")
                continue
            }
            cases += zshCase(group.word, group.word, "        ")
        }
        let names = described(groups.map { ($0.word, about($0)) })
        return """
            #compdef \(name)
            # Completion of \(name) for zsh:
            #   source <(\(name) completion zsh)
            _\(name)() {
                local -a known
                if (( CURRENT == 2 )); then
                    known=(\(names))
                    _describe command known
                    return
                fi
                shift words
                (( CURRENT-- ))
                case $words[1] in
            \(cases.joined(separator: "\n"))
                esac
            }
            if [[ $funcstack[1] == _\(name) ]]; then
                _\(name) "$@"
            else
                compdef _\(name) \(name)
            fi
            """
    }

    /// The case of a word after which other words follow.
    private func zshCase(_ prefix: String, _ word: String, _ indent: String) -> [String] {
        let following = next(prefix)
        let known = following.map { next in
            Self.quoted("\(next.word):\(next.command?.summary ?? next.word)")
        }
        let inner = indent + "    "
        var lines = [
            "\(indent)\(word))", "\(inner)if (( CURRENT == 2 )); then",
            "\(inner)    known=(\(known.joined(separator: " ")))",
            "\(inner)    _describe command known", "\(inner)    return", "\(inner)fi",
            "\(inner)shift words", "\(inner)(( CURRENT-- ))", "\(inner)case $words[1] in",
        ]
        for next in following {
            if let command = next.command {
                lines.append("\(inner)    \(next.word)) \(arguments(of: command)) ;;")
            } else {
                lines += zshCase("\(prefix) \(next.word)", next.word, inner + "    ")
            }
        }
        return lines + ["\(inner)esac ;;"]
    }

    private func arguments(of command: any Subcommand.Type) -> String {
        var words = command.options.map { option in
            let about = String(
                option.explanation.flatMap { "[]\\:".contains($0) ? ["\\", $0] : [$0] }
            )
            guard option.takesValue else { return Self.quoted("--\(option.name)[\(about)]") }
            let values =
                option.isPath
                ? "_files"
                : option.choices.isEmpty ? "" : "(\(option.choices.joined(separator: " ")))"
            return Self.quoted("--\(option.name)=[\(about)]:\(option.name):\(values)")
        }
        words.append("'--help[Show the help.]'")
        if command.operands.arePaths { words.append("'*:file:_files'") }
        if !command.operandChoices.isEmpty {
            words.append("'1:value:(\(command.operandChoices.joined(separator: " ")))'")
        }
        return "_arguments " + words.joined(separator: " ")
    }

    // MARK: fish

    private var fish: String {
        let groups = groups
        let names = groups.map(\.word).joined(separator: " ")
        var lines = [
            "# Completion of \(name) for fish:", "#   \(name) completion fish | source",
            "complete -c \(name) -f",
        ]
        func add(_ condition: String, _ rest: String, _ about: String) {
            lines.append(
                "complete -c \(name) -n '\(condition)' \(rest) -d " + Self.fishQuoted(about)
            )
        }
        for group in groups {
            add("not __fish_seen_subcommand_from \(names)", "-a \(group.word)", about(group))
        }
        func seen(_ words: some Sequence<String>) -> String {
            words.map { "__fish_seen_subcommand_from \($0)" }.joined(separator: "; and ")
        }
        for prefix in prefixes {
            let following = next(prefix)
            let words = prefix.split(separator: " ").map(String.init)
            let all = following.map(\.word).joined(separator: " ")
            for next in following {
                let none = "\(seen(words)); and not \(seen([all]))"
                add(none, "-a \(next.word)", next.command?.summary ?? next.word)
            }
        }
        for group in groups {
            for command in group.commands {
                // Other words of a prefix are not in the name: `add` is also the end of `keys add`.
                let words = command.name.split(separator: " ").map(String.init)
                let deeper = prefixes.filter { prefix in
                    prefix.hasPrefix(words[0] + " ") && !command.name.hasPrefix(prefix + " ")
                }.compactMap { $0.split(separator: " ").last }
                let here = ([seen(words)] + deeper.map { "not " + seen([String($0)]) })
                    .joined(separator: "; and ")
                for option in command.options {
                    let value =
                        !option.takesValue
                        ? ""
                        : option.isPath
                            ? " -r -F"
                            : option.choices.isEmpty
                                ? " -x" : " -x -a '\(option.choices.joined(separator: " "))'"
                    add(here, "-l \(option.name)" + value, option.explanation)
                }
                add(here, "-l help", "Show the help.")
                if command.operands.arePaths { add(here, "-F", "") }
                for choice in command.operandChoices { add(here, "-a \(choice)", "") }
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func fishQuoted(_ text: String) -> String {
        "'" + String(text.flatMap { "'\\".contains($0) ? ["\\", $0] : [$0] }) + "'"
    }
}

/// Names of values that are paths.
private let paths: Set = ["FILE", "DIRECTORY"]

extension Operands {
    fileprivate var arePaths: Bool {
        switch self {
        case .none: false
        case .one(let name), .some(let name): paths.contains(name)
        }
    }
}

extension CommandOption {
    fileprivate var takesValue: Bool {
        if case .text = value { return true }
        return false
    }

    fileprivate var isPath: Bool {
        if case .text(let name) = value { return paths.contains(name) }
        return false
    }
}
