import HTTP
import JSON

extension JSONValue {
    /// An RFC 3339 timestamp, from milliseconds since 1970.
    static func moment(_ milliseconds: Int64?) -> JSONValue? {
        milliseconds.map { .string(RFC3339.format(milliseconds: $0)) }
    }
}

extension Response {
    /// A JSON response that must not be cached.
    static func json(_ status: Int = 200, _ value: JSONValue, fields: [Field] = []) -> Response {
        .json(status, value.bytes, fields: fields)
    }
}

// MARK: Changing trees

extension JSONValue {
    /// The members of both objects. This object's members take precedence.
    func joined(_ other: JSONValue?) -> JSONValue {
        guard let mine = object, let other = other?.object else { return self }
        let more = other.members.filter { mine[$0.name] == nil }
        return .object(JSONObject(mine.members + more))
    }

    /// The object without these members.
    func without(_ names: Set<String>) -> JSONValue {
        guard let object else { return self }
        return .object(JSONObject(object.members.filter { !names.contains($0.name) }))
    }

    /// The value at a path of member names.
    subscript(path path: some Collection<String>) -> JSONValue? {
        guard let name = path.first else { return self }
        return self[name]?[path: path.dropFirst()]
    }

    /// The tree with another value at a path, or without it for nil. Unknown paths change nothing.
    func replacing(_ path: some Collection<String>, with value: JSONValue?) -> JSONValue {
        guard let name = path.first, let object, let old = object[name] else { return self }
        let rest = path.dropFirst()
        let new = rest.isEmpty ? value : old.replacing(rest, with: value)
        return .object(
            JSONObject(
                object.members.compactMap { member in
                    guard member.name == name else { return member }
                    return new.map { .init(name: name, value: $0) }
                }
            )
        )
    }
}
