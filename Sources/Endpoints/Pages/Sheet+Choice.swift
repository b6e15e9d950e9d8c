import Localization
import Logins
import Texts

extension Sheet {
    // MARK: Scopes

    /// The scopes that an approval grants. Implicit ones cannot be left out.
    private var scopes: [Consent.Scope] { consent.scopes.filter { !isTechnical($0) } }

    /// Required scopes of a consent that tell a user nothing more: the name of the consent, what the
    /// details list in words, and, for a payment, that the user is known.
    var technicalScopes: [Consent.Scope] { consent.scopes.filter(isTechnical) }

    private func isTechnical(_ scope: Consent.Scope) -> Bool {
        consent.kind.isLodged && !scope.isOptional
            && (scope.requestedName.startsExactly(with: "consent:") || isListed(scope)
                || (consent.kind.isPayment && scope.requestedName.isExactly("openid")))
    }

    /// Whether the details list a scope as a permission, in words.
    private func isListed(_ scope: Consent.Scope) -> Bool {
        consent.facts.contains { fact in
            guard case .codes(let codes, .scope, _) = fact.value else { return false }
            return codes.contains { $0.isExactly(scope.requestedName) }
        }
    }

    var hasOptionalScopes: Bool { scopes.contains(where: \.isOptional) }

    @HTMLBuilder var scopeList: HTML {
        let scopes = scopes
        // A lodged consent has details; an ordinary login has its scopes only.
        if !scopes.isEmpty || (!consent.kind.isLodged && asksForNothing) {
            HTML.element("section", ["aria-labelledby": "scopes"]) {
                HTML.element("h2", ["id": "scopes"]) { scopesHeading }
                if scopes.isEmpty {
                    HTML.element("p", ["class": "soft"]) { catalogue.html(.scopesNone) }
                } else {
                    HTML.element("ul") {
                        for scope in scopes { HTML.element("li") { text(scope) } }
                    }
                }
            }
        }
    }

    /// Whether an approval says nothing about the user except that it was given.
    private var asksForNothing: Bool {
        consent.scopes.isEmpty && consent.authorizationDetails == nil && consent.claims.isEmpty
            && consent.facts.allSatisfy { $0.label == .further("requested_acr") }
    }

    /// Scopes without a meaning for people stay readable, because they are granted.
    @HTMLBuilder var technicalScopeList: HTML {
        if !technicalScopes.isEmpty {
            HTML.element("ul") {
                for scope in technicalScopes { HTML.element("li") { text(scope) } }
            }
        }
    }

    /// Check boxes for optional scopes. Required ones are hidden fields, so that a form always names
    /// everything that it grants, even when every box is empty.
    var scopeChoice: HTML {
        options(
            "scopes",
            scopesHeading,
            .scopesOptionalHelp,
            missing: consent.scopes.allSatisfy(\.isOptional) ? .errorScopeMissing : nil,
            error: attempt.flatMap { $0.problem.place == .scopes ? $0.problem.phrase : nil }
        ) {
            for scope in technicalScopes { hidden(scope) }
            for scope in scopes {
                if scope.isOptional {
                    option("checkbox", "scope", scope.requestedName, isChosen(scope)) {
                        text(scope)
                    }
                } else {
                    HTML.element("div", ["class": "option"]) {
                        hidden(scope)
                        HTML.element("span") { text(scope) }
                    }
                }
            }
        }
    }

    private func hidden(_ scope: Consent.Scope) -> HTML {
        HTML.void("input", ["type": "hidden", "name": "scope", "value": scope.requestedName])
    }

    private var scopesHeading: HTML { catalogue.html(.scopesHeading, ["client": client]) }

    private func isChosen(_ scope: Consent.Scope) -> Bool {
        attempt?.selection.scopes?.contains(scope.requestedName) ?? true
    }

    /// Whether a display name is the scope's name written differently, such as "Offline Access", as
    /// servers name scopes that nobody has named.
    private func isOnlyItsName(_ displayName: String, _ scope: Consent.Scope) -> Bool {
        let letters = { (name: String) in
            name.utf8.filter { $0 != 0x20 && $0 != 0x5F && $0 != 0x2D }.map { byte in
                (0x41...0x5A).contains(byte) ? byte + 0x20 : byte
            }
        }
        return letters(displayName) == letters(scope.requestedName)
    }

