/// One line of what a person sees of a consent: what it is, and its value.
public struct Fact: Hashable, Sendable {
    public let label: Label
    public let value: Value

    public init(_ label: Label, _ value: Value) {
        self.label = label
        self.value = value
    }

    /// What a value is about. Each has a text in every language.
    public enum Label: Hashable, Sendable {
        case known(Known)
        /// A member that only its server knows, by its own name: shown, so that nothing is hidden.
        case further(String)
    }

    /// The raw value is how it is stored and digested: frozen.
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
        // Whose.
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
        /// What a standard defines, by its codes; each known code has words in every language.
        case codes([String], Codes)
        case account(Consent.NamedAccount)
    }

    /// Lists of codes that standards define. The raw value is how they are stored: frozen.
    public enum Codes: String, Hashable, Sendable, CaseIterable {
        case ukPermission = "uk_permission"
        case brasilPermission = "brasil_permission"
        case fdxCluster = "fdx_cluster"
        case cdrScope = "cdr_scope"
        case ukFrequency = "uk_frequency"
        case chargeBearer = "charge_bearer"
        case paymentContext = "payment_context"
        case rateType = "rate_type"
        case country
        case currency
        case personKind = "person_kind"
        case localInstrument = "local_instrument"
        case paymentType = "payment_type"
        case sharingType = "sharing_type"
        case durationType = "duration_type"
        case resourceType = "resource_type"
    }
}

/// An amount of money as it was written: no digit passes through a binary float.
public struct Money: Hashable, Sendable {
    /// Digits before the point at most: no payment is larger, and a longer one is an attack on
    /// whoever reads it (ISO 20022 has 18 digits in all, 5 of them behind the point).
    public static let maximumWholeDigits = 13
    public static let maximumFractionDigits = 5

    /// Such as `165.88`: no sign, no exponent, no leading zero but a single one.
    public let amount: String
    /// Three capital letters (ISO 4217).
    public let currency: String

    /// Nil unless both are written as the standards write them and the amount is above zero.
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
    /// Compares the digits, whatever the currencies.
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
