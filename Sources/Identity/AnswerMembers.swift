import JSON
import Logins
import Texts

/// The members of an object in an answer, read one by one under the rules of a contract.
///
/// An error names the path and the rule; the value is personal data and never part of it.
struct AnswerMembers {
    /// `accounts[3]`; empty for the answer itself.
    private let path: String
    /// Without unset members.
    private let object: JSONObject
    /// As it was sent.
    private let original: JSONObject

    /// - Throws: `DirectoryError.unavailable` when the value is not an object.
    init(_ value: JSONValue, at path: String = "") throws(DirectoryError) {
        guard let original = value.object, let object = value.withoutUnset.object else {
            let what = path.isEmpty ? "the answer" : path
            throw .unavailable("\(what) must be an object")
        }
        self.path = path
        self.object = object
        self.original = original
    }

    /// A required member that is not null.
    func required(_ name: String) throws(DirectoryError) -> JSONValue {
        guard let value = optional(name) else { throw broken(name, "is missing") }
        return value
    }

    /// A member; nil when it is absent or null.
    func optional(_ name: String) -> JSONValue? {
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    /// A required array of at most `limit` elements, without unset ones. Some servers write an empty
    /// list as null.
    func array(_ name: String, limit: Int) throws(DirectoryError) -> [JSONValue] {
        guard let value = original[name] else { throw broken(name, "is missing") }
        guard let elements = value.isUnset ? [] : value.array else {
            throw broken(name, "must be an array")
        }
        let array = elements.filter { !$0.isUnset }
        guard array.count <= limit else {
            throw broken(name, "must have at most \(limit) elements")
        }
        return array
    }

    /// A required line of text: `length` characters (Unicode scalars), no control characters or line
    /// breaks, and not blank.
    func text(_ name: String, _ length: ClosedRange<Int>) throws(DirectoryError) -> String {
        try line(required(name), name, length)
    }

    /// The same; nil when absent or null.
    func optionalText(
        _ name: String,
        _ length: ClosedRange<Int>
    ) throws(DirectoryError) -> String? {
        guard let value = optional(name) else { return nil }
        return try line(value, name, length)
    }

    /// A line of text for people; nil when absent, null, or when it reads as empty.
    func name(_ name: String, _ length: ClosedRange<Int>) throws(DirectoryError) -> String? {
        guard let value = optional(name), value.string?.readsAsEmpty != true else { return nil }
        return try line(value, name, length)
    }

    /// A required text of ASCII digits.
    func digits(_ name: String, _ length: ClosedRange<Int>) throws(DirectoryError) -> String {
        guard let text = try required(name).string, length.contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 })
        else {
            let count =
                length.count == 1
                ? "\(length.lowerBound)" : "\(length.lowerBound) to \(length.upperBound)"
            throw broken(name, "must be a string of \(count) digits")
        }
        return text
    }

    /// A required member that is one of a few words.
    func word<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String
    ) throws(DirectoryError) -> Word {
        try word(required(name), name)
    }

    /// A required set of such words, each at most once.
    func words<Word: RawRepresentable<String> & CaseIterable & Hashable>(
        _ name: String
    ) throws(DirectoryError) -> Set<Word> {
        var found: Set<Word> = []
        for (position, value) in try array(name, limit: Word.allCases.count).enumerated() {
            let element = "\(name)[\(position)]"
            guard found.insert(try word(value, element)).inserted else {
                throw broken(element, "is repeated")
            }
        }
        return found
    }

    /// The path of a member.
    func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// The error for a rule that a member breaks.
    func broken(_ name: String, _ rule: String) -> DirectoryError {
        .unavailable("\(path(of: name)) \(rule)")
    }

    private func word<Word: RawRepresentable<String> & CaseIterable>(
        _ value: JSONValue,
        _ name: String
    ) throws(DirectoryError) -> Word {
        guard let word = value.string.flatMap(Word.init(exactly:)) else {
            let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
            throw broken(name, "must be one of \(words)")
        }
        return word
    }

    private func line(
        _ value: JSONValue,
        _ name: String,
        _ length: ClosedRange<Int>
    ) throws(DirectoryError) -> String {
        guard let text = value.string else { throw broken(name, "must be a string") }
        guard length.contains(text.unicodeScalars.count) else {
            throw broken(
                name,
                "must have \(length.lowerBound) to \(length.upperBound) characters"
            )
        }
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator:
                throw broken(name, "must not contain control characters")
            default: continue
            }
        }
        guard !text.readsAsEmpty else { throw broken(name, "must not be blank") }
        return text
    }
}
