/// An account of a user, as the bank lists it.
public struct BankAccount: Hashable, Sendable {
    /// The bank's identifier, which is reported to the authorization server.
    public let id: String
    /// The name that the user knows.
    public let name: String
    /// The number as the user knows it, usually masked: `•••• 1234`.
    public let display: String
    public let kind: Kind
    /// ISO 4217, if it has one.
    public let currency: String?
    /// What it can be selected for.
    public let purposes: Set<Purpose>
    /// The number by the standard that consents use; nil if the bank does not say. Then no consent
    /// that names an account matches it.
    public let number: Consent.NamedAccount?
    /// Further numbers of the same account, in other schemes.
    public let numbers: [Consent.NamedAccount]
    /// The type of resource that it is reported as, such as `ACCOUNT`.
    public let resourceType: String?
    /// The bank's identifier of the customer who owns it.
    public let customerID: String?

    public init(
        id: String,
        name: String,
        display: String,
        kind: Kind,
        currency: String? = nil,
        purposes: Set<Purpose> = Set(Purpose.allCases),
        number: Consent.NamedAccount? = nil,
        numbers: [Consent.NamedAccount] = [],
        resourceType: String? = nil,
        customerID: String? = nil
    ) {
        self.id = id
        self.name = name
        self.display = display
        self.kind = kind
        self.currency = currency
        self.purposes = purposes
        self.number = number
        self.numbers = numbers
        self.resourceType = resourceType
        self.customerID = customerID
    }

    /// `number` and `numbers`.
    public var allNumbers: [Consent.NamedAccount] { (number.map { [$0] } ?? []) + numbers }

    /// The raw value is stored and part of the bank's interface: must not change.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case current, savings, card, loan, other
    }

    /// The raw value is stored and part of the bank's interface: must not change.
    public enum Purpose: String, Hashable, Sendable, CaseIterable {
        /// Sharing its data.
        case sharing
        /// Making payments from it.
        case payments
    }
}
