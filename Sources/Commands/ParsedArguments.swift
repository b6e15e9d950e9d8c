public import Configuration

/// The options and operands that a command was called with.
public struct ParsedArguments: Sendable {
    private(set) var values: [String: String] = [:]
    private(set) var flags: Set<String> = []
    /// As many as the command accepts, in order.
    public private(set) var operands: [String] = []
    private(set) var wantsHelp = false

    /// Reads `--key=value`, `--key value` and `--flag`.
    ///
    /// - Throws: `CommandFailure` with `.usage` for unknown options (with the most similar known
    ///   one), repeated options, missing values and unexpected operands.
    public init(
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
                throw CommandFailure(.usage, "unexpected argument \(word); options begin with --")
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
                throw CommandFailure(.usage, "--\(name) was given twice")
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
            throw CommandFailure(.usage, "--\(option.name) is required")
        }
        switch expected {
        case .none: break
        case .one(let name), .some(let name):
            guard !operands.isEmpty else { throw CommandFailure(.usage, "\(name) is required") }
            if case .one = expected, operands.count > 1 {
                throw CommandFailure(
                    .usage,
                    "unexpected argument \(operands[1]); there can be only one \(name)"
                )
            }
        }
    }

    /// Whether a flag was given.
    public func has(_ flag: String) -> Bool { flags.contains(flag) }

    /// The value of an option; nil if it was not given.
    public func text(_ name: String) -> String? { values[name] }

    /// The value of an option, or a default.
    public func text(_ name: String, default value: String) -> String { values[name] ?? value }

    /// A whole number within bounds.
    public func number(
        _ name: String,
        default value: Int,
        _ bounds: ClosedRange<Int>
    ) throws(CommandFailure) -> Int {
        let rule = "must be a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
        return try parsed(name, rule) { Int($0).flatMap { bounds.contains($0) ? $0 : nil } }
            ?? value
    }

    /// A numeric address and a port.
    public func address(
        _ name: String,
        default value: SocketAddressText
    ) throws(CommandFailure) -> SocketAddressText {
        try parsed(name, "must be an address and a port, such as 127.0.0.1:8080") {
            SocketAddressText($0)
        } ?? value
    }

    /// One of a few words.
    public func choice(
        _ name: String,
        default value: String,
        among words: [String]
    ) throws(CommandFailure) -> String {
        try parsed(name, "must be \(list(words)), not \(values[name] ?? "")") {
            words.contains($0) ? $0 : nil
        } ?? value
    }

    /// The value of an option in its own type; nil if it was not given.
    ///
    /// - Throws: `CommandFailure` with `rule` if `parse` returns nil.
    public func parsed<Value>(
        _ name: String,
        _ rule: String,
        _ parse: (String) -> Value?
    ) throws(CommandFailure) -> Value? {
        guard let text = values[name] else { return nil }
        guard let value = parse(text) else { throw CommandFailure(.usage, "--\(name) \(rule)") }
        return value
    }

    /// `a, b or c`.
    private func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }
}
