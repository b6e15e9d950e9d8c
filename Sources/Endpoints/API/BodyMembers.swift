import HTTP
import JSON
import Logins
import Texts

/// The members of a request's body, read strictly: unknown members and wrong types are refused by
/// their names, because ignoring one could do something else than intended.
struct BodyMembers: Sendable {
    let object: JSONObject

    /// The members of a form, which has no unknown ones.
    init(_ object: JSONObject) { self.object = object }

    /// The media type of a change that names only what changes (RFC 7396).
    static let mergePatch = "application/merge-patch+json"

    /// `known` are the names that there are; nil leaves that to the caller. `types` are the media types
    /// that the body may have.
    ///
    /// - Throws: `unsupportedMediaType` or `invalidBody`.
    init(
        _ request: Request,
        _ known: [String]?,
        types: [String] = ["application/json"]
    ) throws(Problem) {
        guard let type = request.contentType, types.contains(where: type.isExactly) else {
            throw Problem(
                .unsupportedMediaType,
                "Content-Type: must be \(types.joined(separator: " or "))."
            )
        }
        let value: JSONValue
        do {
            value = try JSONValue(Array(request.body), limits: JSONLimits(depth: 6))
        } catch {
            throw Problem(.invalidBody, "body: \(error).")
        }
        guard let object = value.object else {
            throw Problem(.invalidBody, "body: must be an object.")
        }
        if let known {
            for member in object.members where !known.contains(where: member.name.isExactly) {
                throw Problem(
                    .invalidBody,
                    "\(member.name.firstBytes(64)): unknown member; known are \(known.joined(separator: ", "))."
                )
            }
        }
        self.object = object
    }

    /// Whether a member was sent.
    func has(_ name: String) -> Bool { object[name] != nil }

    /// A member in its own type; nil if it was not sent. `rule` says what it must be; `parse` returns nil
    /// for a value that breaks the rule.
    func parsed<Value>(
        _ name: String,
        _ rule: String,
        _ parse: (JSONValue) -> Value?
    ) throws(Problem) -> Value? {
        guard let value = object[name] else { return nil }
        guard let parsed = parse(value) else { throw Problem(.invalidBody, "\(name): \(rule).") }
        return parsed
    }

    func text(_ name: String) throws(Problem) -> String? {
        try parsed(name, "must be a text") { $0.string }
    }

    func texts(_ name: String) throws(Problem) -> [String]? {
        try parsed(name, "must be a list of texts") { $0.strings }
    }

    func flag(_ name: String) throws(Problem) -> Bool? {
        try parsed(name, "must be true or false") { $0.bool }
    }

    func id<Kind>(_ name: String) throws(Problem) -> Identifier<Kind>? {
        try parsed(name, "must be a text of 1 to 512 characters without control characters") {
            $0.string.flatMap(Identifier<Kind>.init)
        }
    }

    /// One of a few words.
    func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        _ type: Value.Type
    ) throws(Problem) -> Value? {
        let words = Value.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        return try parsed(name, "must be one of \(words)") { value in
            value.string.flatMap { text in
                Value.allCases.first { text.isExactly($0.rawValue) }
            }
        }
    }

    /// A date and time (RFC 3339).
    func moment(_ name: String) throws(Problem) -> Timestamp? {
        try parsed(name, "must be a date and time such as 2031-03-04T10:49:34Z") { value in
            value.string.flatMap(RFC3339.parse).map(Timestamp.init(milliseconds:))
        }
    }

    /// A value that must be there.
    func required<Value>(_ name: String, _ value: Value?) throws(Problem) -> Value {
        guard let value else { throw Problem(.invalidBody, "\(name): is required.") }
        return value
    }
}
