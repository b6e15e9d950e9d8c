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
        case payeeAddress = "payee_address"
        case payeeAlias = "payee_alias"
        case payeeAccountType = "payee_account_type"
        case payeePrefilled = "payee_prefilled"
        case payeeEntity = "payee_entity"
        case ultimatePayee = "ultimate_payee"
        case payer
        case payerAccount = "payer_account"
        case payerAlias = "payer_alias"
        case ultimatePayer = "ultimate_payer"
        case refundAccount = "refund_account"
        case reference, message
        case endToEndID = "end_to_end_id"
        case instructionID = "instruction_id"
        case transactionID = "transaction_id"
        case documentNumber = "document_number"
        case documentType = "document_type"
        case documentIssuer = "document_issuer"
        case documentDate = "document_date"
        case documentLines = "document_lines"
        case documentAmount = "document_amount"
        case referenceType = "reference_type"
        case referenceIssuer = "reference_issuer"
        case invoicer, invoicee
        case taxDetails = "tax_details"
        case regulatoryReport = "regulatory_report"
        case charge
        case purpose
        case extendedPurpose = "extended_purpose"
        case purposeCategory = "purpose_category"
        case statedPurpose = "stated_purpose"
        case statedCategory = "stated_category"
        case priority
        case paymentType = "payment_type"
        case paymentContext = "payment_context"
        case merchantCategory = "merchant_category"
        case merchantCustomer = "merchant_customer"
        case contractPresent = "contract_present"
        case deliveryAddress = "delivery_address"
        case localInstrument = "local_instrument"
        case pixKey = "pix_key"
        case qrCode = "qr_code"
        case townCode = "town_code"
        case executionDate = "execution_date"
        case expectedExecution = "expected_execution"
        case expectedSettlement = "expected_settlement"
        case cutOff = "cut_off"
        case destinationCountry = "destination_country"
        case transferCurrency = "transfer_currency"
        case chargeBearer = "charge_bearer"
        case exchangeRate = "exchange_rate"
        case exchangeRateType = "exchange_rate_type"
        case exchangeContract = "exchange_contract"
        case exchangeUnit = "exchange_unit"
        case bankRate = "bank_rate"
        case bankRateType = "bank_rate_type"
        case bankRateEnds = "bank_rate_ends"
        case bankRateContract = "bank_rate_contract"
        case authorisationType = "authorisation_type"
        case authorisationEnds = "authorisation_ends"
        case scaExemption = "sca_exemption"
        case scaApproach = "sca_approach"
        case scaReference = "sca_reference"
        // Standing orders.
        case frequency
        case paymentsInPeriod = "payments_in_period"
        case paymentPoint = "payment_point"
        case paymentDates = "payment_dates"
        case mandate
        case mandateKind = "mandate_kind"
        case mandateReason = "mandate_reason"
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
        case permissionsNew = "permissions_new"
        case permissionsKept = "permissions_kept"
        case permissionsEnded = "permissions_ended"
        case accessEnds = "access_ends"
        case dataFrom = "data_from"
        case dataUntil = "data_until"
        case lookback
        case duration
        case durationType = "duration_type"
        case resource
        case recipient
        case provider
        case intermediary
        case vendor, merchant, individual
        case otherParty = "other_party"
        case website
        case registry
        case registeredName = "registered_name"
        case registrationNumber = "registration_number"
        case linked
        case linkedRequest = "linked_request"
        case sharingType = "sharing_type"
        case replacesArrangement = "replaces_arrangement"
        case previousEnds = "previous_ends"
        case previousSharing = "previous_sharing"
        case granted
        case customer
        // Parties and progress.
        case personDocument = "person_document"
        case businessDocument = "business_document"
        case status
        case requestedAt = "requested_at"
        case consentEnds = "consent_ends"
    }

    public indirect enum Value: Hashable, Sendable {
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
        case rate(ExchangeRate)
        /// Values that belong together, such as the lines of an address.
        case list([Value])
    }

    /// What one unit of a currency costs: `1 GBP = 1.10 USD`.
    public struct ExchangeRate: Hashable, Sendable {
        /// ISO 4217.
        public let unit: String
        /// Plain digits, with at most one point.
        public let rate: String
        /// ISO 4217; nil if the consent names no other currency.
        public let quoted: String?

        public init(unit: String, rate: String, quoted: String?) {
            self.unit = unit
            self.rate = rate
            self.quoted = quoted
        }
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
        /// Schemes of account numbers, without `UK.OBIE.`.
        public static let accountScheme = Codes("account_scheme")
        /// Names of scopes.
        public static let scope = Codes("cdr_scope")
    }

    /// What a permission is about: the heading that it stands under when there are many. The raw
    /// value is stored and digested: must not change.
    public enum CodeGroup: String, Hashable, Sendable, CaseIterable {
        case person, accounts, transactions, regular, cards, credit, investments, other
    }
}
