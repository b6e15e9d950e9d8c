import Logins
import Texts

/// Which consents the workspaces of an ACP have. Nothing in a start says so [FA-1].
struct CloudentityWorkspaces: Sendable {
    /// What the logins of a workspace are for. The raw value is the configuration's name for it.
    struct Family: Hashable, Sendable, RawRepresentable, CaseIterable {
        let rawValue: String

        /// Found by what the start says [FA-2].
        static let auto = Family(name: "auto")
        /// Plain logins only.
        static let scopeGrant = Family(name: "scope_grant")

        static var allCases: [Family] {
            [.auto, .scopeGrant] + ConsentStandard.all.map { Family(name: $0.name) }
        }

        private init(name: String) { rawValue = name }

        init?(rawValue: String) {
            self.init(name: rawValue)
            guard Self.allCases.contains(self) else { return nil }
        }
    }

    struct Workspace: Hashable, Sendable {
        var family: Family
        /// Whether users may remove scopes other than `openid` and implicit ones. ACP has to be
        /// configured to accept fewer [CB-2].
        var allowsPartialScopes: Bool

        init(family: Family = .auto, allowsPartialScopes: Bool = false) {
            self.family = family
            self.allowsPartialScopes = allowsPartialScopes
        }
    }

    /// By `server_id`. A workspace that is missing is `auto`.
    var workspaces: [WorkspaceID: Workspace]
    /// With the settings of their families.
    var standards: [ConsentStandard]

    init(
        _ workspaces: [WorkspaceID: Workspace] = [:],
        standards: [ConsentStandard] = ConsentStandard.all
    ) {
        self.workspaces = workspaces
        self.standards = standards
    }

    /// The family of a consent that was shown.
    func family(of kind: Consent.Kind) -> (any ConsentFamily)? {
        standards.lazy.flatMap(\.families).first { $0.kind.name == kind.name }
    }

    func workspace(_ login: PendingLogin.Details) -> Workspace {
        login.workspace.flatMap { workspaces[$0] } ?? Workspace()
    }

    /// What a login may be for.
    enum Candidates {
        /// A plain login: a scope grant.
        case scopeGrant
        /// A consent at one of these addresses, to be tried in this order.
        case addresses([ConsentAddress])
        /// A consent that ACP has no interface for.
        case unsupported
        /// The start names several consents.
        case contradictory
    }

    func candidates(for login: PendingLogin.Details) -> Candidates {
        let named = login.namedConsents
        guard named.count <= 1, !named.contains("" as ExactText) else { return .contradictory }
        let family = workspace(login).family
        let standard =
            family == .auto
            ? standards.first { $0.recognises(login) }
            : standards.first { $0.name == family.rawValue }
        let addresses = (standard?.families ?? []).filter { $0.isMeant(by: login) }
            .flatMap(\.addresses)
        if !addresses.isEmpty { return .addresses(addresses) }
        // The consent is of a family that ACP has no interface for [OP-3].
        return login.namesConsent ? .unsupported : .scopeGrant
    }
}

extension PendingLogin.Details {
    /// The consents that the start names, in its own member and in dynamic scopes. An empty name is
    /// an invalid one.
    var namedConsents: Set<ExactText> {
        let named = requestedScopes.compactMap(Self.consent(in:)).map(\.exact)
        return Set(named + (consentID.map { [$0.value.exact] } ?? []))
    }

    var namesConsent: Bool { !namedConsents.isEmpty }

    /// The consent that a dynamic scope names: everything after the first colon, because names look
    /// like `urn:bank:C1DD33123` [FA-2]. Nil for any other scope.
    static func consent(in scope: String) -> String? {
        guard scope.startsExactly(with: "consent:") else { return nil }
        return String(scope.utf8.dropFirst("consent:".utf8.count))
    }
}
