import Configuration
import Logins
import OAuthClient

/// One configured Cloudentity ACP.
struct CloudentitySettings: Sendable {
    /// Of its section: `authorization_servers[0]`.
    let path: String
    var inbound: CloudentityInbound
    var outbound: CloudentityOutbound
    var authentication: ClientAuthenticationSettings
    let numbers: OwnNumbers

    init(_ server: ServerSection) {
        path = server.section.path
        numbers = OwnNumbers(
            path: server.section.path,
            matching: server.section.optionalChoice(
                OwnNumbers.matchingKey,
                example: NumberMatching.choose,
                """
                How the number of this server's logins is matched, instead of \
                approval.number_matching.
                """
            ),
            pattern: server.section.numberPattern(
                OwnNumbers.patternKey,
                default: nil,
                """
                Where this server's binding messages have their number, instead of \
                approval.number_pattern.
                """
            )
        )
        let incoming = server.section.group(
            "inbound",
            required: true,
            "What the server sends to Beckon."
        )
        inbound = CloudentityInbound(server.id, incoming)
        if inbound.peers.requiresCertificate, !server.requestsCertificates {
            incoming.problem(
                "require_client_certificate",
                "needs listen.tls.client_certificates to be optional, required or any"
            )
        }
        let outgoing = server.section.group(
            "outbound",
            required: true,
            "How Beckon reports to the server."
        )
        outbound = CloudentityOutbound(server.id, outgoing)
        authentication = ClientAuthenticationSettings(outgoing, outbound.destination)
        outbound.assertionAudience = authentication.audience
        inbound.workspaces = outbound.workspaces
        inbound.tenants = Self.tenants(outgoing, outbound.tenant)
        Self.readExpiry(outgoing, &inbound)
        outgoing.end()
        server.section.end()
    }

    private static func tenants(_ section: Section, _ tenant: TenantID?) -> Set<TenantID> {
        let tenants = section.texts(
            "tenants",
            example: ["bank"],
            "The tenants whose logins are accepted. By default the value of tenant."
        ).compactMap { text in
            let tenant = TenantID(text)
            if tenant == nil { section.problem("tenants", "contains an invalid name") }
            return tenant
        }
        guard let tenant else { return Set(tenants) }
        if tenants.isEmpty { return [tenant] }
        if !tenants.contains(tenant) {
            section.problem("tenants", "must contain \(tenant), the value of tenant")
        }
        return Set(tenants)
    }

    /// When a login ends, and what ends it [ST-4, ST-5, ST-6].
    private static func readExpiry(_ section: Section, _ inbound: inout CloudentityInbound) {
        inbound.reportsExpiry = section.choice(
            "reject_on_expiry",
            among: ["never": .never, "consents": .lodgedConsents, "always": .always],
            default: .lodgedConsents,
            "Which expired logins are reported as rejected."
        )
        inbound.limits.sameConsent = section.choice(
            "same_consent",
            among: ["keep_first": .keepFirst, "supersede": .supersede],
            default: .keepFirst,
            """
            Only one login per consent can be pending. When a second one arrives, keep_first \
            closes the new login, supersede closes the old one; ACP is not told.
            """
        )
        let bounds: ClosedRange<Duration> = .zero...(.seconds(60))
        inbound.timing.promptMargin = section.duration(
            "prompt_margin",
            default: .seconds(10),
            bounds,
            "How long before ACP's deadline a prompt ends, at most a quarter of the login's lifetime."
        )
        inbound.timing.reportMargin = section.duration(
            "report_margin",
            default: .seconds(1),
            bounds,
            "How long before ACP's deadline the last report is sent."
        )
        if inbound.timing.promptMargin < inbound.timing.reportMargin {
            section.problem("prompt_margin", "must not be shorter than report_margin")
        }
    }
}
