import Consents
import Endpoints
import Engine
import HTTP
import Localization
import Logins
import TestSupport
import Testing

@testable import Endpoints

@Suite("The order of a consent's page")
struct SheetLayoutTests {
    private static func page(_ sample: SampleQuestion) async throws -> String {
        var page = ""
        try await Stage.with { stage in
            page = await stage.get(try await stage.prompt(sample).page).text
        }
        return page
    }

    private static func position(_ text: String, in page: String) throws -> Int {
        let range = try require(page.firstRange(of: text))
        return page.utf8.distance(from: page.startIndex, to: range.lowerBound)
    }

    @Test("Accounts follow the heading, and the answer with what it is about comes last")
    func order() async throws {
        for sample in SampleQuestion.all {
            let page = try await Self.page(sample)
            let heading = try Self.position("</h1>", in: page)
            let answer = try Self.position("<div class=\"answer\">", in: page)
            for block in ["<dl>", "<details open=\"\">", "<p class=\"message\">"]
            where page.contains(block) {
                let block = try Self.position(block, in: page)
                #expect(heading < block && block < answer, "\(sample.name)")
                for accounts in ["id=\"accounts\"", "id=\"payer\""] where page.contains(accounts) {
                    #expect(try Self.position(accounts, in: page) < block, "\(sample.name)")
                }
            }
            let rest = page[page.utf8.index(page.startIndex, offsetBy: answer)...]
            #expect(rest.contains("class=\"asked\"") && rest.contains("role=\"timer\""))
            #expect(rest.contains("value=\"deny\"") && rest.contains("value=\"fraud\""))
            #expect(page.split(separator: "<button").count == 4, "no other buttons")
        }
    }

    @Test("Of a payment, only amount, payee, account and date are outside of More details")
    func folded() async throws {
        let sample = try require(SampleQuestion.named("uk-international-payment"))
        let page = try await Self.page(sample)
        let start = try require(page.firstRange(of: "<details open=\"\">")).lowerBound
        let end = try require(page.firstRange(of: "</details>")).lowerBound
        let open = page[..<start] + page[end...]
        let catalogue = Catalogue(.en)
        for fact in sample.consent.facts {
            guard case .known(let known) = fact.label else { continue }
            let isOpen = [.amount, .payee, .payeeAccount, .executionDate].contains(known)
            let label = "<dt>\(catalogue.label(known))</dt>".replacing("’", with: "’")
            #expect(open.contains(label) == isOpen, "\(known)")
            #expect(page[start..<end].contains(label) != isOpen, "\(known)")
        }
    }

    @Test(
        "Details of shared data that say nothing about it are under More details",
        arguments: [Fact.Known.status, .requestedAt, .consentEnds, .customer]
    )
    func folded(known: Fact.Known) async throws {
        let consent = Consent(
            kind: .cdr,
            clientName: "Shop",
            scopes: [.init(requestedName: "openid")],
            facts: [
                Fact(.known(.accessEnds), .day("2031-03-04")), Fact(.known(known), .text("x-7")),
            ]
        )
        let page = try await Self.page(SampleQuestion("folded", consent))
        let start = try require(page.firstRange(of: "<details open=\"\">")).lowerBound
        #expect(!page[..<start].contains("x-7") && page[start...].contains("x-7"))
        #expect(page[..<start].contains(Catalogue(.en).label(.accessEnds)))
    }

    private static let listed = Fact(
        .known(.permissions),
        .codes(["bank:transactions:read"], .scope)
    )

    @Test(
        "Scopes that tell a user nothing more are readable under More details",
        arguments: [
            (Consent.Kind("brasil_payment", .payment), "openid", "payments"),
            (Consent.Kind("brasil_payment", .payment), "consent:urn:bank:C1DD33123", "payments"),
            (.brasilData, "consent:urn:bank:C1DD33123", "openid"),
            (.cdr, "bank:transactions:read", "openid"),
        ]
    )
    func technical(kind: Consent.Kind, scope: String, other: String) async throws {
        let consent = Consent(
            kind: kind,
            clientName: "Shop",
            scopes: [.init(requestedName: scope), .init(requestedName: other)],
            facts: [Self.listed]
        )
        try await Stage.with { stage in
            let prompt = try await stage.prompt(SampleQuestion("technical", consent))
            let page = await stage.get(prompt.page).text
            let start = try require(page.firstRange(of: "<details open=\"\">")).lowerBound
            let end = try require(page.firstRange(of: "</details>")).lowerBound
            #expect(page[start..<end].contains(scope))
            #expect(!page[..<start].contains(scope) && !page[end...].contains(scope))
            let meaning = try require(Catalogue(.en).meaning(other, in: .scope))
            #expect(page[..<start].contains(meaning) && !page[start...].contains(meaning))
        }
    }

