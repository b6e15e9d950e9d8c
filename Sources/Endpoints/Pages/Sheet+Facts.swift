import Dates
import HTTP
import Localization
import Logins
import Texts

extension Sheet {
    /// Longer lists of permissions are shown in groups.
    static let ungrouped = 6
    /// Characters of amounts, with the currency, in the first and second size of type.
    static let shortAmount = 13
    static let longAmount = 22

    /// What a payer has to know before an answer: amount, payee, account and date. Every other detail
    /// of a payment is under "More details".
    private static let openInPayments: Set<Fact.Known> = [
        .amount, .payee, .payeeAccount, .payerAccount, .charge, .controlSum, .executionDate,
        .frequency, .numberOfPayments, .firstPayment, .firstAmount, .recurringPayment,
        .recurringAmount, .finalPayment, .finalAmount, .personDocument, .businessDocument,
    ]

    /// Details of data sharing that do not say what is shared, with whom or for how long.
    private static let foldedInData: Set<Fact.Known> = [
        .status, .requestedAt, .consentEnds, .customer,
    ]

    private func isFolded(_ fact: Fact) -> Bool {
        switch fact.label {
        // All of what authorization details contain is granted.
        case .further: consent.authorizationDetails == nil
        case .known(let known):
            consent.kind.isPayment
                ? !Self.openInPayments.contains(known) : Self.foldedInData.contains(known)
        }
    }

    /// The details that matter most, in the consent's order.
    @HTMLBuilder func details(besidePayer: Bool) -> HTML {
        let facts = facts(besidePayer: besidePayer).filter { !isFolded($0) }
        if !facts.isEmpty {
            HTML.element("section", ["aria-labelledby": "details"]) {
                HTML.element("h2", ["id": "details"]) { catalogue.html(.detailsHeading) }
                rows(facts)
                if facts.contains(where: isFurther) { furtherHelp }
            }
        }
    }

    private var furtherHelp: HTML {
        HTML.element("p", ["class": "soft"]) { catalogue.html(.furtherHelp) }
    }

    private func isFurther(_ fact: Fact) -> Bool {
        if case .further = fact.label { true } else { false }
    }

    /// Every other detail: those with a label of ours, technical scopes, then the members that only
    /// the server has names for. They are open in the document, so that nothing is hidden without
    /// scripts or style sheet; the script closes them.
    @HTMLBuilder func furtherDetails(besidePayer: Bool) -> HTML {
        let facts = facts(besidePayer: besidePayer).filter(isFolded)
        let named = facts.filter { !isFurther($0) }
        let further = facts.filter(isFurther)
        if !facts.isEmpty || !technicalScopes.isEmpty {
            HTML.element("details", ["open": ""]) {
                HTML.element("summary") { catalogue.html(.furtherHeading) }
                if !named.isEmpty { rows(named) }
                technicalScopeList
                if !further.isEmpty {
                    rows(further)
                    furtherHelp
                }
            }
        }
    }

    /// Everything to show; without the account that pays if it has a section of its own.
    private func facts(besidePayer: Bool) -> [Fact] {
        guard case .payer(let named?) = consent.accounts else { return consent.facts }
        let payer = Fact(.known(.payerAccount), .account(named))
        if besidePayer { return consent.facts.filter { $0 != payer } }
        return consent.facts.contains(payer) ? consent.facts : consent.facts + [payer]
    }

    private func rows(_ facts: [Fact]) -> HTML {
        HTML.element("dl") {
            for fact in facts {
                HTML.element("div") {
                    HTML.element("dt") { label(of: fact) }
                    HTML.element("dd") { value(fact) }
                }
            }
        }
    }

    private func label(of fact: Fact) -> HTML {
        switch fact.label {
        case .known(.personDocument), .known(.businessDocument): .text(holderLabel(of: fact))
        case .known(let known): .text(catalogue.label(known))
        // A name of blanks would leave the value without a label.
        case .further(let name):
            page.untrusted(name.readsAsEmpty ? "\u{201C}\(name)\u{201D}" : name)
        }
    }

