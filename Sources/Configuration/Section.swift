/// A group of keys of a configuration while it is read.
///
/// Each reading call declares a key: its name, type, bounds, default and description. The same
/// calls read a file, refuse unknown keys (`end()`), and describe every key there is
/// (`KeyDescription`). A wrong value is noted and its default used, so that one run finds every
/// problem.
public final class Section {
    /// Of the group: `authorization_servers[0].inbound`. Empty for the file as a whole.
    public let path: String
    /// Of the group's name or value; nil for what is not in the file.
    public let line: Int?
    /// False for a group that is not in the file: then only defaults come out of it.
    public let isPresent: Bool
    let shared: Reading
    private let members: [ConfigurationNode.Member]
    private var asked: [String] = []
    /// Where keys are described; nil while a file is read.
    private let description: KeyList?

    /// What the sections of one configuration share.
    final class Reading {
        let notes: ConfigurationNotes
        let environment: Environment
        var isDevelopment = false

        init(_ notes: ConfigurationNotes, _ environment: Environment) {
            self.notes = notes
            self.environment = environment
        }
    }

    init(
        _ node: ConfigurationNode?,
        path: String,
        shared: Reading,
        description: KeyList? = nil
    ) {
        self.path = path
        self.shared = shared
        self.description = description
        line = node?.line
        switch node?.value {
        case .object(let members):
            self.members = members
            isPresent = true
        case nil, .null:
            members = []
            isPresent = description != nil
        default:
            members = []
            isPresent = true
            shared.notes.problem(path, line, "must be a group of keys, not \(node?.kind ?? "")")
        }
    }

    /// Where secrets, files and variables come from.
    public var environment: Environment { shared.environment }

    /// Whether the configuration allows what must not be in production.
    public var isDevelopment: Bool { shared.isDevelopment }

    /// Refuses every key that was not read.
    public func end() {
        for member in members where !asked.contains(member.name) {
            let meant = Spelling.nearest(to: member.name, among: asked)
            let hint =
                meant.map { "; did you mean \($0)?" }
                ?? (asked.isEmpty ? "" : "; known: " + asked.sorted().joined(separator: ", "))
            shared.notes.problem(
                path(of: member.name),
                member.node.line,
                "is not a known key" + hint
            )
        }
    }

    /// Whether the file has this key, with a value. Does not declare it.
    public func has(_ key: String) -> Bool {
        members.contains { $0.name == key && $0.node.value != .null }
    }

    /// Whether the file has an empty list at this key.
    public func isEmptyList(_ key: String) -> Bool {
        members.first { $0.name == key }?.node.value == .array([])
    }

    // MARK: Problems

    /// Notes a problem at a key of this group; with `""`, at the group itself.
    public func problem(_ key: String, _ reason: String) {
        shared.notes.problem(path(of: key), line(of: key), reason)
    }

    /// Notes a problem at an element of a list.
    public func problem(
        _ key: String,
        at position: Int,
        _ node: ConfigurationNode,
        _ reason: String
    ) {
        shared.notes.problem("\(path(of: key))[\(position)]", node.line, reason)
    }

    /// Notes something that is allowed but deserves attention.
    public func warn(_ key: String, _ reason: String) {
        shared.notes.warn(path(of: key), line(of: key), reason)
    }

    /// Notes that a required key is missing, unless the whole group is.
    public func missing(_ key: String) {
        if isPresent || line != nil || path.isEmpty { problem(key, "is missing") }
    }

    /// The line of a key, or of the group for what is not there. Of `a.b` it is that of `a`.
    private func line(of key: String) -> Int? {
        let name = key.prefix { $0 != "." }
        return members.first { $0.name == name }?.node.line ?? line
    }

    /// `key` with the group's path before it.
    public func path(of key: String) -> String {
        if key.isEmpty { return path }
        return path.isEmpty ? key : "\(path).\(key)"
    }

    // MARK: Declaring

    /// Declares a key whose value the caller interprets.
    ///
    /// - Parameters:
    ///   - key: its name.
    ///   - type: bounds or choices, as a sentence; empty when the example says enough.
    ///   - fallback: the default as it is written in a file; nil for none.
    ///   - example: a value as it is written in a file; nil takes the default.
    ///   - isRequired: whether a problem is noted when it is missing.
    ///   - about: what it means, in sentences.
    /// - Returns: the value; nil when absent or null.
    public func node(
        _ key: String,
        type: String = "",
        default fallback: String? = nil,
        example: String? = nil,
        required isRequired: Bool = false,
        _ about: String
    ) -> ConfigurationNode? {
        declare(key) {
            KeyDescription(
                name: key,
                about: about,
                type: type,
                isRequired: isRequired,
                fallback: fallback,
                content: .value(
                    presets[key].map(ConfigurationNode.text) ?? example ?? fallback ?? "null"
                )
            )
        }
        if isRequired, !has(key) { missing(key) }
        return member(key)
    }

