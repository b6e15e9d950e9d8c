public import HTTP
public import Logins
public import OAuthClient

/// How we reach one Cloudentity ACP (`cloudentity.md` sections 2, 3 and 5).
public struct CloudentityOutbound: Sendable {
    /// Which part of the address names tenant and workspace (section 2).
    public enum DomainMode: Hashable, Sendable, CaseIterable {
        case standard, tenantVanity, serverVanity
    }

    /// Whether ACP is asked where its token endpoint is (AU-3).
    public enum DiscoveryMode: Hashable, Sendable {
        case off
        /// By the metadata of the system workspace, whose address follows from section 2.
        case standard
        /// By the metadata at this address, which ends in `Discovery.path`.
        case at(String)
    }

    /// Where the second group of addresses is, that of all consents (section 2).
    public enum ConsentStyle: Hashable, Sendable, CaseIterable {
        /// Below the system workspace: every build since 2022.
        case systemWorkspace
        /// Beside the scope grants, as older builds have it.
        case apiSystem
    }

    /// Whether the scope grant is fetched before it is shown.
    public enum Lookup: Sendable {
        /// Fetched; when ACP has none, what the start said is shown.
        case always
        case never
    }

    public var server: AuthorizationServerID
    /// ACP's address, `https://…`, perhaps with a path.
    public var acp: String
    public var domainMode: DomainMode
    /// The tenant when the start does not name one.
    public var tenant: TenantID?
    public var scopeGrantBaseURL: String?
    public var consentStyle: ConsentStyle
    public var consentBaseURL: String?
    /// Wins over discovery.
    public var tokenURL: String?
    public var discovery: DiscoveryMode
    public var clientID: String
    /// Asked for before each call, so that replaced ones are used without a restart.
    public var credentials: @Sendable () -> ClientCredentials
    public var assertionAudience: ClientSettings.AssertionAudience
    public var scopes: [String]
    public var destination: Destination
    public var timeLimit: Duration
    public var lookup: Lookup
    /// Whether the login's `id` stands in the report beside `login_state`; ACP's models have it.
    public var sendsLoginID: Bool
    public var sendsLoginStateOnGet: Bool
    /// Which consents logins are for.
    public var workspaces: CloudentityWorkspaces
    public var rejectionCodes: RejectionCodes
    public var statusPolicy: StatusPolicy

    public init(
        server: AuthorizationServerID,
        acp: String,
        domainMode: DomainMode = .standard,
        tenant: TenantID? = nil,
        scopeGrantBaseURL: String? = nil,
        consentStyle: ConsentStyle = .systemWorkspace,
        consentBaseURL: String? = nil,
        tokenURL: String? = nil,
        discovery: DiscoveryMode = .off,
        clientID: String,
        credentials: @escaping @Sendable () -> ClientCredentials,
        assertionAudience: ClientSettings.AssertionAudience = .tokenURL,
        scopes: [String] = ["manage_scope_grants"],
        destination: Destination = Destination(),
        timeLimit: Duration = .seconds(10),
        lookup: Lookup = .always,
        sendsLoginID: Bool = true,
        sendsLoginStateOnGet: Bool = false,
        workspaces: CloudentityWorkspaces = CloudentityWorkspaces(),
        rejectionCodes: RejectionCodes = RejectionCodes(),
        statusPolicy: StatusPolicy = StatusPolicy()
    ) {
        self.server = server
        self.acp = acp
        self.domainMode = domainMode
        self.tenant = tenant
        self.scopeGrantBaseURL = scopeGrantBaseURL
        self.consentStyle = consentStyle
        self.consentBaseURL = consentBaseURL
        self.tokenURL = tokenURL
        self.discovery = discovery
        self.clientID = clientID
        self.credentials = credentials
        self.assertionAudience = assertionAudience
        self.scopes = scopes
        self.destination = destination
        self.timeLimit = timeLimit
        self.lookup = lookup
        self.sendsLoginID = sendsLoginID
        self.sendsLoginStateOnGet = sendsLoginStateOnGet
        self.workspaces = workspaces
        self.rejectionCodes = rejectionCodes
        self.statusPolicy = statusPolicy
    }
}

extension CloudentityOutbound {
    /// Where the scope grant of a login is, each name one path segment (BP-1); nil when the tenant
    /// is needed and neither the start nor the configuration names one.
    public func scopeGrantURL(of key: LoginKey) -> String? {
        url(of: .scopes, Consent.Kind.scopes.path, key)
    }

    /// Where the consent of a login is accepted and rejected; nil as above.
    public func consentURL(_ kind: Consent.Kind, of key: LoginKey) -> String? {
        url(of: kind, kind.path, key)
    }

    /// Where it is fetched.
    func url(_ address: ConsentAddress, of key: LoginKey) -> String? {
        url(of: address.kind, address.path, key)
    }

    private func url(of kind: Consent.Kind, _ path: String, _ key: LoginKey) -> String? {
        let tenant = key.tenant ?? tenant
        let override = kind.isLodged ? consentBaseURL : scopeGrantBaseURL
        let base = override ?? (kind.isLodged ? consentBase(tenant) : scopeGrantBase(tenant))
        return base.map {
            Self.trimmed($0) + "/" + path + "/" + PercentEncoding.encodeSegment(key.login.value)
        }
    }

    private func scopeGrantBase(_ tenant: TenantID?) -> String? {
        switch domainMode {
        case .standard:
            tenant.map {
                Self.trimmed(acp) + "/api/system/" + PercentEncoding.encodeSegment($0.value)
            }
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
    public func tokenEndpoint(for tenant: TenantID?) -> TokenEndpoint? {
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
            tenant.map {
                Self.trimmed(acp) + "/" + PercentEncoding.encodeSegment($0.value) + "/system"
            }
        case .tenantVanity: Self.trimmed(acp) + "/system"
        case .serverVanity: Self.trimmed(acp)
        }
    }

    /// Our OAuth client at this ACP.
    var client: ClientSettings {
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
