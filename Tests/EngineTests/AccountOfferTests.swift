import Consents
import Engine
import Logins
import TestSupport
import Testing
import Threads

/// A bank that lists the accounts that a test says, and can be down.
final class StandInBank: AccountDirectory {
    private struct State {
        var accounts: [BankAccount]
        var isDown = false
    }

    let asked = Recorded<UserID>()
    private let state: Locked<State>

    init(_ accounts: [BankAccount]) { state = Locked(State(accounts: accounts)) }

    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }

    func accounts(of user: UserID) async throws(DirectoryError) -> [BankAccount] {
        asked.append(user)
        return try state.withLock { (state) throws(DirectoryError) in
            if state.isDown { throw .unavailable("down for a test") }
            return state.accounts
        }
    }
}

@Suite("Accounts to choose from", .timeLimit(.minutes(3)))
struct AccountOfferTests {
    static func account(
        _ id: String,
        _ purposes: Set<BankAccount.Purpose> = [.payments, .sharing],
        number: Consent.NamedAccount? = nil,
        numbers: [Consent.NamedAccount] = [],
        type: String? = nil
    ) -> BankAccount {
        BankAccount(
            id: id,
            name: id,
            display: id,
            kind: .current,
            purposes: purposes,
            number: number,
            numbers: numbers,
            resourceType: type
        )
    }

    static let scheme = "UK.OBIE.SortCodeAccountNumber"
    static let named = Consent.NamedAccount(scheme: scheme, identification: "1")
    static let rolled = Consent.NamedAccount(scheme: scheme, identification: "1", secondary: "A")
    static let resources = [
        Consent.Resource(type: "ACCOUNT", clusters: []), .init(type: "CARD", clusters: []),
    ]
    static let society = [
        account("a", number: rolled),
        account("b", number: .init(scheme: scheme, identification: "1", secondary: "B")),
        account("c", number: .init(scheme: scheme, identification: "2")),
    ]

    typealias Offered = Result<[String], AnError>
    struct AnError: Error, Hashable { let failure: Failure }
    static func fails(_ failure: Failure) -> Offered { .failure(AnError(failure: failure)) }

    static let cases:
        [(
            choice: Consent.AccountChoice, resources: [Consent.Resource], bank: [BankAccount]?,
            offered: Offered
        )] = [
            (.none, [], nil, .success([])),
            (.none, [], [account("a")], .success([])),
            (.several(preselected: []), [], nil, fails(.noAccounts)),
            (.several(preselected: []), [], [], fails(.noAccounts)),
            (.several(preselected: ["a"]), [], [account("b", [.payments])], fails(.noAccounts)),
            (
                .several(preselected: []), [],
                [
                    account("a", [.sharing]), account("b", [.payments]), account("c"),
                    account("d", []),
                ],
                .success(["a", "c"])
            ),
            (
                .several(preselected: []), resources,
                [
                    account("a", type: "ACCOUNT"), account("b", type: "LOAN"), account("c"),
                    account("d", type: "CARD"), account("e", [.payments], type: "CARD"),
                ],
                // An account of no type can be of any.
                .success(["a", "c", "d"])
            ),
            (.several(preselected: []), resources, [account("a")], .success(["a"])),
            (
                .several(preselected: []), resources, [account("a", type: "LOAN")],
                fails(.noAccounts)
            ),
            (.payer(named: nil), [], nil, fails(.noAccounts)),
            (.payer(named: nil), [], [], fails(.noAccounts)),
            (.payer(named: nil), [], [account("a", [.sharing])], fails(.noAccounts)),
            (.payer(named: nil), [], [account("a"), account("b", [.sharing])], .success(["a"])),
            // Without a bank to ask, the bank that takes the payment checks whose account it is.
            (.payer(named: named), [], nil, .success(["1"])),
            (.payer(named: named), [], [], fails(.accountNotTheirs)),
            (.payer(named: named), [], [account("a")], fails(.accountNotTheirs)),
            (.payer(named: named), [], [account("a", number: named)], .success(["a"])),
            (
                .payer(named: named), [],
                [
                    account("a", number: .init(scheme: "UK.OBIE.PAN", identification: "4929")),
                    account(
                        "b",
                        number: .init(scheme: "UK.OBIE.PAN", identification: "4928"),
                        numbers: [.init(scheme: "X", identification: "1"), named]
                    ),
                ], .success(["b"])
            ),
            (
                .payer(named: named), [], [account("a", [.sharing], number: named)],
                fails(.accountNotTheirs)
            ),
            (
                .payer(named: named), [],
                [account("a", number: .init(scheme: scheme, identification: "2"))],
                fails(.accountNotTheirs)
            ),
            (.payer(named: named), [], society, .success(["a", "b"])),
            (.payer(named: rolled), [], society, .success(["a"])),
        ]

