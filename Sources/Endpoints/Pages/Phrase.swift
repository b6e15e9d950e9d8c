/// Everything the pages can say. Each language has one text for each of them (`Catalogue`).
enum Phrase: CaseIterable, Sendable {
    // Asking.
    case askTitle, askHeading, askApplicationUnnamed
    case messageHeading, messageHelp
    case scopesHeading, scopesNone
    case answerBy, timeLeft, timeLeftMinute, timeLeftSeconds, timeUp
    case warning
    case decline, approve, notMe, notMeHelp, choicesLabel
    case useAppText

    // What a consent is about.
    case payHeading, scheduleHeading, standingOrderHeading, fileHeading, paymentHeading
    case payeeUnnamed, payLead, dataHeading, dataLead
    case detailsHeading, furtherHeading, furtherHelp
    case unknownCode, mixedScripts, seeminglyLatin, zoneNote, dateTime
    case sortCode, accountNumber, branch
    case groupPerson, groupAccounts, groupTransactions, groupRegular
    case groupCards, groupCredit, groupInvestments, groupOther
    case everyDay, everyWorkingDay, onWeekday, inWeekOfMonth
    case onDay, onLastDay, onDayFromEnd
    case quarterEnglish, quarterScottish, quarterReceived

    // Choosing.
    case accountsHeading, accountsHelp, payerHeading, payerHelp, payerFixedHeading
    case accountCurrent, accountSavings, accountCard, accountLoan, accountOther
    case accountPayment, accountSalary
    case scopesOptionalHelp
    case errorHeading
    case errorAccountMissing, errorOneAccountOnly, errorAccountUnknown, errorAccountFixed
    case errorNoAccountsTaken, errorScopeUnknown, errorScopeRequired, errorScopeMissing
    case errorDifferentCustomers, errorOtherConsent

    // Getting ready and ending.
    case preparingHeading, preparingText
    case endingHeading, endingText

    // Receipts.
    case approvePendingHeading, approvePendingText
    case approveDeliveredHeading, approveDeliveredText
    case approveUnconfirmedHeading, approveUnconfirmedText
    case approveFailedHeading, approveFailedText
    case declinedHeading, declinedText
    case fraudHeading, fraudText
    case cancelledHeading, cancelledText
    case expiredHeading, expiredText
    case failedHeading, failedText
    case voidedHeading, voidedText, busyHeading, busyText, supersededHeading, supersededText
    case noAccountsText, accountNotTheirsText, unusableText, goneText
    case deliveryPending, deliveryDelivered, deliveryUnconfirmed, deliveryFailed
    case answerLabel, answeredAtLabel, deliveryLabel, referenceLabel
    case answerApprove, answerDecline, answerNotMe, answerCancel
    case closePage, checkAgain

    // Refusals.
    case conflictNotice, conflictText, lateHeading, lateText
    case unknownHeading, unknownText
    case tapHeading, tapText
    case foreignHeading, foreignText
    case badFormHeading, badFormText
    case unavailableHeading, unavailableText
    case backToPage

    // The frame of each page.
    case footer, timeOfDay

    /// The names in braces that its text must have, each once.
    var placeholders: Set<String> {
        switch self {
        case .askTitle, .askHeading, .payLead, .dataHeading: ["client"]
        case .payHeading, .scheduleHeading, .standingOrderHeading: ["amount", "payee"]
        case .zoneNote: ["zone"]
        case .dateTime: ["date", "time"]
        case .sortCode, .accountNumber, .branch: ["number"]
        case .onWeekday: ["every", "weekday"]
        case .inWeekOfMonth: ["week", "weekday"]
        case .onDay, .onDayFromEnd: ["every", "day"]
        case .onLastDay: ["every"]
        case .answerBy: ["time"]
        case .timeLeft: ["left"]
        case .footer: ["brand"]
        case .timeOfDay: ["time"]
        default: []
        }
    }
}
