import Endpoints
import HTTP
import Localization
import Logins
import TestSupport
import Testing

@testable import Endpoints

@Suite("The page of a consent")
struct SheetTests {
    /// The text of a page's card as a person reads it: tags are gaps, entities are characters.
    private static func words(_ page: String) -> String {
        var text = ""
        var isInTag = false
        for character in page {
            switch character {
            case "<": isInTag = true
            case ">":
                isInTag = false
                text += " "
            default: if !isInTag { text.append(character) }
            }
        }
        let plain = text.replacing("&amp;", with: "&").replacing("&#39;", with: "'")
            .replacing("&lt;", with: "<").replacing("&gt;", with: ">")
            .replacing("&quot;", with: "\"")
        return plain.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            .replacing(" ?", with: "?").replacing(" ؟", with: "؟")
    }

    private static func page(
        _ sample: String,
        language: String? = nil,
        timeZone: String? = nil
    ) async throws -> String {
        let sample = try require(SampleQuestion.named(sample))
        var page = ""
        try await Stage.with(language: language, timeZone: timeZone) { stage in
            page = await stage.get(try await stage.prompt(sample).page).text
        }
        return page
    }

    // rule: X6
    @Test(
        "The heading of each consent names what is requested",
        arguments: [
            ("scopes", "Sign in to Kiosk 12?"),
            ("uk-account-access", "Share your account data with Budget App?"),
            ("uk-domestic-payment", "Pay £165.88 to Harbour Books Ltd"),
            ("uk-scheduled-payment", "Schedule a payment of £1,250.00 to Mill Lane Lettings"),
            ("uk-standing-order", "Set up regular payments of £75.50 to Children’s Hospital"),
            ("uk-file-payment", "Approve a file of payments"),
            ("uk-international-payment", "Pay ¥149,000 to Kyōto Hôtel K.K."),
            (
                "uk-international-scheduled-payment",
                "Schedule a payment of €2,400.50 to Studio Lumière SARL"
            ),
            (
                "uk-international-standing-order",
                "Set up regular payments of CHF 90.00 to Alpenverein Zürich"
            ),
            ("brasil-payment-v1", "Pay R$48.90 to José da Conceição"),
            ("brasil-data", "Share your account data with Organiza Finanças?"),
            ("brasil-payment", "Schedule a payment of R$1,333.00 to Padaria São João Ltda"),
            ("fdx", "Share your account data with Tax Helper?"),
            ("cdr", "Share your account data with Mortgage Compare?"),
            ("ksa", "Share your account data with محفظتي?"),
        ]
    )
    func heading(sample: String, heading: String) async throws {
        let page = try await Self.page(sample)
        let start = try require(page.firstRange(of: "<h1 tabindex=\"-1\">")).upperBound
        let end = try require(page.firstRange(of: "</h1>")).lowerBound
        #expect(Self.words(String(page[start..<end])) == heading)
        let title = Self.words(
            String(page[..<(try require(page.firstRange(of: "</title>")).lowerBound)])
        )
        #expect(title == heading)
    }

    @Test(
        "A login for authorization details is not called a sign-in, and all of them are open",
        arguments: Language.allCases
    )
    func authorizationDetails(language: Language) async throws {
        let catalogue = Catalogue(language)
        let asked: [Consent] = [
            Consent(clientName: "Shop", scopes: []),
            Consent(
                clientName: "Shop",
                scopes: [],
                facts: [
                    Fact(.further("type"), .text("pay")),
                    Fact(.further("amount"), .text("9000 EUR")), Fact(.further(" "), .text("x")),
                ],
                authorizationDetails: #"[{"type":"pay"}]"#
            ),
            Consent(
                clientName: "Shop",
                scopes: [],
                facts: [Fact(.further("requested_claims_to_consent"), .text("email"))],
                claims: ["email"]
            ),
        ]
        for (index, consent) in asked.enumerated() {
            try await Stage.with(language: language.rawValue) { stage in
                let prompt = try await stage.prompt(SampleQuestion("asked", consent))
                let page = await stage.get(prompt.page).text
                #expect(page.contains(catalogue.text(.scopesNone)) == (index == 0))
                guard index == 1 else { return }
                let heading = Self.words(
                    catalogue.html(.approveHeading, ["client": .text("Shop")]).markup
                )
                #expect(Self.words(page).contains(heading))
                #expect(!page.contains("<details") && page.contains("9000 EUR"))
                #expect(page.contains(catalogue.text(.furtherHelp)))
                #expect(page.contains("\u{201C} \u{201D}"))
            }
        }
    }

