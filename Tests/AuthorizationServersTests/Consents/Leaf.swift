import JSON

/// A scalar in a tree and the way to it.
struct Leaf: CustomStringConvertible {
    enum Step: Hashable {
        case name(String)
        case index(Int)

        var name: String? { if case .name(let name) = self { name } else { nil } }
    }

    let path: [Step]
    let value: JSONValue

    var description: String {
        path.map { step in
            switch step {
            case .name(let name): name
            case .index(let index): "\(index)"
            }
        }.joined(separator: ".")
    }

    /// In the order they come.
    static func all(in tree: JSONValue, at path: [Step] = []) -> [Leaf] {
        switch tree {
        case .array(let values):
            values.enumerated().flatMap { all(in: $1, at: path + [.index($0)]) }
        case .object(let object):
            object.members.flatMap { all(in: $0.value, at: path + [.name($0.name)]) }
        case .null, .bool, .number, .string: [Leaf(path: path, value: tree)]
        }
    }

    static func members(in tree: JSONValue, at path: [Step] = []) -> [[Step]] {
        switch tree {
        case .array(let values):
            values.enumerated().flatMap { members(in: $1, at: path + [.index($0)]) }
        case .object(let object):
            object.members.flatMap { member in
                [path + [.name(member.name)]]
                    + members(in: member.value, at: path + [.name(member.name)])
            }
        case .null, .bool, .number, .string: []
        }
    }

    static func lists(in tree: JSONValue) -> [[Step]] {
        members(in: tree).filter { tree.value(at: $0)?.array != nil }
    }
}

extension JSONValue {
    func value(at path: [Leaf.Step]) -> JSONValue? {
        guard let step = path.first else { return self }
        let next: JSONValue? =
            switch step {
            case .name(let name): self[name]
            case .index(let index): array?[index]
            }
        return next?.value(at: Array(path.dropFirst()))
    }

    /// With a value put in place of another, or added where the last name is new.
    func setting(_ path: [Leaf.Step], to value: JSONValue) -> JSONValue {
        change(path) { _ in value }
    }

    func removing(_ path: [Leaf.Step]) -> JSONValue { change(path) { _ in nil } }

    private func change(
        _ path: [Leaf.Step],
        _ change: (JSONValue?) -> JSONValue?
    ) -> JSONValue {
        guard let step = path.first else { return change(self) ?? .null }
        let rest = Array(path.dropFirst())
        switch (step, self) {
        case (.name(let name), .object(let object)):
            var members = object.members
            let index = members.firstIndex { $0.name == name }
            let old = index.map { members[$0].value }
            let new = rest.isEmpty ? change(old) : (old ?? .null).change(rest, change)
            let member = new.map { JSONObject.Member(name: name, value: $0) }
            if let index {
                members.replaceSubrange(index...index, with: member.map { [$0] } ?? [])
            } else if let member {
                members.append(member)
            }
            return .object(JSONObject(members))
        case (.index(let index), .array(var values)):
            values[index] = values[index].change(rest, change)
            return .array(values)
        default:
            preconditionFailure("the path leads through the tree")
        }
    }
}
