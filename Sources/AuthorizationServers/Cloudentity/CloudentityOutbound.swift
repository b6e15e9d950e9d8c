public import HTTP
public import Logins

/// How Beckon reaches one Cloudentity ACP (`Contract.md`, section 4).
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
        /// By the metadata at this address, which ends in `CloudentityOutbound.metadataPath`.
        case at(String)
    }

    /// Where the second group of addresses is, that of all consents (section 2).
    public enum ConsentStyle: Hashable, Sendable, CaseIterable {
        /// Below the system workspace: every build since 2022.
        case systemWorkspace
        /// Beside the scope grants, as older builds have it.
        case apiSystem
    }

    /// Whom a client assertion is for (RFC 7523 §3, rule 3).
    public enum AssertionAudience: Hashable, Sendable {
        /// The address that the token is asked for at.
        case tokenURL
        /// The issuer, as FAPI wants it: then no other server can use it.
        case issuer
    }

    /// Where an issuer's metadata are (OpenID Connect Discovery 1.0 §4).
    public static let metadataPath = "/.well-known/openid-configuration"

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
    public var assertionAudience: AssertionAudience
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
        assertionAudience: AssertionAudience = .tokenURL,
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
        url(.scopeGrant, of: key)
    }

    /// The URL at which the consent of a login is accepted and rejected; nil as above.
    public func consentURL(_ kind: Consent.Kind, of key: LoginKey) -> String? {
        ConsentStandard.family(of: kind).flatMap { reportURL($0, of: key) }
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
        return base.map {
            Self.trimmed($0) + "/" + address.path + "/"
                + PercentEncoding.encodeSegment(key.login.value)
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
        switch (consentStyle, domainMode) {
        case (.apiSystem, _): scopeGrantBase(tenant)
        case (.systemWorkspace, .standard):
            tenant.map {
                Self.trimmed(acp) + "/" + PercentEncoding.encodeSegment($0.value) + "/system"
            }
        case (.systemWorkspace, .tenantVanity): Self.trimmed(acp) + "/system"
        case (.systemWorkspace, .serverVanity): Self.trimmed(acp)
        }
    }

    /// Where tokens are had for calls about a tenant; nil when that needs a tenant and there is none.
    public func tokenURL(for tenant: TenantID?) -> String? {
        tokenURL ?? issuer(for: tenant).map { $0 + "/oauth2/token" }
    }

    /// The issuer of the tokens: the system workspace, or whose metadata the configuration names.
    public func issuer(for tenant: TenantID?) -> String? {
        if case .at(let url) = discovery { return String(url.dropLast(Self.metadataPath.count)) }
        switch domainMode {
        case .standard:
            return (tenant ?? self.tenant).map {
                Self.trimmed(acp) + "/" + PercentEncoding.encodeSegment($0.value) + "/system"
            }
        case .tenantVanity: return Self.trimmed(acp) + "/system"
        case .serverVanity: return Self.trimmed(acp)
        }
    }

    func tokenEndpoint(for tenant: TenantID?) -> TokenEndpoint? {
        if discovery == .off || tokenURL != nil { return tokenURL(for: tenant).map { .known($0) } }
        return issuer(for: tenant).map {
            .discovered(issuer: $0, url: $0 + Self.metadataPath)
        }
    }

    func destination(showing identity: ClientIdentity?) -> Destination {
        var destination = destination
        destination.identity = identity
        return destination
    }

    private static func trimmed(_ url: String) -> String {
        var url = Substring(url)
        while url.hasSuffix("/") { url.removeLast() }
        return String(url)
    }
}