    @Test("Data that is not of bank accounts is not called account data, also on the receipt")
    func otherData() async throws {
        for isOneTime in [false, true] {
            let consent = Consent(
                kind: Consent.Kind("fdx", .otherData),
                clientName: "Shop",
                scopes: [.init(requestedName: "openid")],
                facts: isOneTime
                    ? [Fact(.known(.durationType), .codes(["ONE_TIME"], .durationType))] : []
            )
            try await Stage.with { stage in
                let prompt = try await stage.prompt(SampleQuestion("other", consent))
                let asked = Self.words(await stage.get(prompt.page).text)
                #expect(asked.contains("Share your data with Shop"))
                #expect(!asked.contains("account data"))
                _ = await stage.choose("approve", prompt.ticket)
                try await stage.apply(.reportTaken(confirmed: true), to: prompt.number)
                let receipt = Self.words(await stage.get(prompt.page).text)
                #expect(receipt.contains("Share your data with Shop"))
                #expect(!receipt.contains("account data"))
                #expect(receipt.contains("withdraw your consent") != isOneTime)
            }
        }
    }

    @Test(
        "Details are written in the user's language",
        arguments: [
            (
                "uk-domestic-payment", "en",
                [
                    "Requested by Checkout Services", "Amount £165.88",
                    "Payee’s account Harbour Books Ltd Sort code 08-08-00 Account number 21325698",
                    "Reference INV-1042", "Reason for payment Goods bought online",
                    "Merchant category Bookshops",
                    "Payment method Faster Payments",
                    "More details Reference INV-1042",
                    "Confirm who you are openid ContractPresentInidicator true Shown exactly",
                ]
            ),
            (
                "uk-standing-order", "de",
                [
                    "Regelmäßige Zahlungen von 75,50 £ an Children’s Hospital einrichten",
                    "Wie oft Jeden Monat am letzten Tag des Monats", "Anzahl der Zahlungen 1.200",
                    "Datum der ersten Zahlung 4. März 2031 um 10:49 Uhr UTC",
                    "Zahlung von Everyday account",
                ]
            ),
            (
                "uk-international-payment", "fr",
                [
                    "Payer 149 000 JPY à Kyōto Hôtel K.K.", "IBAN GB29 NWBK 6016 1331 9268 19",
                    "Devise du virement yen japonais (JPY)", "Pays de destination Japon",
                    "Qui paie les frais Vous", "Taux de change 189,4075",
                    "Type de taux de change Taux convenu",
                ]
            ),
            (
                "brasil-payment", "pt-BR",
                [
                    "Agendar um pagamento de R$ 1.333,00 a Padaria São João Ltda",
                    "Conta corrente ISPB 12345678 Agência 1774 Conta 1234567890",
                    "Data do pagamento 4 de março de 2031", "Tipo de recebedor Pessoa jurídica",
                    "Forma de pagamento Código QR deste pagamento",
                ]
            ),
            (
                "fdx", "es",
                [
                    "Duración del acceso 90 días", "Historial incluido 365 días",
                    "Permisos • Sus cuentas, con saldos y condiciones",
                ]
            ),
            (
                "cdr", "ar",
                [
                    "مشاركة بيانات حساباتك مع Mortgage Compare؟",
                    "المشاركة مستمرة", "يحل محل اتفاق سابق arr-2030-11",
                ]
            ),
            (
                "uk-file-payment", "en",
                [
                    "Total of all payments 348,291.17 All amounts added up, whatever their "
                        + "currencies", "Number of payments 212",
                ]
            ),
            (
                "uk-building-society", "en",
                ["Pay from Anna Lindqvist Sort code 60-16-13 Account number 31925698"]
            ),
        ]
    )
    func values(sample: String, language: String, texts: [String]) async throws {
        let words = Self.words(try await Self.page(sample, language: language))
        for text in texts {
            // Bullets are the style sheet's, and no text has them.
            let wanted = text.replacing("• ", with: "")
            #expect(words.contains(wanted), "\(wanted)\n\(words)")
        }
    }

