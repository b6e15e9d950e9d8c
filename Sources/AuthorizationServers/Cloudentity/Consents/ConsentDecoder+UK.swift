import JSON
import Logins

// Open Banking UK (Read/Write API 3.1), as ACP answers it (`cloudentity.md` 4.3).

extension ConsentDecoder {
    /// Members of the consent itself that are not shown: its name, which is compared, and its
    /// progress. `Permission` is a constant of the standard.
    private static func dropFrame(_ own: inout ConsentMembers) throws(ConsentProblem) -> Content {
        var content = Content()
        content.id = try own.text("ConsentId")
        try own.drop("Status", "StatusUpdateDateTime")
        if try own.text("Permission") ?? "Create" != "Create" {
            throw .incomplete(own.place("Permission"))
        }
        return content
    }

    static func accountAccess(_ own: inout ConsentMembers) throws(ConsentProblem) -> Content {
        var content = try dropFrame(&own)
        var facts: [Fact] = []
        facts.add(.permissions, try own.permissions("Permissions", .ukPermission))
        facts.add(.accessEnds, try own.moment("ExpirationDateTime"))
        facts.add(.dataFrom, try own.moment("TransactionFromDateTime"))
        facts.add(.dataUntil, try own.moment("TransactionToDateTime"))
        facts.add(.requestedAt, try own.moment("CreationDateTime"))
        content.facts = facts + (try own.further())
        content.accounts = .several(preselected: [])
        return content
    }

    static func filePayment(_ own: inout ConsentMembers) throws(ConsentProblem) -> Content {
        var content = try dropFrame(&own)
        var facts: [Fact] = []
        var file = try own.requiredObject("Initiation")
        // Sum and number are optional in the standard, but without them nobody sees what they pay.
        guard let sum = try file.number("ControlSum") else {
            throw .incomplete(file.place("ControlSum"))
        }
        facts.add(.controlSum, sum)
        facts.add(.numberOfPayments, .number(try count("NumberOfTransactions", &file)))
        facts.add(.fileReference, text: try file.text("FileReference"))
        facts.add(.fileType, text: try file.requiredText("FileType"))
        facts.add(.fileHash, text: try file.requiredText("FileHash"))
        facts.add(.executionDate, try file.moment("RequestedExecutionDateTime"))
        facts.add(.localInstrument, code: try file.text("LocalInstrument"), .localInstrument)
        facts += try remittance(&file)
        let payer = try account("DebtorAccount", &file, &facts, .payerAccount)
        let frame = try frame(&own)
        content.facts = facts + frame + (try file.further()) + (try own.further())
        content.accounts = .payer(named: payer)
        return content
    }

    /// A whole number that the standard writes as a text.
    private static func count(
        _ name: String,
        _ members: inout ConsentMembers
    ) throws(ConsentProblem) -> String {
        let text = try members.requiredText(name)
        guard ConsentMembers.isPlainNumber(text), !text.contains(".") else {
            throw .incomplete(members.place(name))
        }
        return text
    }

    // MARK: Payments with one payee

    static func payment(
        _ own: inout ConsentMembers,
        _ kind: Consent.Kind
    ) throws(ConsentProblem) -> Content {
        var content = try dropFrame(&own)
        var order = try own.requiredObject("Initiation")
        var facts: [Fact] = []
        var after: [Fact] = []
        let isDomesticOrder = kind == .ukDomesticStandingOrder
        if !isDomesticOrder {
            facts.add(.amount, .money(try order.requiredMoney("InstructedAmount")))
        }
        facts += try payee(&order, &after)
        facts += try remittance(&order)
        facts.add(.reference, text: try order.text("Reference"))
        let isOrder = isDomesticOrder || kind == .ukInternationalStandingOrder
        if isOrder { facts += try standingOrder(&order, amounts: isDomesticOrder) }
        if kind == .ukDomesticScheduledPayment || kind == .ukInternationalScheduledPayment {
            facts.add(.executionDate, try order.requiredMoment("RequestedExecutionDateTime"))
        }
        facts += try international(&order, &after)
        facts.add(.endToEndID, text: try order.text("EndToEndIdentification"))
        facts.add(.localInstrument, code: try order.text("LocalInstrument"), .localInstrument)
        let payer = try account("DebtorAccount", &order, &after, .payerAccount)
        facts += try frame(&own)
        content.facts = facts + after + (try order.further()) + (try own.further())
        content.accounts = .payer(named: payer)
        return content
    }

    /// Whom the money goes to. An international payment may name them beside their account.
    private static func payee(
        _ order: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        var creditor = try order.object("Creditor")
        let name = try creditor?.text("Name")
        if let creditor { after += try creditor.further("Creditor") }
        var accountFacts: [Fact] = []
        let account = try account("CreditorAccount", &order, &accountFacts, .payeeAccount)
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

    /// `{SchemeName, Identification, Name}`; what else it has is shown after.
    private static func account(
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

    private static func remittance(
        _ order: inout ConsentMembers
    ) throws(ConsentProblem) -> [Fact] {
        guard var members = try order.object("RemittanceInformation") else { return [] }
        var facts: [Fact] = []
        facts.add(.reference, text: try members.text("Reference"))
        facts.add(.message, text: try members.text("Unstructured"))
        return facts + (try members.further("RemittanceInformation"))
    }

    private static func standingOrder(
        _ order: inout ConsentMembers,
        amounts: Bool
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        if amounts {
            facts.add(.firstAmount, .money(try order.requiredMoney("FirstPaymentAmount")))
            let recurring = try order.money("RecurringPaymentAmount")
            facts.add(.recurringAmount, recurring.map { .money($0) })
            facts.add(.finalAmount, try order.money("FinalPaymentAmount").map { .money($0) })
        }
        facts.add(.frequency, code: try order.requiredText("Frequency"), .ukFrequency)
        facts.add(.firstPayment, try order.requiredMoment("FirstPaymentDateTime"))
        facts.add(.recurringPayment, try order.moment("RecurringPaymentDateTime"))
        facts.add(.finalPayment, try order.moment("FinalPaymentDateTime"))
        if let payments = order.take("NumberOfPayments") {
            guard let text = payments.string, ConsentMembers.isPlainNumber(text),
                !text.contains(".")
            else { throw .incomplete(order.place("NumberOfPayments")) }
            facts.add(.numberOfPayments, .number(text))
        }
        return facts
    }

    private static func international(
        _ order: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        facts.add(.transferCurrency, code: try order.text("CurrencyOfTransfer"), .currency)
        facts.add(.destinationCountry, code: try order.text("DestinationCountryCode"), .country)
        facts.add(.chargeBearer, code: try order.text("ChargeBearer"), .chargeBearer)
        facts.add(.purpose, text: try order.text("Purpose"))
        facts += try exchange(&order, &after)
        return facts
    }

    private static func exchange(
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

    // MARK: What stands beside the order

    private static func frame(_ own: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        var after: [Fact] = []
        for var charge in try own.objects("Charges") {
            facts.add(.charge, text: try charge.text("Type"))
            facts.add(.charge, try chargedAmount(&charge))
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

    /// A charge may be nothing at all, which is no amount of money.
    private static func chargedAmount(
        _ charge: inout ConsentMembers
    ) throws(ConsentProblem) -> Fact.Value {
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

    /// One line, in the order an address is written in the standard.
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
