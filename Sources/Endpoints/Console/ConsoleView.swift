import Access
import HTTP
import Localization
import Logins

/// The parts of the console that every person with a role sees.
enum ConsoleSection: CaseIterable, Sendable {
    case overview, logins, stranded, users, clients, consents, blocks, sessions, audit

    var path: String {
        switch self {
        case .overview: "/console"
        case .logins: "/console/logins"
        case .stranded: "/console/stranded"
        case .users: "/console/users"
        case .clients: "/console/clients"
        case .consents: "/console/delegation-consents"
        case .blocks: "/console/blocks"
        case .sessions: "/console/sessions"
        case .audit: "/console/audit"
        }
    }

    var label: Phrase {
        switch self {
        case .overview: .consoleOverview
        case .logins: .consoleLogins
        case .stranded: .consoleStranded
        case .users: .consoleUsers
        case .clients: .consoleClients
        case .consents: .consoleConsents
        case .blocks: .consoleBlocks
        case .sessions: .consoleSessions
        case .audit: .consoleAudit
        }
    }
}

/// What the pages of the console are made of, in one language.
struct ConsoleView: Sendable {
    /// Texts and names as on the approval page.
    let page: ApprovalPage
    let settings: SignOnRoutes.Settings
    let section: ConsoleSection
    /// Who is signed in; nil on a page for strangers.
    var caller: SessionGuard.Caller?

    var catalogue: Catalogue { page.catalogue }
    func html(_ phrase: Phrase, _ values: [String: HTML] = [:]) -> HTML {
        catalogue.html(phrase, values)
    }
    /// The address of a page of ours.
    func address(_ path: String) -> String { settings.basePath + path }

    // MARK: Documents

    /// A page of the console around its content.
    func document(
        _ heading: HTML,
        isDone: Bool = false,
        @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        frame.document(heading, main: navigation + main(heading, isDone, content()))
    }

    private var frame: PageFrame {
        PageFrame(
            catalogue: catalogue,
            brand: settings.brand,
            help: settings.help,
            assets: settings.basePath + "/assets/",
            sheet: Assets.consoleSheet,
            script: Assets.consoleScript
        )
    }

    private func main(_ heading: HTML, _ isDone: Bool, _ content: HTML) -> HTML {
        HTML.element("main", ["class": "wide"]) {
            page.heading(heading)
            if isDone {
                HTML.element("p", ["class": "done", "role": "status"]) { html(.consoleDone) }
            }
            content
        }
    }

    private var navigation: HTML {
        HTML.element("nav", ["class": "sections", "aria-label": catalogue.text(.consoleHeading)]) {
            HTML.element("ul") {
                for other in ConsoleSection.allCases {
                    HTML.element("li") {
                        HTML.element(
                            "a",
                            [
                                "href": address(other.path),
                                "aria-current": other == section ? "page" : nil,
                            ]
                        ) { html(other.label) }
                    }
                }
            }
            if let caller {
                HTML.element("div", ["class": "person"]) {
                    HTML.element("p") {
                        html(.signedInAs, ["name": InertText.html(caller.session.name)])
                        HTML.text(" \u{2013} ")
                        html(
                            caller.session.role == .admin
                                ? .consoleAdministrator : .consoleModerator
                        )
                    }
                    form("/console/sign-out") {
                        HTML.element("button", ["type": "submit", "class": "quiet"]) {
                            html(.signOut)
                        }
                    }
                }
            }
        }
    }

    /// A page that says one thing.
    func message(
        _ heading: Phrase,
        _ text: Phrase,
        link: (address: String, label: Phrase)? = nil
    ) -> HTML {
        let content = page.card(.neutral, heading, text, ["brand": .text(settings.brand)]) {
            if let link {
                HTML.element("a", ["class": "button", "href": link.address]) { html(link.label) }
            }
        }
        return frame.document(html(heading), main: HTML.element("main") { content })
    }

    /// The rule that a request broke, in the words of the admin API.
    func rule(_ problem: Problem) -> HTML {
        HTML.element("p", ["class": "error", "role": "alert", "lang": "en", "dir": "ltr"]) {
            InertText.html(problem.detail)
        }
    }

    // MARK: Pieces

    func link(_ path: String, _ content: HTML) -> HTML {
        HTML.element("a", ["href": address(path)]) { content }
    }

    /// A form with the token of the session.
    func form(
        _ path: String,
        isWhole: Bool = false,
        _ fields: [Field] = [],
        @HTMLBuilder _ content: () -> HTML
    ) -> HTML {
        HTML.element(
            "form",
            ["method": "post", "action": isWhole ? path : address(path)]
        ) {
            hidden(Field("token", caller?.secret.formToken ?? ""))
            for field in fields { hidden(field) }
            content()
        }
    }

    private func hidden(_ field: Field) -> HTML {
        HTML.void("input", ["type": "hidden", "name": field.name, "value": field.value])
    }

    /// A section with a heading.
    func part(_ heading: Phrase, @HTMLBuilder _ content: () -> HTML) -> HTML {
        HTML.element("section") {
            HTML.element("h2") { html(heading) }
            content()
        }
    }

    /// A list of facts; what is not known is left out.
    func facts(_ facts: [(Phrase, HTML?)]) -> HTML {
        HTML.element("dl") {
            for (label, value) in facts {
                if let value {
                    HTML.element("div") {
                        HTML.element("dt") { html(label) }
                        HTML.element("dd") { value }
                    }
                }
            }
        }
    }

