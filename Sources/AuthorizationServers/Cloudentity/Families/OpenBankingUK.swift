import Configuration
import JSON
import Logins

/// Open Banking UK, Read/Write API 3.1 and 4.0 [FA-3]. A start names the consent in
/// `openbanking_intent_id`.
extension ConsentStandard {
    static let openBankingUK = ConsentStandard(
        "obuk",
        UKSettings().families,
        recognises: { $0.consentID != nil && !ConsentStandard.openFinanceBrasil.recognises($0) },
        reading: { UKSettings($0).families }
    )
}

/// What the standard's families are configured with.
struct UKSettings: Sendable {
    /// Whether a payment is refused after its cut-off time.
    var refusesLate = true

    var families: [any ConsentFamily] {
        [
            UKAccountAccess(),
            UKPayment("domestic_payment", .payment, self),
            UKPayment("domestic_scheduled_payment", .scheduledPayment, self),
            UKPayment("domestic_standing_order", .standingOrder, self),
            UKFilePayment(settings: self),
            UKPayment("international_payment", .payment, self),
            UKPayment("international_scheduled_payment", .scheduledPayment, self),
            UKPayment("international_standing_order", .standingOrder, self),
        ]
    }
}

extension UKSettings {
    /// Reads the group `outbound`.
    init(_ section: Section) {
        refusesLate = section.choice(
            "cut_off",
            among: ["reject": true, "show": false],
            default: true,
            """
            What happens to a payment of Open Banking UK at its CutOffDateTime. reject: it is \
            rejected, and a prompt ends at that time at the latest. show: the user is asked and \
            sees the time.
            """
        )
    }
}

