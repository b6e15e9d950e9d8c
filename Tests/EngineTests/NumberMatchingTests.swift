import Access
import Consents
import Cryptography
import Engine
import Identity
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("Matching numbers", .timeLimit(.minutes(3)))
struct NumberMatchingTests {
    static let number = "730194"
    static let rule = (try? NumberPattern("######")).map { NumberRule(.enter, $0) }

    /// Desks over one store, and logins whose message has a number.
    struct Scene: Sendable {
        let stage: Stage
        let store: SQLLoginStore
        let desk: DecisionDesk

        func prompt(
            _ id: String = "one",
            _ matching: NumberMatching = .enter,
            message: String? = "Kiosk 12, code 730194",
            user: String = "alice"
        ) async throws -> (number: LoginNumber, ticket: String) {
            var fixture = PendingLogin.Fixture(id: id)
            fixture.user = user
            fixture.bindingMessage = message
            fixture.receivedAt = stage.clock.now()
            fixture.numbers = NumberRule(matching, try NumberPattern("######"))
            let number = try await store.insertNew(.inPhase(.waiting, fixture))
            let ticket = PromptTicket(for: number)
            let now = stage.clock.now()
            _ = try await store.update(number) { (login) throws(PendingLogin.Refusal) in
                try login.apply(.ticketIssued(ticket.digest), at: now)
            }
            return (number, ticket.text)
        }

        @discardableResult
        func approve(
            _ ticket: String,
            _ code: String?,
            _ choice: Decision.Choice = .approve
        ) async throws -> StoredLogin {
            try await desk.decide(choice, opening: ticket, via: .page, address: "192.0.2.7") {
                Selection(shown: $0.login.question?.digest, code: code)
            }
        }

        /// What an approval is refused with.
        func refusal(
            _ ticket: String,
            _ code: String?
        ) async throws -> PendingLogin.Refusal? {
            do {
                try await approve(ticket, code)
                return nil
            } catch DecisionDesk.Refusal.refused(let refusal, _) {
                return refusal
            }
        }

        func login(_ number: LoginNumber) async throws -> PendingLogin {
            try #require(try await store.login(number)).login
        }

        func standing(_ user: String = "alice") async throws -> FailureStanding {
            try await store.failures(of: .named(user))
        }

        func audit(_ kind: String) async throws -> [AuditEvent] {
            try await store.access.audit(after: 0, limit: 1000).map(\.event)
                .filter { $0.kind == kind }
        }
    }

