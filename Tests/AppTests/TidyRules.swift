import Foundation

/// The rules, on text alone, so that each can be shown a violation.
enum TidyRules {
    /// The modules that a file imports, in order.
    static func imports(of text: String) -> [String] {
        lines(text, with: "import ").compactMap { line in
            var words = code(line).split(whereSeparator: { $0 == " " || $0 == "\t" })
            let before = ["public", "package", "internal", "private", "fileprivate"]
            while let first = words.first, before.contains(String(first)) || first.hasPrefix("@") {
                words.removeFirst()
            }
            guard words.first == "import", words.count >= 2 else { return nil }
            let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = kinds.contains(String(words[1])) && words.count >= 3 ? words[2] : words[1]
            return name.split(separator: ".").first.map(String.init)
        }
    }

    /// Lines that trap or print instead of saying what went wrong.
    static func shortcuts(in text: String) -> [String] {
        let shortcut = /\btry!|\bas!|\bfatalError\s*\(|\bprint\s*\(/.wordBoundaryKind(.simple)
        return lines(text, with: "try!", "as!", "fatalError", "print").filter { line in
            code(line).contains(shortcut)
        }
    }

    /// Lines that end the process if a condition is wrong, without a comment above them that begins
    /// with "allowed:" and says why no peer, file or limit of the system can make it so.
    static func unexplainedTraps(in text: String) -> [String] {
        let traps = ["precondition(", "preconditionFailure(", "assert(", "assertionFailure("]
        guard traps.contains(where: { has($0, text) }) else { return [] }
        let lines = lines(text)
        return lines.indices.filter { index in
            let code = code(lines[index])
            guard traps.contains(where: { has($0, code) }) else { return false }
            return !lines[max(0, index - 4)..<index].contains { has("// allowed: ", $0) }
        }.map { lines[$0] }
    }

    /// Lines that start a task which nobody waits for.
    static func unstructuredTasks(in text: String) -> [String] {
        let task = /\bTask(\s*\{|\s*\(|\s*<[^>]*>\s*[\{\(]|\.detached\b)/
            .wordBoundaryKind(.simple)
        return lines(text, with: "Task").filter { code($0).contains(task) }
    }

    /// Lines that lock a bare closure. Each access would write it back with one more layer around it, so
    /// that calls take longer and longer until the stack ends; a field of a struct is read as it is.
    static func lockedClosures(in text: String) -> [String] {
        let locked = /\bLocked(<[^>\n]*->|\(\s*\{)/.wordBoundaryKind(.simple)
        return lines(text, with: "Locked").filter { code($0).contains(locked) }
    }

    /// Lines that ask the compiler to trust them, with no comment within three lines.
    static func unexplainedTrust(in text: String) -> [String] {
        let claims = ["@unchecked Sendable", "nonisolated(unsafe)"]
        guard claims.contains(where: { has($0, text) }) else { return [] }
        let lines = lines(text)
        return lines.indices.filter { index in
            let code = code(lines[index])
            guard claims.contains(where: { has($0, code) }) else { return false }
            let around = lines[max(0, index - 3)...min(lines.count - 1, index + 3)]
            return !around.contains { has("//", $0) }
        }.map { lines[$0] }
    }

    /// Where a document's links lead, those that stay in the repository, without anchors.
    static func relativeLinks(in text: String) -> [String] {
        var links: [String] = []
        var isFenced = false
        for line in lines(text) {
            if line.drop(while: { $0 == " " }).hasPrefix("```") { isFenced.toggle() }
            guard !isFenced else { continue }
            let prose = line.replacing(/`[^`]*`/, with: "")
            links += prose.matches(of: /\]\(\s*<?([^\s)>]+)[^)]*\)/).map { String($0.1) }
            if let match = prose.firstMatch(of: /^\s*\[[^\]]+\]:\s*(\S+)/) {
                links.append(String(match.1))
            }
        }
        return links.compactMap { link in
            guard !link.contains(/^[a-z][a-z0-9+.\-]*:/), !link.hasPrefix("#") else { return nil }
            return link.split(separator: "#").first.map(String.init)
        }
    }

    /// The rules that a contract defines: the ids in the first column of its tables.
    static func definedIDs(in contract: String) -> [String] {
        lines(contract).compactMap { line in
            line.prefixMatch(of: /\|\s*([A-Z]{1,3}-[0-9]+)\s*\|/).map { String($0.1) }
        }
    }

    /// The ids that a file cites, of those series that some contract defines.
    static func citedIDs(in text: String, series: Set<String>) -> [String] {
        guard series.contains(where: { has($0 + "-", text) }) else { return [] }
        return text.matches(of: /\b([A-Z]{1,3})-[0-9]{1,2}\b/.wordBoundaryKind(.simple))
            .filter { series.contains(String($0.1)) }.map { String($0.0) }
    }

    /// The rules that the tests of a file prove, each with the name of its test. A mark `// trust: A-1`
    /// stands above its test, or in it; `series` is its word.
    static func provenIDs(
        in text: String,
        series: String = "trust"
    ) -> [(id: String, test: String?)] {
        let mark = "// \(series): "
        guard has(mark, text) else { return [] }
        let lines = lines(text)
        var current: String?
        var marks: [String] = []
        var proven: [(id: String, test: String?)] = []
        for (number, line) in lines.enumerated() {
            let words = line.trimmingCharacters(in: .whitespaces)
            if words.hasPrefix(mark) {
                let isInside = line.hasPrefix("        ")
                let ids = ids(words.dropFirst(mark.count))
                if isInside, current != nil {
                    proven += ids.map { ($0, current) }
                } else {
                    marks += ids
                }
            } else if words.hasPrefix("@Test(") {
                let name = lines[number...].prefix(2).joined().firstMatch(of: /"([^"]+)"/)
                current = name.map { String($0.1) }
                proven += marks.map { ($0, current) }
                marks = []
            }
        }
        return proven + marks.map { ($0, nil) }
    }

    /// The rows of the threat model in a document, each with the tests in its last cell.
    static func threats(in text: String) -> [(threat: String, tests: [String])] {
        lines(text).drop { $0 != "## Threat model" }.dropFirst().prefix { !$0.hasPrefix("## ") }
            .filter { $0.hasPrefix("| ") && !$0.hasPrefix("| threat |") }
            .map { row in
                let cells = row.split(separator: "|", omittingEmptySubsequences: false)
                let tests = cells.count > 4 ? cells[cells.count - 2] : ""
                return (
                    cells[1].trimmingCharacters(in: .whitespaces),
                    tests.matches(of: /`([^`]+)`/).map { String($0.1) }
                )
            }
    }

    /// The same of a Python file: a mark `# rule: C1` stands above a function, with nothing but its
    /// decorators between them.
    static func provenIDs(inPython text: String) -> [(id: String, test: String?)] {
        let lines = lines(text)
        return lines.indices.flatMap { index -> [(id: String, test: String?)] in
            let words = lines[index].trimmingCharacters(in: .whitespaces)
            guard words.hasPrefix("# rule: ") else { return [] }
            let next = lines[(index + 1)...].map { $0.trimmingCharacters(in: .whitespaces) }
                .first { !$0.hasPrefix("@") }
            let test = next?.prefixMatch(of: /def (\w+)\(/).map { String($0.1) }
            return ids(words.dropFirst(8)).map { ($0, test) }
        }
    }

    private static func ids(_ list: Substring) -> [String] {
        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// The documents that a file's comments and texts name.
    static func citedDocuments(in text: String) -> [String] {
        lines(text, with: ".md").flatMap { line in
            line.matches(of: /[A-Za-z][A-Za-z0-9_\/-]*\.md\b/).map { String($0.0) }
        }
    }

    /// The names that a `.gitignore` leaves out at the top: those without a folder.
    static func ignoredNames(in text: String) -> [String] {
        lines(text).compactMap { line in
            var name = line.trimmingCharacters(in: .whitespaces)
            guard !name.isEmpty, !name.hasPrefix("#"), !name.hasPrefix("!") else { return nil }
            if name.hasPrefix("/") { name.removeFirst() }
            if name.hasSuffix("/") { name.removeLast() }
            return name.contains("/") ? nil : name
        }
    }

    /// Whether a name is what a line of `.gitignore` means; a star at its beginning is enough.
    static func matches(_ name: String, _ pattern: String) -> Bool {
        pattern.hasPrefix("*") ? name.hasSuffix(pattern.dropFirst()) : name == pattern
    }

    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The lines that have one of these texts: looking for a fixed text first is what keeps reading
    /// the whole repository quick.
    private static func lines(_ text: String, with marks: String...) -> [String] {
        guard marks.contains(where: { has($0, text) }) else { return [] }
        return lines(text).filter { line in marks.contains { has($0, line) } }
    }

    private static func has(_ mark: String, _ text: String) -> Bool {
        text.range(of: mark, options: .literal) != nil
    }

    /// A line without its comment. Text in quotes stays: what is forbidden there is rare enough.
    private static func code(_ line: String) -> String {
        let trimmed = line.drop { $0 == " " || $0 == "\t" }
        if trimmed.hasPrefix("//") { return "" }
        return line.range(of: " //", options: .literal).map { String(line[..<$0.lowerBound]) }
            ?? line
    }
}

/// This repository, as it lies around this file.
struct SourceTree {
    struct File {
        let path: String
        let target: String
        let text: String
    }

    /// Tests/AppTests/TidyRules.swift, three up.
    private let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: root.appending(path: path).path)
    }

    func text(_ path: String) throws -> String {
        try String(contentsOf: root.appending(path: path), encoding: .utf8)
    }

    /// Names of the files in a folder and in the folders in it.
    func names(below path: String) throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: path).path)
            .map { URL(filePath: $0).lastPathComponent }
    }

    /// Names at the top, hidden ones too.
    func top() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: root.path).sorted()
    }

    /// The folders of `Sources`.
    func targets() throws -> [String] {
        try FileManager.default.contentsOfDirectory(
            atPath: root.appending(path: "Sources").path
        ).sorted()
    }

    /// The documents beside the code, by their paths from the top.
    func documents() throws -> [String] {
        let beside = try FileManager.default.subpathsOfDirectory(
            atPath: root.appending(path: "Sources").path
        ).map { "Sources/" + $0 }
        return try (top() + beside).filter { $0.hasSuffix(".md") }.sorted()
    }

    /// Every Swift file under a folder of targets. Traps nobody: an empty answer is a failed test.
    func swiftFiles(_ folder: String) throws -> [File] {
        try files(folder, ".swift", atLeast: 100)
    }

    /// Every Python file of the tests.
    func pythonFiles() throws -> [File] { try files("Tests", ".py", atLeast: 20) }

    private func files(_ folder: String, _ ending: String, atLeast count: Int) throws -> [File] {
        let base = root.appending(path: folder)
        let paths = try FileManager.default.subpathsOfDirectory(atPath: base.path)
            .filter { $0.hasSuffix(ending) }.sorted()
        guard paths.count > count else { throw Misplaced(folder: folder) }
        return try paths.map { path in
            File(
                path: path,
                target: String(path.prefix { $0 != "/" }),
                text: try String(contentsOf: base.appending(path: path), encoding: .utf8)
            )
        }
    }

    /// The sources are not where this file thinks.
    struct Misplaced: Error { let folder: String }
}
