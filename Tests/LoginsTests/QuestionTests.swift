import Consents
import Logins
import TestSupport
import Testing

@Suite("Questions and grants")
struct QuestionTests {
    @Test(
        "An amount is digits with at most one point, above zero",
        arguments: [
            ("165.88", true), ("1", true), ("0.01", true), ("0.00001", true), ("10", true),
            ("9999999999999.99999", true), ("100.00", true),
            ("1234567890123456.00", true),
            ("", false), ("0", false), ("0.00", false),
            (".5", false), ("5.", false), ("1.2.3", false), ("-1", false), ("+1", false),
            ("1e9", false), ("NaN", false), ("Infinity", false), ("1,00", false), (" 1", false),
            ("1 ", false), ("1\n", false), ("١", false), ("１", false), ("0x1", false),
            ("12345678901234567.00", false), ("1.000001", false),
            (String(repeating: "9", count: 40), false), ("1.\u{301}0", false), ("1\u{0}", false),
        ]
    )
    func amounts(_ amount: String, _ isTaken: Bool) {
        let money = Money(amount: amount, currency: "EUR")
        #expect((money != nil) == isTaken)
        if isTaken { #expect(money?.amount == amount, "no digit is touched") }
    }

    @Test(
        "Superfluous zeros before an amount are removed",
        arguments: [("0165.88", "165.88"), ("00.10", "0.10"), ("01", "1")]
    )
    func leadingZeros(_ amount: String, _ normalized: String) {
        #expect(Money(amount: amount, currency: "GBP")?.amount == normalized)
    }

    @Test("An amount of zero needs a place that allows it")
    func zero() {
        #expect(Money(amount: "0.00", currency: "GBP", canBeZero: true)?.amount == "0.00")
        #expect(Money(amount: "", currency: "GBP", canBeZero: true) == nil)
    }

    @Test(
        "A currency is three capital letters",
        arguments: ["eur", "EU", "EURO", "", "EÜR", "E1R"]
    )
    func currencies(_ currency: String) {
        #expect(Money(amount: "1", currency: currency) == nil)
    }

    @Test(
        "Amounts are compared by value",
        arguments: [
            ("2", "1.99999", true), ("1.99999", "2", false), ("10", "9", true), ("9", "10", false),
            ("1.10", "1.1", false), ("1.1", "1.10", false), ("0.2", "0.10", true),
            ("1.00001", "1", true), ("9999999999999", "9999999999998.99999", true),
        ]
    )
    func comparison(_ one: String, _ two: String, _ isMore: Bool) throws {
        let first = try #require(Money(amount: one, currency: "EUR"))
        let second = try #require(Money(amount: two, currency: "EUR"))
        #expect(first.isMore(than: second) == isMore)
    }

    // MARK: What is granted

    @Test("Two spellings of a scope are two scopes, each granted only by its own bytes")
    func spellings() throws {
        let names = ["zo\u{EB}", "zoe\u{308}"]
        let question = Self.question(
            scopes: names.map { Consent.Scope(requestedName: $0, isOptional: true) }
        )
        for name in names {
            let granted = try question.grant(for: Selection(scopes: [name], shown: question.digest))
                .scopes
            #expect(granted.map { Array($0.utf8) } == [Array(name.utf8)])
        }
        #expect(try question.grant(for: Selection(shown: question.digest)).scopes.count == 2)
        let one = Self.question(scopes: [Consent.Scope(requestedName: names[0])])
        #expect(throws: Selection.Problem.scopeUnknown) {
            try one.grant(for: Selection(scopes: [names[1]], shown: one.digest))
        }
    }