    @Test("A page shows every detail of a consent in every language", arguments: Language.allCases)
    func complete(language: Language) async throws {
        let catalogue = Catalogue(language)
        for sample in SampleQuestion.all {
            let page = try await Self.page(sample.name, language: language.rawValue)
            #expect(
                page.contains("<html lang=\"\(language.rawValue)\" dir=\"\(catalogue.direction)\">")
            )
            let words = Self.words(page)
            #expect(!words.contains("{") && !words.contains("}"), "\(sample.name)")
            for fact in sample.consent.facts {
                if case .known(let known) = fact.label {
                    // The directory of these people knows no documents.
                    let label =
                        known == .personDocument
                        ? catalogue.text(.personNumber) : catalogue.label(known)
                    #expect(words.contains(label), "\(sample.name): \(known)")
                }
                guard case .codes(let codes, let list, _) = fact.value else { continue }
                // The sample has both of each pair, and the wider one includes the other.
                for code in codes where list != .ukPermission || !code.hasSuffix("Basic") {
                    let text = catalogue.meaning(code, in: list) ?? catalogue.text(.unknownCode)
                    #expect(words.contains(text), "\(sample.name): \(code)")
                }
            }
            for account in sample.accounts where sample.name != "hostile" {
                #expect(words.contains(account.name), "\(sample.name): \(account.name)")
            }
        }
    }

    @Test("Long lists of permissions are grouped, each permission once")
    func groups() async throws {
        let page = try await Self.page("brasil-data")
        let groups = page.split(separator: "<p class=\"group\">").dropFirst().map {
            Self.words(String($0.prefix { $0 != "<" }))
        }
        #expect(
            groups == [
                "About you", "Accounts", "Credit cards", "Loans and credit",
                "Investments and foreign exchange", "Other",
            ]
        )
        for code in StandardCodes.brasilPermissions {
            let meaning = try require(Catalogue(.en).meaning(code, in: .brasilPermission))
            #expect(
                page.split(separator: "<li>\(meaning)</li>", omittingEmptySubsequences: false).count
                    == 2
            )
        }
    }

    @Test(
        "Of two permissions of which one includes the other, only the wider one is shown",
        arguments: [
            (["ReadAccountsBasic"], ["Your accounts, without their numbers"]),
            (["ReadAccountsDetail"], ["Your accounts, with names and numbers"]),
            (
                ["ReadAccountsBasic", "ReadAccountsDetail"],
                ["Your accounts, with names and numbers"]
            ),
            (
                ["ReadAccountsDetail", "ReadBalances", "ReadTransactionsBasic"],
                [
                    "Your accounts, with names and numbers", "Balances",
                    "Transactions, without payees and descriptions",
                ]
            ),
        ]
    )
    func included(codes: [String], texts: [String]) async throws {
        let permissions = StandardCodes.permissions(codes, .ukPermission)
        let sample = SampleQuestion(
            "included",
            Consent(
                kind: .ukAccountAccess,
                clientName: "Budget App",
                scopes: [],
                facts: [Fact(.known(.permissions), permissions)]
            )
        )
        try await Stage.with { stage in
            let words = Self.words(await stage.get(try await stage.prompt(sample).page).text)
            let label = Catalogue(.en).label(.permissions)
            let all = "\(label) \(texts.joined(separator: " "))"
            #expect(words.contains(all), "\(words)")
            #expect(texts.contains { $0.contains("without") } == words.contains("without"))
        }
    }

    @Test(
        "Each time is in the user's time zone, or in UTC, and says which",
        arguments: [
            ("Europe/London", "4 March 2031, 10:49 UTC", "Times are in your time zone."),
            ("America/Sao_Paulo", "4 March 2031, 07:49 UTC−3", "Times are in your time zone."),
            ("Asia/Tokyo", "4 March 2031, 19:49 UTC+9", "Times are in your time zone."),
            ("Asia/Kolkata", "4 March 2031, 16:19 UTC+5:30", "Answer by 17:31 UTC+5:30"),
            (nil, "4 March 2031, 10:49 UTC", "Answer by 12:01 UTC"),
            ("Not/AZone", "4 March 2031, 10:49 UTC", "Answer by 12:01 UTC"),
        ]
    )
    func zones(zone: String?, moment: String, note: String) async throws {
        let page = try await Self.page("uk-standing-order", timeZone: zone)
        let words = Self.words(page)
        #expect(words.contains(moment) && words.contains(note), "\(words)")
        // The script knows which times it may write in the browser's zone.
        let isUnknown = !words.contains("your time zone")
        #expect(page.contains(" data-zone=\"date\">") == isUnknown)
        #expect(page.contains("<time datetime=\"2031-03-04T10:49:34.000Z\""))
        // Its name is for computers.
        #expect(!words.contains(zone?.split(separator: "/").last.map(String.init) ?? "/"))
    }

    @Test("Hostile details are shown as text, with marks and warnings")
    func hostile() async throws {
        let page = try await Self.page("hostile")
        #expect(!page.contains("<b>") && !page.contains("<i>") && !page.contains("<script>"))
        for hidden in ["\u{202E}", "\u{2066}", "\u{200B}", "\u{0}"] {
            #expect(!page.contains(hidden))
        }
        let words = Self.words(page)
        for text in [
            "Mixes letters from different alphabets", "unknown code",
            "£9,999,999,999,999.99999", "2031-02-30", "1e9", "U+202E", "U+2066", "U+200B", "U+0000",
            "<script>", "<b>Sh\u{43E}p</b>", String(repeating: "WIDE", count: 60),
        ] {
            #expect(words.contains(text), "\(text)")
        }
        // The value of a box is what the bank calls the account, unchanged.
        #expect(page.contains("value=\"&quot;&gt;&lt;script&gt;\""))
        // The heading keeps a name short; the details have all of it.
        let heading = try require(page.firstRange(of: "</h1>")).lowerBound
        #expect(page[..<heading].contains("\u{2026}"))
    }

    @Test(
        "A receipt gives the reason of a login that ended unanswered",
        arguments: [
            (Failure.consentBusy, "You have another open request"),
            (.superseded, "There is a newer request"), (.noAccounts, "You have no account"),
            (.accountNotTheirs, "names an account that isn’t yours"),
            (.consentUnusable, "couldn’t be shown in full"),
            (.consentGone, "was withdrawn before you could answer"),
        ]
    )
    func failures(failure: Failure, text: String) async throws {
        try await Stage.with { stage in
            let prompt = try await stage.prompt()
            try await stage.apply(.unusable(failure), to: prompt.number)
            let words = Self.words(await stage.get(prompt.page).text)
            #expect(words.contains(text), "\(words)")
            #expect(words.contains("othing was approved"))
            // Another try of a user without accounts ends the same way.
            if failure == .noAccounts {
                #expect(words.contains("contact your bank") && !words.contains("start again"))
            }
        }
    }

    @Test(
        "A voided approval is explained in every language",
        arguments: [
            (Language.en, "The request changed"), (.ptBR, "O pedido mudou"),
            (.es, "La solicitud ha cambiado"), (.fr, "La demande a changé"),
            (.de, "Die Anfrage hat sich geändert"), (.ar, "تغيّر الطلب"),
        ]
    )
    func voided(language: Language, heading: String) async throws {
        try await Stage.with(language: language.rawValue) { stage in
            let sample = try require(SampleQuestion.named("uk-standing-order"))
            let prompt = try await stage.prompt(sample)
            #expect(await stage.choose("approve", prompt.ticket).status == 303)
            try await stage.apply(.consentChanged, to: prompt.number)
            let page = await stage.get(prompt.page).text
            #expect(page.contains("<title>\(heading)</title>"))
            #expect(page.contains("Hospital") && !page.contains("<form"))
            // It has the answer, and nothing on it says that something was approved.
            let catalogue = Catalogue(language)
            let answer = [Phrase.answerLabel, .answerVoided].map(catalogue.text)
            #expect(Self.words(page).contains(answer.joined(separator: " ")))
            for phrase in [Phrase.answerApprove, .approveDeliveredHeading] {
                #expect(!Self.words(page).contains(catalogue.text(phrase)))
            }
            #expect(!Self.words(page).lowercased().contains("approved"))
            let document = await stage.get(prompt.device, [prompt.bearer]).text
            #expect(document.contains(#""outcome":"voided","decision":"approve""#))
        }
    }
}
