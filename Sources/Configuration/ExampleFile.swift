extension ConfigurationFile {
    /// An example file with every key that `read` declares, its description and its default. What
    /// `read` returns is not used.
    public static func example<Result>(_ read: (Section) -> Result) -> String {
        let keys = KeyList()
        let environment = Environment(directory: "") { _ in .failure(.init("is not read")) }
        let shared = Section.Reading(ConfigurationNotes(), environment)
        let root = Section(nil, path: "", shared: shared, description: keys)
        declareDevelopment(root)
        _ = read(root)
        var text = ExampleText()
        text.comment(
            """
            Every key of Beckon's configuration. Each key shows its default, or an example if the \
            comment says that it is required or names another default.
            """
        )
        text.comment("")
        text.comment("Check a file with: beckon check --config=FILE")
        text.comment("Print this file with: beckon check --example")
        text.comment("")
        text.comment(
            """
            Durations are texts: "500ms", "10s", "2m", "1h", "7d". Paths are relative to this \
            file. A secret is { file: "…" } or { env: "…" }, the name of an environment variable; \
            with development: true it may also be the text itself.
            """
        )
        text.group("", keys, end: "")
        return text.lines.joined(separator: "\n") + "\n"
    }
}

/// The lines of an example file.
private struct ExampleText {
    private(set) var lines: [String] = []
    private var indentation = ""
    /// Columns of a line.
    private static let width = 100

    /// A paragraph, broken into lines.
    mutating func comment(_ paragraph: String) {
        var line = indentation + "//"
        for word in paragraph.split(separator: " ") {
            if line.count + 1 + word.count > Self.width {
                lines.append(line)
                line = indentation + "//"
            }
            line += " " + word
        }
        lines.append(line)
    }

    /// A group of keys, `name: { … },`.
    mutating func group(_ name: String, _ keys: KeyList, end: String = ",") {
        lines.append(indentation + name + "{")
        indentation += "  "
        for (index, key) in keys.keys.enumerated() {
            if index > 0, key.isLong || keys.keys[index - 1].isLong { lines.append("") }
            add(key)
        }
        indentation.removeLast(2)
        lines.append(indentation + "}" + end)
    }

    private mutating func add(_ key: KeyDescription) {
        if !key.comment.isEmpty { comment(key.comment) }
        let name = key.name + ": "
        switch key.content {
        case .value(let value): lines.append(indentation + name + value + ",")
        case .group(let keys): group(name, keys)
        case .list(let groups): block(name, "[]", groups.map { ("", $0) })
        case .named(let groups): block(name, "{}", groups.map { ($0.name + ": ", $0.keys) })
        }
    }

    private mutating func block(
        _ name: String,
        _ brackets: String,
        _ groups: [(name: String, keys: KeyList)]
    ) {
        lines.append(indentation + name + brackets.prefix(1))
        indentation += "  "
        for (index, group) in groups.enumerated() {
            if index > 0 { lines.append("") }
            self.group(group.name, group.keys)
        }
        indentation.removeLast(2)
        lines.append(indentation + brackets.suffix(1) + ",")
    }
}

extension KeyDescription {
    /// Whether it takes more than a line, so that blank lines set it apart.
    fileprivate var isLong: Bool {
        if case .value = content { false } else { true }
    }

    fileprivate var comment: String {
        var sentences = [about, type].filter { !$0.isEmpty }
        if isRequired {
            sentences.append("Required.")
        } else if case .value(let shown) = content, let fallback, fallback != shown,
            !["[]", "{}"].contains(fallback)
        {
            sentences.append("Default: \(fallback).")
        }
        return sentences.joined(separator: " ")
    }
}
