import Dates
import HTTP
import Localization
import Logins

/// A choice that was refused, and why. The page shows both again.
struct RefusedChoice: Hashable, Sendable {
    let selection: Selection
    let problem: Selection.Problem
}

/// The page of a question: who asks for what, every detail, the choices, and the buttons. Details
/// are in `Sheet+Facts`, choices in `Sheet+Choice`.
struct Sheet: Sendable {
    /// Unicode scalars of a name in the heading. Not characters: one character can have any number
    /// of scalars.
    static let headingLimit = 64
    /// The value of the button that approves after a sign-in.
    static let signInChoice = "sign-in"
    /// The value of the button that approves with a passkey.
    static let passkeyChoice = "passkey"

    let page: ApprovalPage
    let question: Question
    let login: PendingLogin
    let attempt: RefusedChoice?

    var catalogue: Catalogue { page.catalogue }
    var consent: Consent { question.consent }

    func html(_ standing: LoginStanding, now: Timestamp, choices: [Decision.Choice]) -> HTML {
        let left = max(0, (login.terms.promptEnds - now).milliseconds)
        let canApprove = choices.contains(.approve)
        let isChoosing = canApprove && hasChoice
        let isMatching = canApprove && asksNumber
        // The account that the consent names has a section of its own, unless the user chooses one.
        let hasPayer = !(isChoosing && choosesPayer)
        // Without scripts the page reloads every 30 seconds and at the end; while there is a choice,
        // only at the end, because a reload would drop it.
        let end = Int(left / 1000) + 1
        let heading = heading
        let title = attempt == nil ? heading : catalogue.html(.errorHeading)
        return page.document(
            title,
            standing,
            refresh: isChoosing || isMatching ? end : min(30, end)
        ) {
            // The whole card is the form, so that the answer can stay at the bottom of the screen
            // however long the card is.
            HTML.element(
                "form",
                [
                    "class": "card", "method": "post", "action": page.form?.action,
                    "autocomplete": "off",
                    "data-unsent": catalogue.text(.unsent),
                ]
            ) {
                if isMatching { nothingOnEnter }
                if let token = page.form?.token {
                    HTML.void("input", ["type": "hidden", "name": "token", "value": token])
                }
                if canApprove {
                    HTML.void(
                        "input",
                        ["type": "hidden", "name": "shown", "value": question.digest.text]
                    )
                }
                if let attempt { summary(attempt.problem) }
                page.heading(heading)
                lead
                if isChoosing { accountChoice }
                if hasPayer { payer }
                holder
                message(login.details.bindingMessage.shown)
                context(login.details.context)
                shownNumber
                if isMatching { numberChoice }
                details(besidePayer: hasPayer)
                if isChoosing && hasOptionalScopes { scopeChoice } else { scopeList }
                furtherDetails(besidePayer: hasPayer)
                zoneNote
                HTML.element("div", ["class": "answer"]) {
                    asked
                    time(ends: login.terms.promptEnds, left: left)
                    HTML.element("p", ["class": "warning"]) { catalogue.html(.warning) }
                    HTML.element("p", ["class": "error", "role": "alert"])
                    buttons(canApprove)
                }
            }
        }
    }

    // MARK: Who and what

    private var clientName: String? { login.clientName }

    var client: HTML { page.client(login) }

    var heading: HTML {
        switch consent.kind.subject {
        case .login where consent.authorizationDetails != nil:
            catalogue.html(.approveHeading, ["client": client])
        case .login: catalogue.html(.askHeading, ["client": client])
        case .data: catalogue.html(.dataHeading, ["client": client])
        case .otherData: catalogue.html(.otherDataHeading, ["client": client])
        case .payment: payment(isLater ? .scheduleHeading : .payHeading)
        case .scheduledPayment: payment(.scheduleHeading)
        case .standingOrder: payment(.standingOrderHeading)
        case .paymentFile: catalogue.html(.fileHeading)
        }
    }

    /// The heading on a receipt, where it is no longer a question.
    var request: HTML {
        switch consent.kind.subject {
        case .login where consent.authorizationDetails != nil:
            catalogue.html(.requestApproval, ["client": client])
        case .login: catalogue.html(.requestLogin, ["client": client])
        case .data: catalogue.html(.requestData, ["client": client])
        case .otherData: catalogue.html(.requestOtherData, ["client": client])
        case .payment, .scheduledPayment, .standingOrder, .paymentFile: heading
        }
    }