extension Fact.Codes {
    fileprivate static let localInstrument = Self("local_instrument")
    fileprivate static let ukPermission = Self("uk_permission")
    fileprivate static let chargeBearer = Self("charge_bearer")
    fileprivate static let paymentContext = Self("payment_context")
    fileprivate static let rateType = Self("rate_type")
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
    private static let permissions = PermissionList(
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
            (.permissions, "Permissions", .permissions(Self.permissions)),
            (.accessEnds, "ExpirationDateTime", .moment),
            (.dataFrom, "TransactionFromDateTime", .moment),
            (.dataUntil, "TransactionToDateTime", .moment),
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
    var settings = UKSettings()

    func content(
        _ own: inout ConsentMembers,
        in envelope: inout ConsentEnvelope
    ) throws(ConsentProblem) -> ConsentContent {
        var content = try UK.content(&own)
        var file = try own.requiredObject("Initiation")
        // The standard does not require sum and number, but without them users cannot see what
        // they pay.
        content.facts = try file.facts(
            (.controlSum, "ControlSum", .required(.number)),
            (.numberOfPayments, "NumberOfTransactions", .required(.count)),
            (.fileReference, "FileReference", .text),
            (.fileType, "FileType", .required(.text)),
            (.fileHash, "FileHash", .required(.text)),
            (.executionDate, "RequestedExecutionDateTime", .moment),
            (.localInstrument, "LocalInstrument", .code(.localInstrument))
        )
        content.facts += try UK.remittance(&file)
        let payer = try UK.account("DebtorAccount", &file, &content.facts, .payerAccount)
        content.facts += try UK.frame(&own, settings, &content.cutOff)
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
    let settings: UKSettings

    fileprivate init(_ name: String, _ subject: Consent.Subject, _ settings: UKSettings) {
        self.name = name
        self.subject = subject
        self.settings = settings
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
        if !hasAmounts {
            content.facts = try order.facts((.amount, "InstructedAmount", .required(.money)))
        }
        content.facts += try payee(&order, &after)
        content.facts += try UK.remittance(&order)
        content.facts += try order.facts((.reference, "Reference", .text))
        if hasAmounts {
            content.facts += try order.facts(
                (.firstAmount, "FirstPaymentAmount", .required(.money)),
                (.recurringAmount, "RecurringPaymentAmount", .money),
                (.finalAmount, "FinalPaymentAmount", .money)
            )
        }
        if subject == .standingOrder {
            content.facts += try order.facts(
                (.frequency, "Frequency", .required(.code(.frequency))),
                (.firstPayment, "FirstPaymentDateTime", .required(.moment)),
                (.recurringPayment, "RecurringPaymentDateTime", .moment),
                (.finalPayment, "FinalPaymentDateTime", .moment),
                (.numberOfPayments, "NumberOfPayments", .count)
            )
        }
        if subject == .scheduledPayment {
            content.facts += try order.facts(
                (.executionDate, "RequestedExecutionDateTime", .required(.moment))
            )
        }
        content.facts += try order.facts(
            (.transferCurrency, "CurrencyOfTransfer", .code(.currency)),
            (.destinationCountry, "DestinationCountryCode", .code(.country)),
            (.chargeBearer, "ChargeBearer", .code(.chargeBearer)),
            (.purpose, "Purpose", .text)
        )
        content.facts += try UK.exchange(&order, &after)
        content.facts += try order.facts(
            (.endToEndID, "EndToEndIdentification", .text),
            (.localInstrument, "LocalInstrument", .code(.localInstrument))
        )
        let payer = try UK.account("DebtorAccount", &order, &after, .payerAccount)
        content.facts += try UK.frame(&own, settings, &content.cutOff)
        content.facts += after
        content.facts += try order.further()
        content.facts += try own.further()
        content.accounts = .payer(named: payer)
        return content
    }

    /// Who receives the money. An international payment may name the payee beside the account.
    private func payee(
        _ order: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        var creditor = try order.object("Creditor")
        let name = try creditor?.text("Name")
        if let creditor { after += try creditor.further("Creditor") }
        var accountFacts: [Fact] = []
        let account = try UK.account("CreditorAccount", &order, &accountFacts, .payeeAccount)
        guard let account else { throw .incomplete(order.place("CreditorAccount")) }
        guard let payee = name ?? account.name else {
            throw .incomplete(order.place("CreditorAccount.Name"))
        }
        facts.add(.payee, text: payee)
        facts += accountFacts
        if var agent = try order.object("CreditorAgent") {
            let scheme = try agent.text("SchemeName")
            let bank = try agent.text("Name")
            if let identification = try agent.text("Identification") {
                let named = Consent.NamedAccount(
                    scheme: scheme,
                    identification: identification,
                    name: bank
                )
                facts.add(.payeeBank, .account(named))
            } else {
                facts.add(.payeeBank, text: bank)
                facts.add(.payeeBank, text: scheme)
            }
            after += try agent.further("CreditorAgent")
        }
        return facts
    }
}

/// Parts of consents that several families have.
private enum UK {
    /// Version 4 has codes of four letters for the words of version 3.
    static let statusWords = StatusWords.acp
        .adding(.open, "AWAU", "AwaitingFurtherAuthorisation", "AWAF")
        .adding(.unready, "AwaitingUpload", "AWUP")
        .adding(.approved, "AUTH", "COND")
        .adding(.rejected, "RJCT", "Cancelled", "CANC")
        .adding(.over, "EXPD")

    /// The consent's identifier and progress. `Permission` is a constant of the standard.
    static func content(_ own: inout ConsentMembers) throws(ConsentProblem) -> ConsentContent {
        let id = try own.text("ConsentId")
        try own.drop("Status", "StatusUpdateDateTime")
        if try own.text("Permission") ?? "Create" != "Create" {
            throw .incomplete(own.place("Permission"))
        }
        return ConsentContent(id: id)
    }

    /// `{SchemeName, Identification, Name, SecondaryIdentification}`; other members are shown after
    /// them.
    static func account(
        _ name: String,
        _ order: inout ConsentMembers,
        _ facts: inout [Fact],
        _ label: Fact.Known
    ) throws(ConsentProblem) -> Consent.NamedAccount? {
        guard var members = try order.object(name) else { return nil }
        let account = Consent.NamedAccount(
            scheme: try members.requiredText("SchemeName"),
            identification: try members.requiredText("Identification"),
            name: try members.text("Name"),
            secondary: try members.text("SecondaryIdentification")
        )
        facts.add(label, .account(account))
        facts += try members.further(name)
        return account
    }

    static func remittance(_ order: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        guard var members = try order.object("RemittanceInformation") else { return [] }
        let facts = try members.facts(
            (.reference, "Reference", .text),
            (.message, "Unstructured", .text)
        )
        return facts + (try members.further("RemittanceInformation"))
    }

    static func exchange(
        _ members: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        guard var rate = try members.object("ExchangeRateInformation") else { return [] }
        let facts = try rate.facts(
            (.exchangeRate, "UnitCurrency", .code(.currency)),
            (.exchangeRate, "ExchangeRate", .number),
            (.exchangeRateType, "RateType", .code(.rateType)),
            (.exchangeContract, "ContractIdentification", .text)
        )
        after += try rate.further("ExchangeRateInformation")
        return facts
    }

    /// Everything beside the order, which ACP puts next to `Initiation`.
    static func frame(
        _ own: inout ConsentMembers,
        _ settings: UKSettings,
        _ cutOff: inout (time: Timestamp, member: String)?
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        var after: [Fact] = []
        for var charge in try own.objects("Charges") {
            facts += try charge.facts((.charge, "Type", .text))
            facts.add(.charge, try amount(of: &charge))
            facts += try charge.facts((.chargeBearer, "ChargeBearer", .code(.chargeBearer)))
            after += try charge.further("Charges")
        }
        facts += try exchange(&own, &after)
        facts += try own.facts(
            (.expectedExecution, "ExpectedExecutionDateTime", .moment)
        )
        if let time = try own.timestamp("CutOffDateTime") {
            facts.add(.cutOff, .moment(time))
            if settings.refusesLate { cutOff = (time, own.place("CutOffDateTime")) }
        }
        facts += try own.facts(
            (.paymentContext, "PaymentContextCode", .code(.paymentContext)),
            (.merchantCategory, "MerchantCategoryCode", .text)
        )
        facts.add(.deliveryAddress, text: try address(&own, &after))
        facts += try own.facts((.requestedAt, "CreationDateTime", .moment))
        return facts + after
    }

    /// A charge may be zero, which `Money` cannot be.
    private static func amount(of charge: inout ConsentMembers) throws(ConsentProblem) -> Fact.Value
    {
        var amount = try charge.requiredObject("Amount")
        var copy = amount
        let digits = try copy.requiredText("Amount")
        guard ConsentMembers.isPlainNumber(digits),
            digits.utf8.allSatisfy({ $0 == 0x30 || $0 == 0x2E })
        else {
            let money = try amount.money("Amount", "Currency")
            try amount.end()
            return .money(money)
        }
        let currency = try copy.requiredText("Currency")
        try copy.end()
        return .text("\(digits) \(currency)")
    }

    /// The address in one line, in the order in which the standard lists its parts.
    private static func address(
        _ own: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> String? {
        guard var address = try own.object("DeliveryAddress") else { return nil }
        var lines = try address.texts("AddressLine") ?? []
        for name in [
            "StreetName", "BuildingNumber", "PostCode", "TownName", "CountrySubDivision",
            "Country",
        ] {
            if let line = try address.text(name) { lines.append(line) }
        }
        after += try address.further("DeliveryAddress")
        let text = lines.joined(separator: ", ")
        guard text.unicodeScalars.count <= ConsentLimits.text else {
            throw .incomplete(address.path)
        }
        return text.isEmpty ? nil : text
    }
}
