import JSON
import Logins
import Texts

/// Open Banking UK, Read/Write API 3.1 and 4.0 [FA-3]. A start names the consent in
/// `openbanking_intent_id`.
extension ConsentStandard {
    static let openBankingUK = ConsentStandard(
        "obuk",
        [
            UKAccountAccess(),
            UKPayment("domestic_payment", .payment),
            UKPayment("domestic_scheduled_payment", .scheduledPayment),
            UKPayment("domestic_standing_order", .standingOrder),
            UKFilePayment(),
            UKPayment("international_payment", .payment),
            UKPayment("international_scheduled_payment", .scheduledPayment),
            UKPayment("international_standing_order", .standingOrder),
        ],
        scopes: .openBankingUK,
        recognises: { $0.consentID != nil && !ConsentStandard.openFinanceBrasil.recognises($0) }
    )
}

extension Fact.Codes {
    fileprivate static let localInstrument = Self("local_instrument")
    fileprivate static let ukPermission = Self("uk_permission")
    static let chargePaid = Self("charge_paid")
    static let chargeType = Self("charge_type")
    static let paymentContext = Self("payment_context")
    /// ISO 20022, `ExternalPurpose1Code` and `ExternalCategoryPurpose1Code`.
    static let purpose = Self("purpose")
    static let accountHolder = Self("account_holder")
    /// ISO 18245. The language files have the common codes.
    static let merchantCategory = Self("merchant_category")
    static let aliasType = Self("alias_type")
    static let scaExemption = Self("sca_exemption")
    /// ISO 20022, `ExternalDocumentType1Code` and `ExternalCreditorReferenceType1Code`.
    static let documentType = Self("document_type")
    /// ISO 20022, `AddressType2Code`.
    static let addressType = Self("address_type")
    /// The members of an address that mean nothing without their name.
    static let addressPart = Self("address_part")
    /// ISO 20022, `RegulatoryReportingType1Code`.
    static let reportedSide = Self("reported_side")
}

/// Codes that change what is approved.
enum UKList {
    private static let bearers: Set = [
        "BorneByCreditor", "BorneByDebtor", "Shared", "FollowingServiceLevel",
    ]
    static let chargeBearer = ClosedList(Fact.Codes("charge_bearer"), bearers)
    static let chargePaid = ClosedList(.chargePaid, bearers)
    static let rateType = ClosedList(Fact.Codes("rate_type"), ["Actual", "Agreed", "Indicative"])
    static let priority = ClosedList(Fact.Codes("priority"), ["Normal", "Urgent"])
    static let refund = ClosedList(Fact.Codes("refund"), ["Yes", "No"])
    static let authorisation = ClosedList(Fact.Codes("authorisation_type"), ["Any", "Single"])
    static let scaApproach = ClosedList(Fact.Codes("sca_approach"), ["CA", "SCA"])
    static let mandateKind = ClosedList(Fact.Codes("mandate_kind"), ["FIXE", "USGB", "VARI"])
    static let mandateFrequency = ClosedList(
        Fact.Codes("mandate_frequency"),
        [
            "ADHO", "ALMH", "DAIL", "FIMH", "FOMH", "FOWK", "FRTN", "INDA", "MIAN", "MNTH", "QURT",
            "TWMH", "WEEK", "WODL", "YEAR",
        ]
    )
}

/// What the standard's families share: ACP names all of them by one rule.
protocol UKFamily: ConsentFamily {
    /// Such as `domestic_payment`, as the envelope's `type` has it.
    var name: String { get }
    var subject: Consent.Subject { get }
}

extension UKFamily {
    var kind: Consent.Kind { Consent.Kind("uk_" + name, subject) }
    var path: String { "open-banking/" + name.replacing("_", with: "-") + "-consent" }
    var member: String { name + "_consent" }
    var statusWords: StatusWords { UK.statusWords }

    func isMeant(by login: PendingLogin.Details) -> Bool {
        login.requestedScopes.contains(subject.isPayment ? "payments" : "accounts")
    }
}

/// Access to accounts.
struct UKAccountAccess: UKFamily {
    let name = "account_access"
    let subject = Consent.Subject.data

    /// Versions 3.1 and 4.0, `Permissions`.
    static let permissions = PermissionList(
        .ukPermission,
        [
            .person: ["ReadParty", "ReadPartyPSU"],
            .accounts: [
                "ReadAccountsBasic", "ReadAccountsDetail", "ReadBalances", "ReadPAN",
                "ReadProducts", "ReadOffers",
            ],
            .transactions: [
                "ReadTransactionsBasic", "ReadTransactionsDetail", "ReadTransactionsCredits",
                "ReadTransactionsDebits", "ReadStatementsBasic", "ReadStatementsDetail",
            ],
            .regular: [
                "ReadBeneficiariesBasic", "ReadBeneficiariesDetail", "ReadDirectDebits",
                "ReadStandingOrdersBasic", "ReadStandingOrdersDetail",
                "ReadScheduledPaymentsBasic", "ReadScheduledPaymentsDetail",
            ],
        ]
    )

    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = try UK.content(&own)
        content.facts = try own.facts(
            (.permissions, "Permissions", .permissions(Self.permissions))
        )
        content.facts += try own.deadline(.accessEnds, "ExpirationDateTime", &content.expiry)
        content.facts += try own.facts(
            (.dataFrom, "TransactionFromDateTime", .dayOrMoment),
            (.dataUntil, "TransactionToDateTime", .dayOrMoment),
            (.requestedAt, "CreationDateTime", .moment)
        )
        content.facts += try own.further()
        content.accounts = .several(preselected: [])
        return content
    }
}

