import Access
public import Configuration
import JOSE
import Logins

/// The group `trust` of the configuration: the token endpoint and what its tokens may do.
public struct TrustConfiguration: Sendable {
    public var settings: TrustSettings
    /// How signing keys are replaced.
    public var keys: KeyRing.Rule
    /// Where certificates of clients come from.
    public var certificates: ClientCertificateSettings
    /// What delegated clients may decide.
    public var delegation: DelegationPolicy
    /// How long the answers to requests with an `Idempotency-Key` are kept.
    public var answersKept: Duration
    /// Whether a second administrator confirms what lets clients do more.
    public var fourEyes: Bool

    /// Nil when the group is not in the file. `publicURL` is the issuer if the group names none;
    /// `requestsCertificates` says whether the listener asks its peers for certificates.
    public init?(_ section: Section, publicURL: String, requestsCertificates: Bool) {
        let issuer = section.url(
            "issuer",
            example: "https://login.bank.example",
            """
            The issuer of access tokens, and what the addresses of the endpoints begin with. By \
            default public_url.
            """
        )
        settings = TrustSettings(issuer: issuer ?? publicURL)
        let life: ClosedRange<Duration> = .seconds(30)...(.seconds(3600))
        settings.tokenLife = section.duration(
            "token_life",
            default: settings.tokenLife,
            life,
            "The life of application and user access tokens."
        )
        settings.delegatedTokenLife = section.duration(
            "delegated_token_life",
            default: settings.delegatedTokenLife,
            life,
            "The life of access tokens of delegated clients."
        )
        settings.acceptsEndpointAsAudience = section.choice(
            "assertion_audience",
            among: ["issuer": false, "issuer_or_endpoint": true],
            default: settings.acceptsEndpointAsAudience,
            """
            The audience of client assertions: only the issuer, or the issuer or the address of the \
            token endpoint.
            """
        )
        settings.acceptsNoAudience = section.choice(
            "assertion_aud",
            among: ["required": false, "optional": true],
            default: settings.acceptsNoAudience,
            "Whether assertions of delegated clients may leave out aud."
        )
        settings.withoutCertificate = Set(
            section.texts(
                "without_certificate",
                """
                Clients that get tokens without a client certificate. Their tokens are bound to \
                nothing: whoever has one can use it.
                """
            ).compactMap { name in
                let id = APIClientID(name)
                if id == nil { section.problem("without_certificate", "must be client ids") }
                return id
            }
        )
        if !settings.withoutCertificate.isEmpty {
            section.warn("without_certificate", "lets clients use tokens without a certificate")
        }
        settings.refresh = Self.refresh(
            section.group("refresh", "How long refresh tokens of apps last.")
        )
        let proofs = section.group(
            "dpop",
            "Clients that prove a key with each request instead of having a certificate (RFC 9449)."
        )
        settings.allowsProofKeys = proofs.flag(
            "allowed",
            default: settings.allowsProofKeys,
            "Whether clients that are registered for it (dpop_bound_access_tokens) may do so."
        )
        settings.requiresProofNonce = proofs.flag(
            "nonce",
            default: settings.requiresProofNonce,
            "Whether each proof must have a nonce that Beckon gave out in the last 5 minutes."
        )
        proofs.end()
        settings.certificateURL = section.url(
            "mtls_url",
            example: "https://mtls.login.bank.example",
            """
            What the addresses of the token endpoint begin with where clients show certificates, if \
            that is another host or port than the issuer's (mtls_endpoint_aliases, RFC 8705).
            """
        )
        certificates = ClientCertificateSettings(section)
        keys = Self.keys(section.group("signing", "The keys that sign access tokens."), settings)
        delegation = DelegationPolicy(
            section.group("delegation", "What delegated clients may decide without the user.")
        )
        answersKept = section.duration(
            "idempotency",
            default: .seconds(86_400),
            .seconds(60)...(.seconds(86_400 * 30)),
            """
            How long the admin and backend API answer a POST with the Idempotency-Key of an earlier \
            one as they answered that.
            """
        )
        fourEyes = Self.fourEyes(section)
        section.end()
        guard section.isPresent else { return nil }
        if certificates.format == nil, !requestsCertificates,
            settings.withoutCertificate.isEmpty, !settings.allowsProofKeys
        {
            section.problem(
                "client_certificate",
                "needs a listener that asks for certificates (listen.tls.client_certificates), or "
                    + "the format of a proxy that hands them over"
            )
        }
    }

