import Logins

/// A standard of open banking: what a workspace is configured for. It has one family or several.
struct ConsentStandard: Sendable {
    /// The standards that Beckon knows.
    static let all: [ConsentStandard] = [
        .openBankingUK,
        .openFinanceBrasil,
        .fdx,
        .cdr,
        .ksa,
    ]

    /// The value of `family` in the configuration.
    let name: String
    /// In the order in which a login is tried for them.
    let families: [any ConsentFamily]
    /// The scopes that the standard defines.
    let scopes: ScopeTable
    /// Whether a start that names no family belongs to this standard [FA-2].
    let recognises: @Sendable (PendingLogin.Details) -> Bool

    init(
        _ name: String,
        _ families: [any ConsentFamily],
        scopes: ScopeTable,
        recognises: @escaping @Sendable (PendingLogin.Details) -> Bool = { _ in false }
    ) {
        self.name = name
        self.families = families
        self.scopes = scopes
        self.recognises = recognises
    }

    static func family(of kind: Consent.Kind) -> (any ConsentFamily)? {
        all.lazy.flatMap(\.families).first { $0.kind.name == kind.name }
    }
}
