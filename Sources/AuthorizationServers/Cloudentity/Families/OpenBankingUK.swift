import JSON
import Logins

/// Open Banking UK, Read/Write API 3.1 [FA-3]. A start names the consent in
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
        recognises: { $0.consentID != nil && !ConsentStandard.openFinanceBrasil.recognises($0) }
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
        content.facts.add(.permissions, try own.permissions("Permissions", Self.permissions))
        content.facts.add(.accessEnds, try own.moment("ExpirationDateTime"))
        content.facts.add(.dataFrom, try own.moment("TransactionFromDateTime"))
        content.facts.add(.dataUntil, try own.moment("TransactionToDateTime"))
        content.facts.add(.requestedAt, try own.moment("CreationDateTime"))
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
        // The standard does not require sum and number, but without them users cannot see what
        // they pay.
        guard let sum = try file.number("ControlSum") else {
            throw .incomplete(file.place("ControlSum"))
        }
        guard let count = try file.count("NumberOfTransactions") else {
            throw .incomplete(file.place("NumberOfTransactions"))
        }
        content.facts.add(.controlSum, sum)
        content.facts.add(.numberOfPayments, count)
        content.facts.add(.fileReference, text: try file.text("FileReference"))
        content.facts.add(.fileType, text: try file.requiredText("FileType"))
        content.facts.add(.fileHash, text: try file.requiredText("FileHash"))
        content.facts.add(.executionDate, try file.moment("RequestedExecutionDateTime"))
        content.facts.add(
            .localInstrument,
            code: try file.text("LocalInstrument"),
            .localInstrument
        )
        content.facts += try UK.remittance(&file)
        let payer = try UK.account("DebtorAccount", &file, &content.facts, .payerAccount)
        content.facts += try UK.frame(&own)
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
        if !hasAmounts {
            content.facts.add(.amount, .money(try order.requiredMoney("InstructedAmount")))
        }
        content.facts += try payee(&order, &after)
        content.facts += try UK.remittance(&order)
        content.facts.add(.reference, text: try order.text("Reference"))
        if hasAmounts { content.facts += try amounts(&order) }
        if subject == .standingOrder { content.facts += try dates(&order) }
        if subject == .scheduledPayment {
            content.facts.add(
                .executionDate,
                try order.requiredMoment("RequestedExecutionDateTime")
            )
        }
        content.facts += try abroad(&order, &after)
        content.facts.add(.endToEndID, text: try order.text("EndToEndIdentification"))
        content.facts.add(
            .localInstrument,
            code: try order.text("LocalInstrument"),
            .localInstrument
        )
        let payer = try UK.account("DebtorAccount", &order, &after, .payerAccount)
        content.facts += try UK.frame(&own)
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

    private func amounts(_ order: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        facts.add(.firstAmount, .money(try order.requiredMoney("FirstPaymentAmount")))
        facts.add(.recurringAmount, money: try order.money("RecurringPaymentAmount"))
        facts.add(.finalAmount, money: try order.money("FinalPaymentAmount"))
        return facts
    }

    private func dates(_ order: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        facts.add(.frequency, code: try order.requiredText("Frequency"), .ukFrequency)
        facts.add(.firstPayment, try order.requiredMoment("FirstPaymentDateTime"))
        facts.add(.recurringPayment, try order.moment("RecurringPaymentDateTime"))
        facts.add(.finalPayment, try order.moment("FinalPaymentDateTime"))
        facts.add(.numberOfPayments, try order.count("NumberOfPayments"))
        return facts
    }

    private func abroad(
        _ order: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        facts.add(.transferCurrency, code: try order.text("CurrencyOfTransfer"), .currency)
        facts.add(.destinationCountry, code: try order.text("DestinationCountryCode"), .country)
        facts.add(.chargeBearer, code: try order.text("ChargeBearer"), .chargeBearer)
        facts.add(.purpose, text: try order.text("Purpose"))
        return facts + (try UK.exchange(&order, &after))
    }
}

/// Parts of consents that several families have.
private enum UK {
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
        var facts: [Fact] = []
        facts.add(.reference, text: try members.text("Reference"))
        facts.add(.message, text: try members.text("Unstructured"))
        return facts + (try members.further("RemittanceInformation"))
    }

    static func exchange(
        _ members: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        guard var rate = try members.object("ExchangeRateInformation") else { return [] }
        var facts: [Fact] = []
        facts.add(.exchangeRate, code: try rate.text("UnitCurrency"), .currency)
        facts.add(.exchangeRate, try rate.number("ExchangeRate"))
        facts.add(.exchangeRateType, code: try rate.text("RateType"), .rateType)
        facts.add(.exchangeContract, text: try rate.text("ContractIdentification"))
        after += try rate.further("ExchangeRateInformation")
        return facts
    }

    /// Everything beside the order, which ACP puts next to `Initiation`.
    static func frame(_ own: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        var after: [Fact] = []
        for var charge in try own.objects("Charges") {
            facts.add(.charge, text: try charge.text("Type"))
            facts.add(.charge, try amount(of: &charge))
            facts.add(.chargeBearer, code: try charge.text("ChargeBearer"), .chargeBearer)
            after += try charge.further("Charges")
        }
        facts += try exchange(&own, &after)
        facts.add(.expectedExecution, try own.moment("ExpectedExecutionDateTime"))
        facts.add(.cutOff, try own.moment("CutOffDateTime"))
        facts.add(.paymentContext, code: try own.text("PaymentContextCode"), .paymentContext)
        facts.add(.merchantCategory, text: try own.text("MerchantCategoryCode"))
        facts.add(.deliveryAddress, text: try address(&own, &after))
        facts.add(.requestedAt, try own.moment("CreationDateTime"))
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
