import Cryptography
public import HTTP

extension Section {
    /// A text without control characters; nil when absent or wrong.
    public func text(
        _ key: String,
        default fallback: String? = nil,
        example: String? = nil,
        required isRequired: Bool = false,
        _ about: String
    ) -> String? {
        let node = node(
            key,
            default: fallback.map(ConfigurationNode.text),
            example: example.map(ConfigurationNode.text),
            required: isRequired,
            about
        )
        return text(node, key) ?? fallback
    }

    /// A text that is required; empty when it is missing or wrong.
    public func requiredText(_ key: String, example: String, _ about: String) -> String {
        text(key, example: example, required: true, about) ?? ""
    }

    private func text(_ node: ConfigurationNode?, _ key: String) -> String? {
        guard let node else { return nil }
        guard case .string(let text) = node.value else {
            problem(key, "must be a text, not \(node.kind)")
            return nil
        }
        guard !text.isEmpty else {
            problem(key, "must not be empty")
            return nil
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            problem(key, "must not contain control characters")
            return nil
        }
        return text
    }

    /// The name and the text of a group that has exactly one of several keys, as `{ dns: "a" }`. Nil
    /// for anything else, which is noted at `key`.
    public func onlyText(
        _ node: ConfigurationNode?,
        at key: String,
        among keys: [String]
    ) -> (name: String, text: String)? {
        guard case .object(let members) = node?.value, members.count == 1,
            let member = members.first
        else {
            problem(key, "must have exactly one of the keys \(Self.list(keys))")
            return nil
        }
        guard keys.contains(member.name) else {
            problem("\(key).\(member.name)", "is not a known key")
            return nil
        }
        guard case .string(let text) = member.node.value else {
            problem("\(key).\(member.name)", "must be a text, not \(member.node.kind)")
            return nil
        }
        return (member.name, text)
    }

    /// A list of texts.
    public func texts(
        _ key: String,
        default fallback: [String] = [],
        example: [String]? = nil,
        required isRequired: Bool = false,
        _ about: String
    ) -> [String] {
        let elements = elements(
            key,
            default: ConfigurationNode.list(fallback),
            example: example.map(ConfigurationNode.list),
            required: isRequired,
            about
        )
        guard has(key) else { return fallback }
        return elements.compactMap { position, node in
            guard case .string(let text) = node.value else {
                problem(key, at: position, node, "must be a text, not \(node.kind)")
                return nil
            }
            guard !text.isEmpty else {
                problem(key, at: position, node, "must not be empty")
                return nil
            }
            return text
        }
    }

    /// True or false.
    public func flag(
        _ key: String,
        default fallback: Bool,
        example: Bool? = nil,
        _ about: String
    ) -> Bool {
        let node = node(key, default: "\(fallback)", example: example.map { "\($0)" }, about)
        guard let node else { return fallback }
        guard case .bool(let flag) = node.value else {
            problem(key, "must be true or false, not \(node.kind)")
            return fallback
        }
        return flag
    }

    /// A whole number within bounds; nil when absent or wrong.
    public func optionalNumber(
        _ key: String,
        _ bounds: ClosedRange<Int>,
        example: Int,
        _ about: String
    ) -> Int? {
        number(key, default: nil, bounds, example: example, about)
    }

    /// A whole number within bounds.
    public func number(
        _ key: String,
        default fallback: Int,
        _ bounds: ClosedRange<Int>,
        _ about: String
    ) -> Int {
        number(key, default: fallback, bounds, example: fallback, about) ?? fallback
    }

    private func number(
        _ key: String,
        default fallback: Int?,
        _ bounds: ClosedRange<Int>,
        example: Int,
        _ about: String
    ) -> Int? {
        let range = "\(bounds.lowerBound) to \(bounds.upperBound)"
        let node = node(
            key,
            type: "\(range).",
            default: fallback.map(String.init),
            example: String(example),
            about
        )
        guard let node else { return nil }
        guard case .number(let number) = node.value else {
            problem(key, "must be a whole number, \(range), not \(node.kind)")
            return nil
        }
        guard let whole = Int(exactly: number), bounds.contains(whole) else {
            let given = Int(exactly: number).map(String.init) ?? "\(number)"
            problem(key, "must be a whole number, \(range), not \(given)")
            return nil
        }
        return whole
    }

    /// A duration written as a text: `500ms`, `10s`, `2m`, `1h`, `30d`.
    public func duration(
        _ key: String,
        default fallback: Duration,
        _ bounds: ClosedRange<Duration>,
        _ about: String
    ) -> Duration {
        let from = DurationText.format(bounds.lowerBound)
        let range = "\(from) to \(DurationText.format(bounds.upperBound))"
        let node = node(
            key,
            type: "\(range).",
            default: ConfigurationNode.text(DurationText.format(fallback)),
            about
        )
        guard let node else { return fallback }
        guard case .string(let text) = node.value, let span = DurationText.parse(text) else {
            problem(key, "must be a duration such as \"500ms\", \"10s\", \"2m\", \"1h\" or \"7d\"")
            return fallback
        }
        guard bounds.contains(span) else {
            problem(key, "must be \(range), not \(text)")
            return fallback
        }
        return span
    }

    /// A duration from 1 ms to 1 d.
    public func duration(
        _ key: String,
        default fallback: Duration,
        _ about: String
    ) -> Duration {
        duration(key, default: fallback, .milliseconds(1)...(.seconds(86400)), about)
    }

    /// One of a few words, each with the value that it stands for; nil when absent or wrong.
    public func optionalChoice<Choice>(
        _ key: String,
        among choices: KeyValuePairs<String, Choice>,
        example: String? = nil,
        required isRequired: Bool = false,
        _ about: String
    ) -> Choice? {
        choice(key, among: choices, fallback: nil, example: example, required: isRequired, about)
    }

