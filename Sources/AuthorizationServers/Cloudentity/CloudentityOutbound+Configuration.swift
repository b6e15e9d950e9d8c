import Configuration
import HTTP
import Logins
import OAuthClient

extension CloudentityOutbound {
    /// Reads the group `outbound`, but for client authentication and what concerns incoming logins.
    init(_ server: AuthorizationServerID, _ section: Section) {
        self.init(
            server: server,
            acp: section.url(
                "acp",
                example: "https://bank.eu.authz.cloudentity.io",
                required: true,
                "The base URL of ACP, without tenant, workspace or endpoint."
            ) ?? "",
            clientID: section.requiredText(
                "client_id",
                example: "0123456789abcdef",
                "The client that ACP created for Beckon when CIBA was enabled."
            )
        )
        tenant = Self.tenant(section)
        domainMode = section.choice(
            "domain_mode",
            among: [
                "standard": .standard, "tenant_vanity": .tenantVanity,
                "server_vanity": .serverVanity,
            ],
            default: .standard,
            "How ACP's URLs are formed."
        )
        // Without a tenant the standard URLs cannot be formed.
        if section.isPresent, domainMode == .standard, tenant == nil, !section.has("tenant") {
            section.problem("tenant", "is missing: domain_mode standard needs it")
        }
        scopeGrantBaseURL = section.url(
            "scope_grant_base_url",
            pasted: ["scope-grants"],
            example: "https://bank.eu.authz.cloudentity.io/api/system/bank",
            "The base URL of scope grants, if it does not follow from acp and domain_mode."
        )
        tokenURL = section.url(
            "token_url",
            example: "https://bank.eu.authz.cloudentity.io/bank/system/oauth2/token",
            "The token endpoint, if it does not follow from acp and domain_mode."
        )
        discovery = section.discovery()
        checkPaths(section)
        readConsents(section)
        readScopes(section)
        destination = section.destination()
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one call."
        )
        lookup = section.choice(
            "scope_grant_lookup",
            among: ["always": .always, "never": .never],
            default: .always,
            "Whether a scope grant is fetched before it is shown."
        )
    }

    /// Notes URLs that were copied with more, or less, than what is asked for [BP-1].
    private func checkPaths(_ section: Section) {
        var pasted: Set = ["oauth2", ".well-known", "scope-grants"]
        // With server_vanity the base may be a workspace.
        if domainMode != .serverVanity {
            pasted.insert("system")
            if let tenant { pasted.insert(tenant.value.lowercased()) }
        }
        section.checkIsBase(acp, "acp", without: pasted)
        if domainMode == .standard, let path = HTTPAddress(acp)?.path, !path.isEmpty {
            section.warn(
                "acp",
                "has the path \(path), to which Beckon adds tenant and endpoint; leave it out "
                    + "unless ACP is below it"
            )
        }
        guard let tokenURL else { return }
        let segments = tokenURL.split(separator: "/").dropFirst(2).map { $0.lowercased() }
        if segments.isEmpty || segments.contains(".well-known") || segments.last == "authorize" {
            section.problem("token_url", "is not the URL of a token endpoint")
        }
    }

    private mutating func readScopes(_ section: Section) {
        let needsConsents = workspaces.workspaces.values.contains {
            $0.family != .auto && $0.family != .scopeGrant
        }
        scopes = section.texts(
            "scopes",
            default: ["manage_scope_grants"],
            """
            Scopes of the access token. If a workspace has a family of consents, the default also \
            has manage_openbanking_consents.
            """
        )
        if needsConsents, !section.has("scopes") { scopes.append("manage_openbanking_consents") }
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
}

extension Section {
    /// `true`, `false`, or the URL of an issuer's metadata.
    fileprivate func discovery() -> CloudentityOutbound.DiscoveryMode {
        let key = "discovery"
        let about = """
            true: find the token endpoint in ACP's metadata. A URL: find it in the metadata at this \
            URL. token_url takes precedence.
            """
        let node = node(key, default: "false", about)
        switch node?.value {
        case nil, .bool(false): return .off
        case .bool(true): return .standard
        case .string:
            guard let url = url(key, example: "", about) else { return .off }
            if !url.hasSuffix(Discovery.path) {
                problem(key, "must end in \(Discovery.path)")
            }
            return .at(url)
        default:
            problem(key, "must be true or false or a URL, not \(node?.kind ?? "")")
            return .off
        }
    }
}
