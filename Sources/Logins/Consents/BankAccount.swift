/// An account of a person as their bank lists it: what they recognise it by, and what the
/// authorization server is told when they choose it.
public struct BankAccount: Hashable, Sendable {
    /// The bank's name of it, reported in `account_ids`.
    public let id: String
    /// What the person calls it.
    public let name: String
    /// Its number as a person recognises it, mostly masked: `•••• 1234`.
    public let display: String
    public let kind: Kind
    /// ISO 4217, if it has one.
    public let currency: String?
    /// What it may be chosen for.
    public let purposes: Set<Purpose>
    /// Its number by the standard that consents name it with; nil when the bank does not say, and
    /// then no consent that names an account can mean it.
    public let number: Consent.NamedAccount?
    /// FDX: the resource type it is reported as, such as `ACCOUNT`.
    public let resourceType: String?
    /// CDR: the bank's name of the customer whose account it is.
    public let customerID: String?

    public init(
        id: String,
        name: String,
        display: String,
        kind: Kind,
        currency: String? = nil,
        purposes: Set<Purpose> = Set(Purpose.allCases),
        number: Consent.NamedAccount? = nil,
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
        self.resourceType = resourceType
        self.customerID = customerID
    }

    /// The raw value is how it is stored and how the bank's interface spells it.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case current, savings, card, loan, other
    }

    /// The raw value is how it is stored and how the bank's interface spells it.
    public enum Purpose: String, Hashable, Sendable, CaseIterable {
        /// Its data may be shared.
        case sharing
        /// Payments may be made from it.
        case payments
    }
}
