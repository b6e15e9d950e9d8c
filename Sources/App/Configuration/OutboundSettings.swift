public import AuthorizationServers
public import Logins

/// How we report to an authorization server (`cloudentity.md` 2, 5).
public struct OutboundSettings: Sendable {
    /// Where the addresses of `cloudentity.md` 2 are.
    public enum DomainMode: String, CaseIterable, Sendable {
        case standard
        case tenantVanity = "tenant_vanity"
        case serverVanity = "server_vanity"
    }

    /// Which expired logins the server is told of (`cloudentity.md` ST-5).
    public enum RejectOnExpiry: String, CaseIterable, Sendable {
        case never, consents, always
    }

    /// Which login stays when a second one comes for the same consent (`cloudentity.md` ST-6).
    public enum SameConsent: String, CaseIterable, Sendable {
        case keepFirst = "keep_first"
        case supersede
    }

    /// Whether a scope grant is fetched before it is shown.
    public enum ScopeGrantLookup: String, CaseIterable, Sendable {
        case always, never
    }

    /// The server's base address; no slash at its end.
    public var acp: String
    /// The tenant of logins that name none.
    public var tenant: TenantID?
    /// The tenants whose logins are taken; default `[tenant]` (`cloudentity.md` BP-2).
    public var tenants: [TenantID]
    /// Default `standard`.
    public var domainMode: DomainMode
    /// Overrides the table of `cloudentity.md` 2.
    public var scopeGrantBaseURL: String?
    /// Overrides the table of `cloudentity.md` 2, and discovery.
    public var tokenURL: String?
    /// Whether the server is asked where its token endpoint is. Default off.
    public var discovery: CloudentityOutbound.DiscoveryMode
    /// Of the client that the server made for us (`cloudentity.md` AU-1).
    public var clientID: String
    /// How we prove that we are this client.
    public var authentication: ClientAuthenticationSettings
    /// Asked for with the token; default `manage_scope_grants`, and `manage_openbanking_consents`
    /// where a workspace has a family of consents.
    public var scopes: [String]
    /// How the server is reached and trusted.
    public var destination: DestinationSettings
    /// For one call. Default 10 s.
    public var timeLimit: Duration
    /// What is known of consents.
    public var consents: ConsentSettings
    /// Default `consents`.
    public var rejectOnExpiry: RejectOnExpiry
    /// Default `keep_first`.
    public var sameConsent: SameConsent
    /// Default `always`.
    public var scopeGrantLookup: ScopeGrantLookup
    /// How long before the server's deadline a prompt ends. Default 10 s (`cloudentity.md` ST-4).
    public var promptMargin: Duration
    /// How long before it the last report is tried. Default 1 s (`cloudentity.md` ST-4).
    public var reportMargin: Duration

    init(_ section: Section, development: Bool) {
        let plain = Section.PlainHTTP.loopback(unless: development)
        acp = section.url("acp", plain: plain) ?? ""
        if !section.has("acp") { section.missing("acp") }
        tenant = Self.tenant(section)
        tenants = Self.tenants(section)
        domainMode = section.choice("domain_mode", default: .standard)
        scopeGrantBaseURL = section.url("scope_grant_base_url", plain: plain)
        tokenURL = section.url("token_url", plain: plain)
        discovery = section.discovery("discovery", plain: plain)
        clientID = section.requiredText("client_id")
        let scopes = section.texts("scopes")
        consents = ConsentSettings(section, plain: plain)
        let standard = ["manage_scope_grants"]
        self.scopes =
            section.has("scopes")
            ? scopes : standard + (consents.hasConsents ? ["manage_openbanking_consents"] : [])
        destination = DestinationSettings(section)
        authentication = ClientAuthenticationSettings(
            section,
            destination: destination,
            development: development
        )
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60))
        )
        rejectOnExpiry = section.choice("reject_on_expiry", default: .consents)
        sameConsent = section.choice("same_consent", default: .keepFirst)
        scopeGrantLookup = section.choice("scope_grant_lookup", default: .always)
        let bounds: ClosedRange<Duration> = .zero...(.seconds(60))
        promptMargin = section.duration("prompt_margin", default: .seconds(10), bounds)
        reportMargin = section.duration("report_margin", default: .seconds(1), bounds)
        if promptMargin < reportMargin {
            section.problem("prompt_margin", "must not be shorter than report_margin")
        }
        section.end()
        // Without a tenant there is nothing to put into the standard addresses.
        if section.isPresent, domainMode == .standard, tenant == nil, !section.has("tenant") {
            section.problem("tenant", "is missing: domain_mode standard needs it")
        }
        if tenants.isEmpty, let tenant { tenants = [tenant] }
        if let tenant, !tenants.contains(tenant) {
            section.problem("tenants", "must hold \(tenant), the value of tenant")
        }
    }

    private static func tenant(_ section: Section) -> TenantID? {
        guard let text = section.text("tenant") else { return nil }
        let tenant = TenantID(text)
        if tenant == nil { section.problem("tenant", "is too long") }
        return tenant
    }

    private static func tenants(_ section: Section) -> [TenantID] {
        section.texts("tenants").compactMap { text in
            let tenant = TenantID(text)
            if tenant == nil { section.problem("tenants", "holds a name that is not one") }
            return tenant
        }
    }
}

extension Section {
    /// `true`, `false`, or the address of an issuer's metadata.
    fileprivate func discovery(
        _ key: String,
        plain: PlainHTTP
    ) -> CloudentityOutbound.DiscoveryMode {
        if case .string = node(key)?.value {
            guard let url = url(key, plain: plain) else { return .off }
            if !url.hasSuffix(CloudentityOutbound.metadataPath) {
                problem(key, "must end in \(CloudentityOutbound.metadataPath)")
            }
            return .at(url)
        }
        return flag(key, default: false) ? .standard : .off
    }
}
