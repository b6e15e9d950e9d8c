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
    /// Scopes that stand for themselves besides those of OpenID Connect, although a standard uses
    /// them or no standard knows them [FA-5].
    var plainScopes: Set<ExactText>

    init(
        _ workspaces: [WorkspaceID: Workspace] = [:],
        standards: [ConsentStandard] = ConsentStandard.all,
        plainScopes: Set<ExactText> = []
    ) {
        self.workspaces = workspaces
        self.standards = standards
        self.plainScopes = plainScopes
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
        /// Something that Beckon cannot show: what says so.
        case unsupported(String)
        /// The start names several consents.
        case contradictory
    }

    func candidates(for login: PendingLogin.Details) -> Candidates {
        let named = login.namedConsents
        guard named.count <= 1, !named.contains("" as ExactText) else { return .contradictory }
        if let place = refused(login.requestedScopes, of: login, granting: nil) {
            return .unsupported(place)
        }
        let addresses = (standard(of: login)?.families ?? []).filter { $0.isMeant(by: login) }
            .flatMap(\.addresses)
        if !addresses.isEmpty { return .addresses(addresses) }
        if login.namesConsent {
            return .unsupported("the server has no interface for the consent")
        }
        if hasFamily(login), !login.requestedScopes.contains(where: isListedAsPlain) {
            return .unsupported("the workspace has a family, and the login names no consent of it")
        }
        return .scopeGrant
    }

    /// Whether the workspace of a login is configured to have a family of consents.
    private func hasFamily(_ login: PendingLogin.Details) -> Bool {
        let family = workspace(login).family
        return family != .auto && family != .scopeGrant
    }

    private func standard(of login: PendingLogin.Details) -> ConsentStandard? {
        let family = workspace(login).family
        return family == .auto
            ? standards.first { $0.recognises(login) }
            : standards.first { $0.name == family.rawValue }
    }
}

/// Which scopes may be granted with what is shown [FA-5].
extension CloudentityWorkspaces {
    /// The first scope that must not be granted, by its place, because it names or implies something
    /// that is not shown.
    ///
    /// `consent` is what is shown: nil before it was fetched, when any consent of the standard may
    /// still be found.
    func refused(
        _ scopes: [String],
        of login: PendingLogin.Details,
        granting consent: Consent?
    ) -> String? {
        let index = scopes.firstIndex { scope in
            !isPlain(scope)
                && !isCovered(scope, by: consent, standard(of: login), isKnown: !hasFamily(login))
        }
        return index.map { "requested_scopes[\($0)]: names or implies what is not shown" }
    }

    /// The first scope that the server lists under a name of which the same is true, whatever is
    /// requested of it. A name that ends with `*` stands for all scopes that begin like it.
    func refused(
        names scopes: [(name: String, requested: String)],
        of login: PendingLogin.Details,
        granting consent: Consent
    ) -> String? {
        let index = scopes.firstIndex { scope in
            let stem = scope.name.utf8.prefix { $0 != UInt8(ascii: "*") }
            let isPattern = stem.count < scope.name.utf8.count
            if isPattern && scope.requested.utf8.starts(with: stem)
                || scope.name.isExactly(scope.requested) || isPlain(scope.name)
            {
                return false
            }
            return !isCovered(scope.name, by: consent, standard(of: login), isKnown: true)
        }
        return index.map { "requested_scopes[\($0)].name: names or implies what is not shown" }
    }

    private func isListedAsPlain(_ scope: String) -> Bool {
        plainScopes.contains(scope.exact)
    }

    private func isPlain(_ scope: String) -> Bool {
        isListedAsPlain(scope) || ScopeTable.openID.contains(scope.exact)
    }

    /// `isKnown`: a scope that no standard knows stands for itself. In a workspace with a family it
    /// does not.
    private func isCovered(
        _ scope: String,
        by consent: Consent?,
        _ standard: ConsentStandard?,
        isKnown: Bool
    ) -> Bool {
        let isFetched = consent != nil
        let kind = consent?.kind
        switch kind?.isLodged == false ? nil : standard?.scopes.meaning(of: scope) {
        case .data: return !isFetched || kind?.isPayment == false
        case .payment: return !isFetched || kind?.isPayment == true
        case .anyConsent:
            guard let id = consent?.id?.value else { return !isFetched }
            return PendingLogin.Details.consent(in: scope)?.isExactly(id) == true
        case .unsupported: return false
        case nil:
            return isKnown && !LodgedScope.isMeant(by: scope)
        }
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
