import Texts

/// Members by which a standard says when, how often or how much is paid.
///
/// A family reads those that its orders have. In any other place they would change what is approved,
/// and nobody can say how, so that a payment that has one there is refused.
enum PaymentTerms {
    /// Whether a member that no family has read is one. `isOrder` says that it stands in the order
    /// itself, where also a word of everyday use is one.
    static func include(_ name: String, isOrder: Bool) -> Bool {
        let word = name.looseWord
        return names.contains(word) || isOrder && namesInOrders.contains(word)
    }

    /// Without regard to letter case and underscores.
    private static let names = words(
        """
        ControlParameters ControlSum CountPerPeriod CurrencyOfTansfer CurrencyOfTransfer
        DayOfMonth DayOfWeek EquivalentAmount ExchangeRateInformation ExecutionDate
        FinalPaymentAmount FinalPaymentDate FinalPaymentDateTime FirstPayment FirstPaymentAmount
        FirstPaymentDate FirstPaymentDateTime FixedAmount Frequency GlobalLimits Installments
        Instalments InstructedAmount LastPaymentAmount LastPaymentDate LastPaymentDateTime
        MandateRelatedInformation MaximumIndividualAmount MaximumVariableAmount
        MinimumVariableAmount NextPaymentAmount NextPaymentDate NextPaymentDateTime
        NumberOfInstallments NumberOfInstalments NumberOfPayments NumberOfTransactions PaymentDate
        PaymentDates PaymentFrequency PeriodAlignment PeriodType PeriodicLimits PointInTime
        Recurrence Recurring RecurringAmount RecurringConfiguration RecurringPaymentAmount
        RecurringPaymentDate RecurringPaymentDateTime ReferenceStartDate RequestedExecutionDate
        RequestedExecutionDateTime RequestedExecutionTime Schedule ScheduledDate ScheduledDateTime
        StandingOrder TotalAllowedAmount TransactionLimit ValidFromDateTime ValidToDateTime
        """
    )

    private static let namesInOrders = words(
        """
        Amount Count Currency Custom Daily Date DateTime Day Days Dates EndDate EndDateTime Interval
        Monthly Months Period Quantity Rate Repeat Single StartDate StartDateTime Times TotalAmount
        Weekly Weeks Yearly
        """
    )

    private static func words(_ text: String) -> Set<ExactText> {
        Set(text.split { $0 == " " || $0 == "\n" }.map { String($0).looseWord })
    }
}