    /// A text from outside.
    func untrusted(_ text: String?) -> HTML? { text.map { page.untrusted($0) } }

    /// A text of ours for programs, such as a code or a digest.
    func code(_ text: String?) -> HTML? {
        text.map { text in
            HTML.element("code", ["dir": "ltr"]) { InertText.html(text) }
        }
    }

    /// `2031-03-04 10:49:34`, UTC: operators compare it with logs.
    func time(_ moment: Timestamp) -> HTML {
        let text = RFC3339.format(milliseconds: moment.milliseconds)
        let shown = text.prefix { $0 != "." && $0 != "Z" }.map { $0 == "T" ? " " : $0 }
        return HTML.element("time", ["datetime": text, "dir": "ltr"]) { .text(String(shown)) }
    }

    func time(_ moment: Timestamp?) -> HTML? { moment.map { time($0) } }

    func number(_ number: Int) -> HTML {
        let text = String(number)
        return HTML.element("bdi", ["class": "number"]) {
            .text(catalogue.number(text) ?? text)
        }
    }

    var none: HTML { .text("\u{2013}") }

    // MARK: Tables

    /// A column of a table.
    struct Column: Sendable {
        let label: Phrase
        /// Where the table is sorted by this column, and how it is sorted by it now.
        var sort: (path: String, order: Order?)?
        var isNumber = false

        enum Order: String, Sendable, CaseIterable { case ascending, descending }

        init(_ label: Phrase, sort: (path: String, order: Order?)? = nil, isNumber: Bool = false) {
            self.label = label
            self.sort = sort
            self.isNumber = isNumber
        }
    }

    /// A table, or a sentence if it has no rows. The first cell of a row names it. On a narrow screen
    /// each row becomes a block, and the cells say their column; the roles keep it a table then.
    func table(
        _ caption: HTML,
        _ columns: [Column],
        _ rows: [[HTML]],
        empty: Phrase = .consoleNone
    ) -> HTML {
        guard !rows.isEmpty else { return HTML.element("p") { html(empty) } }
        return HTML.element("table", ["role": "table"]) {
            HTML.element("caption") { caption }
            HTML.element("thead", ["role": "rowgroup"]) {
                HTML.element("tr", ["role": "row"]) {
                    for column in columns { head(column) }
                }
            }
            HTML.element("tbody", ["role": "rowgroup"]) {
                for row in rows {
                    HTML.element("tr", ["role": "row"]) {
                        for (index, cell) in row.enumerated() {
                            self.cell(cell, columns[index], isFirst: index == 0)
                        }
                    }
                }
            }
        }
    }

    private func head(_ column: Column) -> HTML {
        HTML.element(
            "th",
            [
                "scope": "col", "role": "columnheader", "class": column.isNumber ? "count" : nil,
                "aria-sort": column.sort?.order?.rawValue,
            ]
        ) {
            if let sort = column.sort {
                HTML.element("a", ["href": address(sort.path)]) { html(column.label) }
            } else {
                html(column.label)
            }
        }
    }

    private func cell(_ content: HTML, _ column: Column, isFirst: Bool) -> HTML {
        let label = catalogue.text(column.label)
        let kind = column.isNumber ? "count" : nil
        return isFirst
            ? HTML.element(
                "th",
                ["scope": "row", "role": "rowheader", "class": kind, "data-label": label]
            ) { content }
            : HTML.element("td", ["role": "cell", "class": kind, "data-label": label]) { content }
    }

    /// Leads to the next page of a list.
    func more(_ path: String, _ fields: [Field], _ label: Phrase = .consoleNext) -> HTML {
        let query = String(decoding: Form(fields).bytes, as: UTF8.self)
        return HTML.element("p", ["class": "more"]) { link(path + "?" + query, html(label)) }
    }

    // MARK: Fields of forms

    /// A field with its label.
    func input(
        _ label: Phrase,
        _ name: String,
        _ value: String?,
        type: String = "text",
        isRequired: Bool = false,
        maximum: Int = 512,
        example: String? = nil
    ) -> HTML {
        let id = "field-" + name
        return HTML.element("div", ["class": "field"]) {
            HTML.element("label", ["for": id]) { html(label) }
            HTML.void(
                "input",
                [
                    "id": id, "name": name, "type": type, "value": value ?? "",
                    "maxlength": type == "text" ? String(maximum) : nil,
                    "required": isRequired ? "" : nil, "autocomplete": "off",
                    "placeholder": example, "dir": example == nil ? "auto" : "ltr",
                ]
            )
        }
    }

    /// A list to choose from, the empty value for `all` first if there is one.
    func select(
        _ label: Phrase,
        _ name: String,
        _ value: String?,
        all: Phrase?,
        _ options: [(value: String, text: HTML)]
    ) -> HTML {
        let id = "field-" + name
        return HTML.element("div", ["class": "field"]) {
            HTML.element("label", ["for": id]) { html(label) }
            HTML.element("select", ["id": id, "name": name]) {
                if let all { HTML.element("option", ["value": ""]) { html(all) } }
                for option in options {
                    HTML.element(
                        "option",
                        [
                            "value": option.value,
                            "selected": value == option.value ? "" : nil,
                        ]
                    ) { option.text }
                }
            }
        }
    }

    /// A form that asks for a list again.
    func search(_ path: String, @HTMLBuilder _ fields: () -> HTML) -> HTML {
        HTML.element("form", ["class": "search", "action": address(path), "role": "search"]) {
            fields()
            HTML.element("button", ["type": "submit"]) { html(.consoleSearch) }
        }
    }
}
