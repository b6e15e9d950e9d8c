import Consents
import Logins
import TestSupport
import Testing

@testable import SQLStore

@Suite("A login's row")
struct LoginRowTests {
    /// The values of a login, changed one at a time.
    struct Draft {
        var server = "acp"
        var tenant: String? = "acme"
        var id = "login"
        var received = noon
        var expires = noon + .seconds(120)
        var promptEnds = noon + .seconds(110)
        var reportEnds = noon + .seconds(119)
        var rule = PendingLogin.ExpiryRule.never
        var details = PendingLogin.Fixture().make().details
        var question: Question?
        var tickets: [PendingLogin.TicketDigest] = []
        var phase = PendingLogin.Phase.preparing(Attempts(), next: noon)
        var wrongCodes = 0

        func make() -> PendingLogin {
            PendingLogin(
                key: LoginKey(
                    server: .named(server),
                    tenant: tenant.map { .named($0) },
                    login: .named(id)
                ),
                terms: PendingLogin.Terms(
                    receivedAt: received,
                    expiresAt: expires,
                    promptEnds: promptEnds,
                    reportEnds: reportEnds,
                    reportsExpiry: rule
                ),
                details: details,
                question: question,
                tickets: tickets,
                phase: phase,
                wrongCodes: wrongCodes
            )
        }
    }

    /// A change of one value and the columns that it must change.
    struct Change: Sendable {
        let columns: Set<LoginColumn>
        let before: PendingLogin
        let after: PendingLogin

        init(
            _ columns: Set<LoginColumn>,
            in phase: PendingLogin.Phase = .preparing(Attempts(), next: noon),
            _ change: (inout Draft) -> Void
        ) {
            var draft = Draft()
            draft.phase = phase
            if phase.name == .waiting { draft.question = .fixture }
            self.columns = columns
            before = draft.make()
            change(&draft)
            after = draft.make()
        }

        /// A change of the phase's own values.
        init(
            _ columns: Set<LoginColumn>,
            _ before: PendingLogin.Phase,
            _ after: PendingLogin.Phase
        ) {
            self.init(columns, in: before) { $0.phase = after }
        }
    }

    private static let attempts = Attempts(count: 2, recent: [.init(at: noon, note: "503")])
    private static let later = noon + .seconds(1)
    private static let report = PendingLogin.Report(next: noon)

    private static func decision(
        _ choice: Decision.Choice = .approve,
        via: Evidence.Via = .page,
        address: String? = nil,
        at moment: Timestamp = noon,
        grant: Grant = .nothing,
        challenge: [UInt8]? = nil
    ) -> Decision {
        Decision(
            choice,
            evidence: Evidence(method: .tap, via: via, address: address),
            at: moment,
            grant: grant,
            challenge: challenge
        )
    }

    private static func signedIn(_ context: String) -> PendingLogin.Phase {
        let signIn = Evidence.SignIn(
            issuer: "https://login.bank.example",
            at: noon,
            context: context,
            methods: ["pwd"]
        )
        return settled(
            .approved(
                Decision(
                    .approve,
                    evidence: Evidence(signIn: signIn, via: .page, address: nil),
                    at: noon
                )
            )
        )
    }

    private static func proved(
        _ statement: String,
        _ method: Evidence.Method = .deviceKey
    ) -> PendingLogin.Phase {
        let proof = Evidence.Proof(
            credential: .named("key-1"),
            publicKey: [0x30, 0xFF],
            statement: statement
        )
        let evidence = Evidence(proof: proof, method: method, via: .device, address: nil)
        return settled(.approved(Decision(.approve, evidence: evidence, at: noon)))
    }

    private static func declined(by device: String) -> PendingLogin.Phase {
        let evidence = Evidence(
            method: .tap,
            via: .device,
            address: nil,
            device: .named(device)
        )
        return settled(.denied(Decision(.deny, evidence: evidence, at: noon)))
    }

    private static func merited(_ rule: String, _ acr: String?) -> PendingLogin.Phase {
        let evidence = Evidence(method: .tap, via: .page, address: nil)
        let merit = Decision.Merit(rule: rule, acr: acr)
        return settled(.approved(Decision(.approve, evidence: evidence, at: noon, merit: merit)))
    }

    private static func matched(_ matching: NumberMatching?) -> PendingLogin.Phase {
        let evidence = Evidence(method: .tap, via: .page, address: nil)
        let decision = Decision(.approve, evidence: evidence, at: noon, matched: matching)
        return settled(.approved(decision))
    }

