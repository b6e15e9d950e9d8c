public import AuthorizationServers
import Configuration
public import HTTP
public import Logins

/// How we report to an authorization server (`Contract.md`, section 4).
public struct OutboundSettings: Sendable {
    /// The server's base address; no slash at its end.
    public var acp: String
    /// The tenant of logins that name none.
    public var tenant: TenantID?
    /// The tenants whose logins are accepted; default `[tenant]` [BP-2].
    public var tenants: [TenantID]
    /// Default `standard`.
    public var domainMode: CloudentityOutbound.DomainMode
    /// Overrides the table [BP-4].
    public var scopeGrantBaseURL: String?
    /// Overrides the table and discovery [BP-4].
    public var tokenURL: String?
    /// Whether the server is asked for its token endpoint. Default off.
    public var discovery: CloudentityOutbound.DiscoveryMode
    /// Of the client that the server made for us [AU-1].
    public var clientID: String
    /// How we authenticate as this client.
    public var authentication: ClientAuthenticationSettings
    /// Requested with the token; default `manage_scope_grants`, and `manage_openbanking_consents`
    /// where a workspace has a family of consents.
    public var scopes: [String]
    /// How the server is reached and trusted.
    public var destination: Destination
    /// For one call. Default 10 s.
    public var timeLimit: Duration
    /// What is known of consents.
    public var consents: ConsentSettings
    /// Which expired logins the server is told of [ST-5]. Default consents.
    public var rejectOnExpiry: PendingLogin.ExpiryRule
    /// Which login stays when a second one comes for the same consent [ST-6].
    public var sameConsent: LoginLimits.SameConsent
    /// Default `always`.
    public var scopeGrantLookup: CloudentityOutbound.Lookup
    /// How long before the server's deadline a prompt ends. Default 10 s [ST-4].
    public var promptMargin: Duration
    /// How long before it the last report is tried. Default 1 s [ST-4].
    public var reportMargin: Duration

    init(_ section: Section) {
        acp =
            section.url(
                "acp",
                example: "https://bank.eu.authz.cloudentity.io",
                required: true,
                "The base URL of ACP."
            ) ?? ""
        tenant = Self.tenant(section)
        tenants = Self.tenants(section)
        domainMode = section.choice(
            "domain_mode",
            among: [
                "standard": .standard, "tenant_vanity": .tenantVanity,
                "server_vanity": .serverVanity,
            ],
            default: .standard,
            "How ACP's URLs are formed."
        )
        scopeGrantBaseURL = section.url(
            "scope_grant_base_url",
            example: "https://bank.eu.authz.cloudentity.io/api/system/bank",
            "The base URL of scope grants, if it does not follow from acp and domain_mode."
        )
        tokenURL = section.url(
            "token_url",
            example: "https://bank.eu.authz.cloudentity.io/bank/system/oauth2/token",
            "The token endpoint, if it does not follow from acp and domain_mode."
        )
        discovery = section.discovery()
        clientID = section.requiredText(
            "client_id",
            example: "0123456789abcdef",
            "The client that ACP created for Beckon when CIBA was enabled."
        )
        consents = ConsentSettings(section)
        let scopes = section.texts(
            "scopes",
            default: ["manage_scope_grants"],
            """
            Scopes of the access token. If a workspace has a family of consents, the default also \
            has manage_openbanking_consents.
            """
        )
        self.scopes =
            section.has("scopes") || !consents.hasConsents
            ? scopes : scopes + ["manage_openbanking_consents"]
        destination = section.destination()
        authentication = ClientAuthenticationSettings(section, destination: destination)
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one call."
        )
        rejectOnExpiry = section.choice(
            "reject_on_expiry",
            among: ["never": .never, "consents": .lodgedConsents, "always": .always],
            default: .lodgedConsents,
            "Which expired logins are reported as rejected."
        )
        sameConsent = section.choice(
            "same_consent",
            among: ["keep_first": .keepFirst, "supersede": .supersede],
            default: .keepFirst,
            """
            Only one login per consent can be pending. When a second one arrives, keep_first \
            closes the new login and supersede the old one; ACP is not told.
            """
        )
        scopeGrantLookup = section.choice(
            "scope_grant_lookup",
            among: ["always": .always, "never": .never],
            default: .always,
            "Whether a scope grant is fetched before it is shown."
        )
        let bounds: ClosedRange<Duration> = .zero...(.seconds(60))
        promptMargin = section.duration(
            "prompt_margin",
            default: .seconds(10),
            bounds,
            "How long before ACP's deadline a prompt ends."
        )
        reportMargin = section.duration(
            "report_margin",
            default: .seconds(1),
            bounds,
            "How long before ACP's deadline the last report is sent."
        )
        if promptMargin < reportMargin {
            section.problem("prompt_margin", "must not be shorter than report_margin")
        }
        section.end()
        // Without a tenant the standard URLs cannot be formed.
        if section.isPresent, domainMode == .standard, tenant == nil, !section.has("tenant") {
            section.problem("tenant", "is missing: domain_mode standard needs it")
        }
        if tenants.isEmpty, let tenant { tenants = [tenant] }
        if let tenant, !tenants.contains(tenant) {
            section.problem("tenants", "must contain \(tenant), the value of tenant")
        }
    }

    private static func tenant(_ section: Section) -> TenantID? {
        let text = section.text(
            "tenant",
            example: "bank",
            "The tenant of logins that do not name one. Required with domain_mode standard."
        )
        guard let text else { return nil }
        let tenant = TenantID(text)
        if tenant == nil { section.problem("tenant", "is too long") }
        return tenant
    }

    private static func tenants(_ section: Section) -> [TenantID] {
        section.texts(
            "tenants",
            example: ["bank"],
            "The tenants whose logins are accepted. By default the one above."
        ).compactMap { text in
            let tenant = TenantID(text)
            if tenant == nil { section.problem("tenants", "contains an invalid name") }
            return tenant
        }
    }
}

extension Section {
    /// `true`, `false`, or the URL of an issuer's metadata.
    fileprivate func discovery() -> CloudentityOutbound.DiscoveryMode {
        let key = "discovery"
        let about = """
            Ask ACP for its token endpoints: true, or the URL of its metadata. token_url takes \
            precedence.
            """
        let node = node(key, default: "false", about)
        switch node?.value {
        case nil, .bool(false): return .off
        case .bool(true): return .standard
        case .string:
            guard let url = url(key, example: "", about) else { return .off }
            if !url.hasSuffix(CloudentityOutbound.metadataPath) {
                problem(key, "must end in \(CloudentityOutbound.metadataPath)")
            }
            return .at(url)
        default:
            problem(key, "must be true or false or a URL, not \(node?.kind ?? "")")
            return .off
        }
    }
}