    /// A CPF is the reader's own only if the directory says so. The number tells which kind it is.
    private func holderLabel(of fact: Fact) -> String {
        guard case .text(let text) = fact.value, let document = Consent.document(in: text) else {
            return catalogue.text(.personNumber)
        }
        if document.isCompany { return catalogue.label(.businessDocument) }
        let isOwn = page.documents.contains(document)
        return isOwn ? catalogue.label(.personDocument) : catalogue.text(.personNumber)
    }

    func value(_ fact: Fact) -> HTML {
        if case .text(let text) = fact.value, case .known(let known) = fact.label,
            Self.documents.contains(known), let document = Consent.document(in: text),
            let punctuated = BrazilianDocument.punctuated(document.number)
        {
            // The label names the type already.
            return digits(punctuated)
        }
        if case .further("type") = fact.label, case .text(let type) = fact.value,
            consent.authorizationDetails != nil,
            let label = page.detailTypes.label(of: type, in: catalogue.language)
        {
            return HTML.element("span", ["class": "line"]) { InertText.html(label) }
                + HTML.element("span", ["class": "line soft"]) { page.untrusted(type) }
        }
        if fact.label == .known(.controlSum) {
            return HTML.element("span", ["class": "line"]) { value(fact.value) }
                + HTML.element("span", ["class": "line soft"]) { catalogue.html(.controlSumHelp) }
        }
        return value(fact.value)
    }

    private static let documents: Set<Fact.Known> = [
        .payeeDocument, .personDocument, .businessDocument,
    ]

    private func value(_ value: Fact.Value) -> HTML {
        switch value {
        case .text(let text): page.untrusted(text)
        case .money(let money): self.money(money)
        case .day(let text): day(text)
        case .moment(let moment): page.moment(moment)
        case .number(let text):
            catalogue.number(text).map { number in
                HTML.element("bdi", ["class": "number"]) { .text(number) }
            }
                ?? page.untrusted(text)
        case .days(let count): .text(catalogue.text(.days, count))
        case .codes(let codes, let list, let groups): self.codes(codes, list, groups)
        case .account(let account): self.account(account)
        case .rate(let rate): self.rate(rate)
        case .list(let values): lines(values.map(line))
        }
    }

    /// A list in a list is one line: `Floor 6`.
    private func line(_ value: Fact.Value) -> HTML {
        guard case .list(let parts) = value else { return self.value(value) }
        return parts.enumerated().reduce(into: HTML.empty) { html, part in
            html += (part.offset == 0 ? HTML.empty : .text(" ")) + self.value(part.element)
        }
    }

    /// `1 GBP = 1.10 USD`, from left to right in every language.
    private func rate(_ rate: Fact.ExchangeRate) -> HTML {
        HTML.element("bdi", ["dir": "ltr"]) {
            InertText.html(
                [
                    "1 \(rate.unit) = \(catalogue.exchangeRate(rate.rate) ?? rate.rate)",
                    rate.quoted,
                ].compactMap(\.self).joined(separator: " ")
            )
        }
    }

    /// Isolated from the text around it; and a symbol that comes last is isolated from the number,
    /// or they would change places in right-to-left text.
    func money(_ money: Money) -> HTML {
        let parts = catalogue.money(money).split(separator: "\u{A0}", maxSplits: 1)
            .map(String.init)
        return HTML.element("bdi", ["class": size(of: parts), "dir": catalogue.direction]) {
            HTML.text(parts[0])
            if parts.count == 2 {
                HTML.text("\u{A0}")
                HTML.element("bdi") { .text(parts[1]) }
            }
        }
    }

    /// An amount never breaks, so a long one is in smaller type.
    private func size(of parts: [String]) -> String {
        let length = parts.reduce(0) { $0 + $1.unicodeScalars.count }
        return length <= Self.shortAmount
            ? "money" : length <= Self.longAmount ? "money long" : "money longest"
    }

