import JSON
import Texts

/// Finds what names a lodged consent in parameters and claims: as a JSON member, at any depth, also in
/// texts that are JSON.
struct LodgedNames {
    /// The names of the consent that is shown. Any other is refused, and each if this is empty.
    let allowed: Set<ExactText>
    /// Whether a text that begins like JSON and cannot be read is refused, because it may name
    /// anything. Otherwise it is refused if it contains one of the names.
    var refusesUnreadable = true

    /// How often JSON may be in a text in JSON.
    private static let depth = 4

    /// Whether nothing in `value` names another consent.
    func allows(_ value: JSONValue) -> Bool { allows(value, Self.depth) }

    private func allows(_ value: JSONValue, _ depth: Int) -> Bool {
        switch value {
        case .null, .bool, .number: true
        case .string(let text): allows(text: text, depth)
        case .array(let values): values.allSatisfy { allows($0, depth) }
        case .object(let object):
            object.members.allSatisfy { member in
                if Self.isLodged(member.name) { return !allowed.isEmpty && isAllowed(member.value) }
                // `{"consent": {"id": "…"}}`
                let id = member.value.object?.members.first { Self.letters($0.name) == "id" }
                if let id, Self.isLodged(member.name + "id"),
                    allowed.isEmpty || !isAllowed(id.value)
                {
                    return false
                }
                return allows(member.value, depth)
            }
        }
    }

    private func allows(text: String, _ depth: Int) -> Bool {
        let start = text.utf8.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard let start, [UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\"")].contains(start)
        else { return true }
        guard depth > 0, let value = try? JSONValue(Array(text.utf8)) else {
            let letters = Self.letters(text)
            return !refusesUnreadable
                && !Self.names.contains { letters.utf8.contains($0.text.utf8) }
        }
        return allows(value, depth - 1)
    }

    /// The name itself, or a claim's `value` or `values` (OpenID Connect Core §5.5.1).
    private func isAllowed(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool: true
        case .number: false
        case .string(let text): allowed.contains(text.exact)
        case .array(let values): values.allSatisfy(isAllowed)
        case .object(let object): object.members.allSatisfy { isAllowed($0.value) }
        }
    }

    /// Whether a name is that of a member that names a lodged consent.
    static func isLodged(_ name: String) -> Bool {
        let letters = letters(name)
        return names.contains(letters.exact)
            || (letters.hasSuffix("ids") && names.contains(String(letters.dropLast()).exact))
    }

    /// In lower case, without what separates words.
    private static func letters(_ name: String) -> String {
        String(
            decoding: name.lowercased().utf8.filter { (0x61...0x7A).contains($0) },
            as: UTF8.self
        )
    }

    private static let names: Set<ExactText> = [
        "arrangementid", "cdrarrangementid", "consentid", "enrollmentid", "enrolmentid", "grantid",
        "intentid", "mandateid", "openbankingintentid", "paymentconsentid", "paymentid",
    ]
}