/// A file of payments.
struct UKFilePayment: UKFamily {
    let name = "file_payment"
    let subject = Consent.Subject.paymentFile

    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = try UK.content(&own)
        var file = try own.requiredObject("Initiation")
        content.facts = try file.facts(
            (.controlSum, "ControlSum", .number),
            (.numberOfPayments, "NumberOfTransactions", .countAboveZero),
            (.fileReference, "FileReference", .text),
            (.fileType, "FileType", .required(.text)),
            (.fileHash, "FileHash", .required(.text)),
            (.executionDate, "RequestedExecutionDateTime", .day(.london)),
            (.localInstrument, "LocalInstrument", .code(.localInstrument))
        )
        var after: [Fact] = []
        content.facts += try UK.remittance(&file, &after)
        let payer = try UK.payer(&file, &content.facts, &after)
        content.facts += try UK.frame(&own, &content)
        content.facts += after
        content.facts += try file.further()
        content.facts += try own.further()
        content.accounts = .payer(named: payer)
        return content
    }
}

/// A payment to one payee, now, later or regularly, within the country or abroad.
struct UKPayment: UKFamily {
    let name: String
    let subject: Consent.Subject

    fileprivate init(_ name: String, _ subject: Consent.Subject) {
        self.name = name
        self.subject = subject
    }

    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = try UK.content(&own)
        var order = try own.requiredObject("Initiation")
        var after: [Fact] = []
        // Only a domestic standing order has several amounts in place of one.
        let hasAmounts = name == "domestic_standing_order"
        let amounts = try amounts(&order)
        if !hasAmounts { content.facts = amounts }
        content.facts += try payee(&order, &after)
        content.facts += try UK.remittance(&order, &after)
        content.facts += try order.facts((.reference, "Reference", .text))
        if hasAmounts { content.facts += amounts }
        if subject == .standingOrder { content.facts += try UK.standingOrder(&order, &after) }
        if subject == .scheduledPayment {
            content.facts += try order.facts(
                (.executionDate, "RequestedExecutionDateTime", .required(.day(.london)))
            )
        }
        content.facts += try order.facts(
            (.transferCurrency, "CurrencyOfTransfer", .oneOf(.currencies)),
            // So spelled in examples of versions 3.1.
            (.transferCurrency, "CurrencyOfTansfer", .oneOf(.currencies)),
            (.destinationCountry, "DestinationCountryCode", .oneOf(.countries)),
            (.chargeBearer, "ChargeBearer", .oneOf(UKList.chargeBearer)),
            (.purpose, "Purpose", .code(.purpose)),
            (.extendedPurpose, "ExtendedPurpose", .text)
        )
        content.facts += try UK.clientRate(&order, content.facts, &after)
        content.facts += try order.facts(
            (.priority, "InstructionPriority", .oneOf(UKList.priority)),
            (.localInstrument, "LocalInstrument", .code(.localInstrument)),
            (.endToEndID, "EndToEndIdentification", .text),
            (.instructionID, "InstructionIdentification", .text)
        )
        var payerFacts: [Fact] = []
        let payer = try UK.payer(&order, &payerFacts, &after)
        content.facts += payerFacts
        content.facts += try UK.regulatoryReports(&order, &after)
        content.facts += try UK.bankRate(&own, content.facts, &content.cutOff, &after)
        content.facts += try UK.frame(&own, &content)
        content.facts += after
        content.facts += try order.further()
        content.facts += try own.further()
        content.accounts = .payer(named: payer)
        return content
    }

    /// How much is paid. An amount of every payment and amounts of single ones have to be equal.
    private func amounts(_ order: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        let isStandingOrder = subject == .standingOrder
        let isDomestic = isStandingOrder && name.hasPrefix("domestic")
        let every = try order.facts(
            (.amount, "InstructedAmount", isDomestic ? .money : .required(.money))
        )
        guard isStandingOrder else { return every }
        let single = try order.facts(
            (.firstAmount, "FirstPaymentAmount", isDomestic ? .required(.moneyOrZero) : .money),
            (.recurringAmount, "RecurringPaymentAmount", .money),
            (.finalAmount, "FinalPaymentAmount", isDomestic ? .moneyOrZero : .money)
        )
        for amount in every where !single.allSatisfy({ $0.value.means(amount.value) }) {
            throw .contradictory(order.place("InstructedAmount"))
        }
        return isDomestic ? single : every
    }

    /// Who receives the money. An international payment may name the payee beside the account. Without
    /// a name the account number names the payee.
    private func payee(
        _ order: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        var creditor = try order.object("Creditor")
        let name = try creditor?.text("Name")
        var accountFacts: [Fact] = []
        let account = try UK.account(
            "CreditorAccount",
            &order,
            &accountFacts,
            (.payeeAccount, .payeeAlias),
            &after
        )
        guard let account else { throw .incomplete(order.place("CreditorAccount")) }
        facts.add(.payee, text: name ?? account.name)
        facts += accountFacts
        if var creditor {
            facts += try creditor.facts((.payeeEntity, "LEI", .text))
            facts.add(
                .payeeAddress,
                try UK.address("PostalAddress", of: "Creditor.", &creditor, &after)
            )
            after += try creditor.further("Creditor")
        }
        facts.add(.payeeAddress, try UK.address("CreditorPostalAddress", &order, &after))
        // Version 4 spells the bank of a standing order abroad without its middle.
        for name in ["CreditorAgent", "CreditAgent"] {
            facts.add(.payeeBank, try UK.party(name, &order, &after))
        }
        facts.add(.ultimatePayee, try UK.party("UltimateCreditor", &order, &after))
        return facts
    }
}
