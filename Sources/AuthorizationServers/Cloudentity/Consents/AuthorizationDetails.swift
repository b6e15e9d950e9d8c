import JSON
import Logins
import Texts

/// `authorization_details` (RFC 9396): what is requested, object by `type`. Nothing of it is known to
/// Beckon, so every member is shown under its own name, and all of it is granted or nothing.
struct AuthorizationDetails {
    static let member = "authorization_details"

    /// Every member, at any depth, in the order of the request.
    let facts: [Fact]
    /// The array, to be stored and granted as it is.
    let text: String

    /// Scalars in all objects together, and levels of nesting. A longer request is approved unread.
    private static let memberLimit = 200
    private static let depthLimit = 8

    /// Nil if there are none: the member is absent, null, or an empty text or array.
    ///
    /// - Throws: the path of what is malformed (RFC 9396 §2) or cannot be shown.
    init?(_ value: JSONValue?) throws(ConsentProblem) {
        let name = Self.member
        guard let value, !value.isNull, value != .string("") else { return nil }
        guard let objects = value.array, objects.count <= ConsentLimits.entries else {
            throw .incomplete(name)
        }
        if objects.isEmpty { return nil }
        // What was lodged is at the server, and is not shown with its name.
        let judge = LodgedNames(allowed: [], refusesUnreadable: false)
        var facts: [Fact] = []
        for (index, value) in objects.enumerated() {
            let place = "\(name)[\(index)]"
            guard let object = value.object else { throw .incomplete(place) }
            guard let type = object["type"]?.string, !type.isEmpty else {
                throw .incomplete("\(place).type")
            }
            guard judge.allows(value), !LodgedNames.isLodged(type) else { throw .incomplete(place) }
            try Self.show(.string(type), "type", place, 0, &facts)
            for member in object.members where member.name != "type" {
                guard !member.name.isEmpty else { throw .incomplete("\(place).") }
                try Self.show(member.value, Self.name(member.name), place, 0, &facts)
            }
        }
        self.facts = facts
        text = String(decoding: value.bytes, as: UTF8.self)
    }

    /// Reads the text of a start.
    init?(text: String?) throws(ConsentProblem) {
        guard let text else { return nil }
        let value: JSONValue
        do { value = try JSONValue(Array(text.utf8)) } catch {
            throw .incomplete("authorization_details")
        }
        try self.init(value)
    }

    /// The name of a member in another one: `amount.value`. A name of blanks is in quotation marks, to
    /// be seen at all.
    static func name(_ name: String, in outer: String? = nil) -> String {
        let seen =
            name.readsAsEmpty
            ? String(decoding: JSONValue.string(name).bytes, as: UTF8.self) : name
        return outer.map { "\($0).\(seen)" } ?? seen
    }

    /// Adds a fact for each value in `value`, null and empty ones included. `name` is its label, and
    /// `place` where it is, for the log.
    static func show(
        _ value: JSONValue,
        _ name: String,
        _ place: String,
        _ depth: Int,
        _ facts: inout [Fact]
    ) throws(ConsentProblem) {
        let problem = ConsentProblem.incomplete("\(place).\(name.firstBytes(64))")
        guard depth < depthLimit, facts.count < memberLimit, !name.isEmpty,
            name.unicodeScalars.count <= 200
        else { throw problem }
        switch value {
        case .object(let object) where !object.members.isEmpty:
            for member in object.members {
                try show(
                    member.value,
                    Self.name(member.name, in: name),
                    place,
                    depth + 1,
                    &facts
                )
            }
        case .array(let values) where !values.isEmpty:
            for (index, value) in values.enumerated() {
                let entry = values.count == 1 ? name : "\(name)[\(index + 1)]"
                try show(value, entry, place, depth + 1, &facts)
            }
        case .string(let text):
            guard text.unicodeScalars.count <= ConsentLimits.text else { throw problem }
            // In quotation marks, to be seen at all.
            let written = String(decoding: value.bytes, as: UTF8.self)
            facts.append(Fact(.further(name), .text(text.readsAsEmpty ? written : text)))
        case .number, .bool, .null, .array, .object:
            let text = String(decoding: value.bytes, as: UTF8.self)
            guard text.utf8.count <= ConsentLimits.text else { throw problem }
            facts.append(Fact(.further(name), .text(text)))
        }
    }
}