    /// Our words for a scope that we know, or the server's; the server's, where a user can read both;
    /// the requested name, which is what is granted, because a parameter is part of it; and the
    /// server's description. The server's words are usually English.
    @HTMLBuilder private func text(_ scope: Consent.Scope) -> HTML {
        let meaning = catalogue.meaning(scope.requestedName, in: .scope)
        let ours = isListed(scope) && !scope.isOptional ? nil : meaning
        let named = scope.displayName.flatMap { isOnlyItsName($0, scope) ? nil : $0 }
        let title = ours ?? named ?? scope.displayName ?? scope.requestedName
        HTML.element("strong") { page.untrusted(title) }
        if ours != nil, catalogue.language == .en, let named, !named.isExactly(title) {
            HTML.element("span", ["class": "why"]) { page.untrusted(named) }
        }
        if !title.isExactly(scope.requestedName) {
            HTML.element("span", ["class": "why"]) { page.untrusted(scope.requestedName) }
        }
        if let explanation = scope.explanation, !explanation.isEmpty {
            HTML.element("span", ["class": "why"]) { page.untrusted(explanation) }
        }
    }

    // MARK: Accounts

    /// Whether an approval includes a choice.
    var hasChoice: Bool {
        switch consent.accounts {
        case .none: hasOptionalScopes
        case .several: true
        case .payer: hasOptionalScopes || question.fixedAccount == nil
        }
    }

    /// Whether the user chooses the account that pays. If the consent names one, several of the
    /// user's accounts have its number.
    var choosesPayer: Bool {
        guard case .payer = consent.accounts else { return false }
        return question.fixedAccount == nil && !question.accounts.isEmpty
    }

    /// The account that the consent names, with the user's own name for it.
    @HTMLBuilder var payer: HTML {
        if case .payer(let named?) = consent.accounts {
            HTML.element("section", ["aria-labelledby": "payer"]) {
                HTML.element("h2", ["id": "payer"]) { catalogue.html(.payerFixedHeading) }
                HTML.element("div", ["class": "fixed"]) {
                    if let own = question.fixedAccount, own.name != named.name {
                        HTML.element("strong") { page.untrusted(own.name) }
                    }
                    account(named)
                }
            }
        }
    }

    @HTMLBuilder var accountChoice: HTML {
        switch consent.accounts {
        case .none: HTML.empty
        case .payer where question.fixedAccount != nil: HTML.empty
        case .several(let shared):
            // Those of the consent that this one replaces are named as such, and not selected.
            accounts(.accountsHeading, .accountsHelp, "checkbox", shared: shared)
        case .payer:
            // A single account is preselected, and still shown before the payment.
            accounts(
                .payerHeading,
                .payerHelp,
                "radio",
                preselected: question.accounts.count == 1 ? question.accounts.map(\.id) : []
            )
        }
    }

    private func accounts(
        _ heading: Phrase,
        _ help: Phrase,
        _ control: String,
        preselected: [String] = [],
        shared: [String] = []
    ) -> HTML {
        let chosen = Set((attempt.map { $0.selection.accounts ?? [] } ?? preselected).map(\.exact))
        let shared = Set(shared.map(\.exact))
        return options(
            "accounts",
            catalogue.html(heading),
            help,
            missing: .errorAccountMissing,
            error: attempt.flatMap { $0.problem.place == .accounts ? $0.problem.phrase : nil }
        ) {
            for account in question.accounts {
                option(control, "account", account.id, chosen.contains(account.id.exact)) {
                    HTML.element("strong") { page.untrusted(account.name) }
                    HTML.element("span", ["class": "why"]) {
                        description(account)
                        if shared.contains(account.id.exact) {
                            HTML.text(" ")
                            HTML.element("span", ["class": "line"]) {
                                catalogue.html(.accountShared)
                            }
                        }
                    }
                }
            }
        }
    }

