import Logins

/// Which family of consents each workspace of an ACP asks for: nothing in a start says so
/// (`cloudentity.md` 1.6).
struct CloudentityWorkspaces: Hashable, Sendable {
    enum Family: Hashable, Sendable, CaseIterable {
        /// By what the start says: a `consent:` scope means Brasil, an `openbanking_intent_id` the
        /// UK, neither a plain login. Never FDX, CDR or KSA, which look like plain logins.
        case auto
        /// Plain logins only.
        case scopeGrant
        case openBankingUK
        case openBankingBrasil
        case fdx
        case cdr
        case ksa
    }

    struct Workspace: Hashable, Sendable {
        var family: Family
        /// Whether scopes may be left out that are neither `openid` nor implicit: only where ACP is
        /// configured to take fewer (CB-2).
        var allowsPartialScopes: Bool

        init(family: Family = .auto, allowsPartialScopes: Bool = false) {
            self.family = family
            self.allowsPartialScopes = allowsPartialScopes
        }
    }

    /// By `server_id`; what is not there is `auto`.
    var workspaces: [WorkspaceID: Workspace]
    /// The versions of payment consents in Brasil that are asked for, in this order; each 1, 2 or 3.
    var brasilPaymentVersions: [Int]

    init(
        _ workspaces: [WorkspaceID: Workspace] = [:],
        brasilPaymentVersions: [Int] = [3, 2, 1]
    ) {
        self.workspaces = workspaces
        self.brasilPaymentVersions = brasilPaymentVersions
    }

    func workspace(_ login: PendingLogin.Details) -> Workspace {
        login.workspace.flatMap { workspaces[$0] } ?? Workspace()
    }

    /// What a login may be for.
    enum Candidates: Hashable {
        /// A plain login: a scope grant.
        case scopeGrant
        /// One of these, to be asked for in this order.
        case addresses([ConsentAddress])
        /// A consent that ACP has no interface for.
        case unsupported
        /// The start contradicts itself about which consent it is.
        case contradictory
    }

    func candidates(for login: PendingLogin.Details) -> Candidates {
        let named = Set(login.requestedScopes.compactMap(Self.consent(in:)))
        let wanted = login.consentID.map { named.union([$0.value]) } ?? named
        guard wanted.count <= 1, !wanted.contains("") else { return .contradictory }
        switch workspace(login).family {
        case .auto:
            if !named.isEmpty { return brasil(login) }
            return login.consentID == nil ? .scopeGrant : Self.unitedKingdom(login)
        case .scopeGrant: return wanted.isEmpty ? .scopeGrant : .unsupported
        case .openBankingUK: return Self.unitedKingdom(login)
        case .openBankingBrasil: return wanted.isEmpty ? .scopeGrant : brasil(login)
        case .fdx: return .addresses([ConsentAddress(.fdx)])
        case .cdr: return .addresses([ConsentAddress(.cdr)])
        case .ksa: return .addresses([ConsentAddress(.ksa)])
        }
    }

    /// The consent that a dynamic scope names: whatever follows the first colon, for names look
    /// like `urn:bank:C1DD33123`. Nil for any other scope.
    static func consent(in scope: String) -> String? {
        scope.hasPrefix("consent:") ? String(scope.dropFirst("consent:".count)) : nil
    }

    private static func unitedKingdom(_ login: PendingLogin.Details) -> Candidates {
        var kinds: [Consent.Kind] = []
        if login.requestedScopes.contains("accounts") { kinds.append(.ukAccountAccess) }
        if login.requestedScopes.contains("payments") { kinds += Consent.Kind.ukPayments }
        if kinds.isEmpty {
            // Nothing of Open Banking in it, or something that has no consent page, such as the
            // confirmation of funds.
            return login.consentID == nil ? .scopeGrant : .unsupported
        }
        return .addresses(kinds.map { ConsentAddress($0) })
    }

    private func brasil(_ login: PendingLogin.Details) -> Candidates {
        let scopes = login.requestedScopes
        // Automatic payments have no consent page.
        if scopes.contains(where: { $0.hasPrefix("recurring-") }) { return .unsupported }
        guard scopes.contains("payments") else { return .addresses([ConsentAddress(.brasilData)]) }
        guard !brasilPaymentVersions.isEmpty else { return .unsupported }
        return .addresses(
            brasilPaymentVersions.map { ConsentAddress(.brasilPayment, version: $0) }
        )
    }
}