    static func question(
        _ choice: Consent.AccountChoice = .none,
        offered: [String] = [],
        scopes: [Consent.Scope] = []
    ) -> Question {
        let consent = Consent(clientName: nil, scopes: scopes, accounts: choice)
        return Question(
            consent: consent,
            accounts: offered.map { BankAccount(id: $0, name: $0, display: $0, kind: .current) },
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
    }

    typealias Granted = Result<[String], Selection.Problem>
    static let named = Consent.NamedAccount(identification: "1")

    static let accountCases:
        [(choice: Consent.AccountChoice, offered: [String], chosen: [String]?, granted: Granted)] =
            [
                (.none, [], nil, .success([])),
                (.none, [], [], .success([])),
                (.none, [], ["a"], .failure(.noAccountsTaken)),
                (.several(preselected: []), ["a", "b"], nil, .failure(.accountMissing)),
                (.several(preselected: []), ["a", "b"], [], .failure(.accountMissing)),
                (.several(preselected: []), ["a", "b"], ["b"], .success(["b"])),
                (.several(preselected: []), ["a", "b"], ["b", "a"], .success(["a", "b"])),
                (.several(preselected: []), ["a", "b"], ["a", "a"], .failure(.accountUnknown)),
                (.several(preselected: []), ["a", "b"], ["a", "c"], .failure(.accountUnknown)),
                // What was preselected is a proposal: it is granted only when it is chosen.
                (.several(preselected: ["a"]), ["a", "b"], nil, .failure(.accountMissing)),
                (.several(preselected: ["c"]), ["a", "b"], ["c"], .failure(.accountUnknown)),
                (.payer(named: nil), ["a", "b"], nil, .failure(.accountMissing)),
                (.payer(named: nil), ["a"], nil, .failure(.accountMissing)),
                (.payer(named: nil), ["a", "b"], ["b"], .success(["b"])),
                (.payer(named: nil), ["a", "b"], ["a", "b"], .failure(.oneAccountOnly)),
                (.payer(named: nil), ["a", "b"], ["c"], .failure(.accountUnknown)),
                (.payer(named: nil), ["a", "b"], ["a", "a"], .failure(.accountUnknown)),
                (.payer(named: named), ["a"], nil, .success(["a"])),
                (.payer(named: named), ["a"], [], .success(["a"])),
                (.payer(named: named), ["a"], ["a"], .success(["a"])),
                (.payer(named: named), ["a"], ["b"], .failure(.accountFixed)),
                // Several behind one name: money leaves exactly one of them.
                (.payer(named: named), ["a", "b"], nil, .failure(.accountMissing)),
                (.payer(named: named), ["a", "b"], ["b"], .success(["b"])),
                (.payer(named: named), ["a", "b"], ["a", "b"], .failure(.oneAccountOnly)),
                (.payer(named: named), ["a", "b"], ["c"], .failure(.accountFixed)),
            ]

    @Test(
        "An approval grants the chosen accounts of those offered",
        arguments: accountCases.indices
    )
    func accounts(_ index: Int) {
        let row = Self.accountCases[index]
        let question = Self.question(row.choice, offered: row.offered)
        let granted = Granted { () throws(Selection.Problem) in
            try question.grant(for: Selection(accounts: row.chosen, shown: question.digest))
                .accounts
        }
        #expect(granted == row.granted)
    }

    @Test("An account with a look-alike name is not granted")
    func twins() throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let offered = [composed, decomposed]
        let several = Self.question(.several(preselected: []), offered: offered)
        let payer = Self.question(.payer(named: nil), offered: offered)
        func bytes(_ question: Question, _ chosen: [String]) throws -> [[UInt8]] {
            try question.grant(for: Selection(accounts: chosen, shown: question.digest)).accounts
                .map { Array($0.utf8) }
        }
        for name in offered {
            #expect(try bytes(several, [name]) == [Array(name.utf8)])
            #expect(try bytes(payer, [name]) == [Array(name.utf8)])
        }
        #expect(try bytes(several, offered) == offered.map { Array($0.utf8) })
        #expect(throws: Selection.Problem.oneAccountOnly) { try bytes(payer, offered) }
        let one = Self.question(.several(preselected: []), offered: [composed])
        #expect(throws: Selection.Problem.accountUnknown) { try bytes(one, [decomposed]) }
    }

    static let scopeCases: [(chosen: [String]?, granted: Granted)] = [
        (nil, .success(["must", "may", "quiet"])),
        (["must", "may", "quiet"], .success(["must", "may", "quiet"])),
        (["quiet", "may", "must"], .success(["must", "may", "quiet"])),
        (["must"], .success(["must", "quiet"])),
        (["must", "may"], .success(["must", "may", "quiet"])),
        (["may"], .failure(.scopeRequired)),
        ([], .failure(.scopeRequired)),
        (["must", "must"], .failure(.scopeUnknown)),
        (["must", "more"], .failure(.scopeUnknown)),
        (["MUST"], .failure(.scopeUnknown)),
    ]