    @Test("The accounts offered are those that the consent can be for", arguments: cases.indices)
    func offered(_ index: Int) async throws {
        let row = Self.cases[index]
        let stage = try Stage()
        let consent = Consent(
            clientName: nil,
            scopes: [],
            accounts: row.choice,
            resources: row.resources
        )
        stage.server.answerConsents(.consent(consent))
        try await stage.run(accounts: row.bank.map { StandInBank($0) }) { run in
            let number = try await run.start()
            switch row.offered {
            case .success(let ids):
                let login = try await stage.login(number, reaching: .waiting)
                #expect(login.question?.accounts.map(\.id) == ids)
            case .failure(let error):
                let login = try await stage.login(number, reaching: .settled)
                #expect(login.phase.outcome == .failed(error.failure))
            }
        }
        let isFailure = (try? row.offered.get()) == nil
        #expect(stage.server.reports.entries.count == (isFailure ? 1 : 0))
    }

    @Test(
        "Accounts in the currency of a payment come first, and those that cannot pay it are left out",
        arguments: [
            (currency: "EUR", exchanges: false, offered: ["euro", "unknown"]),
            (currency: "EUR", exchanges: true, offered: ["euro", "pound", "unknown"]),
            (currency: "GBP", exchanges: true, offered: ["pound", "euro", "unknown"]),
            (currency: "JPY", exchanges: false, offered: ["unknown"]),
            (currency: "JPY", exchanges: true, offered: ["pound", "euro", "unknown"]),
        ]
    )
    func currencies(currency: String, exchanges: Bool, offered: [String]) async throws {
        let stage = try Stage()
        let money = try #require(Money(amount: "5.00", currency: currency))
        var facts = [Fact(.known(.amount), .money(money))]
        if exchanges {
            facts.append(Fact(.known(.transferCurrency), .codes([currency], .currency)))
        }
        let consent = Consent(
            kind: Consent.Kind("uk_payment", .payment),
            clientName: nil,
            scopes: [],
            facts: facts,
            accounts: .payer(named: nil)
        )
        stage.server.answerConsents(.consent(consent))
        let bank = [("pound", "GBP"), ("euro", "EUR"), ("unknown", nil)].map { name, currency in
            BankAccount(id: name, name: name, display: name, kind: .current, currency: currency)
        }
        try await stage.run(accounts: StandInBank(bank)) { run in
            let number = try await run.start()
            let login = try await stage.login(number, reaching: .waiting)
            #expect(login.question?.accounts.map(\.id) == offered)
        }
    }

    @Test("A bank that is down is asked again, and only for consents that need accounts")
    func bankDown() async throws {
        let stage = try Stage()
        let bank = StandInBank([Self.account("a")])
        bank.setDown(true)
        let consent = Consent(clientName: nil, scopes: [], accounts: .payer(named: nil))
        stage.server.answerConsents(.consent(consent), .consent(.fixture))
        try await stage.run(accounts: bank) { run in
            let number = try await run.start()
            let next = try await stage.nextPreparation(number, attempt: 1)
            #expect((400...600).contains((next - stage.start).milliseconds))
            bank.setDown(false)
            stage.clock.advance(by: next - stage.start)
            let login = try await stage.login(number, reaching: .waiting)
            #expect(login.question?.accounts == [Self.account("a")])
            let plain = try await run.start("plain")
            try await stage.login(plain, reaching: .waiting)
        }
        #expect(bank.asked.entries == [.named("alice"), .named("alice")])
        #expect(stage.server.asked.entries.count == 2, "the consent is fetched once for each login")
    }

    @Test("A payment takes exactly one account, and the decision is tied to it")
    func onePays() async throws {
        let stage = try Stage()
        let consent = Consent(clientName: nil, scopes: [], accounts: .payer(named: Self.named))
        stage.server.answerConsents(.consent(consent), .consent(consent))
        try await stage.run(accounts: StandInBank(Self.society)) { run in
            let (number, ticket) = try await run.prompt()
            func approve(_ accounts: [String]?) async throws -> StoredLogin {
                try await run.desk.decide(
                    .approve,
                    opening: ticket,
                    via: .page,
                    address: nil
                ) { Selection(accounts: accounts, shown: $0.login.question?.digest) }
            }
            for accounts in [nil, ["a", "b"], ["c"], []] {
                await #expect(throws: DecisionDesk.Refusal.self) { _ = try await approve(accounts) }
            }
            let approved = try await approve(["b"])
            let question = try #require(approved.login.question)
            let decision = try #require(approved.login.phase.outcome?.decision)
            #expect(decision.grant == Grant(accounts: ["b"]))
            #expect(
                decision.challenge
                    == DecisionChallenge.bytes(
                        for: .approve,
                        grant: Grant(accounts: ["b"]),
                        of: question,
                        in: .named("login-1")
                    )
            )
            await #expect(throws: DecisionDesk.Refusal.self) { _ = try await approve(["a"]) }
            try await stage.login(number, reaching: .settled)
        }
        let granted = stage.server.reports.entries.map(\.outcome.decision?.grant.accounts)
        #expect(granted == [["b"]])
    }
}
