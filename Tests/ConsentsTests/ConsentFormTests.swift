import Consents
import Cryptography
import Logins
import TestSupport
import Testing

let noon = Timestamp(milliseconds: 1_795_176_000_000)

@Suite("A consent's form")
struct ConsentFormTests {
    /// Every kind of value that a fact can have, and everything optional set.
    static func full() throws -> Consent {
        Consent(
            kind: .fdx,
            id: .named("urn:bank:C1"),
            clientName: "Shop \u{202E} “Ltd” \u{1F600}",
            scopes: [
                .init(
                    requestedName: "openid",
                    displayName: "Sign in",
                    explanation: "",
                    isOptional: true,
                    isImplicit: true
                ),
                .init(requestedName: "accounts"),
            ],
            facts: [
                Fact(.known(.reference), .text("INV-1042\n\\")),
                Fact(.known(.amount), .money(try money("165.880"))),
                Fact(.known(.executionDate), .day("2031-03-04")),
                Fact(.known(.accessEnds), .moment(Timestamp(milliseconds: 1_930_000_000_123))),
                Fact(.known(.controlSum), .number("00123.4500")),
                Fact(.known(.lookback), .days(90)),
                Fact(.known(.permissions), .codes(["ReadBalances", "ReadPAN"], .ukPermission)),
                Fact(
                    .known(.payeeAccount),
                    .account(
                        Consent.NamedAccount(
                            scheme: "UK.OBIE.IBAN",
                            identification: "GB29",
                            name: "Bob",
                            secondary: "7/1",
                            ispb: "12345678",
                            issuer: "1774",
                            accountType: "CACC"
                        )
                    )
                ),
                Fact(.further("Supplementary"), .text("{\"a\":1}")),
            ],
            accounts: .several(preselected: ["a-1", "a-2"]),
            resources: [.init(type: "ACCOUNT", clusters: ["ACCOUNT_DETAILED"])],
            endsAt: noon,
            source: "00ff"
        )
    }

