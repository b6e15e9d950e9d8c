/// One line of what a user sees of a consent: a label and a value.
public struct Fact: Hashable, Sendable {
    public let label: Label
    public let value: Value

    public init(_ label: Label, _ value: Value) {
        self.label = label
        self.value = value
    }

    public enum Label: Hashable, Sendable {
        /// One that has a text in every language.
        case known(Known)
        /// A member that Beckon does not know, by the server's name for it. It is shown, so that
        /// nothing is hidden from the user.
        case further(String)
    }

    /// The raw value is stored, digested and shown to devices: must not change.
    public enum Known: String, Hashable, Sendable, CaseIterable {
        // Payments.
        case amount, payee
        case payeeAccount = "payee_account"
        case payeeBank = "payee_bank"
        case payeeDocument = "payee_document"
        case payeeKind = "payee_kind"
        case payerAccount = "payer_account"
        case reference, message
        case endToEndID = "end_to_end_id"
        case charge
        case purpose
        case paymentType = "payment_type"
        case paymentContext = "payment_context"
        case merchantCategory = "merchant_category"
        case deliveryAddress = "delivery_address"
        case localInstrument = "local_instrument"
        case pixKey = "pix_key"
        case executionDate = "execution_date"
        case expectedExecution = "expected_execution"
        case cutOff = "cut_off"
        case destinationCountry = "destination_country"
        case transferCurrency = "transfer_currency"
        case chargeBearer = "charge_bearer"
        case exchangeRate = "exchange_rate"
        case exchangeRateType = "exchange_rate_type"
        case exchangeContract = "exchange_contract"
        // Standing orders.
        case frequency
        case numberOfPayments = "number_of_payments"
        case firstPayment = "first_payment"
        case firstAmount = "first_amount"
        case recurringPayment = "recurring_payment"
        case recurringAmount = "recurring_amount"
        case finalPayment = "final_payment"
        case finalAmount = "final_amount"
        // Files of payments.
        case fileType = "file_type"
        case fileHash = "file_hash"
        case fileReference = "file_reference"
        case controlSum = "control_sum"
        // Data.
        case permissions
        case accessEnds = "access_ends"
        case dataFrom = "data_from"
        case dataUntil = "data_until"
        case lookback
        case duration
        case durationType = "duration_type"
        case resource
        case recipient
        case sharingType = "sharing_type"
        case replacesArrangement = "replaces_arrangement"
        // Parties and progress.
        case personDocument = "person_document"
        case businessDocument = "business_document"
        case status
        case requestedAt = "requested_at"
        case consentEnds = "consent_ends"
    }

    public enum Value: Hashable, Sendable {
        /// As the server sent it.
        case text(String)
        case money(Money)
        /// A day without a time: `2031-03-04`.
        case day(String)
        case moment(Timestamp)
        /// A count or another number, digits as they came.
        case number(String)
        case days(Int)
        /// Codes that a standard defines. `groups` is empty, or has the group of each code.
        case codes([String], Codes, groups: [CodeGroup] = [])
        case account(Consent.NamedAccount)
    }

    /// A list of codes that a standard defines, by its name. The name is stored, digested and shown
    /// to devices: must not change. The language files have a text for each code, under this name.
    public struct Codes: Hashable, Sendable {
        public let name: String

        public init(_ name: String) { self.name = name }

        // Lists that pages treat specially. The families declare the others.
        /// ISO 3166-1 alpha-2.
        public static let country = Codes("country")
        /// ISO 4217.
        public static let currency = Codes("currency")
        /// Patterns, which `StandingOrderFrequency` reads.
        public static let frequency = Codes("uk_frequency")
        /// Names of scopes.
        public static let scope = Codes("cdr_scope")
    }

    /// What a permission is about: the heading that it stands under when there are many. The raw
    /// value is stored and digested: must not change.
    public enum CodeGroup: String, Hashable, Sendable, CaseIterable {
        case person, accounts, transactions, regular, cards, credit, investments, other
    }
}

/// An amount of money, digit by digit as the server wrote it. It is never a binary float.
public struct Money: Hashable, Sendable {
    /// The most digits before the decimal point. ISO 20022 allows 18 digits in all, 5 of them after
    /// the point; a longer amount is only meant to confuse its reader.
    public static let maximumWholeDigits = 13
    public static let maximumFractionDigits = 5

    /// Such as `165.88`: no sign, no exponent, no superfluous leading zero.
    public let amount: String
    /// Three capital letters (ISO 4217).
    public let currency: String

    /// Nil unless both have the standards' form and the amount is above zero.
    public init?(amount: String, currency: String) {
        guard Self.isAmount(amount), currency.utf8.count == 3,
            currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) })
        else { return nil }
        self.amount = amount
        self.currency = currency
    }

    private static func isAmount(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), (1...maximumWholeDigits).contains(parts[0].count),
            parts.allSatisfy({ $0.allSatisfy { (0x30...0x39).contains($0) } }),
            parts[0].count == 1 || parts[0].first != 0x30,
            text.utf8.contains(where: { (0x31...0x39).contains($0) })
        else { return false }
        return parts.count == 1 || (1...maximumFractionDigits).contains(parts[1].count)
    }
}

extension Money {
    /// Compares the amounts and ignores the currencies.
    public func isMore(than other: Money) -> Bool {
        let (one, two) = (parts, other.parts)
        if one.whole.count != two.whole.count { return one.whole.count > two.whole.count }
        return one.whole + one.fraction > two.whole + two.fraction
    }

    /// The whole part has no leading zero; the fraction is padded to one length.
    private var parts: (whole: String, fraction: String) {
        let parts = amount.split(separator: ".")
        let fraction = parts.count > 1 ? String(parts[1]) : ""
        let zeros = String(repeating: "0", count: Self.maximumFractionDigits - fraction.count)
        return (String(parts[0]), fraction + zeros)
    }
}
