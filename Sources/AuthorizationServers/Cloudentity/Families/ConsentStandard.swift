import Configuration
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
    /// Whether a start that names no family belongs to this standard [FA-2].
    let recognises: @Sendable (PendingLogin.Details) -> Bool
    /// The families with the settings in the group `outbound`, of which each standard reads its own.
    /// Nil for a standard without settings.
    private let read: (@Sendable (Section) -> [any ConsentFamily])?

    init(
        _ name: String,
        _ families: [any ConsentFamily],
        recognises: @escaping @Sendable (PendingLogin.Details) -> Bool = { _ in false },
        reading read: (@Sendable (Section) -> [any ConsentFamily])? = nil
    ) {
        self.name = name
        self.families = families
        self.recognises = recognises
        self.read = read
    }

    /// The standard with the settings in the group `outbound`.
    func configured(_ section: Section) -> ConsentStandard {
        guard let read else { return self }
        return ConsentStandard(name, read(section), recognises: recognises, reading: read)
    }
}