    @Test("Only approving requires a choice of the account")
    func validation() async throws {
        let page = try await Self.page(try require(SampleQuestion.named("uk-domestic-payment")))
        let buttons = page.split(separator: "<button ").dropFirst().map { $0.prefix { $0 != ">" } }
        #expect(
            buttons.map { $0.contains("formnovalidate") } == [true, false, true]
        )
        let radios = page.split(separator: "<input ").filter { $0.hasPrefix("type=\"radio\"") }
        #expect(radios.count == 2 && radios.allSatisfy { $0.contains(" required=\"\"") })
    }

    @Test("A currency is named with the kind of account, never beside its number")
    func currency() async throws {
        for sample in SampleQuestion.all where sample.name != "hostile" {
            let page = try await Self.page(sample)
            for account in sample.accounts {
                let number = "<bdi class=\"line digits\" dir=\"ltr\">\(account.display)</bdi>"
                guard page.contains(number) else { continue }
                #expect(page.contains(number + "</span></span></label>"), "\(sample.name)")
            }
        }
    }

    static let help = HelpContact(phone: "+44 20 7946 0000", address: "https://bank.example/help")

    @Test("The help line is on every page, and prominent after This wasn't me")
    func help() async throws {
        let line = #"<a href="tel:+442079460000" dir="ltr">+44 20 7946 0000</a>"#
        let web = #"<a href="https://bank.example/help" dir="ltr">bank.example/help</a>"#
        try await Stage.with(settings: .init(brand: "Bank", help: Self.help)) { stage in
            let prompt = try await stage.prompt()
            var pages = [
                await stage.get("/approve/unknown").text, await stage.get(prompt.page).text,
            ]
            _ = await stage.choose("fraud", prompt.ticket)
            let receipt = await stage.get(prompt.page).text
            pages.append(receipt)
            for page in pages { #expect(page.contains(line) && page.contains(web)) }
            let main = try require(receipt.firstRange(of: "</main>")).lowerBound
            #expect(receipt[..<main].contains(line), "only in the footer")
            #expect(receipt[..<main].contains("contact Bank now"))
        }
        try await Stage.with { stage in
            #expect(!(await stage.get("/approve/unknown").text.contains("Need help?")))
        }
    }

    @Test(
        "A help contact is a telephone number, an https URL or an email address",
        arguments: [
            ("+44 20 7946 0000", true, false), ("0800 123 456", true, false), ("", false, false),
            ("call us", false, false), ("https://bank.example/help", false, true),
            ("help@bank.example", false, true), ("http://bank.example", false, false),
            ("javascript:alert(1)", false, false), ("mailto:a@b", false, false),
            ("https://", false, false), ("a b@c", false, false),
        ]
    )
    func contacts(text: String, isPhone: Bool, isAddress: Bool) {
        #expect(HelpContact.isPhone(text) == isPhone && HelpContact.isAddress(text) == isAddress)
    }

    @Test("A receipt says who asked for what, from which account, and what to do next")
    func receipt() async throws {
        try await Stage.with(settings: .init(brand: "Bank")) { stage in
            let payment = try require(SampleQuestion.named("uk-domestic-payment"))
            let paid = try await stage.prompt(payment)
            _ = await stage.choose("approve", paid.ticket, also: "&account=acc-1")
            for page in [await stage.get(paid.page).text] {
                for text in [
                    "£165.88", "Harbour Books Ltd", "Checkout Services", "Everyday account",
                ] {
                    #expect(page.contains(text), "\(text)")
                }
                #expect(!page.contains("Rainy day savings"))
            }
            let data = try require(SampleQuestion.named("uk-account-access"))
            let shared = try await stage.prompt(data)
            _ = await stage.choose("approve", shared.ticket, also: "&account=acc-1&account=acc-2")
            try await stage.apply(.reportTaken(confirmed: true), to: shared.number)
            let page = await stage.get(shared.page).text
            #expect(page.contains("withdraw your consent with "))
        }
    }

    @Test("A reference is short, differs for each login and counts nothing")
    func reference() async throws {
        var references: Set<String> = []
        for id in ["1", "2", "3", "login-1"] {
            let key = LoginKey(
                server: try require(AuthorizationServerID("acp")),
                tenant: nil,
                login: try require(LoginID(id))
            )
            let text = LoginReference.text(of: key)
            #expect(text.utf8.count == 9 && text == LoginReference.text(of: key))
            references.insert(text)
        }
        #expect(references.count == 4)
    }

    @Test(
        "Tax numbers of Brazil have their dots, other text stays as it is",
        arguments: [
            ("12345678909", "123.456.789-09"), ("12345678000195", "12.345.678/0001-95"),
            ("12ABC34501DE35", "12.ABC.345/01DE-35"), ("123.456.789-09", nil), ("1234567890", nil),
            ("1234567890A", nil), ("12abc34501de35", nil), ("", nil), ("１２３４５６７８９０９", nil),
        ]
    )
    func documents(text: String, punctuated: String?) {
        #expect(BrazilianDocument.punctuated(text) == punctuated)
    }
}