    private func day(_ text: String) -> HTML {
        guard let day = CivilDay(text) else { return page.untrusted(text) }
        return HTML.element("time", ["datetime": text]) { .text(catalogue.date(day)) }
    }

    // MARK: Codes

    private func codes(
        _ codes: [String],
        _ list: Fact.Codes,
        _ groups: [Fact.CodeGroup]
    ) -> HTML {
        let isShown = { (code: String) in !Self.isIncluded(code, codes, list) }
        let shown = codes.filter(isShown)
        if shown.count == 1 { return code(shown[0], list) }
        guard shown.count > Self.ungrouped, !groups.isEmpty else { return items(shown, list) }
        return Fact.CodeGroup.allCases.reduce(into: HTML.empty) { html, group in
            let codes = zip(codes, groups).filter { $0.1 == group && isShown($0.0) }.map(\.0)
            guard !codes.isEmpty else { return }
            html += HTML.element("p", ["class": "group"]) { catalogue.html(group.name) }
            html += items(codes, list)
        }
    }

    /// Whether a permission of Open Banking UK grants nothing that another one in the list does not
    /// grant too. Both in words would contradict each other: "without numbers", "with numbers".
    private static func isIncluded(_ code: String, _ codes: [String], _ list: Fact.Codes) -> Bool {
        let basic = "Basic"
        guard list == Fact.Codes("uk_permission"), code.hasSuffix(basic) else { return false }
        let detail = String(code.dropLast(basic.count)) + "Detail"
        return codes.contains { $0.isExactly(detail) }
    }

    private func items(_ codes: [String], _ list: Fact.Codes) -> HTML {
        HTML.element("ul", ["class": "plain"]) {
            for code in codes { HTML.element("li") { self.code(code, list) } }
        }
    }

    /// The meaning of a code; an unknown code is shown as it is, with a note.
    private func code(_ code: String, _ list: Fact.Codes) -> HTML {
        // Older versions of Open Banking leave out the prefix.
        guard
            let meaning = catalogue.meaning(code, in: list)
                ?? catalogue.meaning("UK.OBIE." + code, in: list)
        else {
            return page.untrusted(code) + .text(" ")
                + HTML.element("span", ["class": "note"]) { catalogue.html(.unknownCode) }
        }
        // Many currencies share a name's first word.
        return list == .currency ? .text("\(meaning) (\(code))") : .text(meaning)
    }

    // MARK: Accounts

    /// An account with one line for each member of its standard, numbers in the usual groups.
    func account(_ account: Consent.NamedAccount) -> HTML {
        lines(
            (account.name.map { [page.untrusted($0)] } ?? [])
                + (account.ispb == nil ? number(account) : parts(account))
                + (account.secondary.map { secondary in
                    [catalogue.html(.secondaryNumber, ["number": digits(secondary)])]
                } ?? [])
        )
    }

    func lines(_ lines: [HTML]) -> HTML {
        lines.reduce(into: HTML.empty) { html, line in
            html += HTML.element("span", ["class": "line"]) { line }
        }
    }

    private func number(_ account: Consent.NamedAccount) -> [HTML] {
        let number = account.identification
        let compact = AccountNumber.compact(number)
        switch account.scheme.map(AccountNumber.scheme) {
        case "SortCodeAccountNumber" where AccountNumber.isSortCodeAndNumber(compact):
            return [
                catalogue.html(
                    .sortCode,
                    ["number": digits(AccountNumber.sortCode(compact))]
                ),
                catalogue.html(.accountNumber, ["number": digits(String(compact.dropFirst(6)))]),
            ]
        case "IBAN" where AccountNumber.isIBAN(compact):
            return [.text("IBAN ") + digits(AccountNumber.inFours(compact))]
        case let scheme?:
            let name = catalogue.meaning(scheme, in: .accountScheme).map { HTML.text($0) }
            return [name ?? page.untrusted(account.scheme ?? ""), digits(number)]
        case nil: return [catalogue.html(.accountNumber, ["number": digits(number)])]
        }
    }

