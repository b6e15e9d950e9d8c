import Localization
import Logins

extension Sheet {
    // MARK: Scopes

    /// Every scope that an approval grants. Implicit ones cannot be left out.
    private var scopes: [Consent.Scope] { consent.scopes }

    /// Whether the details list a scope as a permission, in words.
    private func isListed(_ scope: Consent.Scope) -> Bool {
        consent.facts.contains { fact in
            guard case .codes(let codes, .scope, _) = fact.value else { return false }
            return codes.contains { $0.utf8.elementsEqual(scope.requestedName.utf8) }
        }
    }

    var hasOptionalScopes: Bool { scopes.contains(where: \.isOptional) }

    @HTMLBuilder var scopeList: HTML {
        let scopes = scopes
        // A lodged consent has details; an ordinary login has its scopes only.
        if !scopes.isEmpty || !consent.kind.isLodged {
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

    /// Check boxes for optional scopes. Required ones are hidden fields, so that a form always names
    /// everything that it grants, even when every box is empty.
    var scopeChoice: HTML {
        options(
            "scopes",
            scopesHeading,
            .scopesOptionalHelp,
            error: attempt.flatMap { $0.problem.isAboutScopes ? $0.problem.phrase : nil }
        ) {
            for scope in scopes {
                if scope.isOptional {
                    option("checkbox", "scope", scope.requestedName, isChosen(scope)) {
                        text(scope)
                    }
                } else {
                    HTML.element("div", ["class": "option"]) {
                        HTML.void(
                            "input",
                            ["type": "hidden", "name": "scope", "value": scope.requestedName]
                        )
                        HTML.element("span") { text(scope) }
                    }
                }
            }
        }
    }

    private var scopesHeading: HTML { catalogue.html(.scopesHeading, ["client": client]) }

    private func isChosen(_ scope: Consent.Scope) -> Bool {
        attempt?.selection.scopes?.contains(scope.requestedName) ?? true
    }

    /// The name for people, and the requested name, which is what is granted: a parameter is part of
    /// it.
    @HTMLBuilder private func text(_ scope: Consent.Scope) -> HTML {
        let meaning = catalogue.meaning(scope.requestedName, in: .scope)
        let title = scope.displayName ?? (isListed(scope) && !scope.isOptional ? nil : meaning)
        HTML.element("strong") { page.untrusted(title ?? scope.requestedName) }
        if let title, !title.utf8.elementsEqual(scope.requestedName.utf8) {
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
        case .several(let preselected):
            accounts(.accountsHeading, .accountsHelp, "checkbox", Set(preselected))
        case .payer:
            // A single account is preselected, and still shown before the payment.
            accounts(
                .payerHeading,
                .payerHelp,
                "radio",
                question.accounts.count == 1 ? Set(question.accounts.map(\.id)) : []
            )
        }
    }

    private func accounts(
        _ heading: Phrase,
        _ help: Phrase,
        _ control: String,
        _ preselected: Set<String>
    ) -> HTML {
        let chosen = attempt.map { Set($0.selection.accounts ?? []) } ?? preselected
        return options(
            "accounts",
            catalogue.html(heading),
            help,
            error: attempt.flatMap { $0.problem.isAboutScopes ? nil : $0.problem.phrase }
        ) {
            for account in question.accounts {
                option(control, "account", account.id, chosen.contains(account.id)) {
                    HTML.element("strong") { page.untrusted(account.name) }
                    HTML.element("span", ["class": "why"]) {
                        catalogue.html(account.kind.phrase)
                        HTML.text(" ")
                        HTML.element("bdi", ["class": "digits", "dir": "ltr"]) {
                            InertText.html(account.display)
                        }
                        if let currency = account.currency {
                            HTML.text(" ")
                            InertText.html(currency)
                        }
                    }
                }
            }
        }
    }

    // MARK: Controls

    /// A group of controls with its heading, its help, and the error in the last choice.
    private func options(
        _ id: String,
        _ heading: HTML,
        _ help: Phrase,
        error: Phrase?,
        @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        HTML.element(
            "fieldset",
            [
                "class": "options", "id": id, "tabindex": "-1",
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

    private func option(
        _ control: String,
        _ name: String,
        _ value: String,
        _ isChosen: Bool,
        @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        HTML.element("label", ["class": "option"]) {
            isChosen
                ? HTML.void(
                    "input",
                    ["type": control, "name": name, "value": value, "checked": ""]
                ) : HTML.void("input", ["type": control, "name": name, "value": value])
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
                HTML.element("a", ["href": problem.isAboutScopes ? "#scopes" : "#accounts"]) {
                    catalogue.html(problem.phrase)
                }
            }
        }
    }
}

extension Selection.Problem {
    fileprivate var isAboutScopes: Bool {
        switch self {
        case .scopeUnknown, .scopeRequired, .scopeMissing: true
        case .accountMissing, .oneAccountOnly, .accountUnknown, .accountFixed, .noAccountsTaken,
            .differentCustomers, .shownMissing, .otherConsent:
            false
        }
    }

    fileprivate var phrase: Phrase {
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