    private static func delegated(_ token: String) -> PendingLogin.Phase {
        let delegate = Evidence.Delegate(client: .named("dc_1"), token: token)
        return settled(
            .denied(
                Decision(.deny, evidence: Evidence(delegate: delegate, address: nil), at: noon)
            )
        )
    }

    private static func settled(
        _ outcome: Outcome,
        _ settlement: PendingLogin.Settlement = .reported,
        at moment: Timestamp = noon
    ) -> PendingLogin.Phase { .settled(outcome, settlement, at: moment) }

    private static func question(
        _ consent: Consent = .fixture,
        accounts: [BankAccount] = [],
        digest: ConsentDigest = ConsentForm.digest(of: .fixture),
        nonce: UInt8 = 7
    ) -> Question {
        Question(
            consent: consent,
            accounts: accounts,
            digest: digest,
            nonce: Array(repeating: nonce, count: 32)
        )
    }

    static let changes: [Change] = {
        let approved = settled(.approved(decision()))
        let otherConsent = Consent(clientName: "Another Shop", scopes: [])
        let account = BankAccount(id: "a-1", name: "Home", display: "•••• 1", kind: .savings)
        return [
            Change([.server]) { $0.server = "other" },
            Change([.tenant]) { $0.tenant = nil },
            Change([.loginID]) { $0.id = "other" },
            Change([.receivedAt]) { $0.received = later },
            Change([.expiresAt]) { $0.expires = later },
            Change([.promptEnds]) { $0.promptEnds = later },
            Change([.reportEnds]) { $0.reportEnds = later },
            Change([.reportsExpiry]) { $0.rule = .lodgedConsents },
            Change([.userID]) { $0.details.user = .named("bob") },
            Change([.workspace]) { $0.details.workspace = nil },
            Change([.client]) { $0.details.client = .named("bank") },
            Change([.clientName]) { $0.details.clientName = "" },
            Change([.scopes]) { $0.details.requestedScopes = [] },
            Change([.acrValues]) { $0.details.acrValues = ["a", "b"] },
            Change([.bindingMessage]) { $0.details.bindingMessage = .none },
            Change([.matching]) {
                $0.details.bindingMessage = BindingMessage(
                    stored: $0.details.bindingMessage.unmaskedText,
                    matching: .enter,
                    number: "4711"
                )
            },
            Change([.wrongCodes]) { $0.wrongCodes = 1 },
            Change([.matched], matched(nil), matched(.enter)),
            Change([.consentID, .consentKey]) { $0.details.consentID = nil },
            Change([.state]) { $0.details.state = "other" },
            Change([.authorizationDetails]) { $0.details.authorizationDetails = nil },
            Change([.unknownMembers]) { $0.details.unknownMembers = nil },
            Change([.context]) {
                $0.details.context = RequestContext(address: "::1", agent: nil, place: "é")
            },
            Change([.originTrace]) { $0.details.origin?.trace = "other" },
            Change([.originRequest]) { $0.details.origin?.request = 43 },
            Change([.tickets]) { $0.tickets = [Array(repeating: 1, count: 32)] },
            Change(
                [.attempts],
                .preparing(Attempts(), next: noon),
                .preparing(attempts, next: noon)
            ),
            Change(
                [.nextAt, .dueAt],
                .preparing(attempts, next: noon),
                .preparing(attempts, next: later)
            ),
            Change([.consent], in: .waiting([])) { $0.question = question(otherConsent) },
            Change([.accounts], in: .waiting([])) { $0.question = question(accounts: [account]) },
            Change([.digest], in: .waiting([])) {
                $0.question = question(digest: ConsentForm.digest(of: otherConsent))
            },
            Change([.nonce], in: .waiting([])) { $0.question = question(nonce: 8) },
            Change([.consent, .accounts, .digest, .nonce], in: approved) {
                $0.question = .fixture
            },
            Change([.deliveries, .dueAt], .waiting([]), .waiting([.fixture(at: noon)])),
            Change(
                [.inDoubt],
                .reporting(.expired, report),
                .reporting(.expired, PendingLogin.Report(next: noon, inDoubt: true))
            ),
            Change(
                [.inDoubt],
                .reporting(.expired, report),
                .reporting(.expired, PendingLogin.Report(next: noon, isUnderWay: true))
            ),
            Change(
                [.attempts],
                .reporting(.expired, report),
                .reporting(.expired, PendingLogin.Report(attempts: attempts, next: noon))
            ),
            Change([.outcome, .granted, .selected], approved, settled(.voided(decision(), nil))),
            Change(
                [.outcome, .choice],
                settled(.denied(decision(.deny))),
                settled(.cancelled(decision(.cancel)))
            ),
            Change(
                [.choice],
                settled(.denied(decision(.deny))),
                settled(.denied(decision(.reportAsFraud)))
            ),
            Change(
                [.outcome, .choice, .method, .via, .decidedAt],
                settled(.expired),
                settled(.denied(decision(.deny)))
            ),
            Change([.outcome, .failure], settled(.expired), settled(.failed(.noChannel))),
            Change([.failure], settled(.failed(.noAccounts)), settled(.failed(.noChannel))),
            Change([.delegate], delegated("a"), delegated("b")),
            Change([.signIn], signedIn("a"), signedIn("b")),
            .init([.device], declined(by: "key-1"), declined(by: "key-2")),
            Change([.proof], proved("a"), proved("b")),
            Change([.merit], merited("a", nil), merited("b", nil)),
            Change([.merit], merited("a", nil), merited("a", "urn:gold")),
            Change([.method], proved("a"), proved("a", .passkey)),
            Change([.via], approved, settled(.approved(decision(via: .device)))),
            Change([.address], approved, settled(.approved(decision(address: "192.0.2.1")))),
            Change([.decidedAt], approved, settled(.approved(decision(at: later)))),
            Change(
                [.challenge],
                approved,
                settled(.approved(decision(challenge: Array(repeating: 9, count: 32))))
            ),
            Change(
                [.granted],
                approved,
                settled(.approved(decision(grant: Grant(scopes: ["openid"]))))
            ),
            Change(
                [.selected],
                approved,
                settled(.approved(decision(grant: Grant(scopes: [], accounts: ["a-1"]))))
            ),
            Change([.settlement], approved, settled(.approved(decision()), .gone)),
            Change([.settledAt], approved, settled(.approved(decision()), at: later)),
            Change(
                [.phase, .dueAt, .stranding],
                .reporting(.expired, report),
                .stranded(.expired, report, .gone)
            ),
            Change(
                [.stranding],
                .stranded(.expired, report, .gone),
                .stranded(.expired, report, .outOfTime)
            ),
            Change(
                [.strandingReason],
                .stranded(.expired, report, .refused("no")),
                .stranded(.expired, report, .refused(""))
            ),
        ]
    }()