    /// Values that a description takes for granted, such as the kind that it describes.
    private var presets: [String: String] { description?.presets ?? [:] }

    /// The value that a description takes for granted; nil while a file is read.
    func preset(_ key: String) -> String? { presets[key] }

    private func declare(_ key: String, _ describe: () -> KeyDescription) {
        guard !asked.contains(key) else { return }
        asked.append(key)
        if let description { description.keys.append(describe()) }
    }

    private func member(_ key: String) -> ConfigurationNode? {
        members.first { $0.name == key && $0.node.value != .null }?.node
    }

    // MARK: Groups and lists

    /// The group under a key. Absent groups can be read too: they yield defaults.
    public func group(
        _ key: String,
        required isRequired: Bool = false,
        _ about: String
    ) -> Section {
        let keys = description.map { _ in KeyList() }
        declare(key) { describe(key, about, isRequired, .group(keys ?? KeyList())) }
        if isRequired, !has(key) { missing(key) }
        return Section(member(key), path: path(of: key), shared: shared, description: keys)
    }

    /// The elements of a list of groups, nothing when it is absent. For elements of several kinds,
    /// `kinds` has the value of the key `kind` for each element of the example.
    public func groups(
        _ key: String,
        kinds: [String] = [],
        required isRequired: Bool = false,
        _ about: String
    ) -> [Section] {
        let examples = description.map { _ in
            kinds.isEmpty ? [KeyList()] : kinds.map { KeyList(["kind": $0]) }
        }
        declare(key) { describe(key, about, isRequired, .list(examples ?? [])) }
        if isRequired, !has(key) { missing(key) }
        if let examples { return examples.map(describing) }
        return elements(of: key).map { position, node in
            Section(node, path: "\(path(of: key))[\(position)]", shared: shared)
        }
    }

    /// Groups under names of the operator's choice, in the order of the file. `examples` has the
    /// groups of the example: their names, and for groups of several kinds the value of the key
    /// `kind`.
    public func named(
        _ key: String,
        examples: [(name: String, kind: String?)],
        required isRequired: Bool = false,
        _ about: String
    ) -> [(name: String, section: Section)] {
        let described = description.map { _ in
            examples.map { ($0.name, KeyList($0.kind.map { ["kind": $0] } ?? [:])) }
        }
        declare(key) { describe(key, about, isRequired, .named(described ?? [])) }
        if isRequired, !has(key) { missing(key) }
        if let described { return described.map { ($0.0, describing($0.1)) } }
        guard let node = member(key) else { return [] }
        guard case .object(let members) = node.value else {
            problem(key, "must be a group of keys, not \(node.kind)")
            return []
        }
        return members.map { member in
            let path = "\(path(of: key)).\(member.name)"
            return (member.name, Section(member.node, path: path, shared: shared))
        }
    }

    /// Declares a list whose elements the caller interprets: the elements with their positions,
    /// nothing when it is absent. The parameters are those of `node`.
    public func elements(
        _ key: String,
        type: String = "",
        default fallback: String? = nil,
        example: String? = nil,
        required isRequired: Bool = false,
        _ about: String
    ) -> [(Int, ConfigurationNode)] {
        _ = node(
            key,
            type: type,
            default: fallback,
            example: example,
            required: isRequired,
            about
        )
        return elements(of: key)
    }

    private func elements(of key: String) -> [(Int, ConfigurationNode)] {
        guard let node = member(key) else { return [] }
        guard case .array(let elements) = node.value else {
            problem(key, "must be a list, not \(node.kind)")
            return []
        }
        return Array(elements.enumerated())
    }

    private func describing(_ keys: KeyList) -> Section {
        Section(nil, path: path, shared: shared, description: keys)
    }

    private func describe(
        _ key: String,
        _ about: String,
        _ isRequired: Bool,
        _ content: KeyDescription.Content
    ) -> KeyDescription {
        KeyDescription(
            name: key,
            about: about,
            type: "",
            isRequired: isRequired,
            fallback: nil,
            content: content
        )
    }
}