    static func with(
        allowing methods: [ApprovalPolicy.Method] = [.tap],
        _ body: (Scene) async throws -> Void
    ) async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            try await body(Scene(stage: stage, store: store, desk: desk(stage, store, methods)))
        }
    }

    static func desk(
        _ stage: Stage,
        _ store: SQLLoginStore,
        _ methods: [ApprovalPolicy.Method] = [.tap]
    ) -> DecisionDesk {
        DecisionDesk(
            store: store,
            changes: LoginChanges(),
            clock: stage.clock,
            approvers: Approvers(directory: stage.people, plan: stage.escalation),
            policy: ApprovalPolicy(fallback: methods.map { .init($0) }),
            usable: Set(methods),
            failures: store,
            secret: Array(repeating: 7, count: 32)
        )
    }

    // rule: N3, F9
    @Test(
        "approves with the right number, and says how it was matched",
        arguments: [
            (NumberMatching.enter, "730194"), (.enter, "730 194"), (.choose, "730194"),
            (.show, nil), (.off, nil),
        ] as [(NumberMatching, String?)]
    )
    func approved(matching: NumberMatching, code: String?) async throws {
        try await Self.with { scene in
            let login = try await scene.prompt("one", matching)
            try await scene.approve(login.ticket, code)
            let decision = try #require(
                try await scene.login(login.number).phase.outcome?.decision
            )
            #expect(decision.choice == .approve)
            #expect(decision.matched == (matching.isSecret ? matching : nil))
            let event = try #require(try await scene.audit("login.decided").first)
            #expect(
                event.members["number_matched"]?.string
                    == (matching.isSecret ? matching.rawValue : nil)
            )
        }
    }

    // rule: A8
    @Test("refuses without the number, with a wrong one, and with that of another login")
    func refused() async throws {
        try await Self.with { scene in
            let one = try await scene.prompt("one")
            let two = try await scene.prompt("two", message: "code 111222")
            for missing in [nil, "", "  "] {
                #expect(try await scene.refusal(one.ticket, missing) == .unfit(.codeMissing))
            }
            #expect(try await scene.login(one.number).wrongCodes == 0)
            for (index, wrong) in ["730195", "111222", "7301940", "73019x"].enumerated() {
                #expect(try await scene.refusal(one.ticket, wrong) == .unfit(.codeWrong))
                #expect(try await scene.login(one.number).wrongCodes == index + 1)
                #expect(try await scene.standing().failures == index + 1)
            }
            #expect(try await scene.audit("login.wrong_code").count == 4)
            #expect(try await scene.login(one.number).phase.name == .waiting)
            // The right one ends the counting.
            try await scene.approve(two.ticket, "111222")
            #expect(try await scene.standing() == FailureStanding())
            try await scene.approve(one.ticket, Self.number)
        }
    }

    @Test("does not judge the number of an approval that does not fit")
    func unfit() async throws {
        try await Self.with { scene in
            let login = try await scene.prompt()
            for code in [Self.number, "000000"] {
                await #expect {
                    try await scene.desk.decide(
                        .approve,
                        opening: login.ticket,
                        via: .page,
                        address: nil
                    ) {
                        Selection(accounts: ["x"], shown: $0.login.question?.digest, code: code)
                    }
                } throws: {
                    guard case DecisionDesk.Refusal.refused(.unfit(let problem), _) = $0 else {
                        return false
                    }
                    return problem == .noAccountsTaken
                }
            }
            #expect(try await scene.login(login.number).wrongCodes == 0)
        }
    }

    // rule: P3
    @Test("ends the login as suspicious at the fifth wrong number, and blocks the user")
    func fifth() async throws {
        try await Self.with { scene in
            let login = try await scene.prompt()
            let other = try await scene.prompt("other")
            for _ in 1...4 {
                #expect(try await scene.refusal(login.ticket, "000000") == .unfit(.codeWrong))
            }
            #expect(
                try await scene.refusal(login.ticket, "000000")
                    == .alreadyEnded(.failed(.wrongCodes))
            )
            let ended = try await scene.login(login.number)
            #expect(ended.phase.outcome == .failed(.wrongCodes) && ended.phase.name == .reporting)
            #expect(try await scene.audit("login.suspicious").count == 1)
            #expect(try await scene.audit("user.blocked").count == 1)
            // Not even with the right number, and not the other login.
            #expect(
                try await scene.refusal(login.ticket, Self.number)
                    == .alreadyEnded(.failed(.wrongCodes))
            )
            let until = scene.stage.clock.now() + FailureStanding.firstBlock
            #expect(
                try await scene.refusal(other.ticket, Self.number) == .userBlocked(until: until)
            )
            #expect(try await scene.refusal(other.ticket, "000000") == .userBlocked(until: until))
            #expect(try await scene.login(other.number).wrongCodes == 0)
            // Declining always works.
            try await scene.approve(other.ticket, nil, .deny)
            let third = try await scene.prompt("third", .off)
            #expect(try await scene.refusal(third.ticket, nil) == .userBlocked(until: until))
            scene.stage.clock.advance(by: FailureStanding.firstBlock)
            let later = try await scene.prompt("later")
            try await scene.approve(later.ticket, Self.number)
        }
    }

    // rule: N7
    @Test("counts over logins and restarts: four wrong numbers, a new login, one more: blocked")
    func acrossLogins() async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            let scene = Scene(stage: stage, store: store, desk: Self.desk(stage, store))
            let login = try await scene.prompt()
            for _ in 1...4 { _ = try await scene.refusal(login.ticket, "000000") }
        }
        try await stage.withStore { store in
            let scene = Scene(stage: stage, store: store, desk: Self.desk(stage, store))
            let first = try #require(try await store.login(LoginNumber(1))).login
            #expect(first.wrongCodes == 4)
            let login = try await scene.prompt("two")
            #expect(try await scene.refusal(login.ticket, "000000") == .unfit(.codeWrong))
            #expect(try await scene.standing().isBlocked(at: stage.clock.now()))
            let until = try await scene.standing().blockedUntil
            #expect(
                try await scene.refusal(login.ticket, Self.number) == .userBlocked(until: until)
            )
            // Other users are not affected.
            stage.people.put(User(id: .named("bob"), isActive: true))
            let other = try await scene.prompt("three", user: "bob")
            try await scene.approve(other.ticket, Self.number)
        }
    }

    @Test("counts attempts at the same instant exactly", arguments: [1, 2])
    func parallel(logins: Int) async throws {
        try await Self.with { scene in
            var tickets: [String] = []
            var numbers: [LoginNumber] = []
            for index in 1...logins {
                let login = try await scene.prompt("login-\(index)")
                tickets.append(login.ticket)
                numbers.append(login.number)
            }
            let attempts = 40
            let counted = try await withThrowingTaskGroup(of: Bool.self) { group in
                for index in 0..<attempts {
                    let ticket = tickets[index % logins]
                    group.addTask {
                        switch try await scene.refusal(ticket, "00000\(index % 10)") {
                        case .unfit(.codeWrong): true
                        default: false
                        }
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            var tries = 0
            for number in numbers { tries += try await scene.login(number).wrongCodes }
            // The fifth blocks; of one login it ends it, so that it is answered otherwise.
            #expect(tries == FailureStanding.most)
            #expect(counted == (logins == 1 ? 4 : 5))
            #expect(try await scene.audit("user.blocked").count == 1)
            #expect(try await scene.standing().blocks == 1)
        }
    }

    // rule: N6
    @Test("takes a number once")
    func once() async throws {
        try await Self.with { scene in
            let login = try await scene.prompt()
            try await scene.approve(login.ticket, Self.number)
            let decided = try await scene.login(login.number)
            // The same again is the same decision; another number changes nothing and is not counted.
            for code in [Self.number, "000000", nil] { try await scene.approve(login.ticket, code) }
            #expect(try await scene.login(login.number) == decided)
            #expect(try await scene.audit("login.decided").count == 1)
            // The number of this login opens no other.
            let next = try await scene.prompt("next", message: "code 111222")
            #expect(try await scene.refusal(next.ticket, Self.number) == .unfit(.codeWrong))
        }
    }

    @Test("offers three numbers, the same ones until a wrong one was chosen")
    func choices() async throws {
        try await Self.with { scene in
            let login = try await scene.prompt("one", .choose)
            var seen: [String] = []
            var places: Set<Int> = []
            for tries in 0..<PendingLogin.mostWrongCodes {
                let numbers = scene.desk.numbers(for: try await scene.login(login.number))
                #expect(numbers.count == 3 && numbers.contains(Self.number))
                let another = Self.desk(scene.stage, scene.store)
                #expect(
                    another.numbers(for: try await scene.login(login.number)) == numbers,
                    "another process shows the same"
                )
                for number in numbers where number != Self.number {
                    #expect(number.utf8.count == 6 && !seen.contains(number))
                    seen.append(number)
                }
                places.insert(numbers.firstIndex(of: Self.number) ?? -1)
                if tries < 4 {
                    let wrong = try #require(numbers.first { $0 != Self.number })
                    #expect(try await scene.refusal(login.ticket, wrong) == .unfit(.codeWrong))
                }
            }
            #expect(seen.count == 10)
            try await scene.approve(login.ticket, Self.number)
            // Other ways of matching offer none.
            let entered = try await scene.prompt("two", .enter)
            #expect(scene.desk.numbers(for: try await scene.login(entered.number)).isEmpty)
        }
    }

    @Test("puts the right one of the three anywhere, and makes short numbers too")
    func places() async throws {
        try await Self.with { scene in
            var places = [0, 0, 0]
            for index in 0..<300 {
                var fixture = PendingLogin.Fixture(id: "login-\(index)")
                fixture.bindingMessage = "code 42"
                fixture.numbers = NumberRule(.choose, try NumberPattern("##"))
                let login = PendingLogin.inPhase(.waiting, fixture)
                let question = try #require(login.question)
                let asked = PendingLogin(
                    key: login.key,
                    terms: login.terms,
                    details: login.details,
                    question: Question(
                        consent: question.consent,
                        digest: question.digest,
                        nonce: SHA256.digest([UInt8(index % 256), UInt8(index / 256)])
                    ),
                    tickets: [],
                    phase: login.phase,
                    wrongCodes: 4
                )
                let numbers = scene.desk.numbers(for: asked)
                #expect(Set(numbers).count == 3)
                places[try #require(numbers.firstIndex(of: "42"))] += 1
            }
            #expect(places.allSatisfy { $0 > 60 }, "\(places)")
        }
    }

    @Test("without a number in the message, only a passkey can approve")
    func noNumber() async throws {
        try await Self.with(allowing: [.tap, .signIn, .passkey]) { scene in
            let login = try await scene.prompt("one", message: "Kiosk 12")
            #expect(scene.desk.methods(for: try await scene.login(login.number)) == [.passkey])
            await #expect(throws: DecisionDesk.Refusal.methodNotAllowed) {
                try await scene.approve(login.ticket, "12")
            }
            let confirmed = try await scene.desk.confirmable(.ticket(login.ticket), by: .passkey) {
                Selection(shown: $0.login.question?.digest)
            }
            let proof = Evidence.Proof(credential: .named("k"), publicKey: [1], statement: "s")
            let decided = try await scene.desk.approve(
                login.number,
                of: .named("alice"),
                by: Evidence(proof: proof, method: .passkey, via: .page, address: nil),
                challenge: confirmed.challenge
            ) { Selection(shown: $0.login.question?.digest) }
            #expect(decided.login.phase.outcome?.decision?.matched == nil)
        }
    }

    @Test("is sealed while the user confirms elsewhere, for this approval and these attempts only")
    func sealed() async throws {
        try await Self.with(allowing: [.signIn]) { scene in
            let login = try await scene.prompt()
            let other = try await scene.prompt("other")
            func confirmable(
                _ ticket: String,
                _ code: String?
            ) async throws -> DecisionDesk.Confirmable {
                try await scene.desk.confirmable(.ticket(ticket), judgesNumber: true) {
                    Selection(shown: $0.login.question?.digest, code: code)
                }
            }
            func approve(_ number: LoginNumber, _ challenge: [UInt8], _ seal: [UInt8]?) async throws
            {
                let signIn = Evidence.SignIn(
                    issuer: "https://login.bank.example",
                    at: scene.stage.clock.now(),
                    context: nil,
                    methods: []
                )
                _ = try await scene.desk.approve(
                    number,
                    of: .named("alice"),
                    by: Evidence(signIn: signIn, via: .page, address: nil),
                    challenge: challenge,
                    seal: seal
                ) { Selection(shown: $0.login.question?.digest) }
            }
            await #expect(throws: DecisionDesk.Refusal.self) {
                try await confirmable(login.ticket, "000000")
            }
            #expect(try await scene.login(login.number).wrongCodes == 1)
            let confirmed = try await confirmable(login.ticket, Self.number)
            let foreign = try await confirmable(other.ticket, Self.number)
            for seal in [nil, foreign.seal, [UInt8](repeating: 0, count: 32), []] {
                await #expect(throws: DecisionDesk.Refusal.self) {
                    try await approve(login.number, confirmed.challenge, seal)
                }
            }
            #expect(try await scene.login(login.number).wrongCodes == 1)
            // A wrong number in between.
            await #expect(throws: DecisionDesk.Refusal.self) {
                try await confirmable(login.ticket, "000000")
            }
            await #expect(throws: DecisionDesk.Refusal.self) {
                try await approve(login.number, confirmed.challenge, confirmed.seal)
            }
            let again = try await confirmable(login.ticket, Self.number)
            try await approve(login.number, again.challenge, again.seal)
            let decision = try await scene.login(login.number).phase.outcome?.decision
            #expect(decision?.matched == .enter && decision?.evidence.method == .signIn)
        }
    }

    @Test("a backend that decides for the user needs no number")
    func delegated() async throws {
        try await Self.with { scene in
            let login = try await scene.prompt()
            let decided = try await scene.desk.decide(
                .approve,
                login.number,
                of: .named("alice"),
                by: Evidence.Delegate(client: .named("dc"), token: "jti"),
                address: nil
            ) { Selection(shown: $0.login.question?.digest) }
            #expect(decided.login.phase.outcome?.decision?.matched == nil)
        }
    }

    // rule: N3
    @Test(
        "the engine gives channels the message without the number",
        arguments: NumberMatching.allCases
    )
    func channels(matching: NumberMatching) async throws {
        let stage = try Stage()
        try await stage.run { run in
            let number = try await run.start {
                $0.bindingMessage = "Kiosk 12, code \(Self.number)"
                $0.numbers = Self.rule.map { NumberRule(matching, $0.pattern) }
            }
            let asked = try await stage.webhook.asked.wait("a prompt") { asked in
                asked.contains { $0.prompt.number == number }
            }
            let prompt = try #require(asked.last).prompt
            #expect(prompt.bindingMessage?.hasPrefix("Kiosk 12, code ") == true)
            var dumped = ""
            dump(prompt, to: &dumped)
            #expect(dumped.contains(Self.number) == !matching.isSecret)
            let login = try #require(try await run.store.login(number)).login
            dumped = ""
            dump(login, to: &dumped)
            #expect(dumped.contains(Self.number) == !matching.isSecret)
        }
        if matching.isSecret {
            #expect(!stage.log.lines.contains { $0.members.contains(Self.number) })
        }
    }

    @Test(
        "fails a login without a number, if the configuration demands one",
        arguments: [true, false]
    )
    func required(isRequired: Bool) async throws {
        let stage = try Stage()
        try await stage.run(requiresNumber: isRequired) { run in
            let number = try await run.start {
                $0.bindingMessage = "Kiosk 12"
                $0.numbers = Self.rule
            }
            let login = try await stage.login(number, reaching: isRequired ? .settled : .waiting)
            #expect((login.phase.outcome == .failed(.numberMissing)) == isRequired)
        }
        #expect(stage.log.events.contains("number.missing") == isRequired)
    }

    // rule: C2
    @Test(
        "fails a login with a message that the configuration does not accept, and asks nobody",
        arguments: [(8, true), (7, false)]
    )
    func unacceptable(longest: Int, isAccepted: Bool) async throws {
        let stage = try Stage()
        try await stage.run(messages: MessageRule(.visible, longest: longest)) { run in
            let number = try await run.start { $0.bindingMessage = "Kiosk 12" }
            let login = try await stage.login(number, reaching: isAccepted ? .waiting : .settled)
            let failed = login.phase.outcome == .failed(.messageUnacceptable)
            #expect(failed == !isAccepted)
            #expect(login.question != nil || !isAccepted)
        }
        #expect(stage.log.events.contains("binding.unacceptable") == !isAccepted)
    }
}