    /// What a server can put into any text of a consent, and numbers that a double does not hold.
    @Test(
        "has bytes that lead back whatever a server wrote",
        arguments: [
            "\u{FFFE}", "\u{FFFF}", String(decoding: [0xFDD0], as: UTF16.self), "\u{1FFFE}",
            "\u{10FFFF}", "\u{0}", "\u{7F}",
            "\u{2028}", "e\u{301}", "\u{D7FF}\u{E000}",
        ]
    )
    func hostileText(_ text: String) throws {
        let consent = Consent(
            clientName: text,
            scopes: [.init(requestedName: text, displayName: text, explanation: text)],
            facts: [
                Fact(.further(text), .text(text)), Fact(.known(.lookback), .days(.max)),
                Fact(.known(.duration), .days(.min)), Fact(.known(.duration), .days(1 << 53 + 1)),
                Fact(.known(.executionDate), .moment(Timestamp(milliseconds: .max))),
            ],
            accounts: .several(preselected: [text]),
            endsAt: Timestamp(milliseconds: .min)
        )
        let bytes = ConsentForm.bytes(of: consent)
        #expect(try ConsentForm.consent(bytes) == consent)
        let plain = Consent(clientName: "x", scopes: consent.scopes, facts: consent.facts)
        #expect(ConsentForm.digest(of: plain) != ConsentForm.digest(of: consent))
        let account = BankAccount(id: text, name: text, display: text, kind: .other)
        #expect(try ConsentForm.accounts(ConsentForm.bytes(of: [account])) == [account])
        let question = Question(
            consent: consent,
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
        let grant = Grant(scopes: [text], accounts: [text])
        let challenge = DecisionChallenge.bytes(
            for: .approve,
            grant: grant,
            of: question,
            in: .named("login-1")
        )
        #expect(challenge.count == 32)
    }

    static func money(_ amount: String) throws -> Money {
        try #require(Money(amount: amount, currency: "GBP"))
    }

    static let choices: [Consent.AccountChoice] = [
        .none, .several(preselected: []), .several(preselected: ["x"]), .payer(named: nil),
        .payer(named: Consent.NamedAccount(identification: "08080021325698")),
    ]

    @Test("comes back as the consent it was")
    func roundTrip() throws {
        let full = try Self.full()
        #expect(try ConsentForm.consent(ConsentForm.bytes(of: full)) == full)
        #expect(try ConsentForm.consent(ConsentForm.bytes(of: .fixture)) == .fixture)
        for kind in Consent.Kind.all {
            for choice in Self.choices {
                let consent = Consent(kind: kind, clientName: nil, scopes: [], accounts: choice)
                #expect(try ConsentForm.consent(ConsentForm.bytes(of: consent)) == consent)
            }
        }
        for label in Fact.Known.allCases {
            for list in Fact.Codes.all {
                let fact = Fact(.known(label), .codes([], list))
                let consent = Consent(clientName: nil, scopes: [], facts: [fact])
                #expect(try ConsentForm.consent(ConsentForm.bytes(of: consent)) == consent)
            }
        }
    }

    @Test("is the canonical text")
    func text() throws {
        let consent = Consent(
            kind: .ukDomesticPayment,
            id: .named("pdc-77"),
            clientName: "Shop",
            scopes: [.init(requestedName: "payments", displayName: "Pay")],
            facts: [Fact(.known(.amount), .money(try Self.money("165.88")))],
            accounts: .payer(named: nil),
            endsAt: Timestamp(milliseconds: 1_000),
            source: "ab"
        )
        let text = """
            {"accounts":{"payer":null},"client_name":"Shop","ends_at":1000,"facts":[{"amount":\
            "165.88","currency":"GBP","label":"amount"}],"id":"pdc-77","kind":\
            "uk_domestic_payment","scopes":[{"display":"Pay","name":"payments"}],"source":"ab",\
            "subject":"payment"}
            """
        #expect(String(decoding: ConsentForm.bytes(of: consent), as: UTF8.self) == text)
        #expect(ConsentForm.digest(of: consent).bytes == SHA256.digest(Array(text.utf8)))
    }

    @Test(
        "is refused when it is not one",
        arguments: [
            "", "[]", "{}", #"{"kind":"scopes"}"#,
            #"{"kind":"scopes","subject":"nothing","scopes":[],"facts":[]}"#,
            #"{"kind":"x","account_rules":["none"],"scopes":[],"facts":[]}"#,
            #"{"kind":7,"scopes":[],"facts":[]}"#,
            #"{"kind":"scopes","scopes":[{}],"facts":[]}"#,
            #"{"kind":"scopes","scopes":[],"facts":[{"label":"amount"}]}"#,
            #"{"kind":"scopes","scopes":[],"facts":[{"label":"luck","text":"x"}]}"#,
            """
            {"kind":"scopes","scopes":[],"facts":[{"label":"amount","amount":"1e9",\
            "currency":"GBP"}]}
            """,
            #"{"kind":"scopes","scopes":[],"facts":[],"accounts":{}}"#,
            #"{"kind":"scopes","scopes":[],"facts":[],"id":""}"#,
        ]
    )
    func hostile(_ text: String) {
        #expect(throws: ConsentForm.Unreadable.self) {
            try ConsentForm.consent(Array(text.utf8))
        }
    }

    @Test("of offered accounts comes back as they were")
    func accounts() throws {
        let accounts = BankAccount.Kind.allCases.flatMap { kind in
            [
                BankAccount(id: "1", name: "Home", display: "•••• 1", kind: kind),
                BankAccount(
                    id: "2",
                    name: "Trip",
                    display: "•••• 2",
                    kind: kind,
                    currency: "EUR",
                    purposes: [.sharing],
                    number: Consent.NamedAccount(scheme: "UK.OBIE.IBAN", identification: "GB29"),
                    resourceType: "ACCOUNT",
                    customerID: "c-1"
                ),
            ]
        }
        #expect(try ConsentForm.accounts(ConsentForm.bytes(of: accounts)) == accounts)
        #expect(throws: ConsentForm.Unreadable.self) { try ConsentForm.accounts(Array("{}".utf8)) }
    }
}
