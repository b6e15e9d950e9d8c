import Logins
import Texts

extension Fact.Codes {
    static let yesNo = Self("yes_no")
}

/// A list of codes to which a standard adds none, with all of them.
struct ClosedList: Sendable {
    let list: Fact.Codes
    private let codes: Set<ExactText>

    init(_ list: Fact.Codes, _ codes: Set<String>) {
        self.list = list
        self.codes = Set(codes.map(\.exact))
    }

    func contains(_ code: String) -> Bool { codes.contains(code.exact) }
}

/// The codes of a standard that users may be asked to permit, each with the group that it is shown
/// in. A code that is missing here makes the consent unusable.
struct PermissionList: Sendable {
    private let list: Fact.Codes
    private let groups: [ExactText: Fact.CodeGroup]

    init(_ list: Fact.Codes, _ codes: [Fact.CodeGroup: [String]]) {
        self.list = list
        groups = codes.reduce(into: [:]) { groups, entry in
            for code in entry.value { groups[code.exact] = entry.key }
        }
    }

    func contains(_ code: String) -> Bool { groups[code.exact] != nil }

    func value(_ codes: [String]) -> Fact.Value {
        .codes(codes, list, groups: codes.map { groups[$0.exact] ?? .other })
    }
}
