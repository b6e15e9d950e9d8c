extension Catalogue {
    /// English: short sentences, no jargon, and never "approved" before the server has taken it.
    static let english: [Phrase: String] = [
        .askTitle: "{client} asks for your approval",
        .askHeading: "{client} asks for your approval",
        .askApplicationUnnamed: "An application",
        .messageHeading: "Compare this message",
        .messageHelp: "The device where you started must show exactly the same.",
        .scopesHeading: "If you approve, it may use",
        .scopesNone: "Nothing beyond knowing that you approved.",
        .answerBy: "Answer by {time}",
        .timeLeft: "{left} left",
        .timeLeftMinute: "One minute left to answer.",
        .timeLeftSeconds: "Fifteen seconds left to answer.",
        .timeUp: "Time is up",
        .warning: "If you did not start this yourself just now, decline.",
        .decline: "Decline",
        .approve: "Approve",
        .notMe: "This wasn’t me",
        .notMeHelp: "Declines, and reports that somebody else started this.",
        .choicesLabel: "Your answer",
        .useAppText: "This page can decline only. To approve, open the app on your device.",

        .preparingHeading: "Getting ready",
        .preparingText: "What you are asked to approve appears here in a moment.",
        .endingHeading: "Time is up",
        .endingText: "The time to answer is over. Nothing was approved here.",

        .approvePendingHeading: "Sending your answer",
        .approvePendingText:
            "You chose to approve. It is not final until the service that asked has taken it.",
        .approveDeliveredHeading: "Approved",
        .approveDeliveredText: "Go on where you started.",
        .approveUnconfirmedHeading: "Your answer was sent",
        .approveUnconfirmedText:
            "The service that asked did not confirm it. See where you started whether it went on.",
        .approveFailedHeading: "Your answer could not be delivered",
        .approveFailedText:
            "The service that asked did not take your approval. See where you started, and try again there if you still want to.",
        .declinedHeading: "You declined",
        .declinedText: "Nothing was approved.",
        .fraudHeading: "Thank you for telling us",
        .fraudText: "Nothing was approved, and we recorded that this was not you.",
        .cancelledHeading: "Cancelled",
        .cancelledText: "Nothing was approved. You can start again on the other device.",
        .expiredHeading: "Time is up",
        .expiredText: "There was no answer in time, so nothing was approved.",
        .failedHeading: "This has ended",
        .failedText: "It ended before you could answer. Nothing was approved.",
        .voidedHeading: "The request changed",
        .voidedText:
            "What you approved was changed before it could be carried out, so nothing was approved. Start again if you still want it, and read it anew.",
        .deliveryPending: "Being delivered",
        .deliveryDelivered: "Delivered",
        .deliveryUnconfirmed: "Sent, not confirmed",
        .deliveryFailed: "Could not be delivered",
        .answerLabel: "Your answer",
        .answeredAtLabel: "Answered",
        .deliveryLabel: "Delivery",
        .referenceLabel: "Reference",
        .answerApprove: "Approve",
        .answerDecline: "Decline",
        .answerNotMe: "Decline: this wasn’t me",
        .answerCancel: "Cancel",
        .closePage: "You can close this page.",
        .checkAgain: "Check again",

        .conflictNotice: "This was already answered",
        .conflictText: "Your last choice changed nothing: the answer below came first.",
        .lateHeading: "Too late",
        .lateText: "The time to answer is over, so your choice changed nothing.",
        .unknownHeading: "This link does not work",
        .unknownText:
            "It may be incomplete, or too old. If you are still being asked, open the newest link you received.",
        .tapHeading: "Approve in your app",
        .tapText:
            "This page cannot approve. Open the app on your device, or go back to decline.",
        .foreignHeading: "Not accepted",
        .foreignText:
            "That answer did not come from this page, so it changed nothing. Open your link and choose there.",
        .badFormHeading: "Not understood",
        .badFormText:
            "That answer could not be read, so it changed nothing. Open your link and choose there.",
        .unavailableHeading: "Please try again in a moment",
        .unavailableText:
            "We cannot look this up right now. If you just answered, open your link again to see whether it was recorded.",
        .backToPage: "Back",

        .footer: "{brand} never asks for passwords on this page.",
        .timeOfDay: "{time} UTC",
    ]
}
