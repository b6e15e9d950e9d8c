import Localization
import Logins

extension ApprovalPage {
    /// The outcome. The heading never says "approved" before the authorization server has accepted the
    /// approval. Of the question, only the client's name is shown, and only after an approval: the
    /// link no longer opens the question.
    func receipt(
        _ outcome: Outcome,
        _ delivery: LoginStanding.Delivery?,
        _ standing: LoginStanding,
        isConflict: Bool = false
    ) -> HTML {
        let (sign, heading, text) = content(outcome, delivery)
        let values = ["client": client(standing.stored.login)]
        // Only a decision can have been the user's own answer.
        let isLate = outcome.decision == nil
        let notice: Phrase = isLate ? .lateHeading : .conflictNotice
        return document(
            catalogue.html(isConflict ? notice : heading),
            standing,
            refresh: delivery == .pending ? 2 : nil
        ) {
            if isConflict {
                card(sign, notice, isLate ? .lateText : .conflictText) {
                    HTML.element("p") {
                        HTML.element("strong") { catalogue.html(heading) }
                        HTML.text(" \u{2013} ")
                        catalogue.html(text, values)
                    }
                    facts(outcome, delivery, standing)
                }
            } else {
                card(sign, heading, text, values) {
                    facts(outcome, delivery, standing)
                    if delivery != .pending {
                        HTML.element("p", ["class": "soft"]) { catalogue.html(.closePage) }
                    }
                }
            }
        }
    }

    private func content(
        _ outcome: Outcome,
        _ delivery: LoginStanding.Delivery?
    ) -> (sign: Sign, heading: Phrase, text: Phrase) {
        switch outcome {
        case .approved:
            switch delivery {
            case .pending: (.busy, .approvePendingHeading, .approvePendingText)
            case .delivered: (.good, .approveDeliveredHeading, .approveDeliveredText)
            case .unconfirmed: (.neutral, .approveUnconfirmedHeading, .approveUnconfirmedText)
            // An approval that is not reported has not been delivered.
            case .failed, nil: (.alarm, .approveFailedHeading, .approveFailedText)
            }
        case .denied(let decision):
            decision.choice == .reportAsFraud
                ? (.alarm, .fraudHeading, .fraudText) : (.neutral, .declinedHeading, .declinedText)
        case .cancelled: (.neutral, .cancelledHeading, .cancelledText)
        case .expired: (.neutral, .expiredHeading, .expiredText)
        case .failed(let failure): content(failure)
        case .voided: (.alarm, .voidedHeading, .voidedText)
        }
    }

    private func content(_ failure: Failure) -> (sign: Sign, heading: Phrase, text: Phrase) {
        switch failure {
        case .consentBusy: (.neutral, .busyHeading, .busyText)
        case .superseded: (.neutral, .supersededHeading, .supersededText)
        case .noAccounts: (.alarm, .failedHeading, .noAccountsText)
        case .accountNotTheirs: (.alarm, .failedHeading, .accountNotTheirsText)
        case .consentUnusable: (.alarm, .failedHeading, .unusableText)
        case .consentGone: (.neutral, .failedHeading, .goneText)
        case .userUnknown, .userDisabled, .noChannel, .everyChannelRefused, .tooManyLoginsOfUser,
            .tooManyLoginsOfClient, .tooManyStartsOfUser, .tooManyStartsOfClient, .malformedStart,
            .abandoned:
            (.alarm, .failedHeading, .failedText)
        }
    }

    private func facts(
        _ outcome: Outcome,
        _ delivery: LoginStanding.Delivery?,
        _ standing: LoginStanding
    ) -> HTML {
        HTML.element("dl") {
            if let decision = outcome.decision {
                fact(.answerLabel, catalogue.html(answer(decision.choice)))
                fact(.answeredAtLabel, moment(decision.decidedAt))
                if let delivery { fact(.deliveryLabel, catalogue.html(name(delivery))) }
            }
            // The number of the row in the store, for the operator.
            fact(.referenceLabel, .text(String(standing.stored.number.rawValue)))
        }
    }

    private func fact(_ label: Phrase, _ value: HTML) -> HTML {
        HTML.element("div") {
            HTML.element("dt") { catalogue.html(label) }
            HTML.element("dd") { value }
        }
    }

    private func answer(_ choice: Decision.Choice) -> Phrase {
        switch choice {
        case .approve: .answerApprove
        case .deny: .answerDecline
        case .cancel: .answerCancel
        case .reportAsFraud: .answerNotMe
        }
    }

    private func name(_ delivery: LoginStanding.Delivery) -> Phrase {
        switch delivery {
        case .pending: .deliveryPending
        case .delivered: .deliveryDelivered
        case .unconfirmed: .deliveryUnconfirmed
        case .failed: .deliveryFailed
        }
    }
}