    /// One of a few words, each with the value that it stands for. `fallback` is one of the words.
    public func choice<Choice: Equatable>(
        _ key: String,
        among choices: KeyValuePairs<String, Choice>,
        default fallback: Choice,
        _ about: String
    ) -> Choice {
        let word = choices.first { $0.value == fallback }?.key
        return choice(key, among: choices, fallback: word, about) ?? fallback
    }

    /// The key `kind` of a group that comes in several kinds, given by their names; nil when absent
    /// or wrong. Without a default the key is required.
    public func kind<Kind>(
        among kinds: [(key: String, value: Kind)],
        default fallback: String? = nil,
        _ about: String
    ) -> Kind? {
        choice("kind", among: kinds, fallback: fallback, required: fallback == nil, about)
            ?? (has("kind") ? nil : kinds.first { $0.key == fallback }?.value)
    }

    /// One of an enumeration's raw values; nil when absent or wrong.
    public func optionalChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        example: Choice,
        _ about: String
    ) -> Choice? {
        choice(key, among: Choice.words, fallback: nil, example: example.rawValue, about)
    }

    /// One of an enumeration's raw values.
    public func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        default fallback: Choice,
        _ about: String
    ) -> Choice {
        choice(key, among: Choice.words, fallback: fallback.rawValue, about) ?? fallback
    }

    private func choice<Choice>(
        _ key: String,
        among choices: some Collection<(key: String, value: Choice)>,
        fallback: String?,
        example: String? = nil,
        required isRequired: Bool = false,
        _ about: String
    ) -> Choice? {
        let words = choices.map { $0.key }
        let node = node(
            key,
            type: words.count == 1 ? "" : "\(Self.list(words.map(ConfigurationNode.text))).",
            default: fallback.map(ConfigurationNode.text),
            example: example.map(ConfigurationNode.text),
            required: isRequired,
            about
        )
        guard let text = text(node, key) ?? preset(key) else { return nil }
        guard let choice = choices.first(where: { $0.key == text })?.value else {
            problem(
                key,
                "must be \(Self.list(words)), not \"\(text)\"" + Self.hint(node, among: words)
            )
            return nil
        }
        return choice
    }

    /// The end of a sentence about a wrong word: which one it probably means, if any is near.
    public static func hint(_ node: ConfigurationNode?, among words: [String]) -> String {
        guard case .string(let text) = node?.value,
            let word = Spelling.nearest(to: text, among: words)
        else { return "" }
        return "; did you mean \(word)?"
    }

    /// Words as a sentence lists them: `a, b or c`.
    public static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// A numeric address and a port: `127.0.0.1:8080`, `[::1]:8443`, `0.0.0.0:0`.
    public func address(
        _ key: String,
        default fallback: SocketAddressText,
        _ about: String
    ) -> SocketAddressText {
        guard let text = text(key, default: fallback.description, about) else { return fallback }
        guard let address = SocketAddressText(text) else {
            problem(key, Self.addressRule)
            return fallback
        }
        return address
    }

    /// What an address of a listener must be.
    public static let addressRule =
        "must be a numeric address and a port, as 127.0.0.1:8080 or [::]:8443"

    /// Ranges of addresses.
    public func addressRanges(
        _ key: String,
        example: [String],
        _ about: String
    ) -> [AddressRange] {
        let elements = elements(
            key,
            default: "[]",
            example: ConfigurationNode.list(example),
            about
        )
        return elements.compactMap { position, node in
            guard case .string(let text) = node.value, let range = AddressRange(text) else {
                problem(key, at: position, node, "must be a range such as \"10.0.0.0/8\"")
                return nil
            }
            return range
        }
    }

    /// The absolute path of a file of PEM certificates that must exist; nil when absent.
    public func authorities(_ key: String, example: String, _ about: String) -> String? {
        let path = file(key, example: example, about)
        if let path, case .success(let bytes) = environment.read(path),
            !CertifiedKey.areCertificates(bytes)
        {
            problem(key, "\(path) has no PEM certificates, or one that cannot be read")
        }
        return path
    }

    /// The absolute path of a file that must exist and be readable; nil when absent.
    public func file(
        _ key: String,
        example: String,
        required isRequired: Bool = false,
        _ about: String
    ) -> String? {
        guard let text = text(key, example: example, required: isRequired, about) else {
            return nil
        }
        let path = environment.resolve(text)
        if case .failure(let failure) = environment.read(path) {
            problem(key, "\(path) \(failure.reason)")
        }
        if let warning = environment.warning(trusted: path) { warn(key, "\(path) \(warning)") }
        return path
    }

    /// The absolute path of a file or directory that need not exist yet.
    public func path(_ key: String, default fallback: String, _ about: String) -> String {
        environment.resolve(text(key, default: fallback, about) ?? fallback)
    }
}

extension RawRepresentable<String> where Self: CaseIterable {
    fileprivate static var words: [(key: String, value: Self)] {
        allCases.map { ($0.rawValue, $0) }
    }
}

extension ConfigurationNode {
    /// A text as it is written in a file.
    static func text(_ text: String) -> String {
        // This runs for every key at every start, and few texts have anything to escape.
        let isPlain = text.utf8.allSatisfy { $0 != UInt8(ascii: "\\") && $0 != UInt8(ascii: "\"") }
        if isPlain { return "\"" + text + "\"" }
        return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// A list of texts as it is written in a file.
    static func list(_ texts: [String]) -> String {
        "[" + texts.map(text).joined(separator: ", ") + "]"
    }
}