    /// What a row holds, by column.
    private func values(
        _ number: LoginNumber,
        _ connection: SQLiteConnection
    ) throws -> [LoginColumn: [UInt8]] {
        let select = try connection.statement(LoginRow.byNumber)
        select.bind(number.rawValue, at: 1)
        defer { select.reset() }
        try #require(try select.step())
        return Dictionary(
            uniqueKeysWithValues: LoginColumn.allCases.compactMap { column in
                select.bytes(column.rawValue).map { (column, $0) }
            }
        )
    }

    private func database() throws -> SQLiteConnection {
        let connection = try SQLiteConnection(
            path: ":memory:",
            access: .readWrite,
            role: .service,
            busyMilliseconds: 0
        )
        try Migrations.run(on: connection)
        return connection
    }

    @Test("stores each value in its own column and reads it back")
    func independent() throws {
        let connection = try database()
        var number = LoginNumber(0)
        func insert(_ login: PendingLogin) throws -> LoginNumber {
            number = LoginNumber(number.rawValue + 1)
            let insert = try connection.statement(LoginRow.insert)
            try LoginRow.bindInsert(number, login, to: insert)
            try insert.run()
            #expect(try connection.login(number)?.login == login)
            return number
        }
        for change in Self.changes {
            let before = try insert(change.before)
            let after = try insert(change.after)
            var (old, new) = (try values(before, connection), try values(after, connection))
            (old[.number], new[.number]) = (nil, nil)
            let changed = LoginColumn.allCases.filter { old[$0] != new[$0] }
            #expect(Set(changed) == change.columns)

            // An update changes the same columns, in both directions.
            guard change.columns.isSubset(of: LoginColumn.changing) else { continue }
            for login in [change.after, change.before] {
                let update = try connection.statement(LoginRow.update)
                try LoginRow.bindUpdate(before, login, to: update)
                try update.run()
                var now = try values(before, connection)
                now[.number] = nil
                #expect(now == (login == change.after ? new : old))
                #expect(try connection.login(before)?.login == login)
            }
        }
    }

    @Test("has a change for every column in the test above")
    func complete() {
        let tried = Self.changes.reduce(into: Set<LoginColumn>()) { $0.formUnion($1.columns) }
        // Every row has its own number, and redaction is tested elsewhere.
        #expect(tried.union([.number, .redacted, .interruptions]) == Set(LoginColumn.allCases))
    }
}