    private static func refresh(_ section: Section) -> RefreshLife {
        var life = RefreshLife()
        let day = 86_400
        life.idle = section.duration(
            "idle",
            default: life.idle,
            .seconds(3600)...(.seconds(366 * day)),
            "How long an app may go without refreshing."
        )
        life.absolute = section.duration(
            "absolute",
            default: life.absolute,
            .seconds(3600)...(.seconds(3 * 366 * day)),
            "After this time people sign in again, whatever happens."
        )
        life.again = section.duration(
            "again",
            default: life.again,
            .zero...(.seconds(60)),
            """
            After a refresh, how long the same client may ask with the same refresh token again if the \
            answer was lost. Later that ends all tokens of the sign-in.
            """
        )
        if life.idle > life.absolute { section.problem("idle", "must not be longer than absolute") }
        section.end()
        return life
    }

    /// Also for commands, which read no more of the group.
    public static func fourEyes(_ section: Section) -> Bool {
        section.flag(
            "four_eyes",
            default: false,
            """
            Whether a second administrator must confirm new clients, new keys, and whatever else lets a \
            client do more, such as further scopes and addresses.
            """
        )
    }

    private static func keys(_ section: Section, _ settings: TrustSettings) -> KeyRing.Rule {
        var rule = KeyRing.Rule()
        rule.algorithm = section.choice(
            "algorithm",
            among: ["ES256": SignatureAlgorithm.es256, "PS256": .ps256],
            default: rule.algorithm,
            "The signature algorithm of new keys."
        )
        rule.period = section.duration(
            "period",
            default: rule.period,
            .seconds(86400)...(.seconds(86400 * 730)),
            "How long a key signs before the next one does."
        )
        rule.lead = section.duration(
            "published_before",
            default: rule.lead,
            .seconds(600)...(.seconds(86400 * 30)),
            "How long a key is published before it signs."
        )
        if rule.lead >= rule.period {
            section.problem("published_before", "must be shorter than period")
        }
        rule.tail = max(settings.tokenLife, settings.delegatedTokenLife) + .seconds(3600)
        section.end()
        return rule
    }
}

extension DelegationPolicy {
    /// Reads the policy. Without the group nothing may be decided.
    init(_ section: Section) {
        self.init()
        decisions = section.choice(
            "decisions",
            default: decisions,
            """
            What may be decided by delegation: none, decline (also cancel and report as fraud), or \
            all. A delegated decision never counts as the user's authentication.
            """
        )
        func list(_ key: String, _ example: [String], _ about: String) -> Set<String>? {
            let texts = section.texts(key, example: example, about)
            if section.isEmptyList(key) { section.problem(key, "must not be empty") }
            return section.has(key) ? Set(texts) : nil
        }
        kinds = list(
            "families",
            ["scopes"],
            "Kinds of consents that may be approved. By default all that are not excluded."
        )
        scopes = list(
            "scopes",
            ["openid"],
            "Scopes that may be granted. By default all."
        )
        clients = list(
            "clients",
            ["payout-robot"],
            "OAuth clients whose logins may be decided. By default all."
        ).map { Set($0.compactMap { ClientID($0) }) }
        hours = hours(section)
        ceilings = section.groups(
            "ceilings",
            "The highest amount of a payment, one for each currency; others may not be approved."
        ).compactMap { Self.ceiling($0) }
        if Set(ceilings.map(\.currency)).count != ceilings.count {
            section.problem("ceilings", "must have each currency once")
        }
        regulatedReason = section.text(
            "regulated_reason",
            example: "Payouts of our own merchants, agreed in contract 4711.",
            """
            Payments and account data may be approved only if this says why the user's own \
            authentication is not needed (PSD2). It is written to the audit.
            """
        )
        section.end()
    }

    private func hours(_ section: Section) -> Hours? {
        let text = section.text(
            "hours",
            example: "08:00-18:00",
            "When decisions are possible, in UTC. By default always."
        )
        guard let text else { return nil }
        let hours = Hours(text)
        if hours == nil { section.problem("hours", "must be two times such as \"08:00-18:00\"") }
        return hours
    }

    private static func ceiling(_ section: Section) -> Money? {
        let amount = section.requiredText("amount", example: "100.00", "The highest amount.")
        let currency = section.requiredText("currency", example: "EUR", "Three letters (ISO 4217).")
        section.end()
        guard !amount.isEmpty, !currency.isEmpty else { return nil }
        let money = Money(amount: amount, currency: currency)
        if money == nil {
            section.problem("amount", "must be an amount such as \"100.00\" with a currency")
        }
        return money
    }
}
