/// What a person is asked to approve, made for display: the authorization server's words, never
/// what a client says beside them.
///
/// One model for every kind of consent: a decoder turns what its server answers into facts, and
/// whoever shows them knows labels and kinds of values, not servers. Text in it is whatever the
/// server sent; making it harmless is the business of whoever shows it.
public struct Consent: Hashable, Sendable {
    /// One thing asked for.
    public struct Scope: Hashable, Sendable {
        /// The name as it was requested; this is echoed when it is granted (`cloudentity.md` CB-1).
        public let requestedName: String
        /// What the server calls it for people, if it does.
        public let displayName: String?
        public let explanation: String?
        /// Whether the person may leave it out and approve the rest (CB-2).
        public let isOptional: Bool
        /// Granted without being asked for: the server wants nobody bothered with it.
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
    /// The consent's name at its server, where it has one beside the login's.
    public let id: ConsentID?
    public let clientName: String?
    public let scopes: [Scope]
    /// What is to be shown beside the scopes, in that order.
    public let facts: [Fact]
    /// Which accounts the person has to name when approving.
    public let accounts: AccountChoice
    /// What the person is asked for each kind of resource; FDX names them apart from accounts.
    public let resources: [Resource]
    /// The consent's own end, which no prompt outlives.
    public let endsAt: Timestamp?
    /// SHA-256 over everything the server said of the consent, what is not shown included, in
    /// lower-case hexadecimal; nil when the server was not asked. A change of anything in it is a
    /// change of the consent.
    public let source: String?

    public init(
        kind: Kind = .scopes,
        id: ConsentID? = nil,
        clientName: String?,
        scopes: [Scope],
        facts: [Fact] = [],
        accounts: AccountChoice = .none,
        resources: [Resource] = [],
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
        self.endsAt = endsAt
        self.source = source
    }

    /// What is asked for. The raw value is how it is stored and digested: frozen.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Nothing but scopes: an ordinary backchannel login.
        case scopes
        case ukAccountAccess = "uk_account_access"
        case ukDomesticPayment = "uk_domestic_payment"
        case ukDomesticScheduledPayment = "uk_domestic_scheduled_payment"
        case ukDomesticStandingOrder = "uk_domestic_standing_order"
        case ukFilePayment = "uk_file_payment"
        case ukInternationalPayment = "uk_international_payment"
        case ukInternationalScheduledPayment = "uk_international_scheduled_payment"
        case ukInternationalStandingOrder = "uk_international_standing_order"
        case brasilData = "brasil_data"
        case brasilPayment = "brasil_payment"
        case fdx
        case cdr
        case ksa

        /// Whether a consent was lodged before the login, so that it outlives a login that nobody
        /// answers and has to be rejected then.
        public var isLodged: Bool { self != .scopes }

        /// Whether money moves.
        public var isPayment: Bool {
            switch self {
            case .ukDomesticPayment, .ukDomesticScheduledPayment, .ukDomesticStandingOrder,
                .ukFilePayment, .ukInternationalPayment, .ukInternationalScheduledPayment,
                .ukInternationalStandingOrder, .brasilPayment:
                true
            case .scopes, .ukAccountAccess, .brasilData, .fdx, .cdr, .ksa: false
            }
        }
    }

    /// Which accounts an approval names (`cloudentity.md` CB-3).
    public enum AccountChoice: Hashable, Sendable {
        /// Accounts have no part in it.
        case none
        /// One or more of the person's; `preselected` are those of the arrangement it replaces.
        case several(preselected: [String])
        /// The one that money leaves; `named` when the consent says which.
        case payer(named: NamedAccount?)
    }

    /// An account as a consent names it, by the members of its own standard.
    public struct NamedAccount: Hashable, Sendable {
        /// Such as `UK.OBIE.SortCodeAccountNumber`; nil where the standard has no schemes.
        public let scheme: String?
        /// The number within the scheme.
        public let identification: String
        public let name: String?
        /// Tells accounts behind one number apart, as a building society's roll number does
        /// (Open Banking UK: `SecondaryIdentification`).
        public let secondary: String?
        /// Open Finance Brasil: the institution (ISPB), the branch, the kind of account.
        public let ispb: String?
        public let issuer: String?
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

    /// What FDX asks of accounts of one type.
    public struct Resource: Hashable, Sendable {
        public let type: String
        /// Data clusters, by their standard's codes.
        public let clusters: [String]

        public init(type: String, clusters: [String]) {
            self.type = type
            self.clusters = clusters
        }
    }
}

extension Consent.NamedAccount {
    /// Whether both name one account. A name for people beside the number says nothing; a part
    /// that only one of them has, as little.
    public func isSameAccount(as other: Self) -> Bool {
        func agree(_ one: String?, _ two: String?) -> Bool {
            one == nil || two == nil || one == two
        }
        return identification == other.identification && scheme == other.scheme
            && agree(secondary, other.secondary) && agree(ispb, other.ispb)
            && agree(issuer, other.issuer) && agree(accountType, other.accountType)
    }
}
