import Consents
import Engine
import HTTP
import Localization
import Logins
import Telemetry

/// What is stored of a login, and what happened to it when: the same as in the admin API. No ticket,
/// no state of the authorization server, and nothing else that is secret.
struct LoginCourse: Sendable {
    let stored: StoredLogin
    let view: ConsoleView

    private var login: PendingLogin { stored.login }
    private var record: LoginRecord { LoginRecord(stored) }

    @HTMLBuilder var html: HTML {
        view.part(.consoleCourse) {
            HTML.element("ol", ["class": "course"]) {
                for event in events {
                    HTML.element("li") {
                        view.time(event.at)
                        HTML.text(" ")
                        event.text
                    }
                }
            }
        }
        view.part(.consoleDetails) { view.facts(facts) }
        if let decision = login.phase.outcome?.decision {
            view.part(.consoleEvidence) { view.facts(evidence(decision)) }
        }
        if !login.deliveries.isEmpty {
            view.part(.consoleDeliveries) { deliveries(login.deliveries) }
        }
        if let attempts = record.attempts, attempts.count > 0 {
            view.part(.consoleAttempts) { self.attempts(attempts) }
        }
    }

    // MARK: What happened

    private var events: [(at: Timestamp, text: HTML)] {
        var events: [(at: Timestamp, text: HTML)] = [
            (login.terms.receivedAt, view.html(.consoleArrived))
        ]
        for delivery in login.deliveries {
            let channel = view.page.untrusted(delivery.channel.value)
            if case .delivered(let moment) = delivery.state {
                events.append((moment, view.html(.consoleNotified, ["channel": channel])))
            }
            for attempt in delivery.attempts.recent {
                let values = ["channel": channel, "reason": view.page.untrusted(attempt.note)]
                events.append((attempt.at, view.html(.consoleNotNotified, values)))
            }
        }
        for attempt in record.attempts?.recent ?? [] {
            let note = view.page.untrusted(attempt.note)
            events.append((attempt.at, view.html(.consoleAttemptFailed, ["reason": note])))
        }
        if let decision = login.phase.outcome?.decision {
            events.append((decision.decidedAt, view.html(decision.choice.phrase)))
        }
        switch login.phase {
        case .settled(let outcome, let settlement, let moment):
            events.append(
                (
                    moment,
                    view.html(
                        .consoleEnded,
                        ["outcome": view.html(outcome.phrase), "how": view.html(settlement.phrase)]
                    )
                )
            )
        case .preparing, .waiting: events.append((login.terms.promptEnds, view.html(.consoleEnds)))
        case .reporting, .stranded:
            events.append((login.terms.reportEnds, view.html(.consoleReportEnds)))
        }
        return events.enumerated().sorted {
            ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
        }
        .map(\.element)
    }

    // MARK: What is stored

    private var facts: [(Phrase, HTML?)] {
        let details = login.details
        let failure: Failure? =
            switch login.phase.outcome {
            case .failed(let failure): failure
            case .voided(_, let failure): failure
            default: nil
            }
        return [
            (.referenceLabel, view.code(LoginReference.text(of: login.key))),
            (.consolePhase, view.html(login.phase.name.phrase)),
            (.consoleOutcome, login.phase.outcome.map { view.html($0.phrase) }),
            (.consoleCause, failure.map { english($0.description) }),
            (.consoleReason, record.stranding.map { Self.reason($0, view) }),
            (.consoleServer, view.untrusted(login.key.server.value)),
            (.consoleTenant, view.untrusted(login.key.tenant?.value)),
            (.consoleLoginID, view.untrusted(login.key.login.value)),
            (.consoleUser, view.untrusted(details.user.value)),
            (.consoleClient, view.untrusted(login.clientName)),
            (.consoleClientID, view.untrusted(details.client?.value)),
            (
                .consoleScopes,
                view.untrusted(details.requestedScopes.joined(separator: " ").unlessBlank)
            ),
            (.consoleWrongCodes, login.wrongCodes > 0 ? view.number(login.wrongCodes) : nil),
            (.consoleMessage, view.untrusted(details.bindingMessage.shown)),
            (.deadlineLabel, view.time(login.terms.expiresAt)),
            (.consoleDue, view.time(login.dueAt)),
            (.consoleConsentDigest, view.code(login.consentDigest?.text)),
            (
                .consoleTrace,
                view.code(details.origin.flatMap { TraceContext($0.trace)?.traceID })
            ),
        ]
    }

