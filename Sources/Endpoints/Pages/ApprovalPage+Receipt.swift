import Logins

extension ApprovalPage {
    /// What came of it. It never says "approved" before the authorization server has taken that,
    /// and shows nothing of what was asked: the link is good for nothing any more.
    func receipt(
        _ outcome: Outcome,
        _ delivery: LoginStanding.Delivery?,
        _ standing: LoginStanding,
        isConflict: Bool = false
    ) -> HTML {
        let words = words(outcome, delivery)
        return document(
            catalogue.html(isConflict ? .conflictNotice : words.heading),
            standing,
            refresh: delivery == .pending ? 2 : nil
        ) {
            if isConflict {
                card(words.sign, .conflictNotice, .conflictText) {
                    HTML.element("p") {
                        HTML.element("strong") { catalogue.html(words.heading) }
                        HTML.text(" \u{2013} ")
                        catalogue.html(words.text)
                    }
                    facts(outcome, delivery, standing)
                }
            } else {
                card(words.sign, words.heading, words.text) {
                    facts(outcome, delivery, standing)
                    if delivery != .pending {
                        HTML.element("p", ["class": "soft"]) { catalogue.html(.closePage) }
                    }
                }
            }
        }
    }

    private func words(
        _ outcome: Outcome,
        _ delivery: LoginStanding.Delivery?
    ) -> (sign: Sign, heading: Phrase, text: Phrase) {
        switch outcome {
        case .approved:
            switch delivery {
            case .pending: (.busy, .approvePendingHeading, .approvePendingText)
            case .delivered: (.good, .approveDeliveredHeading, .approveDeliveredText)
            case .unconfirmed: (.neutral, .approveUnconfirmedHeading, .approveUnconfirmedText)
            // An approval that nobody is told of has not been delivered.
            case .failed, nil: (.alarm, .approveFailedHeading, .approveFailedText)
            }
        case .denied(let decision):
            decision.choice == .reportAsFraud
                ? (.alarm, .fraudHeading, .fraudText) : (.neutral, .declinedHeading, .declinedText)
        case .cancelled: (.neutral, .cancelledHeading, .cancelledText)
        case .expired: (.neutral, .expiredHeading, .expiredText)
        case .failed(let failure): words(failure)
        case .voided: (.alarm, .voidedHeading, .voidedText)
        }
    }

    private func words(_ failure: Failure) -> (sign: Sign, heading: Phrase, text: Phrase) {
        switch failure {
        case .consentBusy: (.neutral, .busyHeading, .busyText)
        case .superseded: (.neutral, .supersededHeading, .supersededText)
        case .noAccounts: (.alarm, .failedHeading, .noAccountsText)
        case .accountNotTheirs: (.alarm, .failedHeading, .accountNotTheirsText)
        case .consentUnusable: (.alarm, .failedHeading, .unusableText)
        case .consentGone: (.neutral, .failedHeading, .goneText)
        case .userUnknown, .userDisabled, .noChannel, .everyChannelRefused, .tooManyLoginsOfUser,
            .tooManyLoginsOfClient, .tooManyStartsOfUser, .tooManyStartsOfClient, .abandoned:
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
            // The store's own number says nothing to anybody but the operator.
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
