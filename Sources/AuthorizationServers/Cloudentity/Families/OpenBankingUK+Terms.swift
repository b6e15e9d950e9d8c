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