    private func evidence(_ decision: Decision) -> [(Phrase, HTML?)] {
        let evidence = decision.evidence
        return [
            (.consoleDecision, view.html(decision.choice.phrase)),
            (.consoleDecidedAt, view.time(decision.decidedAt)),
            (
                .consoleDecidedBy,
                evidence.delegate.map { delegate in
                    view.html(
                        .answeredByDelegate,
                        ["client": view.page.untrusted(delegate.client.value)]
                    )
                }
            ),
            (.consoleToken, view.code(evidence.delegate?.token)),
            (.consoleMethod, english("\(evidence.method), \(evidence.via)")),
            (.consoleRule, view.untrusted(decision.merit?.rule)),
            (.consoleReached, view.code(decision.merit?.acr)),
            (.consoleMatched, view.code(decision.matched?.rawValue)),
            (.consoleCredential, view.code(evidence.credential?.value)),
            (.consoleAddress, view.code(evidence.address)),
            (.consoleChallenge, view.code(decision.challenge.map(Self.hexadecimal))),
        ]
    }

    private func deliveries(_ deliveries: [PendingLogin.Delivery]) -> HTML {
        view.table(
            view.html(.consoleDeliveries),
            [
                .init(.consoleChannel), .init(.consoleState),
                .init(.consoleAttempts, isNumber: true),
            ],
            deliveries.map { delivery in
                let state: HTML =
                    switch delivery.state {
                    case .due(let moment):
                        view.html(.consoleDeliveryDue, ["time": view.time(moment)])
                    case .delivered: view.html(.consoleDelivered)
                    case .refused: view.html(.consoleNotDelivered)
                    case .spared: view.html(.consoleSpared)
                    }
                return [
                    view.page.untrusted(delivery.channel.value), state,
                    view.number(delivery.attempts.count),
                ]
            }
        )
    }

    private func attempts(_ attempts: Attempts) -> HTML {
        view.table(
            view.html(.consoleAttemptsCount, ["count": view.number(attempts.count)]),
            [.init(.consoleTime), .init(.consoleReason)],
            attempts.recent.map { [view.time($0.at), view.page.untrusted($0.note)] }
        )
    }

    // MARK: Words

    static func reason(_ stranding: PendingLogin.Stranding, _ view: ConsoleView) -> HTML {
        switch stranding {
        case .gone: view.html(.consoleReasonGone)
        case .outOfTime: view.html(.consoleReasonTime)
        case .refused(let words):
            view.html(.consoleReasonRefused, ["reason": view.page.untrusted(words)])
        }
    }

    /// As logs and the command line have it.
    private func english(_ text: String) -> HTML {
        HTML.element("span", ["lang": "en", "dir": "ltr"]) { .text(text) }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension Decision.Choice {
    var phrase: Phrase {
        switch self {
        case .approve: .outcomeApproved
        case .deny: .outcomeDenied
        case .cancel: .outcomeCancelled
        case .reportAsFraud: .consoleFraud
        }
    }
}

extension PendingLogin.Settlement {
    var phrase: Phrase {
        switch self {
        case .reported: .settledReported
        case .deliveredUnconfirmed: .settledUnconfirmed
        case .leftToExpire: .settledLeft
        case .gone: .settledGone
        case .abandoned: .settledAbandoned
        }
    }
}

extension String {
    fileprivate var unlessBlank: String? { isEmpty ? nil : self }
}