    @Test(
        "An approval grants required and selected scopes",
        arguments: scopeCases.indices,
        [true, false]
    )
    func scopes(_ index: Int, _ isQuietOptional: Bool) {
        let question = Self.question(
            scopes: [
                .init(requestedName: "must"), .init(requestedName: "may", isOptional: true),
                .init(requestedName: "quiet", isOptional: isQuietOptional, isImplicit: true),
            ]
        )
        let granted = Granted { () throws(Selection.Problem) in
            try question.grant(
                for: Selection(scopes: Self.scopeCases[index].chosen, shown: question.digest)
            ).scopes
        }
        #expect(granted == Self.scopeCases[index].granted)
    }

    @Test("A scope that is requested twice is granted once and required if either is")
    func duplicates() throws {
        let question = Self.question(
            scopes: [
                .init(requestedName: "a"), .init(requestedName: "b", isOptional: true),
                .init(requestedName: "a", isOptional: true),
            ]
        )
        #expect(try question.grant(for: Selection(shown: question.digest)).scopes == ["a", "b"])
        #expect(
            try question.grant(for: Selection(scopes: ["a"], shown: question.digest)).scopes == [
                "a"
            ]
        )
        #expect(throws: Selection.Problem.scopeRequired) {
            try question.grant(for: Selection(scopes: ["b"], shown: question.digest))
        }
    }

    @Test("An approval must grant something")
    func nothingLeft() throws {
        let question = Self.question(
            scopes: [
                .init(requestedName: "a", isOptional: true),
                .init(requestedName: "b", isOptional: true),
            ]
        )
        #expect(
            try question.grant(for: Selection(scopes: ["b"], shown: question.digest)).scopes == [
                "b"
            ]
        )
        #expect(throws: Selection.Problem.scopeMissing) {
            try question.grant(for: Selection(scopes: [], shown: question.digest))
        }
        #expect(
            try Self.question().grant(for: Selection(scopes: [], shown: Self.question().digest))
                == .nothing
        )
    }

    @Test(
        "The accounts of one arrangement belong to one customer",
        arguments: [
            (Consent.Kind.cdr, ["a", "b"], true), (.cdr, ["c"], true), (.cdr, ["a", "c"], false),
            (.cdr, ["c", "d"], false), (.ukAccountAccess, ["a", "c"], true),
        ]
    )
    func customers(_ kind: Consent.Kind, _ chosen: [String], _ isTaken: Bool) throws {
        let consent = Consent(
            kind: kind,
            clientName: nil,
            scopes: [],
            accounts: .several(preselected: [])
        )
        let owners = [("a", "1"), ("b", "1"), ("c", "2"), ("d", nil)]
        let question = Question(
            consent: consent,
            accounts: owners.map { id, customer in
                BankAccount(
                    id: id,
                    name: id,
                    display: id,
                    kind: .current,
                    customerID: customer
                )
            },
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
        let granted = Granted { () throws(Selection.Problem) in
            try question.grant(for: Selection(accounts: chosen, shown: question.digest)).accounts
        }
        #expect(granted == (isTaken ? .success(chosen) : .failure(.differentCustomers)))
    }

    @Test(
        "An approval names what was shown, whatever kind it is",
        arguments: [Consent.Kind.scopes, .ukDomesticPayment, .brasilData, .cdr]
    )
    func shown(_ kind: Consent.Kind) throws {
        let consent = Consent(kind: kind, clientName: nil, scopes: [.init(requestedName: "a")])
        let question = Question(
            consent: consent,
            digest: ConsentForm.digest(of: consent),
            nonce: Array(repeating: 1, count: 32)
        )
        let other = Self.question(scopes: [.init(requestedName: "b")])
        #expect(try question.grant(for: Selection(shown: question.digest)).scopes == ["a"])
        #expect(throws: Selection.Problem.otherConsent) {
            try question.grant(for: Selection(shown: other.digest))
        }
        #expect(throws: Selection.Problem.shownMissing) {
            try question.grant(for: Selection(scopes: ["a"]))
        }
    }

    // MARK: Accounts by name

    static let one = Consent.NamedAccount(scheme: "S", identification: "1", name: "Ann")
    static let brazilian = Consent.NamedAccount(
        identification: "1",
        ispb: "12345678",
        issuer: "1",
        accountType: "CACC"
    )
    static let pairs: [(Consent.NamedAccount, Consent.NamedAccount, Bool)] = [
        (one, one, true),
        (one, .init(scheme: "S", identification: "1", name: "Bob"), true),
        (one, .init(scheme: "S", identification: "2"), false),
        (one, .init(scheme: "T", identification: "1"), false),
        (one, .init(identification: "1"), false),
        (one, .init(scheme: "S", identification: "1", secondary: "7"), true),
        (
            .init(scheme: "S", identification: "1", secondary: "7"),
            .init(scheme: "S", identification: "1", secondary: "7"), true
        ),
        (
            .init(scheme: "S", identification: "1", secondary: "7"),
            .init(scheme: "S", identification: "1", secondary: "8"), false
        ),
        (brazilian, brazilian, true),
        (brazilian, .init(identification: "1"), true),
        (brazilian, .init(identification: "1", ispb: "87654321"), false),
        (brazilian, .init(identification: "1", issuer: "2"), false),
        (brazilian, .init(identification: "1", accountType: "SVGS"), false),
        // Leading zeros do not count where numbers are digits.
        (
            brazilian,
            .init(identification: "001", ispb: "12345678", issuer: "0001", accountType: "CACC"),
            true
        ),
        (sortCode("08080021325698"), sortCode("8080021325698"), true),
        (sortCode("08080021325698"), sortCode("08-08-00 21325698"), true),
        (sortCode("08080021325698"), sortCode("08080021325699"), false),
        // The older names of schemes.
        (sortCode("08080021325698"), scheme("SortCodeAccountNumber", "08080021325698"), true),
        (scheme("IBAN", gb), scheme("UK.OBIE.IBAN", gb), true),
        (scheme("PAN", "4929 1234 1234 1234"), scheme("UK.OBIE.PAN", "4929123412341234"), true),
        (scheme("PAN", "4929123412341234"), scheme("PAN", "4929123412341235"), false),
        // A British IBAN contains sort code and account number.
        (scheme("UK.OBIE.IBAN", gb), sortCode("60161331926819"), true),
        (scheme("UK.OBIE.IBAN", "gb29 nwbk 6016 1331 9268 19"), sortCode("60161331926819"), true),
        (scheme("UK.OBIE.IBAN", gb), sortCode("60161331926818"), false),
        (scheme("UK.OBIE.IBAN", gb), scheme("UK.OBIE.BBAN", "NWBK60161331926819"), true),
        (scheme("UK.OBIE.IBAN", "GB28NWBK60161331926819"), sortCode("60161331926819"), false),
        (scheme("UK.OBIE.IBAN", "DE89370400440532013000"), sortCode("70400440532013"), false),
        (scheme("UK.OBIE.Paym", "07700900000"), scheme("UK.OBIE.Wallet", "07700900000"), false),
        (scheme("UK.OBIE.IBAN", gb), scheme("UK.OBIE.IBAN", otherBank), false),
        (scheme("UK.OBIE.IBAN", otherBank), sortCode("60161331926819"), true),
        // A British BBAN does too; another country's may have the same form.
        (scheme("UK.OBIE.BBAN", "NWBK60161331926819"), sortCode("60161331926819"), true),
        (scheme("UK.OBIE.BBAN", "NWBK60161331926819"), sortCode("60161331926818"), false),
        (scheme("UK.OBIE.BBAN", "NWBK6016133192681"), sortCode("6016133192681"), false),
        (scheme("BBAN", "BNBG96611020345678"), sortCode("96611020345678"), false),
        (
            scheme("UK.OBIE.BBAN", "NWBK60161331926819"),
            scheme("UK.OBIE.BBAN", "LOYD60161331926819"), false
        ),
        (scheme("UK.OBIE.IBAN", gb), scheme("UK.OBIE.BBAN", "LOYD60161331926819"), false),
        // A separator says where the account number starts.
        (sortCode("60-16-13/31926819"), sortCode("60161331926819"), true),
        (sortCode("60-16-13/31926819"), sortCode("601613 31926819"), true),
        (sortCode("60-16-13/1926819"), sortCode("60161301926819"), true),
        (sortCode("60-16-13/1926819"), sortCode("06-01-61 31926819"), false),
        (sortCode("60-16-13/1926819"), sortCode("6016131926819"), false),
        (
            .init(scheme: "S", identification: "1", secondary: "0002"),
            .init(scheme: "S", identification: "1", secondary: "2"), true
        ),
        (
            .init(scheme: "S", identification: "1", secondary: "0002"),
            .init(scheme: "S", identification: "1", secondary: "20"), false
        ),
        (scheme("UK.OBIE.Paym", "+447700900111"), scheme("UK.OBIE.Paym", "07700900111"), true),
        (scheme("Paym", "+44 (0)7700 900111"), scheme("UK.OBIE.Paym", "07700 900111"), true),
        (scheme("UK.OBIE.Paym", "00447700900111"), scheme("UK.OBIE.Paym", "07700900111"), true),
        (scheme("UK.OBIE.Paym", "+447700900111"), scheme("UK.OBIE.Paym", "07700900112"), false),
        (scheme("UK.OBIE.Paym", "+4507700900111"), scheme("UK.OBIE.Paym", "07700900111"), false),
        // The check digit of a Brazilian account.
        (.init(identification: "9408839-2"), .init(identification: "94088392"), true),
        (.init(identification: "09408839-2"), .init(identification: "94088392"), true),
        (.init(identification: "9408839-X"), .init(identification: "9408839X"), true),
        (.init(identification: "9408839-2"), .init(identification: "9408839"), false),
        (.init(identification: "9408839-2"), .init(identification: "9408839-3"), false),
        (.init(identification: "94088-392"), .init(identification: "94088392"), false),
    ]
    /// A made-up bank with right check digits.
    static let otherBank = "GB45LOYD60161331926819"
    static let gb = "GB29NWBK60161331926819"

    private static func scheme(_ name: String, _ number: String) -> Consent.NamedAccount {
        Consent.NamedAccount(scheme: name, identification: number)
    }

    private static func sortCode(_ number: String) -> Consent.NamedAccount {
        scheme("UK.OBIE.SortCodeAccountNumber", number)
    }

    @Test("Accounts differ if any part that both name differs", arguments: pairs.indices)
    func sameAccount(_ index: Int) {
        let (first, second, isSame) = Self.pairs[index]
        #expect(first.isSameAccount(as: second) == isSame)
        #expect(second.isSameAccount(as: first) == isSame)
    }

    // MARK: The same answer again

    @Test("A repeated approval must have an equal selection")
    func repeatedApproval() throws {
        let question = Self.question(
            .several(preselected: []),
            offered: ["a", "b"],
            scopes: [.init(requestedName: "s"), .init(requestedName: "o", isOptional: true)]
        )
        var login = PendingLogin.Fixture().make()
        try login.apply(.prepared(question, [.fixture(at: noon)]), at: noon)
        func approval(_ selection: Selection) -> PendingLogin.Event {
            var selection = selection
            selection.shown = question.digest
            return .decided(.fixture(.approve, at: noon), selection)
        }
        #expect(throws: PendingLogin.Refusal.unfit(.accountMissing)) {
            try login.apply(approval(Selection()), at: noon)
        }
        try login.apply(approval(Selection(accounts: ["a"])), at: noon)
        let decided = login
        let outcome = try #require(login.phase.outcome)
        #expect(outcome.decision?.grant == Grant(scopes: ["s", "o"], accounts: ["a"]))
        let same = [
            Selection(accounts: ["a"]), Selection(accounts: ["a"], scopes: ["o", "s"]),
        ]
        for selection in same { try login.apply(approval(selection), at: noon) }
        let others: [Selection] = [
            Selection(), Selection(accounts: ["b"]), Selection(accounts: ["a", "b"]),
            Selection(accounts: ["a"], scopes: ["s"]), Selection(accounts: ["c"]),
        ]
        for selection in others {
            #expect(throws: PendingLogin.Refusal.alreadyEnded(outcome)) {
                try login.apply(approval(selection), at: noon)
            }
        }
        #expect(login == decided)
    }
}
