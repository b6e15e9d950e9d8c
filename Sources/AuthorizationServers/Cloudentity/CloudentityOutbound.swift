import HTTP
import Logins
import OAuthClient

/// How Beckon reaches one Cloudentity ACP (`Contract.md`, section 4).
struct CloudentityOutbound: Sendable {
    /// Which part of the address names tenant and workspace (section 2).
    enum DomainMode: Hashable, Sendable, CaseIterable {
        case standard, tenantVanity, serverVanity
    }

    /// Whether the token endpoint is discovered [AU-3].
    enum DiscoveryMode: Hashable, Sendable {
        case off
        /// By the metadata of the system workspace.
        case standard
        /// By the metadata at this URL, which ends in `Discovery.path`.
        case at(String)
    }

    /// Where the URLs of consents are [BP-3].
    enum ConsentStyle: Hashable, Sendable, CaseIterable {
        /// Below the system workspace: every build since 2022.
        case systemWorkspace
        /// Beside the scope grants: older builds.
        case apiSystem
    }

    /// Whether the scope grant is fetched before it is shown.
    enum Lookup: Sendable {
        /// If ACP has none, what the start named is shown.
        case always
        case never
    }

    var server: AuthorizationServerID
    /// ACP's base URL, `https://…`, with or without a path.
    var acp: String
    var domainMode = DomainMode.standard
    /// The tenant of starts that do not name one.
    var tenant: TenantID?
    /// Overrides the table [BP-4].
    var scopeGrantBaseURL: String?
    var consentStyle = ConsentStyle.systemWorkspace
    /// Overrides the table [BP-4].
    var consentBaseURL: String?
    /// Overrides the table and discovery [BP-4].
    var tokenURL: String?
    var discovery = DiscoveryMode.off
    var clientID: String
    var assertionAudience = ClientSettings.AssertionAudience.tokenURL
    var scopes = ["manage_scope_grants"]
    var destination = Destination()
    /// The timeout of one call.
    var timeLimit = Duration.seconds(10)
    var lookup = Lookup.always
    /// The consents that logins are for.
    var workspaces = CloudentityWorkspaces()
    var statusPolicy = StatusPolicy()
    /// Whether a consent is refused after its deadline, and a prompt ends then.
    var refusesLate = true
}

extension CloudentityOutbound {
    /// Where the scope grant of a login is, each name one path segment [BP-1]; nil when the tenant
    /// is needed and neither the start nor the configuration names one, and when a name cannot be a
    /// segment.
    func scopeGrantURL(of key: LoginKey) -> String? {
        url(.scopeGrant, of: key)
    }

    /// The URL at which the consent of a login is accepted and rejected; nil as above.
    func consentURL(_ kind: Consent.Kind, of key: LoginKey) -> String? {
        workspaces.family(of: kind).flatMap { reportURL($0, of: key) }
    }

    /// The same by family; nil stands for the scope grant.
    func reportURL(_ family: (any ConsentFamily)?, of key: LoginKey) -> String? {
        url(family?.address ?? .scopeGrant, of: key)
    }

    /// The URL from which a consent is fetched.
    func url(_ address: ConsentAddress, of key: LoginKey) -> String? {
        let tenant = key.tenant ?? tenant
        let base =
            address.family == nil
            ? scopeGrantBaseURL ?? scopeGrantBase(tenant) : consentBaseURL ?? consentBase(tenant)
        guard let base, let login = PercentEncoding.encodeSegment(key.login.value) else {
            return nil
        }
        return Self.trimmed(base) + "/" + address.path + "/" + login
    }

    private func scopeGrantBase(_ tenant: TenantID?) -> String? {
        switch domainMode {
        case .standard:
            tenant.flatMap { PercentEncoding.encodeSegment($0.value) }
                .map { Self.trimmed(acp) + "/api/system/" + $0 }
        case .tenantVanity, .serverVanity: Self.trimmed(acp) + "/api/system"
        }
    }

    private func consentBase(_ tenant: TenantID?) -> String? {
        switch consentStyle {
        case .apiSystem: scopeGrantBase(tenant)
        case .systemWorkspace: systemWorkspace(tenant)
        }
    }

    /// The token endpoint for calls about a tenant; nil when that needs a tenant and there is none.
    func tokenEndpoint(for tenant: TenantID?) -> TokenEndpoint? {
        let issuer = issuer(for: tenant)
        if let tokenURL { return .url(tokenURL, issuer: issuer) }
        return issuer.map {
            discovery == .off ? .url($0 + "/oauth2/token", issuer: $0) : .discovered(issuer: $0)
        }
    }

    /// The issuer of the tokens: the system workspace, or the issuer of the configured metadata.
    private func issuer(for tenant: TenantID?) -> String? {
        if case .at(let url) = discovery { return String(url.dropLast(Discovery.path.count)) }
        return systemWorkspace(tenant ?? self.tenant)
    }

    private func systemWorkspace(_ tenant: TenantID?) -> String? {
        switch domainMode {
        case .standard:
            tenant.flatMap { PercentEncoding.encodeSegment($0.value) }
                .map { Self.trimmed(acp) + "/" + $0 + "/system" }
        case .tenantVanity: Self.trimmed(acp) + "/system"
        case .serverVanity: Self.trimmed(acp)
        }
    }

    /// Our OAuth client at this ACP.
    func client(_ credentials: @escaping @Sendable () -> ClientCredentials) -> ClientSettings {
        ClientSettings(
            server: server.value,
            clientID: clientID,
            scopes: scopes,
            credentials: credentials,
            assertionAudience: assertionAudience,
            destination: destination,
            timeLimit: timeLimit
        )
    }

    private static func trimmed(_ url: String) -> String {
        var url = Substring(url)
        while url.hasSuffix("/") { url.removeLast() }
        return String(url)
    }
}