    /// A number that its standard splits into institution, branch and account.
    private func parts(_ account: Consent.NamedAccount) -> [HTML] {
        var lines: [HTML] = []
        if let type = account.accountType { lines.append(accountType(type)) }
        if let ispb = account.ispb { lines.append(.text("ISPB ") + digits(ispb)) }
        if let issuer = account.issuer {
            lines.append(catalogue.html(.branch, ["number": digits(issuer)]))
        }
        lines.append(catalogue.html(.accountNumber, ["number": digits(account.identification)]))
        return lines
    }

    /// Open Finance Brasil, `EnumAccountPaymentsType`.
    private func accountType(_ type: String) -> HTML {
        switch type {
        case "CACC": catalogue.html(.accountCurrent)
        case "SVGS": catalogue.html(.accountSavings)
        case "TRAN": catalogue.html(.accountPayment)
        case "SLRY": catalogue.html(.accountSalary)
        default: page.untrusted(type)
        }
    }

    /// Account numbers are left-to-right in every language.
    private func digits(_ text: String) -> HTML {
        HTML.element("bdi", ["class": "digits", "dir": "ltr"]) { InertText.html(text) }
    }
}

/// The usual way to write the tax numbers of Brazil.
enum BrazilianDocument {
    /// `123.456.789-09` for a CPF, `12.345.678/0001-95` for a CNPJ, whose first twelve characters can
    /// be capital letters; nil for anything else.
    static func punctuated(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        let isDigit = { (byte: UInt8) in byte &- 0x30 < 10 }
        switch bytes.count {
        case 11 where bytes.allSatisfy(isDigit):
            return "\(text.prefix(3)).\(part(text, 3, 3)).\(part(text, 6, 3))-\(text.suffix(2))"
        case 14
        where bytes.prefix(12).allSatisfy({ isDigit($0) || $0 &- 0x41 < 26 })
            && bytes.suffix(2).allSatisfy(isDigit):
            return "\(text.prefix(2)).\(part(text, 2, 3)).\(part(text, 5, 3))"
                + "/\(part(text, 8, 4))-\(text.suffix(2))"
        default: return nil
        }
    }

    private static func part(_ text: String, _ start: Int, _ length: Int) -> Substring {
        text.dropFirst(start).prefix(length)
    }
}

/// The usual ways to write account numbers.
enum AccountNumber {
    /// A scheme of Open Banking by its short name, which older versions use alone.
    static func scheme(_ name: String) -> String {
        name.hasPrefix("UK.OBIE.") ? String(name.dropFirst("UK.OBIE.".count)) : name
    }

    /// Without the spaces and hyphens that people put between groups.
    static func compact(_ text: String) -> String {
        String(decoding: text.utf8.filter { $0 != 0x20 && $0 != 0x2D }, as: UTF8.self)
    }

    /// Six digits and eight.
    static func isSortCodeAndNumber(_ text: String) -> Bool {
        text.utf8.count == 14 && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }

    /// `08-08-00`.
    static func sortCode(_ text: String) -> String {
        stride(from: 0, to: 6, by: 2).map { text.dropFirst($0).prefix(2) }.joined(separator: "-")
    }

    /// Two letters, two digits, and 11 to 30 of either (ISO 13616). The bank verifies check digits.
    static func isIBAN(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        let isCapital = { (byte: UInt8) in (0x41...0x5A).contains(byte) }
        let isDigit = { (byte: UInt8) in (0x30...0x39).contains(byte) }
        return (15...34).contains(bytes.count) && bytes.prefix(2).allSatisfy(isCapital)
            && bytes.dropFirst(2).prefix(2).allSatisfy(isDigit)
            && bytes.dropFirst(4).allSatisfy { isCapital($0) || isDigit($0) }
    }

    /// `GB29 NWBK 6016 1331 9268 19`.
    static func inFours(_ text: String) -> String {
        stride(from: 0, to: text.count, by: 4).map { text.dropFirst($0).prefix(4) }
            .joined(separator: " ")
    }
}
