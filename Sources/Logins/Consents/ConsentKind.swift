extension Consent {
    /// A kind of consent, and everything that the rest of the service has to know about it.
    ///
    /// The family that decodes the consent declares its kind. Nothing outside the family branches
    /// on the name; it asks for the properties. All of them are stored and part of the digest.
    public struct Kind: Hashable, Sendable {
        /// Such as `uk_domestic_payment`. Stored, digested and shown to devices: must not change.
        public let name: String
        public let subject: Subject
        /// Offset from UTC, in whole seconds, of the clock that the standard's dates refer to.
        public let dayOffset: Duration
        /// What the chosen accounts have to satisfy.
        public let accountRules: Set<AccountRule>

        public init(
            _ name: String,
            _ subject: Subject,
            dayOffset: Duration = .zero,
            accountRules: Set<AccountRule> = []
        ) {
            self.name = name
            self.subject = subject
            self.dayOffset = dayOffset
            self.accountRules = accountRules
        }

        /// The same kind for a consent that does something else.
        public func with(_ subject: Subject) -> Kind {
            Kind(name, subject, dayOffset: dayOffset, accountRules: accountRules)
        }

        /// An ordinary backchannel login, which asks for scopes only.
        public static let scopes = Kind("scopes", .login)

        /// Whether the consent was lodged before the login. It then outlives a login that expires,
        /// and has to be rejected.
        public var isLodged: Bool { subject != .login }

        /// Whether approving moves money.
        public var isPayment: Bool { subject.isPayment }
    }

    /// What an approval does. It determines the heading of the page. The raw value is stored and
    /// digested: must not change.
    public enum Subject: String, Hashable, Sendable, CaseIterable {
        /// Signs the user in.
        case login
        /// Shares data of the user's bank accounts.
        case data
        /// Shares other data of the user.
        case otherData = "other_data"
        /// Makes one payment, today unless a fact says otherwise.
        case payment
        /// Makes one payment on a later day.
        case scheduledPayment = "scheduled_payment"
        /// Sets up regular payments.
        case standingOrder = "standing_order"
        /// Makes all payments of a file.
        case paymentFile = "payment_file"

        /// Whether an approval shares data, until somebody ends that.
        public var isSharing: Bool { self == .data || self == .otherData }

        public var isPayment: Bool {
            switch self {
            case .payment, .scheduledPayment, .standingOrder, .paymentFile: true
            case .login, .data, .otherData: false
            }
        }
    }

    /// A condition on the accounts of one approval. The raw value is stored and digested: must not
    /// change.
    public enum AccountRule: String, Hashable, Sendable, CaseIterable {
        /// All chosen accounts belong to one customer of the bank.
        case oneCustomer = "one_customer"
        /// The bank has to say which institution holds an account, because a report says it.
        case institution
    }
}