    /// The kind and the currency by name, then the number on its own line: a code beside a number
    /// looks like an amount.
    @HTMLBuilder private func description(_ account: BankAccount) -> HTML {
        HTML.element("span", ["class": "line"]) {
            catalogue.html(account.kind.phrase)
            if let currency = account.currency {
                HTML.text(" \u{B7} ")
                catalogue.meaning(currency, in: .currency).map(HTML.text)
                    ?? InertText.html(currency)
            }
        }
        HTML.text(" ")
        HTML.element("span", ["class": "line"]) {
            HTML.element("bdi", ["class": "digits", "dir": "ltr"]) {
                InertText.html(account.display)
            }
        }
    }

    // MARK: Controls

    /// A group of controls with its heading, its help, and the error in the last choice. `missing` is
    /// what the script says when nothing is chosen; radio buttons need no script for that.
    func options(
        _ id: String,
        _ heading: HTML,
        _ help: Phrase,
        missing: Phrase?,
        error: Phrase?,
        @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        HTML.element(
            "fieldset",
            [
                "class": "options", "id": id, "tabindex": "-1",
                "data-missing": missing.map(catalogue.text),
                "aria-describedby": error == nil ? id + "-help" : "\(id)-error \(id)-help",
            ]
        ) {
            HTML.element("legend") { heading }
            HTML.element("p", ["class": "soft", "id": id + "-help"]) { catalogue.html(help) }
            if let error {
                HTML.element("p", ["class": "error", "id": id + "-error"]) {
                    catalogue.html(error)
                }
            }
            HTML.element("div", ["class": "list"]) { content() }
        }
    }

    func option(
        _ control: String,
        _ name: String,
        _ value: String,
        _ isChosen: Bool,
        @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        HTML.element("label", ["class": "option"]) {
            HTML.void(
                "input",
                [
                    "type": control, "name": name, "value": value,
                    "required": control == "radio" ? "" : nil, "checked": isChosen ? "" : nil,
                ]
            )
            HTML.element("span") { content() }
        }
    }

    /// Comes first and has the focus, so that the error is not missed.
    func summary(_ problem: Selection.Problem) -> HTML {
        HTML.element(
            "div",
            ["class": "summary", "role": "alert", "tabindex": "-1", "autofocus": ""]
        ) {
            HTML.element("strong") { catalogue.html(.errorHeading) }
            HTML.element("p") {
                HTML.element("a", ["href": "#" + problem.place.rawValue]) {
                    catalogue.html(problem.phrase)
                }
            }
            codesLeft
        }
    }
}

extension Selection.Problem {
    /// The part of the page that a problem is about. The raw value is its id.
    enum Place: String { case accounts, scopes, code }

    var place: Place {
        switch self {
        case .scopeUnknown, .scopeRequired, .scopeMissing: .scopes
        case .codeMissing, .codeWrong: .code
        case .accountMissing, .oneAccountOnly, .accountUnknown, .accountFixed, .noAccountsTaken,
            .differentCustomers, .shownMissing, .otherConsent:
            .accounts
        }
    }

    var phrase: Phrase {
        switch self {
        case .accountMissing: .errorAccountMissing
        case .oneAccountOnly: .errorOneAccountOnly
        case .accountUnknown: .errorAccountUnknown
        case .accountFixed: .errorAccountFixed
        case .noAccountsTaken: .errorNoAccountsTaken
        case .scopeUnknown: .errorScopeUnknown
        case .scopeRequired: .errorScopeRequired
        case .scopeMissing: .errorScopeMissing
        case .differentCustomers: .errorDifferentCustomers
        case .shownMissing, .otherConsent: .errorOtherConsent
        case .codeMissing: .errorCodeMissing
        case .codeWrong: .errorCodeWrong
        }
    }
}

extension BankAccount.Kind {
    fileprivate var phrase: Phrase {
        switch self {
        case .current: .accountCurrent
        case .savings: .accountSavings
        case .card: .accountCard
        case .loan: .accountLoan
        case .other: .accountOther
        }
    }
}
