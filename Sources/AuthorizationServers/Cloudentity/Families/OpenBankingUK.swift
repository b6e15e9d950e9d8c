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
    fileprivate static let chargePaid = Self("charge_paid")
    fileprivate static let chargeType = Self("charge_type")
    fileprivate static let paymentContext = Self("payment_context")
    /// ISO 20022, `ExternalPurpose1Code` and `ExternalCategoryPurpose1Code`.
    fileprivate static let purpose = Self("purpose")
    fileprivate static let accountHolder = Self("account_holder")
    /// ISO 18245. The language files have the common codes.
    fileprivate static let merchantCategory = Self("merchant_category")
    fileprivate static let aliasType = Self("alias_type")
    fileprivate static let scaExemption = Self("sca_exemption")
    /// ISO 20022, `ExternalDocumentType1Code` and `ExternalCreditorReferenceType1Code`.
    fileprivate static let documentType = Self("document_type")
    /// ISO 20022, `AddressType2Code`.
    fileprivate static let addressType = Self("address_type")
    /// The members of an address that mean nothing without their name.
    fileprivate static let addressPart = Self("address_part")
    /// ISO 20022, `RegulatoryReportingType1Code`.
    fileprivate static let reportedSide = Self("reported_side")
}

/// Codes that change what is approved.
private enum UKList {
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
        ["ADHO", "DAIL", "FRTN", "INDA", "MIAN", "MNTH", "QURT", "WEEK", "YEAR"]
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
            (.permissions, "Permissions", .permissions(Self.permissions))
        )
        content.facts += try own.facts((.accessEnds, "ExpirationDateTime", .moment))
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
            (.numberOfPayments, "NumberOfTransactions", .count),
            (.fileReference, "FileReference", .text),
            (.fileType, "FileType", .required(.text)),
            (.fileHash, "FileHash", .required(.text)),
            (.executionDate, "RequestedExecutionDateTime", .day(.london)),
            (.localInstrument, "LocalInstrument", .code(.localInstrument))
        )
        var after: [Fact] = []
        content.facts += try UK.remittance(&file, &after)
        let payer = try UK.payer(&file, &content.facts, &after)
        content.facts += try UK.frame(&own, &content.cutOff)
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
        if !hasAmounts {
            content.facts = try order.facts((.amount, "InstructedAmount", .required(.money)))
        }
        content.facts += try payee(&order, &after)
        content.facts += try UK.remittance(&order, &after)
        content.facts += try order.facts((.reference, "Reference", .text))
        if hasAmounts {
            content.facts += try order.facts(
                (.firstAmount, "FirstPaymentAmount", .required(.moneyOrZero)),
                (.recurringAmount, "RecurringPaymentAmount", .money),
                (.finalAmount, "FinalPaymentAmount", .moneyOrZero)
            )
        }
        if subject == .standingOrder { content.facts += try UK.standingOrder(&order, &after) }
        if subject == .scheduledPayment {
            content.facts += try order.facts(
                (.executionDate, "RequestedExecutionDateTime", .required(.day(.london)))
            )
        }
        content.facts += try order.facts(
            (.transferCurrency, "CurrencyOfTransfer", .code(.currency)),
            // So spelled in examples of versions 3.1.
            (.transferCurrency, "CurrencyOfTansfer", .code(.currency)),
            (.destinationCountry, "DestinationCountryCode", .code(.country)),
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
        content.facts += try UK.frame(&own, &content.cutOff)
        content.facts += after
        content.facts += try order.further()
        content.facts += try own.further()
        content.accounts = .payer(named: payer)
        return content
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
        own.dropProgress("StatusReason", "StatusReasonCode", "StatusReasonDescription")
        if let permission = try own.text("Permission"), !permission.isExactly("Create") {
            throw .incomplete(own.place("Permission"))
        }
        return ConsentContent(id: id)
    }

    /// `{SchemeName, Identification, Name, SecondaryIdentification, Proxy}`; other members go to
    /// `after`.
    static func account(
        _ name: String,
        _ order: inout ConsentMembers,
        _ facts: inout [Fact],
        _ labels: (account: Fact.Known, alias: Fact.Known),
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Consent.NamedAccount? {
        guard var members = try order.object(name) else { return nil }
        let account = Consent.NamedAccount(
            scheme: try members.requiredText("SchemeName"),
            identification: try members.requiredText("Identification"),
            name: try members.text("Name"),
            secondary: try members.text("SecondaryIdentification")
        )
        facts.add(labels.account, .account(account))
        if var alias = try members.object("Proxy") {
            var values: [Fact.Value] = []
            if let text = try alias.text("Identification") { values.append(.text(text)) }
            if let code = try alias.text("Code") { values.append(.codes([code], .aliasType)) }
            if let type = try alias.text("Type") { values.append(.text(type)) }
            if !values.isEmpty { facts.add(labels.alias, .group(values)) }
            after += try alias.further(name + ".Proxy")
        }
        after += try members.further(name)
        return account
    }

    /// The account that pays, and for whom it pays.
    static func payer(
        _ order: inout ConsentMembers,
        _ facts: inout [Fact],
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Consent.NamedAccount? {
        let account = try account(
            "DebtorAccount",
            &order,
            &facts,
            (.payerAccount, .payerAlias),
            &after
        )
        facts.add(.ultimatePayer, try party("UltimateDebtor", &order, &after))
        return account
    }

    /// A person, company or bank: name, account or identifier, legal entity identifier, address.
    static func party(
        _ name: String,
        _ parent: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Fact.Value? {
        guard var members = try parent.object(name) else { return nil }
        var values: [Fact.Value] = []
        let own = try members.text("Name")
        let scheme = try members.text("SchemeName")
        let secondary = try members.text("SecondaryIdentification")
        if let identification = try members.text("Identification") {
            let account = Consent.NamedAccount(
                scheme: scheme,
                identification: identification,
                name: own,
                secondary: secondary
            )
            values.append(.account(account))
        } else {
            values += [own, scheme, secondary].compactMap { text in text.map { .text($0) } }
        }
        if let identifier = try members.text("LEI") { values.append(.text("LEI \(identifier)")) }
        switch try address("PostalAddress", of: name + ".", &members, &after) {
        case .list(let lines)?: values += lines
        case let line?: values.append(line)
        case nil: break
        }
        after += try members.further(name)
        return values.isEmpty ? nil : .group(values)
    }

    /// The lines of an address, the country and the type of address last. Members that the standard
    /// does not have go to `after`.
    static func address(
        _ name: String,
        of owner: String = "",
        _ parent: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Fact.Value? {
        guard var address = try parent.object(name) else { return nil }
        var values: [Fact.Value] = []
        func take(_ names: String...) throws(ConsentProblem) {
            var parts: [String] = []
            for name in names { parts += (try address.texts(name) ?? []).compactMap(\.unlessEmpty) }
            if !parts.isEmpty { values.append(.text(parts.joined(separator: " "))) }
        }
        /// `Floor 6`; a part of several words says itself what it is.
        func takeNamed(_ name: String) throws(ConsentProblem) {
            guard let part = try address.text(name) else { return }
            let text = Fact.Value.text(part)
            let isNamed = part.utf8.contains(0x20)
            values.append(isNamed ? text : .list([.codes([name], .addressPart), text]))
        }
        try take("CareOf")
        try take("Department")
        try take("SubDepartment")
        values += try address.lines("AddressLine")
        for name in ["UnitNumber", "Room", "Floor"] { try takeNamed(name) }
        try take("BuildingName")
        try take("BuildingNumber", "StreetName")
        try takeNamed("PostBox")
        try take("DistrictName")
        try take("TownLocationName")
        try take("TownName")
        // Without an r in examples of versions 3.1.
        for name in ["CountrySubDivision", "CountySubDivision"] {
            values += try address.lines(name)
        }
        try take("PostCode")
        if let code = try address.text("Country") { values.append(country(code)) }
        if let type = try address.text("AddressType") {
            values.append(.codes([addressTypes[type.exact] ?? type], .addressType))
        }
        after += try address.further(owner + name)
        return values.isEmpty ? nil : .group(values)
    }

    /// The words of version 3, which has two more.
    private static let addressTypes: [ExactText: String] = [
        "Business".exact: "BIZZ", "DeliveryTo".exact: "DLVY", "MailTo".exact: "MLTO",
        "POBox".exact: "PBOX", "Postal".exact: "ADDR", "Residential".exact: "HOME",
    ]

    private static func country(_ code: String) -> Fact.Value {
        // Widely used, but not a code of ISO 3166.
        code.isExactly("UK") ? .text(code) : .codes([code], .country)
    }

    /// What the bank tells an authority about a payment (version 4), in the order or beside it.
    static func regulatoryReports(
        _ owner: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        for var report in try owner.objects("RegulatoryReporting") {
            facts.add(.regulatoryReport, try regulatoryReport(&report, &after))
        }
        return facts
    }

    private static func regulatoryReport(
        _ report: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> Fact.Value? {
        let path = "RegulatoryReporting"
        var values: [Fact.Value] = []
        if let side = try report.text("DebitCreditReportingIndicator") {
            values.append(.codes([side], .reportedSide))
        }
        if var authority = try report.object("Authority") {
            if let name = try authority.text("Name") { values.append(.text(name)) }
            if let code = try authority.text("CountryCode") { values.append(country(code)) }
            after += try authority.further("\(path).Authority")
        }
        for var detail in try report.objects("Details") {
            for name in ["Type", "Code"] {
                if let text = try detail.text(name) { values.append(.text(text)) }
            }
            values += try detail.facts((.documentDate, "Date", .day(.london))).map(\.value)
            if let code = try detail.text("Country") { values.append(country(code)) }
            if let money = try detail.money("Amount", canBeZero: true) {
                values.append(.money(money))
            }
            values += try detail.lines("Information")
            after += try detail.further("\(path).Details")
        }
        after += try report.further(path)
        return values.isEmpty ? nil : .group(values)
    }

    /// Version 3 has one text each, version 4 lists, some of them of objects.
    static func remittance(
        _ order: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        guard var members = try order.object("RemittanceInformation") else { return [] }
        var facts = try members.facts(
            (.reference, "Reference", .text),
            (.message, "Unstructured", .texts)
        )
        for var structured in try members.objects("Structured") {
            let path = "RemittanceInformation.Structured"
            if var reference = try structured.object("CreditorReferenceInformation") {
                facts += try reference.facts(
                    (.reference, "Reference", .text),
                    (.referenceType, "Code", .code(.documentType)),
                    (.referenceIssuer, "Issuer", .text)
                )
                after += try reference.further("\(path).CreditorReferenceInformation")
            }
            for var document in try structured.objects("ReferredDocumentInformation") {
                facts += try document.facts(
                    (.documentNumber, "Number", .text),
                    (.documentType, "Code", .code(.documentType)),
                    (.documentIssuer, "Issuer", .text),
                    (.documentDate, "RelatedDate", .day(.london)),
                    (.documentLines, "LineDetails", .texts)
                )
                after += try document.further("\(path).ReferredDocumentInformation")
            }
            facts += try structured.facts(
                (.documentAmount, "ReferredDocumentAmount", .moneyOrNumber),
                (.invoicer, "Invoicer", .text),
                (.invoicee, "Invoicee", .text),
                (.taxDetails, "TaxRemittance", .text),
                (.message, "AdditionalRemittanceInformation", .texts)
            )
            after += try structured.further(path)
        }
        after += try members.further("RemittanceInformation")
        return facts
    }

    /// How often and until when. Version 4 has it in an object of its own.
    static func standingOrder(
        _ order: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        guard var mandate = try order.object("MandateRelatedInformation") else {
            return try order.facts(
                (.frequency, "Frequency", .required(.frequency)),
                (.firstPayment, "FirstPaymentDateTime", .required(.day(.london))),
                (.recurringPayment, "RecurringPaymentDateTime", .day(.london)),
                (.finalPayment, "FinalPaymentDateTime", .day(.london)),
                (.numberOfPayments, "NumberOfPayments", .count)
            )
        }
        var frequency = try mandate.requiredObject("Frequency")
        var facts = try frequency.facts(
            (.frequency, "Type", .required(.oneOf(UKList.mandateFrequency)))
        )
        // One payment in each period is what the frequency says already.
        if let count = try frequency.digits("CountPerPeriod"), count != "1" {
            facts.add(.paymentsInPeriod, .number(count))
        }
        facts += try frequency.facts((.paymentPoint, "PointInTime", .text))
        after += try frequency.further("MandateRelatedInformation.Frequency")
        facts += try mandate.facts(
            (.firstPayment, "FirstPaymentDateTime", .day(.london)),
            (.recurringPayment, "RecurringPaymentDateTime", .day(.london)),
            (.finalPayment, "FinalPaymentDateTime", .day(.london)),
            (.numberOfPayments, "NumberOfPayments", .count),
            (.mandateKind, "Classification", .oneOf(UKList.mandateKind)),
            (.mandateReason, "Reason", .text),
            (.purposeCategory, "CategoryPurposeCode", .code(.purpose)),
            (.mandate, "MandateIdentification", .text)
        )
        after += try mandate.further("MandateRelatedInformation")
        // Version 3 has them here.
        facts += try order.facts(
            (.firstPayment, "FirstPaymentDateTime", .day(.london)),
            (.recurringPayment, "RecurringPaymentDateTime", .day(.london)),
            (.finalPayment, "FinalPaymentDateTime", .day(.london)),
            (.numberOfPayments, "NumberOfPayments", .count)
        )
        return facts
    }

    // MARK: Exchange rates

    /// The rate that the client asks for.
    static func clientRate(
        _ order: inout ConsentMembers,
        _ said: [Fact],
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        guard var rate = try order.object("ExchangeRateInformation") else { return [] }
        var facts: [Fact] = []
        let unit = try rate.text("UnitCurrency")
        if let digits = try self.digits(&rate, unit) {
            guard let unit else { throw .incomplete(rate.place("UnitCurrency")) }
            facts.add(.exchangeRate, .rate(self.rate(unit, digits, said)))
        } else {
            facts.add(.exchangeUnit, unit.map { .codes([$0], .currency) })
        }
        facts += try rate.facts(
            (.exchangeRateType, "RateType", .oneOf(UKList.rateType)),
            (.exchangeContract, "ContractIdentification", .text)
        )
        after += try rate.further("ExchangeRateInformation")
        return facts
    }

    /// The rate that the bank answered with.
    static func bankRate(
        _ own: inout ConsentMembers,
        _ said: [Fact],
        _ cutOff: inout ConsentDeadline?,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        guard var rate = try own.object("ExchangeRateInformation") else { return [] }
        var facts: [Fact] = []
        let unit = try rate.text("UnitCurrency")
        if let digits = try self.digits(&rate, unit) {
            guard let unit else { throw .incomplete(rate.place("UnitCurrency")) }
            facts.add(.bankRate, .rate(self.rate(unit, digits, said)))
        }
        facts += try rate.facts(
            (.bankRateType, "RateType", .oneOf(UKList.rateType))
        )
        // An indicative rate binds nobody, so that its end ends nothing.
        let isAgreed = facts.contains { $0.value == .codes(["Agreed"], UKList.rateType.list) }
        var ends: ConsentDeadline?
        facts += try rate.deadline(.bankRateEnds, "ExpirationDateTime", &ends)
        if isAgreed { cutOff = [cutOff, ends].compactMap(\.self).min { $0.time < $1.time } }
        facts += try rate.facts(
            (.bankRateContract, "ContractIdentification", .text)
        )
        after += try rate.further("ExchangeRateInformation")
        return facts
    }

    /// A rate of zero for no currency is none.
    private static func digits(
        _ rate: inout ConsentMembers,
        _ unit: String?
    ) throws(ConsentProblem) -> String? {
        let digits = try rate.digits("ExchangeRate")
        let isZero = digits?.utf8.allSatisfy { "0.".utf8.contains($0) } ?? false
        return unit == nil && isZero ? nil : digits
    }

    /// The currency that is quoted is the other one of the payment.
    private static func rate(
        _ unit: String,
        _ digits: String,
        _ said: [Fact]
    ) -> Fact.ExchangeRate {
        var currencies: [String] = []
        for fact in said {
            switch (fact.label, fact.value) {
            case (.known(.transferCurrency), .codes(let codes, _, _)): currencies += codes
            case (.known(.amount), .money(let money)): currencies.append(money.currency)
            default: break
            }
        }
        return Fact.ExchangeRate(
            unit: unit,
            rate: digits,
            quoted: currencies.last { !$0.isExactly(unit) }
        )
    }

    // MARK: Beside the order

    /// Everything beside the order, which ACP puts next to `Initiation`.
    static func frame(
        _ own: inout ConsentMembers,
        _ cutOff: inout ConsentDeadline?
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        var after: [Fact] = []
        for var charge in try own.objects("Charges") { facts += try self.charge(&charge, &after) }
        facts += try own.facts(
            (.expectedExecution, "ExpectedExecutionDateTime", .dayOrMoment),
            (.expectedSettlement, "ExpectedSettlementDateTime", .dayOrMoment)
        )
        facts += try own.deadline(.cutOff, "CutOffDateTime", &cutOff)
        facts.add(.payer, try party("Debtor", &own, &after))
        facts += try own.facts(
            (.refundAccount, "ReadRefundAccount", .oneOf(UKList.refund)),
            (.paymentContext, "PaymentContextCode", .code(.paymentContext)),
            (.statedPurpose, "PaymentPurposeCode", .code(.purpose)),
            (.statedCategory, "CategoryPurposeCode", .code(.purpose)),
            (.merchantCategory, "MerchantCategoryCode", .code(.merchantCategory)),
            (.merchantCustomer, "MerchantCustomerIdentification", .text),
            (.contractPresent, "ContractPresentIndicator", .flag),
            // So spelled up to version 3.1.10.
            (.contractPresent, "ContractPresentInidicator", .flag),
            (.payeePrefilled, "BeneficiaryPaymentDetailsPrepopulatedIndicator", .flag),
            // In version 4.
            (.payeePrefilled, "BeneficiaryPrepopulatedIndicator", .flag),
            (.payeeAccountType, "BeneficiaryAccountType", .code(.accountHolder))
        )
        facts += try regulatoryReports(&own, &after)
        facts.add(.deliveryAddress, try address("DeliveryAddress", &own, &after))
        if var authorisation = try own.object("Authorisation") {
            facts += try authorisation.facts(
                (.authorisationType, "AuthorisationType", .oneOf(UKList.authorisation)),
                (.authorisationEnds, "CompletionDateTime", .moment)
            )
            after += try authorisation.further("Authorisation")
        }
        if var support = try own.object("SCASupportData") {
            facts += try support.facts(
                (.scaExemption, "RequestedSCAExemptionType", .code(.scaExemption)),
                (.scaApproach, "AppliedAuthenticationApproach", .oneOf(UKList.scaApproach)),
                (.scaReference, "ReferencePaymentOrderId", .text)
            )
            after += try support.further("SCASupportData")
        }
        facts += try own.facts((.requestedAt, "CreationDateTime", .moment))
        return facts + after
    }

    /// What it is for, how much, and who pays it.
    private static func charge(
        _ charge: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        var values: [Fact.Value] = []
        if let type = try charge.text("Type") { values.append(.codes([type], .chargeType)) }
        guard let amount = try charge.money("Amount", canBeZero: true) else {
            throw .incomplete(charge.place("Amount"))
        }
        values.append(.money(amount))
        for bearer in try charge.facts((.charge, "ChargeBearer", .oneOf(UKList.chargePaid))) {
            values.append(bearer.value)
        }
        after += try charge.further("Charges")
        return [Fact(.known(.charge), .group(values))]
    }
}