    /// Whether the payment date is after the day of the request, in the zone of the payment's standard.
    private var isLater: Bool {
        guard case .day(let day) = first(.executionDate), CivilDay(day) != nil else {
            return false
        }
        let requested = login.terms.receivedAt + consent.kind.dayOffset
        return day > RFC3339.format(milliseconds: requested.milliseconds).prefix(10)
    }

    private func payment(_ phrase: Phrase) -> HTML {
        guard let money = consent.amount, saysTheMost else {
            return catalogue.html(.paymentHeading)
        }
        return catalogue.html(
            phrase,
            [
                "amount": HTML.element("span", ["class": "amount"]) { self.money(money) },
                "payee": payeeName.map(ApprovalPage.short) ?? catalogue.html(.payeeUnnamed),
            ]
        )
    }

    /// Whether the amount in the heading is the largest of an order. If the first or last payment is
    /// larger, the heading names no amount.
    private var saysTheMost: Bool {
        guard case .money(let most) = first(.recurringAmount) ?? first(.firstAmount) else {
            return true
        }
        return [first(.firstAmount), first(.finalAmount)].allSatisfy { other in
            guard case .money(let money) = other else { return true }
            return money.currency == most.currency && !money.isMore(than: most)
        }
    }

    private var payeeName: String? {
        if case .text(let name) = first(.payee) { return name }
        if case .account(let account) = first(.payeeAccount) {
            return account.name ?? account.identification
        }
        return nil
    }

    private func first(_ label: Fact.Known) -> Fact.Value? { consent.first(label) }

    /// Amount and payee, or what is asked, in one line beside the buttons.
    private var asked: HTML {
        HTML.element("p", ["class": "asked"]) {
            if consent.kind.isPayment, let money = consent.amount, saysTheMost {
                HTML.element("strong") { self.money(money) }
                HTML.text(" ")
                HTML.element("span") {
                    payeeName.map(ApprovalPage.short) ?? catalogue.html(.payeeUnnamed)
                }
            } else {
                HTML.element("span") { heading }
            }
        }
    }

    /// Names the client where the heading does not or cuts its name, and warns about deceptive names.
    @HTMLBuilder private var lead: HTML {
        page.wholeName(login)
        if consent.kind.isPayment {
            HTML.element("p") { catalogue.html(.payLead, ["client": client]) }
        } else if consent.kind.isLodged {
            HTML.element("p") { catalogue.html(.dataLead) }
        }
        let names = [clientName, consent.kind.isPayment ? payeeName : nil].compactMap { $0 }
        if names.contains(where: MixedScripts.areIn) {
            HTML.element("p") { page.mixedScripts }
        } else if names.contains(where: MixedScripts.passesForLatin) {
            HTML.element("p") { page.seeminglyLatin }
        }
    }

    /// In whose name the consent is, where nobody has compared that with the user.
    @HTMLBuilder private var holder: HTML {
        if consent.holder(beside: page.documents) != .user {
            HTML.element("section", ["aria-labelledby": "holder"]) {
                HTML.element("h2", ["id": "holder"]) { catalogue.html(.holderHeading) }
                HTML.element("div", ["class": "fixed"]) {
                    for fact in consent.facts where Consent.holderLabels.contains(fact.label) {
                        HTML.element("strong", ["class": "line"]) { value(fact) }
                    }
                }
                HTML.element("p", ["class": "soft"]) { catalogue.html(.holderHelp) }
            }
        }
    }

    /// From where the client says that the request comes. A claim, so it says whose.
    @HTMLBuilder private func context(_ context: RequestContext?) -> HTML {
        if let context {
            HTML.element("section", ["aria-labelledby": "context"]) {
                HTML.element("h2", ["id": "context"]) { catalogue.html(.contextHeading) }
                HTML.element("p") { page.untrusted(context.text) }
                if let viewer = page.viewer {
                    if context.isDevice(at: viewer.address, agent: viewer.agent) {
                        HTML.element("p") { catalogue.html(.contextSameDevice) }
                    } else if context.isNetwork(of: viewer.address) == false {
                        HTML.element("p") { catalogue.html(.contextOtherNetwork) }
                    }
                }
                HTML.element("p", ["class": "soft"]) { catalogue.html(.contextHelp) }
            }
        }
    }

