import Logins

extension Sheet {
    // MARK: Scopes

    /// What is asked for and was not listed as a permission. What is implicit nobody is asked about.
    private var scopes: [Consent.Scope] {
        let listed = consent.facts.flatMap { fact -> [String] in
            if case .codes(let codes, .cdrScope, _) = fact.value { codes } else { [] }
        }
        return consent.scopes.filter {
            !$0.isImplicit && (!listed.contains($0.requestedName) || $0.isOptional)
        }
    }

    var hasOptionalScopes: Bool { scopes.contains(where: \.isOptional) }

    @HTMLBuilder var scopeList: HTML {
        let scopes = scopes
        // A lodged consent has facts; an ordinary login has only its scopes.
        if !scopes.isEmpty || !consent.kind.isLodged {
            HTML.element("section", ["aria-labelledby": "scopes"]) {
                HTML.element("h2", ["id": "scopes"]) { catalogue.html(.scopesHeading) }
                if scopes.isEmpty {
                    HTML.element("p", ["class": "soft"]) { catalogue.html(.scopesNone) }
                } else {
                    HTML.element("ul") {
                        for scope in scopes { HTML.element("li") { words(scope) } }
                    }
                }
            }
        }
    }

    /// Boxes for what can be left out. What cannot is sent along, so that a form always says all of
    /// what is granted, even when every box is empty.
    var scopeChoice: HTML {
        options(
            "scopes",
            .scopesHeading,
            .scopesOptionalHelp,
            error: attempt.flatMap { $0.problem.isAboutScopes ? $0.problem.phrase : nil }
        ) {
            for scope in scopes {
                if scope.isOptional {
                    option("checkbox", "scope", scope.requestedName, isChosen(scope)) {
                        words(scope)
                    }
                } else {
                    HTML.element("div", ["class": "option"]) {
                        HTML.void(
                            "input",
                            ["type": "hidden", "name": "scope", "value": scope.requestedName]
                        )
                        HTML.element("span") { words(scope) }
                    }
                }
            }
        }
    }

    private func isChosen(_ scope: Consent.Scope) -> Bool {
        attempt?.selection.scopes?.contains(scope.requestedName) ?? true
    }

    @HTMLBuilder private func words(_ scope: Consent.Scope) -> HTML {
        let meaning = catalogue.meaning(scope.requestedName, in: .cdrScope)
        HTML.element("strong") {
            if scope.displayName == nil, let meaning {
                HTML.text(meaning)
            } else {
                page.untrusted(scope.displayName ?? scope.requestedName)
            }
        }
        if let explanation = scope.explanation, !explanation.isEmpty {
            HTML.element("span", ["class": "why"]) { page.untrusted(explanation) }
        }
    }

    // MARK: Accounts

    /// Whether approving means choosing something.
    var hasChoice: Bool {
        switch consent.accounts {
        case .none: hasOptionalScopes
        case .several: true
        case .payer: hasOptionalScopes || question.fixedAccount == nil
        }
    }

    /// The account that the consent names, with the name that the person knows it by.
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
            // One account is no choice, but it is seen before the money leaves it.
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
            heading,
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

    /// A group of controls with its name, its help, and what is wrong with what was chosen.
    private func options(
        _ id: String,
        _ heading: Phrase,
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
            HTML.element("legend") { catalogue.html(heading) }
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

    /// Stands first and has the focus, so that nobody wonders why the page is the same.
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
            .differentCustomers, .otherConsent:
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
        case .otherConsent: .errorOtherConsent
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
