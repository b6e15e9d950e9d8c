import Consents
import Engine
import Localization
import Logins

extension ApprovalPage {
    /// The outcome: what happened, to what, and what to do next. The heading never says "approved"
    /// before the authorization server has accepted the approval. The request is named until
    /// retention erases it.
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
                    if outcome.isApproval { wholeName(standing.stored.login) }
                    next(outcome, delivery, standing)
                    facts(outcome, delivery, standing)
                    if delivery != .pending {
                        HTML.element("p", ["class": "soft"]) { catalogue.html(.closePage) }
                    }
                }
            }
        }
    }

    /// What to do next, where the text of the outcome does not say it.
    @HTMLBuilder private func next(
        _ outcome: Outcome,
        _ delivery: LoginStanding.Delivery?,
        _ standing: LoginStanding
    ) -> HTML {
        let values = ["client": client(standing.stored.login), "brand": HTML.text(brand.name)]
        switch outcome {
        case .failed(.wrongCodes) where help != nil:
            HTML.element("div", ["class": "next"]) { helpLine }
        case .denied(let decision) where decision.choice == .reportAsFraud:
            HTML.element("div", ["class": "next"]) {
                HTML.element("p") { catalogue.html(.fraudNext, values) }
                helpLine
            }
        case .approved where delivery == .delivered || delivery == .unconfirmed:
            if let consent = standing.stored.login.question?.consent,
                consent.kind.subject.isSharing, !consent.isOneTime
            {
                HTML.element("p", ["class": "next"]) { catalogue.html(.withdraw, values) }
            }
        case .failed(.noAccounts) where help != nil:
            HTML.element("div", ["class": "next"]) { helpLine }
        case .expired, .failed(.consentGone):
            HTML.element("p") { catalogue.html(.startAgain, values) }
        case .approved, .denied, .cancelled, .failed, .voided: HTML.empty
        }
    }

    func content(
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
        case .voided(_, nil): (.alarm, .voidedHeading, .voidedText)
        case .voided(_, .some): (.alarm, .notAllowedHeading, .notAllowedText)
        }
    }

    private func content(_ failure: Failure) -> (sign: Sign, heading: Phrase, text: Phrase) {
        switch failure {
        case .consentBusy: (.neutral, .busyHeading, .busyText)
        case .superseded, .replaced: (.neutral, .supersededHeading, .supersededText)
        case .reportedByUser: (.alarm, .fraudHeading, .fraudText)
        case .noAccounts: (.alarm, .failedHeading, .noAccountsText)
        case .accountNotTheirs: (.alarm, .failedHeading, .accountNotTheirsText)
        case .consentOfAnother: (.alarm, .failedHeading, .consentOfAnotherText)
        case .wrongCodes: (.alarm, .wrongCodesHeading, .wrongCodesText)
        case .consentUnusable, .contextMissing, .numberMissing, .messageUnacceptable:
            (.alarm, .failedHeading, .unusableText)
        case .consentGone: (.neutral, .failedHeading, .goneText)
        case .userUnknown, .userDisabled, .noChannel, .everyChannelRefused, .tooManyLoginsOfUser,
            .tooManyLoginsOfClient, .tooManyStartsOfUser, .tooManyStartsOfClient, .malformedStart,
            .clientBlocked, .tooManyPrompts, .coolingDown, .tooManyUsersOfClient, .interrupted,
            .abandoned:
            (.alarm, .failedHeading, .failedText)
        }
    }

    private func facts(
        _ outcome: Outcome,
        _ delivery: LoginStanding.Delivery?,
        _ standing: LoginStanding
    ) -> HTML {
        let login = standing.stored.login
        return HTML.element("dl") {
            if let question = login.question {
                request(
                    Sheet(page: self, question: question, login: login, attempt: nil),
                    outcome.decision?.grant.accounts ?? []
                )
            }
            if let decision = outcome.decision {
                // An approval that was voided is not named as one, nor as delivered.
                fact(
                    .answerLabel,
                    catalogue.html(isVoided(outcome) ? .answerVoided : answer(decision.choice))
                )
                fact(.answeredAtLabel, moment(decision.decidedAt))
                if let delegate = decision.evidence.delegate {
                    let values = ["client": untrusted(delegate.client.value)]
                    fact(.answeredByLabel, catalogue.html(.answeredByDelegate, values))
                }
                if let signIn = decision.evidence.signIn {
                    let values = [
                        "issuer": HTML.element("bdi", ["dir": "ltr"]) {
                            InertText.html(signIn.issuer)
                        },
                        "time": moment(signIn.at),
                    ]
                    fact(.confirmedByLabel, catalogue.html(.confirmedBySignIn, values))
                } else if decision.evidence.method == .passkey {
                    fact(.confirmedByLabel, catalogue.html(.confirmedByPasskey))
                } else if decision.evidence.method == .deviceKey {
                    fact(.confirmedByLabel, catalogue.html(.confirmedByDevice))
                } else if decision.evidence.method == .deviceKeyAndPIN {
                    fact(.confirmedByLabel, catalogue.html(.confirmedByDeviceAndPIN))
                }
                if let delivery, !isVoided(outcome) {
                    fact(.deliveryLabel, catalogue.html(name(delivery)))
                }
            }
            fact(.referenceLabel, .text(LoginReference.text(of: login.key)))
        }
    }

    /// Who asked for what: the request, the client, and the chosen accounts.
    @HTMLBuilder func request(_ sheet: Sheet, _ accounts: [String]) -> HTML {
        fact(
            .requestLabel,
            HTML.element("span", ["class": "line"]) { sheet.request }
                + (sheet.consent.kind.isPayment
                    ? HTML.element("span", ["class": "line soft"]) {
                        catalogue.html(.payLead, ["client": sheet.client])
                    } : .empty)
        )
        let chosen = sheet.question.accounts.filter { accounts.contains($0.id) }
        if !chosen.isEmpty {
            fact(
                sheet.consent.kind.isPayment ? .payerFixedHeading : .accountsLabel,
                sheet.lines(
                    chosen.map { account in
                        untrusted(account.name) + .text(" ")
                            + HTML.element("bdi", ["class": "digits", "dir": "ltr"]) {
                                InertText.html(account.display)
                            }
                    }
                )
            )
        }
    }

    private func fact(_ label: Phrase, _ value: HTML) -> HTML {
        HTML.element("div") {
            HTML.element("dt") { catalogue.html(label) }
            HTML.element("dd") { value }
        }
    }

    private func isVoided(_ outcome: Outcome) -> Bool {
        if case .voided = outcome { true } else { false }
    }

    func answer(_ choice: Decision.Choice) -> Phrase {
        switch choice {
        case .approve: .answerApprove
        case .deny: .answerDecline
        case .cancel: .answerCancel
        case .reportAsFraud: .answerNotMe
        }
    }

    func name(_ delivery: LoginStanding.Delivery) -> Phrase {
        switch delivery {
        case .pending: .deliveryPending
        case .delivered: .deliveryDelivered
        case .unconfirmed: .deliveryUnconfirmed
        case .failed: .deliveryFailed
        }
    }
}
