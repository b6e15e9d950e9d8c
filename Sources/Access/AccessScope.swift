import Texts

/// What an access token allows (RFC 6749 §3.3).
public enum AccessScope: String, Hashable, Sendable, CaseIterable {
    /// Reads everything but personal documents and secrets in the admin API.
    case adminRead = "admin:read"
    /// Creates and changes clients.
    case adminClients = "admin:clients"
    /// Creates, changes and disables users.
    case adminUsers = "admin:users"
    /// Cancels, retries and abandons logins.
    case adminLogins = "admin:logins"
    /// Replaces the logo.
    case adminBranding = "admin:branding"
    /// Exports the audit.
    case adminAudit = "admin:audit"
    /// Creates and changes users from the bank's backend.
    case backendUsers = "backend:users"
    /// Records and withdraws consents to delegation.
    case backendConsents = "backend:consents"
    /// Reads logins from the bank's backend.
    case backendLogins = "backend:logins"
    /// Lists and shows the logins of the token's user.
    case loginsRead = "logins:read"
    /// Decides logins of the token's user, where policy allows.
    case loginsDecide = "logins:decide"
    /// Lists the logins of the token's user in the user's own app.
    case deviceLogins = "device:logins"

    /// The interface that accepts a token with the scope; the path below the issuer that is the
    /// token's audience.
    public enum Surface: String, Hashable, Sendable, CaseIterable {
        case admin
        case backend
        case device
    }

    public var surface: Surface {
        switch self {
        case .adminRead, .adminClients, .adminUsers, .adminLogins, .adminBranding, .adminAudit:
            .admin
        case .backendUsers, .backendConsents, .backendLogins, .loginsRead, .loginsDecide: .backend
        case .deviceLogins: .device
        }
    }

    /// The tokens that may have it.
    public var kind: TokenKind {
        switch self {
        case .adminRead, .adminClients, .adminUsers, .adminLogins, .adminBranding, .adminAudit,
            .backendUsers,
            .backendConsents, .backendLogins:
            .application
        case .loginsRead, .loginsDecide: .delegated
        case .deviceLogins: .user
        }
    }

    /// Whether only delegated clients may have it. No other scope is for them.
    public var isForDelegation: Bool { kind == .delegated }

    /// Reads a space-separated list (RFC 6749 §3.3). Nil if one is unknown or the list is empty.
    public static func list(_ text: String) -> Set<AccessScope>? {
        let words = text.utf8.split(separator: 0x20, omittingEmptySubsequences: false)
        guard words.count <= allCases.count else { return nil }
        let scopes = words.compactMap { AccessScope(exactly: String($0) ?? "") }
        return scopes.count == words.count ? Set(scopes) : nil
    }

    /// The list in the order of declaration.
    public static func text(_ scopes: Set<AccessScope>) -> String {
        var text = ""
        for scope in allCases where scopes.contains(scope) {
            if !text.isEmpty { text += " " }
            text += scope.rawValue
        }
        return text
    }
}
