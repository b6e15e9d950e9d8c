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
    case voidedHeading, voidedText
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
        case .askTitle, .askHeading: ["client"]
        case .answerBy: ["time"]
        case .timeLeft: ["left"]
        case .footer: ["brand"]
        case .timeOfDay: ["time"]
        default: []
        }
    }
}
