public import HTTP
public import Logins

/// How we reach one Cloudentity ACP (`cloudentity.md` sections 2, 3 and 5).
public struct CloudentityOutbound: Sendable {
    /// Which part of the address names tenant and workspace (section 2).
    public enum DomainMode: Hashable, Sendable, CaseIterable {
        case standard, tenantVanity, serverVanity
    }

    /// How we prove who we are at the token endpoint (section 5).
    public enum ClientAuthentication: Hashable, Sendable, CaseIterable {
        case secretBasic, secretPost
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
    public var tokenURL: String?
    public var clientID: String
    /// Asked for with each token.
    public var clientSecret: @Sendable () -> String
    public var clientAuthentication: ClientAuthentication
    public var scopes: [String]
    public var destination: Destination
    public var timeLimit: Duration
    public var lookup: Lookup
    /// Whether the login's `id` stands in the report beside `login_state`; ACP's models have it.
    public var sendsLoginID: Bool
    public var sendsLoginStateOnGet: Bool

    public init(
        server: AuthorizationServerID,
        acp: String,
        domainMode: DomainMode = .standard,
        tenant: TenantID? = nil,
        scopeGrantBaseURL: String? = nil,
        tokenURL: String? = nil,
        clientID: String,
        clientSecret: @escaping @Sendable () -> String,
        clientAuthentication: ClientAuthentication = .secretBasic,
        scopes: [String] = ["manage_scope_grants"],
        destination: Destination = Destination(),
        timeLimit: Duration = .seconds(10),
        lookup: Lookup = .always,
        sendsLoginID: Bool = true,
        sendsLoginStateOnGet: Bool = false
    ) {
        self.server = server
        self.acp = acp
        self.domainMode = domainMode
        self.tenant = tenant
        self.scopeGrantBaseURL = scopeGrantBaseURL
        self.tokenURL = tokenURL
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.clientAuthentication = clientAuthentication
        self.scopes = scopes
        self.destination = destination
        self.timeLimit = timeLimit
        self.lookup = lookup
        self.sendsLoginID = sendsLoginID
        self.sendsLoginStateOnGet = sendsLoginStateOnGet
    }
}

extension CloudentityOutbound {
    /// Where the scope grant of a login is, each name one path segment (BP-1); nil when the tenant
    /// is needed and neither the start nor the configuration names one.
    public func scopeGrantURL(of key: LoginKey) -> String? {
        guard let base = scopeGrantBaseURL.map(Self.trimmed) ?? scopeGrantBase(key.tenant ?? tenant)
        else { return nil }
        return base + "/scope-grants/" + PercentEncoding.encodeSegment(key.login.value)
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

    /// Where tokens are had for calls about a tenant.
    public func tokenURL(for tenant: TenantID?) -> String? {
        if let tokenURL { return tokenURL }
        switch domainMode {
        case .standard:
            return (tenant ?? self.tenant).map {
                Self.trimmed(acp) + "/" + PercentEncoding.encodeSegment($0.value)
                    + "/system/oauth2/token"
            }
        case .tenantVanity: return Self.trimmed(acp) + "/system/oauth2/token"
        case .serverVanity: return Self.trimmed(acp) + "/oauth2/token"
        }
    }

    private static func trimmed(_ url: String) -> String {
        var url = Substring(url)
        while url.hasSuffix("/") { url.removeLast() }
        return String(url)
    }
}
