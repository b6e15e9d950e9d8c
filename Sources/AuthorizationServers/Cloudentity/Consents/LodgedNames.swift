import JSON
import Texts

/// Finds what names a lodged consent in parameters and claims: as a JSON member, at any depth, also in
/// texts that are JSON.
struct LodgedNames {
    /// The names of the consent that is shown. Any other is refused, and each if this is empty.
    let allowed: Set<ExactText>

    /// How often JSON may be in a text in JSON.
    private static let depth = 4

    /// Whether nothing in `value` names another consent. A text that begins like JSON and cannot be
    /// read may name anything.
    func allows(_ value: JSONValue) -> Bool { allows(value, Self.depth) }

    private func allows(_ value: JSONValue, _ depth: Int) -> Bool {
        switch value {
        case .null, .bool, .number: true
        case .string(let text): allows(text: text, depth)
        case .array(let values): values.allSatisfy { allows($0, depth) }
        case .object(let object):
            object.members.allSatisfy { member in
                Self.isLodged(member.name)
                    ? !allowed.isEmpty && isAllowed(member.value) : allows(member.value, depth)
            }
        }
    }

    private func allows(text: String, _ depth: Int) -> Bool {
        let start = text.utf8.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        guard let start, [UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: "\"")].contains(start)
        else { return true }
        guard depth > 0, let value = try? JSONValue(Array(text.utf8)) else { return false }
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

    private static func isLodged(_ name: String) -> Bool {
        let letters = name.lowercased().utf8.filter { (0x61...0x7A).contains($0) }
        return names.contains(String(decoding: letters, as: UTF8.self).exact)
    }

    /// In lower case, without what separates words.
    private static let names: Set<ExactText> = [
        "arrangementid", "cdrarrangementid", "consentid", "enrollmentid", "enrolmentid", "grantid",
        "intentid", "mandateid", "openbankingintentid", "paymentconsentid", "paymentid",
    ]
}
