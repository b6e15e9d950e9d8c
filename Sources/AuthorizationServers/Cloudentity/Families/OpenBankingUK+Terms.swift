import JSON
import Logins
import Texts

/// What an order says beside who is paid.
extension UK {
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
            if let money = try detail.money("Amount", canBeZero: true, in: nil) {
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

    // MARK: Standing orders

    /// How often and until when. Version 4 has it in an object of its own, and an order may have both.
    static func standingOrder(
        _ order: inout ConsentMembers,
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        let pattern = try order.facts((.frequency, "Frequency", .frequency))
        guard var mandate = try order.object("MandateRelatedInformation") else {
            guard !pattern.isEmpty else { throw .incomplete(order.place("Frequency")) }
            let dates = try dates(&order)
            guard dates.contains(where: { $0.label == .known(.firstPayment) }) else {
                throw .incomplete(order.place("FirstPaymentDateTime"))
            }
            return pattern + dates
        }
        var facts = pattern
        if var frequency = try mandate.object("Frequency") {
            facts = try self.frequency(&frequency, beside: pattern)
        }
        guard !facts.isEmpty else { throw .incomplete(mandate.place("Frequency")) }
        facts += try dates(&mandate)
        facts += try mandate.facts(
            (.mandateKind, "Classification", .oneOf(UKList.mandateKind)),
            (.mandateReason, "Reason", .text),
            (.purposeCategory, "CategoryPurposeCode", .code(.purpose)),
            (.mandate, "MandateIdentification", .text)
        )
        after += try mandate.further("MandateRelatedInformation")
        // Version 3 has them here.
        facts += try dates(&order)
        return facts
    }

    private static func dates(_ owner: inout ConsentMembers) throws(ConsentProblem) -> [Fact] {
        try owner.facts(
            (.firstPayment, "FirstPaymentDateTime", .day(.london)),
            (.recurringPayment, "RecurringPaymentDateTime", .day(.london)),
            (.finalPayment, "FinalPaymentDateTime", .day(.london)),
            (.numberOfPayments, "NumberOfPayments", .countAboveZero)
        )
    }

    /// The frequency of version 4, whose type may also be a pattern of version 3. A pattern beside it
    /// has to mean the same, and is shown because it says more.
    private static func frequency(
        _ frequency: inout ConsentMembers,
        beside pattern: [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        guard let code = try frequency.text("Type") else {
            throw .incomplete(frequency.place("Type"))
        }
        let count = try frequency.facts((.paymentsInPeriod, "CountPerPeriod", .countAboveZero))
            // One payment in each period is what the frequency says already.
            .filter { $0.value != .number("1") }
        let point = try frequency.text("PointInTime")
        if let point, !isPoint(point) { throw .unknownCode(frequency.place("PointInTime")) }
        let contradiction = ConsentProblem.contradictory(frequency.place("Type"))
        let unknown = ConsentProblem.unknownCode(frequency.place("Type"))
        try frequency.end()
        if let schedule = StandingOrderFrequency(code) {
            guard count.isEmpty, point == nil else { throw contradiction }
            let fact = Fact(.known(.frequency), .codes([code], .frequency))
            guard pattern.isEmpty || pattern.contains(where: { Self.schedule($0) == schedule })
            else { throw contradiction }
            return [fact]
        }
        guard UKList.mandateFrequency.contains(code) else {
            throw unknown
        }
        if let schedule = pattern.first.flatMap(schedule) {
            guard count.isEmpty, agrees(code, point, schedule) else { throw contradiction }
            return pattern
        }
        var facts = [Fact(.known(.frequency), .codes([code], UKList.mandateFrequency.list))] + count
        facts.add(.paymentPoint, text: point)
        return facts
    }

    private static func schedule(_ fact: Fact) -> StandingOrderFrequency? {
        guard case .codes(let codes, _, _) = fact.value else { return nil }
        return codes.first.flatMap { StandingOrderFrequency($0) }
    }

    /// A day of the period: one or two digits, or one counted from its end.
    private static func isPoint(_ text: String) -> Bool {
        let digits = text.utf8.drop { $0 == 0x2D }
        return text.utf8.count - digits.count <= 1 && (1...2).contains(digits.count)
            && digits.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Whether a code of version 4, with the day of its period if that is said, and a schedule of
    /// version 3 are the same.
    private static func agrees(
        _ code: String,
        _ point: String?,
        _ schedule: StandingOrderFrequency
    ) -> Bool {
        let day: Int?
        switch schedule {
        case .everyDay: return code.isExactly("DAIL") && point == nil
        case .everyWorkingDay: return code.isExactly("WODL") && point == nil
        case .days: return false
        case .weeks(let weeks, let weekday):
            guard weekCodes[weeks]?.contains(code.exact) == true else { return false }
            day = weekday
        case .weekOfMonth:
            guard code.isExactly("MNTH") else { return false }
            day = nil
        case .months(let months, let monthday):
            guard monthCodes[months]?.contains(code.exact) == true else { return false }
            day = monthday
        case .quarterDays:
            guard code.isExactly("QURT") else { return false }
            day = nil
        }
        return point == nil || day != nil && point.flatMap { Int($0) } == day
    }

    private static let weekCodes: [Int: [ExactText]] = [
        1: ["WEEK".exact], 2: ["FRTN".exact], 4: ["FOWK".exact],
    ]
    private static let monthCodes: [Int: [ExactText]] = [
        1: ["MNTH".exact], 2: ["TWMH".exact, "ALMH".exact], 3: ["QURT".exact], 4: ["FOMH".exact],
        5: ["FIMH".exact], 6: ["MIAN".exact], 12: ["YEAR".exact],
    ]

    // MARK: Exchange rates

    /// The rate that the client asks for.
    static func clientRate(
        _ order: inout ConsentMembers,
        _ said: [Fact],
        _ after: inout [Fact]
    ) throws(ConsentProblem) -> [Fact] {
        guard var rate = try order.object("ExchangeRateInformation") else { return [] }
        var facts: [Fact] = []
        let unit = try rate.code("UnitCurrency", in: .currencies)
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
        let unit = try rate.code("UnitCurrency", in: .currencies)
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
        guard let digits, PlainNumber.isZero(digits) else { return digits }
        guard unit == nil else { throw .incomplete(rate.place("ExchangeRate")) }
        return nil
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
        _ content: inout ConsentContent
    ) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        var after: [Fact] = []
        for var charge in try own.objects("Charges") { facts += try self.charge(&charge, &after) }
        facts += try own.facts(
            (.expectedExecution, "ExpectedExecutionDateTime", .dayOrMoment),
            (.expectedSettlement, "ExpectedSettlementDateTime", .dayOrMoment)
        )
        facts += try own.deadline(.cutOff, "CutOffDateTime", &content.cutOff)
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
                (.authorisationType, "AuthorisationType", .oneOf(UKList.authorisation))
            )
            facts += try authorisation.deadline(
                .authorisationEnds,
                "CompletionDateTime",
                &content.expiry
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
