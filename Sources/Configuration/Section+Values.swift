import HTTP
import HTTP

extension Section {
    /// A text; nil when absent or not a text.
    func text(_ key: String) -> String? {
        guard let node = node(key) else { return nil }
        guard case .string(let text) = node.value else {
            problem(key, "must be a text, not \(node.kind)")
            return nil
        }
        guard !text.isEmpty else {
            problem(key, "must not be empty")
            return nil
        }
        guard !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            problem(key, "must not hold control characters")
            return nil
        }
        return text
    }

    /// A text that must be there.
    func requiredText(_ key: String) -> String {
        let text = text(key)
        if text == nil, !has(key) { missing(key) }
        return text ?? ""
    }

    /// Texts, nothing when absent.
    func texts(_ key: String) -> [String] {
        elements(key).compactMap { position, node in
            guard case .string(let text) = node.value, !text.isEmpty else {
                problem(key, at: position, node, "must be a text, not \(node.kind)")
                return nil
            }
            return text
        }
    }

    func flag(_ key: String, default value: Bool) -> Bool {
        guard let node = node(key) else { return value }
        guard case .bool(let flag) = node.value else {
            problem(key, "must be true or false, not \(node.kind)")
            return value
        }
        return flag
    }

    /// A whole number within bounds; nil when absent.
    func optionalNumber(_ key: String, _ bounds: ClosedRange<Int>) -> Int? {
        guard let node = node(key) else { return nil }
        guard case .number(let number) = node.value, let whole = Int(exactly: number) else {
            problem(key, "must be a whole number, not \(node.kind)")
            return nil
        }
        guard bounds.contains(whole) else {
            problem(key, "must be from \(bounds.lowerBound) to \(bounds.upperBound), not \(whole)")
            return nil
        }
        return whole
    }

    func number(_ key: String, default value: Int, _ bounds: ClosedRange<Int>) -> Int {
        optionalNumber(key, bounds) ?? value
    }

    /// A span of time written as a text: `500ms`, `10s`, `2m`, `1h`, `30d`.
    func duration(
        _ key: String,
        default value: Duration,
        _ bounds: ClosedRange<Duration> = .milliseconds(1)...(.seconds(86400))
    ) -> Duration {
        guard let node = node(key) else { return value }
        guard case .string(let text) = node.value, let span = DurationText.parse(text) else {
            problem(
                key,
                "must be a span of time such as \"500ms\", \"10s\", \"2m\", \"1h\", \"7d\""
            )
            return value
        }
        guard bounds.contains(span) else {
            let from = DurationText.format(bounds.lowerBound)
            let to = DurationText.format(bounds.upperBound)
            problem(key, "must be from \(from) to \(to), not \(text)")
            return value
        }
        return span
    }

    /// One of a few words; nil when absent.
    func optionalChoice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String
    ) -> Choice? {
        guard let text = text(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = Choice.allCases.map(\.rawValue)
            let hint = Spelling.nearest(to: text, among: words).map { "; did you mean \($0)?" }
            problem(key, "must be \(Self.list(words)), not \"\(text)\"" + (hint ?? ""))
            return nil
        }
        return choice
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: String,
        default value: Choice
    ) -> Choice {
        optionalChoice(key) ?? value
    }

    static func list(_ words: [String]) -> String {
        guard let last = words.last, words.count > 1 else { return words.first ?? "" }
        return words.dropLast().joined(separator: ", ") + " or " + last
    }

    /// `127.0.0.1:8080`, `[::1]:8443`, `0.0.0.0:0`.
    func address(_ key: String, default value: SocketAddressText) -> SocketAddressText {
        guard let text = text(key) else { return value }
        guard let address = SocketAddressText(text) else {
            problem(
                key,
                "must be a numeric address and a port, as 127.0.0.1:8080 or [::]:8443"
            )
            return value
        }
        return address
    }

    /// Ranges of addresses, nothing when absent.
    func addressRanges(_ key: String) -> [AddressRange] {
        elements(key).compactMap { position, node in
            guard case .string(let text) = node.value, let range = AddressRange(text) else {
                problem(key, at: position, node, "must be a range such as \"10.0.0.0/8\"")
                return nil
            }
            return range
        }
    }

    /// The path of a file that must be there and readable; nil when absent.
    func file(_ key: String) -> String? {
        guard let text = text(key) else { return nil }
        let path = surroundings.resolve(text)
        if case .failure(let problem) = surroundings.read(path) {
            self.problem(key, "\(path) \(problem.reason)")
        }
        return path
    }

    /// The path of a file or directory that need not be there yet.
    func path(_ key: String, default value: String) -> String {
        surroundings.resolve(text(key) ?? value)
    }

    /// An absolute `http` or `https` address without user, fragment or trailing slash.
    func url(_ key: String, plain: PlainHTTP, allowsQuery: Bool = false) -> String? {
        guard let text = text(key),
            checkURL(text, key, plain: plain, allowsQuery: allowsQuery)
        else { return nil }
        return text.hasSuffix("/") ? String(text.dropLast()) : text
    }

    /// An address that holds `{user}` once, where the percent-encoded user identifier goes. It must
    /// be there if the group is.
    func userURL(_ key: String, plain: PlainHTTP) -> String {
        if isPresent, !has(key) { missing(key) }
        guard let template = text(key) else { return "" }
        let parts = template.split(separator: "{user}", omittingEmptySubsequences: false)
        guard parts.count == 2 else {
            problem(key, "must hold {user} once, where the user identifier goes")
            return template
        }
        // Braces are not URL characters; the check is made with a user in their place.
        let example = parts.joined(separator: "user")
        guard checkURL(example, key, plain: plain, allowsQuery: true) else { return template }
        // A user whose name is part of the host's would choose who gets our token.
        let afterScheme = parts[0].drop { $0 != ":" }.drop { $0 == ":" || $0 == "/" }
        if !afterScheme.contains(where: { $0 == "/" || $0 == "?" }) {
            problem(key, "must hold {user} in its path or its query")
        }
        return template
    }

    @discardableResult
    func checkURL(
        _ text: String,
        _ key: String,
        plain: PlainHTTP,
        allowsQuery: Bool = false
    ) -> Bool {
        guard let parts = HTTPAddress(text) else {
            problem(key, "must be an absolute https address")
            return false
        }
        guard parts.userInformation == nil, parts.fragment == nil else {
            problem(key, "must not hold a user, a password or a fragment")
            return false
        }
        guard allowsQuery || parts.query == nil else {
            problem(key, "must not hold a query")
            return false
        }
        guard parts.isSecure || plain.isAllowed(host: parts.host) else {
            problem(
                key,
                "must be https: plain http is taken for loopback addresses, and elsewhere with "
                    + plain.condition
            )
            return false
        }
        return true
    }

    /// Where plain `http` may be used.
    enum PlainHTTP {
        case loopback(unless: Bool)
        case ifAllowedByInternal(Bool)

        func isAllowed(host: String) -> Bool {
            if ["localhost", "127.0.0.1", "::1"].contains(host) { return true }
            switch self {
            case .loopback(let unless), .ifAllowedByInternal(let unless): return unless
            }
        }

        var condition: String {
            switch self {
            case .loopback: "development: true"
            case .ifAllowedByInternal: "allow_internal: true"
            }
        }
    }
}
