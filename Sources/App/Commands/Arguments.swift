import Configuration

/// The options of one command as they were given.
struct ParsedArguments: Sendable {
    private(set) var values: [String: String] = [:]
    private(set) var flags: Set<String> = []
    /// As many as the command takes, in order.
    private(set) var operands: [String] = []
    private(set) var wantsHelp = false

    /// Reads `--key=value`, `--key value` and `--flag`.
    ///
    /// - Throws: `CommandFailure` with `.usage` for everything else: unknown options (with the
    ///   nearest known one), repeated ones, missing values, and words that belong to no option
    ///   beyond the operands.
    init(
        _ words: [String],
        options: [CommandOption],
        operands expected: Operands = .none
    ) throws(CommandFailure) {
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if expected != .none, !word.hasPrefix("-"), !word.isEmpty {
                operands.append(word)
                continue
            }
            guard word.hasPrefix("--"), word.count > 2 else {
                throw CommandFailure(.usage, "\(word) belongs to no option; options begin with --")
            }
            let parts = word.dropFirst(2).split(
                separator: "=",
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let name = String(parts[0])
            if name == "help", parts.count == 1 {
                wantsHelp = true
                continue
            }
            guard let option = options.first(where: { $0.name == name }) else {
                let meant = Spelling.nearest(to: name, among: options.map(\.name) + ["help"])
                let hint = meant.map { "; did you mean --\($0)?" } ?? ""
                throw CommandFailure(.usage, "--\(name) is not an option of this command" + hint)
            }
            guard values[name] == nil, !flags.contains(name) else {
                throw CommandFailure(.usage, "--\(name) stands twice")
            }
            switch option.value {
            case .flag:
                guard parts.count == 1 else {
                    throw CommandFailure(.usage, "--\(name) takes no value")
                }
                flags.insert(name)
            case .text(let placeholder):
                if parts.count == 2 {
                    values[name] = String(parts[1])
                } else {
                    guard index < words.count, !words[index].hasPrefix("--") else {
                        throw CommandFailure(
                            .usage,
                            "--\(name) needs a value: --\(name)=\(placeholder)"
                        )
                    }
                    values[name] = words[index]
                    index += 1
                }
                guard values[name] != "" else {
                    throw CommandFailure(.usage, "the value of --\(name) is empty")
                }
            }
        }
        guard !wantsHelp else { return }
        for option in options where option.isRequired && values[option.name] == nil {
            throw CommandFailure(.usage, "--\(option.name) is missing")
        }
        switch expected {
        case .none: break
        case .one(let name), .some(let name):
            guard !operands.isEmpty else { throw CommandFailure(.usage, "\(name) is missing") }
            if case .one = expected, operands.count > 1 {
                throw CommandFailure(.usage, "\(operands[1]) is too much: there is one \(name)")
            }
        }
    }

    func has(_ flag: String) -> Bool { flags.contains(flag) }

    func text(_ name: String) -> String? { values[name] }

    func text(_ name: String, default value: String) -> String { values[name] ?? value }

    /// A whole number within bounds.
    func number(
        _ name: String,
        default value: Int,
        _ bounds: ClosedRange<Int>
    ) throws(CommandFailure) -> Int {
        guard let text = values[name] else { return value }
        guard let number = Int(text), bounds.contains(number) else {
            throw CommandFailure(
                .usage,
                "--\(name) must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
            )
        }
        return number
    }

    /// A numeric address and a port.
    func address(
        _ name: String,
        default value: SocketAddressText
    ) throws(CommandFailure) -> SocketAddressText {
        guard let text = values[name] else { return value }
        guard let address = SocketAddressText(text) else {
            throw CommandFailure(
                .usage,
                "--\(name) must be an address and a port, as 127.0.0.1:8080"
            )
        }
        return address
    }

    /// One of a few words.
    func choice(
        _ name: String,
        default value: String,
        among words: [String]
    ) throws(CommandFailure) -> String {
        guard let text = values[name] else { return value }
        guard words.contains(text) else {
            throw CommandFailure(.usage, "--\(name) must be \(Section.list(words)), not \(text)")
        }
        return text
    }
}
