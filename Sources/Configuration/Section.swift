/// A group of keys while it is read. Each key is asked for once, with its default; what was never
/// asked for is unknown, and `end()` says so.
///
/// A wrong value is noted and its default used, so that one run finds everything that is wrong.
final class Section {
    let path: String
    /// `path` with list numbers and the operator's own names taken out.
    let pattern: String
    let line: Int?
    let notes: ConfigurationNotes
    let surroundings: Surroundings
    /// False for a group that is not in the file: then only defaults come out of it.
    let isPresent: Bool
    private let members: [JSON5Node.Member]
    private var asked: [String] = []

    init(
        _ node: JSON5Node?,
        path: String,
        pattern: String,
        notes: ConfigurationNotes,
        surroundings: Surroundings
    ) {
        self.path = path
        self.pattern = pattern
        self.notes = notes
        self.surroundings = surroundings
        line = node?.line
        switch node?.value {
        case .object(let members):
            self.members = members
            isPresent = true
        case nil, .null:
            members = []
            isPresent = false
        default:
            members = []
            isPresent = true
            notes.problem(path, node?.line, "must be a group of keys, not \(node?.kind ?? "")")
        }
    }

    /// Refuses every key that nobody asked for.
    func end() {
        for member in members where !asked.contains(member.name) {
            let meant = Spelling.nearest(to: member.name, among: asked)
            let hint =
                meant.map { "; did you mean \($0)?" }
                ?? (asked.isEmpty ? "" : "; known: " + asked.sorted().joined(separator: ", "))
            notes.problem(path(of: member.name), member.line, "is not a known key" + hint)
        }
    }

    /// Whether the file has this key, with a value. Does not count as asking for it.
    func has(_ key: String) -> Bool {
        members.contains { $0.name == key && $0.node.value != .null }
    }

    /// Whether a key holds a list without elements.
    func isEmptyList(_ key: String) -> Bool {
        members.first { $0.name == key }?.node.value == .array([])
    }

    /// Notes a problem at a key of this group.
    func problem(_ key: String, _ reason: String) {
        notes.problem(path(of: key), line(of: key), reason)
    }

    /// Notes that a key that must be there is not.
    func missing(_ key: String) {
        if isPresent || line != nil || path.isEmpty {
            problem(key, "is missing")
        }
    }

    /// The line of a key, or of the group for what is not there. Of `a.b` it is that of `a`.
    func line(of key: String) -> Int? {
        let name = key.prefix { $0 != "." }
        return members.first { $0.name == name }?.line ?? line
    }

    func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    /// The value of a key, nil when absent or null. From here on the key is known.
    func node(_ key: String) -> JSON5Node? {
        if !asked.contains(key) { asked.append(key) }
        notes.know(pattern.isEmpty ? key : "\(pattern).\(key)")
        guard let node = members.first(where: { $0.name == key })?.node, node.value != .null else {
            return nil
        }
        return node
    }

    // MARK: Groups and lists

    /// The group under a key. Absent groups can be read too: they yield defaults.
    func group(_ key: String) -> Section {
        Section(
            node(key),
            path: path(of: key),
            pattern: pattern.isEmpty ? key : "\(pattern).\(key)",
            notes: notes,
            surroundings: surroundings
        )
    }

    /// The elements of a list of groups, nothing when it is absent.
    func groups(_ key: String) -> [Section] {
        let pattern = self.pattern.isEmpty ? "\(key)[]" : "\(self.pattern).\(key)[]"
        return elements(key).map { position, node in
            Section(
                node,
                path: "\(path(of: key))[\(position)]",
                pattern: pattern,
                notes: notes,
                surroundings: surroundings
            )
        }
    }

    /// Groups under names of the operator's own, in the order of the file.
    func named(_ key: String) -> [(name: String, section: Section)] {
        let pattern = self.pattern.isEmpty ? "\(key).*" : "\(self.pattern).\(key).*"
        guard let node = node(key) else { return [] }
        guard case .object(let members) = node.value else {
            problem(key, "must be a group of keys, not \(node.kind)")
            return []
        }
        return members.map { member in
            let section = Section(
                member.node,
                path: "\(path(of: key)).\(member.name)",
                pattern: pattern,
                notes: notes,
                surroundings: surroundings
            )
            return (member.name, section)
        }
    }

    /// The elements of a list with their numbers, nothing when it is absent.
    func elements(_ key: String) -> [(Int, JSON5Node)] {
        guard let node = node(key) else { return [] }
        guard case .array(let elements) = node.value else {
            problem(key, "must be a list, not \(node.kind)")
            return []
        }
        return Array(elements.enumerated())
    }

    /// Notes a problem at an element of a list.
    func problem(_ key: String, at position: Int, _ node: JSON5Node, _ reason: String) {
        notes.problem("\(path(of: key))[\(position)]", node.line, reason)
    }
}