    @HTMLBuilder private func message(_ message: String?) -> HTML {
        if let message, !message.allSatisfy(\.isWhitespace) {
            HTML.element("section", ["aria-labelledby": "message"]) {
                HTML.element("h2", ["id": "message"]) { catalogue.html(.messageHeading) }
                HTML.element("p", ["class": "message"]) {
                    InertText.html(message, keepsSpaces: true)
                }
                if MixedScripts.areIn(message) {
                    HTML.element("p") { page.mixedScripts }
                }
                HTML.element("p", ["class": "soft"]) {
                    catalogue.html(asksNumber ? .messageHiddenHelp : .messageHelp)
                }
            }
        }
    }

    // MARK: Time and buttons

    private func time(ends: Timestamp, left: Int64) -> HTML {
        HTML.element("div", ["class": "time"]) {
            HTML.element("span") {
                catalogue.html(
                    page.isOneOClock(ends) ? .answerByOne : .answerBy,
                    ["time": page.timeOfDay(ends)]
                )
            }
            HTML.element(
                "span",
                [
                    "role": "timer", "hidden": "", "data-left": String(left),
                    "data-text": catalogue.text(.timeLeft), "data-over": catalogue.text(.timeUp),
                ]
            )
            HTML.element(
                "span",
                [
                    "role": "status", "class": "unseen",
                    "data-at60": catalogue.text(.timeLeftMinute),
                    "data-at15": catalogue.text(.timeLeftSeconds),
                ]
            )
        }
    }

    @HTMLBuilder private var zoneNote: HTML {
        if page.zone != nil {
            HTML.element("p", ["class": "soft"]) {
                catalogue.html(.zoneNote)
            }
        }
    }

    /// Decline is the first button of the form, so the Enter key submits it (HTML §4.10.21.2, implicit
    /// submission).
    private func buttons(_ canApprove: Bool) -> HTML {
        HTML.element("fieldset") {
            HTML.element("legend", ["class": "unseen"]) { catalogue.html(.choicesLabel) }
            HTML.element("div", ["class": "choices"]) {
                button(.deny, "decline", .decline)
                if canApprove, !page.approvesByPasskeyAlone {
                    button(.approve, "approve", .approve)
                }
                if canApprove { passkeyButton }
            }
            if !canApprove {
                HTML.element("p", ["class": "soft"]) { catalogue.html(.useAppText) }
            } else if page.approvesByPasskeyAlone {
                HTML.element("p", ["class": "soft"]) { catalogue.html(.passkeyHelp) }
            } else if page.approvesBySignIn {
                HTML.element("p", ["class": "soft"]) { catalogue.html(.confirmHelp) }
            }
            button(.reportAsFraud, "not-me", .notMe)
            HTML.element("p", ["class": "unseen", "id": "not-me"]) { catalogue.html(.notMeHelp) }
        }
    }

    /// Only scripts can use a passkey, so the button is hidden without one.
    @HTMLBuilder private var passkeyButton: HTML {
        if let options = page.passkeyOptions {
            HTML.element(
                "button",
                [
                    "class": "approve", "name": "decision", "value": Self.passkeyChoice,
                    "data-passkey": "get", "data-options": options,
                    "data-failed": catalogue.text(.passkeyFailed),
                ]
            ) { catalogue.html(.approveWithPasskey) }
        }
    }

    /// Declining needs no choice of accounts; approving does.
    private func button(_ choice: Decision.Choice, _ kind: String, _ phrase: Phrase) -> HTML {
        HTML.element(
            "button",
            [
                "class": kind, "name": "decision",
                "value": choice == .approve && page.approvesBySignIn
                    ? Self.signInChoice : choice.name,
                "formnovalidate": choice == .approve ? nil : "",
                "aria-describedby": choice == .reportAsFraud ? "not-me" : nil,
            ]
        ) { catalogue.html(phrase) }
    }
}
