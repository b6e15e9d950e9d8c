import Texts

/// What a user is asked to approve, as the authorization server describes it. What the client says
/// about the consent is never part of it.
///
/// Every kind of consent has this one model. The adapter of the authorization server decodes its
/// answer into facts; pages and device interface show labels and values and need to know no
/// server. Text is whatever the server sent: whoever shows it must escape it.
public struct Consent: Hashable, Sendable {
    /// One thing asked for.
    public struct Scope: Hashable, Sendable {
        /// The name as the client requested it. A report grants the scope by this name [CB-1].
        public let requestedName: String
        /// The server's name for display, if it has one.
        public let displayName: String?
        public let explanation: String?
        /// Whether the user may remove it and approve the rest [CB-2].
        public let isOptional: Bool
        /// Whether the server wants it granted without showing it to the user.
        public let isImplicit: Bool

        public init(
            requestedName: String,
            displayName: String? = nil,
            explanation: String? = nil,
            isOptional: Bool = false,
            isImplicit: Bool = false
        ) {
            self.requestedName = requestedName
            self.displayName = displayName
            self.explanation = explanation
            self.isOptional = isOptional
            self.isImplicit = isImplicit
        }
    }

    public let kind: Kind
    /// The server's identifier of the consent, if it differs from the login's.
    public let id: ConsentID?
    public let clientName: String?
    public let scopes: [Scope]
    /// Shown beside the scopes, in this order.
    public let facts: [Fact]
    /// Which accounts an approval has to name.
    public let accounts: AccountChoice
    /// What is requested of each type of resource, for consents that say so. Empty otherwise.
    public let resources: [Resource]
    /// `authorization_details` (RFC 9396), a JSON array as the server sent it, which an approval grants
    /// as a whole. The facts show every member. Nil if there are none.
    public let authorizationDetails: String?
    /// Names of the claims about the user that an approval grants, all of which the facts show.
    public let claims: [String]
    /// When the consent expires. The prompt expires no later.
    public let endsAt: Timestamp?
    /// SHA-256, in lower-case hexadecimal, of everything the server said about the consent,
    /// including what is not shown; nil when the server was not asked. A different value is a
    /// different consent.
    public let source: String?

    public init(
        kind: Kind = .scopes,
        id: ConsentID? = nil,
        clientName: String?,
        scopes: [Scope],
        facts: [Fact] = [],
        accounts: AccountChoice = .none,
        resources: [Resource] = [],
        authorizationDetails: String? = nil,
        claims: [String] = [],
        endsAt: Timestamp? = nil,
        source: String? = nil
    ) {
        self.kind = kind
        self.id = id
        self.clientName = clientName
        self.scopes = scopes
        self.facts = facts
        self.accounts = accounts
        self.resources = resources
        self.authorizationDetails = authorizationDetails
        self.claims = claims
        self.endsAt = endsAt
        self.source = source
    }

    /// The first value with a label.
    public func first(_ label: Fact.Known) -> Fact.Value? {
        facts.first { $0.label == .known(label) }?.value
    }

    /// The amount of a payment; of an order, that of each regular payment.
    public var amount: Money? {
        let value = first(.amount) ?? first(.recurringAmount) ?? first(.firstAmount)
        return if case .money(let money) = value { money } else { nil }
    }

    /// Whether it shows what this one request is for, and not only names of scopes.
    public var saysWhatFor: Bool {
        kind.isLodged || !facts.isEmpty || authorizationDetails != nil
    }

    /// Whether data is shared once, so that nothing is left to withdraw (`ONE_TIME` of FDX, `one_time`
    /// of CDR).
    public var isOneTime: Bool {
        [first(.durationType), first(.sharingType)].contains { value in
            guard case .codes(let codes, _, _) = value else { return false }
            return codes.contains { $0.lowercased().isExactly("one_time") }
        }
    }

    /// This consent, as it is compared with the one that was shown. If the server was not asked
    /// about the one that was shown, only what was shown is compared.
    public func described(like shown: Consent) -> Consent {
        guard shown.source == nil, source != nil else { return self }
        return Consent(
            kind: kind,
            id: id,
            clientName: clientName,
            scopes: scopes,
            facts: facts,
            accounts: accounts,
            resources: resources,
            authorizationDetails: authorizationDetails,
            claims: claims,
            endsAt: endsAt
        )
    }

    /// Which accounts an approval names [CB-3].
    public enum AccountChoice: Hashable, Sendable {
        /// None.
        case none
        /// One or more of the user's accounts. `preselected` are the identifiers of those that the
        /// replaced consent had.
        case several(preselected: [String])
        /// The one account that is debited; `named` if the consent says which.
        case payer(named: NamedAccount?)
    }

    /// An account as a consent names it, with the members that its standard has.
    public struct NamedAccount: Hashable, Sendable {
        /// Such as `UK.OBIE.SortCodeAccountNumber`; nil where the standard has no schemes.
        public let scheme: String?
        /// The number within the scheme.
        public let identification: String
        public let name: String?
        /// Distinguishes accounts that share one number, such as a building society's roll number
        /// (`SecondaryIdentification` in Open Banking).
        public let secondary: String?
        /// The institution, as an ISPB number, where the standard names accounts by parts.
        public let ispb: String?
        /// The branch.
        public let issuer: String?
        /// The type of account, such as `CACC`.
        public let accountType: String?

        public init(
            scheme: String? = nil,
            identification: String,
            name: String? = nil,
            secondary: String? = nil,
            ispb: String? = nil,
            issuer: String? = nil,
            accountType: String? = nil
        ) {
            self.scheme = scheme
            self.identification = identification
            self.name = name
            self.secondary = secondary
            self.ispb = ispb
            self.issuer = issuer
            self.accountType = accountType
        }
    }

    /// What is requested of one type of resource.
    public struct Resource: Hashable, Sendable {
        /// Such as `ACCOUNT`.
        public let type: String
        /// Data clusters, by the standard's codes.
        public let clusters: [String]
        /// Whether it is granted for selected accounts. Otherwise it is granted as such, like a
        /// customer's contact details.
        public let needsAccounts: Bool

        public init(type: String, clusters: [String], needsAccounts: Bool = true) {
            self.type = type
            self.clusters = clusters
            self.needsAccounts = needsAccounts
        }
    }
}
