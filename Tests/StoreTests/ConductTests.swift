import Access
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("What users' prompts and decisions lead to", .timeLimit(.minutes(10)))
struct ConductTests {
    private func withLimits(
        _ kind: StoreKind,
        _ limits: LoginLimits,
        _ body: (SQLLoginStore, StorePlace) async throws -> Void
    ) async throws {
        let place = try StorePlace(kind)
        let store = try open(place, limits)
        do { try await body(store, place) } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    private func open(_ place: StorePlace, _ limits: LoginLimits) throws -> SQLLoginStore {
        var options = place.options()
        options.limits = limits
        return try SQLLoginStore(options)
    }

    private func start(
        _ id: String,
        in store: SQLLoginStore,
        _ limits: LoginLimits,
        at seconds: Int64 = 0,
        user: String = "alice",
        client: String? = "shop"
    ) async throws -> StoredLogin {
        let login = fixture(id) {
            $0.user = user
            $0.client = client
            $0.receivedAt = noon + .seconds(seconds)
        }
        switch try await store.insert(login.make(), limits: limits) {
        case .inserted(let stored), .known(let stored): return stored
        }
    }

    private func prompt(
        _ stored: StoredLogin,
        in store: SQLLoginStore,
        at seconds: Int64 = 0
    ) async throws -> StoredLogin {
        guard stored.login.phase.name == .preparing else { return stored }
        let now = noon + .seconds(seconds)
        let question = Question.fixture
        return try await store.apply(
            .prepared(question, [.fixture(at: now)]),
            to: stored.number,
            at: now
        )
    }

    private func decide(
        _ choice: Decision.Choice,
        _ stored: StoredLogin,
        in store: SQLLoginStore,
        at seconds: Int64 = 0
    ) async throws -> StoredLogin {
        let now = noon + .seconds(seconds)
        return try await store.apply(
            .decided(.fixture(choice, at: now), Selection(shown: Question.fixture.digest)),
            to: stored.number,
            at: now
        )
    }

    private func failure(_ stored: StoredLogin) -> Failure? {
        if case .failed(let failure) = stored.login.phase.outcome { failure } else { nil }
    }

    // rule: C12, F8, X5, A8
    @Test(
        "10,000 starts at one person reach them at most as often as allowed, all have an outcome or a prompt, and others are asked"
    )
    func bombing() async throws {
        var wanted = LoginLimits.none
        wanted.promptsSinceSuccess = 5
        let limits = wanted
        try await withLimits(.sqlite, limits) { store, _ in
            let asked = try await withThrowingTaskGroup(of: (Bool, Bool).self) { group in
                for index in 0..<10_000 {
                    group.addTask {
                        let stored = try await start("bomb-\(index)", in: store, limits)
                        let after = try await prompt(stored, in: store)
                        let isAsked = after.login.phase.name == .waiting
                        return (isAsked, isAsked || failure(after) == .tooManyPrompts)
                    }
                }
                for index in 0..<100 {
                    group.addTask {
                        let user = "other-\(index)"
                        let stored = try await start(user, in: store, limits, user: user)
                        let after = try await prompt(stored, in: store)
                        return (false, after.login.phase.name == .waiting)
                    }
                }
                var asked = 0
                for try await (isAsked, isFine) in group {
                    if isAsked { asked += 1 }
                    #expect(isFine)
                }
                return asked
            }
            #expect(asked == 5)
        }
    }

    // rule: C12, N12
    @Test(
        "Prompts since the last approval are limited, across restarts, until one is approved or they are old"
    )
    func prompts() async throws {
        var limits = LoginLimits.none
        limits.promptsSinceSuccess = 2
        let place = try StorePlace(.sqlite)
        var store = try open(place, limits)
        let first = try await prompt(start("1", in: store, limits), in: store)
        _ = try await prompt(start("2", in: store, limits), in: store)
        await store.close()
        store = try open(place, limits)
        #expect(try await failure(start("3", in: store, limits)) == .tooManyPrompts)
        _ = try await decide(.approve, first, in: store)
        #expect(try await failure(start("4", in: store, limits)) == nil)
        _ = try await prompt(start("5", in: store, limits), in: store)
        _ = try await prompt(start("6", in: store, limits), in: store)
        #expect(try await failure(start("7", in: store, limits)) == .tooManyPrompts)
        #expect(try await failure(start("8", in: store, limits, at: 3_600)) == nil)
        await store.close()
    }

    // rule: C12
    @Test("A user who declines too often in a row is left alone for a while")
    func declines() async throws {
        var limits = LoginLimits.none
        limits.declines = 2
        limits.pauseAfterDeclines = .seconds(60)
        try await withLimits(.sqlite, limits) { store, _ in
            for id in ["1", "2"] {
                let asked = try await prompt(start(id, in: store, limits), in: store)
                _ = try await decide(.deny, asked, in: store)
            }
            #expect(try await failure(start("3", in: store, limits, at: 59)) == .coolingDown)
            #expect(try await failure(start("4", in: store, limits, at: 59, user: "bob")) == nil)
            #expect(try await failure(start("5", in: store, limits, at: 60)) == nil)
        }
    }

    // rule: X4
    @Test(
        "\"This wasn't me\" ends the client's other logins for the user, blocks it, and undoes no decision"
    )
    func reported() async throws {
        var limits = LoginLimits.none
        limits.blockOfReported = .seconds(600)
        limits.reportsSecurityEvents = true
        let place = try StorePlace(.sqlite)
        var store = try open(place, limits)
        func asked(
            _ id: String,
            user: String = "alice",
            client: String = "shop"
        ) async throws
            -> StoredLogin
        {
            let stored = try await start(id, in: store, limits, user: user, client: client)
            return try await prompt(stored, in: store)
        }
        let reported = try await asked("reported")
        let approved = try await decide(.approve, asked("approved"), in: store)
        let live = try await asked("live")
        let preparing = try await start("preparing", in: store, limits)
        let ofOther = try await asked("of-other", user: "bob")
        let otherClient = try await asked("other-client", client: "bank")

        _ = try await decide(.reportAsFraud, reported, in: store)
        func now(_ stored: StoredLogin) async throws -> StoredLogin {
            try #require(try await store.login(stored.number))
        }
        #expect(try await failure(now(live)) == .reportedByUser)
        #expect(try await failure(now(preparing)) == .reportedByUser)
        #expect(try await now(live).login.phase.name == .reporting, "the server is told")
        #expect(try await now(approved).login.phase.outcome?.isApproval == true)
        #expect(try await now(ofOther).login.phase.name == .waiting)
        #expect(try await now(otherClient).login.phase.name == .waiting)

        await store.close()
        store = try open(place, limits)
        #expect(try await failure(start("later", in: store, limits, at: 599)) == .clientBlocked)
        #expect(try await failure(start("bob", in: store, limits, at: 599, user: "bob")) == nil)
        #expect(try await failure(start("free", in: store, limits, at: 600)) == nil)
        let blocks = try await store.clientBlocks(at: noon, limit: 10)
        #expect(blocks.map(\.client.value) == ["shop"])
        #expect(blocks.map(\.login) == [reported.number])

        // The user is told of the block once.
        let notices = try await store.dueNotices(at: noon, limit: 10)
        #expect(notices.map(\.since) == [noon])
        guard case .login(reported.number, let told?) = notices.first?.cause else {
            Issue.record("\(notices)")
            return
        }
        #expect(told.login.phase.outcome?.suspicion == .reported)
        try await store.noteNotice(notices[0], next: noon + .seconds(5))
        #expect(try await store.dueNotices(at: noon + .seconds(4), limit: 10).isEmpty)
        #expect(try await store.dueNotices(at: .distantFuture, limit: 10).map(\.attempts) == [1])

        let events = try await store.dueSecurityEvents(at: noon + .seconds(1), limit: 10)
        #expect(events.map(\.login) == [reported.number])
        #expect(events.first?.ended == 2)
        let event = try #require(events.first)
        try await store.noteSecurityEvent(event.id, next: noon + .seconds(30))
        #expect(try await store.dueSecurityEvents(at: noon + .seconds(29), limit: 10).isEmpty)
        #expect(
            try await store.dueSecurityEvents(at: noon + .seconds(30), limit: 10).first?.attempts
                == 1
        )
        try await store.noteSecurityEvent(event.id, next: nil)
        #expect(try await store.dueSecurityEvents(at: .distantFuture, limit: 10).isEmpty)

        let note = AuditEvent("client.unblocked", at: noon)
        #expect(try await store.liftClientBlock(try #require(blocks.first).id, note))
        #expect(try await !store.liftClientBlock(try #require(blocks.first).id, note))
        #expect(try await failure(start("lifted", in: store, limits, at: 1)) == nil)
        let kinds = try await store.access.auditPage(after: 0, limit: 100).records.compactMap {
            AuditChain.event(of: $0.bytes)?.event.kind
        }
        #expect(kinds.contains("user.reported_client"))
        #expect(kinds.contains("client.unblocked"))
        await store.close()
    }

    @Test("A newer login of the same client replaces the older one where that is set")
    func replaced() async throws {
        var limits = LoginLimits(liveLoginsOfUser: 1)
        limits.replacesSameClient = true
        try await withLimits(.sqlite, limits) { store, _ in
            let old = try await prompt(start("old", in: store, limits), in: store)
            #expect(try await failure(start("new", in: store, limits)) == nil)
            let now = try #require(try await store.login(old.number))
            #expect(failure(now) == .replaced)
            #expect(now.login.phase.name == .reporting, "the server is told")
            let other = try await start("other", in: store, limits, client: "bank")
            #expect(failure(other) == .tooManyLoginsOfUser)
        }
    }

    // rule: X5
    @Test(
        "A client that starts logins for many users within a minute is in the audit once, and refused where that is set",
        arguments: [false, true]
    )
    func bulk(_ refuses: Bool) async throws {
        var limits = LoginLimits.none
        limits.usersOfClientAMinute = 10
        limits.refusesMoreUsers = refuses
        try await withLimits(.sqlite, limits) { store, _ in
            for index in 0..<30 {
                let stored = try await start("\(index)", in: store, limits, user: "user-\(index)")
                let expected: Failure? = refuses && index >= 10 ? .tooManyUsersOfClient : nil
                #expect(failure(stored) == expected)
            }
            // A user who is among them already is no further one.
            #expect(try await failure(start("again", in: store, limits, user: "user-3")) == nil)
            #expect(try await failure(start("later", in: store, limits, at: 61)) == nil)
            let kinds = try await store.access.auditPage(after: 0, limit: 100).records.compactMap {
                AuditChain.event(of: $0.bytes)?.event.kind
            }
            #expect(kinds.filter { $0 == "client.bulk_starts" }.count == 1)
        }
    }

    // rule: P3, N7
    @Test(
        "Five failed proofs in a row block the user, at the same instant too, and a success resets"
    )
    func failures() async throws {
        try await withLimits(.sqlite, .none) { store, place in
            let user = UserID.named("alice")
            for _ in 0..<4 { _ = try await store.noteFailure(of: user) }
            #expect(try await store.failures(of: user).left == 1)
            try await store.noteSuccess(of: user)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 { group.addTask { _ = try await store.noteFailure(of: user) } }
                try await group.waitForAll()
            }
            #expect(try await !store.failures(of: user).isBlocked(at: place.clock.now()))
            let fifth = try await store.noteFailure(of: user)
            #expect(fifth.blockedUntil == place.clock.now() + .minutes(15))
            #expect(try await store.noteFailure(of: user) == fifth, "nothing more counts")
            try await store.noteSuccess(of: user)
            #expect(try await store.failures(of: user) == fifth, "a block stays")
            #expect(try await store.unblock(user, AuditEvent("user.unblocked", at: noon)))
            #expect(try await store.failures(of: user) == FailureStanding())
        }
    }

    @Test("Prompts and blocks of clients are erased when they no longer count; failures are not")
    func erased() async throws {
        var limits = LoginLimits()
        limits.promptsSinceSuccess = 2
        limits.blockOfReported = .seconds(600)
        try await withLimits(.sqlite, limits) { store, place in
            let day = Duration.seconds(86_400)
            let first = try await start("a", in: store, limits)
            _ = try await decide(.reportAsFraud, prompt(first, in: store), in: store)
            _ = try await store.noteFailure(of: .named("bob"))
            let access = store.access
            // The client is blocked for ten minutes, and a prompt counts for a day at most.
            #expect(try await access.sweepAccess(before: noon + .seconds(600), limit: 9) == 0)
            #expect(try await access.sweepAccess(before: noon + .seconds(601), limit: 9) == 1)
            #expect(try await access.sweepAccess(before: noon + day, limit: 9) == 0)
            #expect(try await access.sweepAccess(before: noon + day * 2, limit: 9) == 1)
            #expect(try await access.sweepAccess(before: noon + day * 900, limit: 9) == 0)
            #expect(try await store.failures(of: .named("bob")).failures == 1)
        }
    }

    /// One attempt after the other: whether each is right, and whether the user is blocked after it.
    static let sequences: [(name: String, right: [Bool], isBlocked: Bool)] = [
        ("four wrong, one right", [false, false, false, false, true], false),
        (
            "four wrong, one right, four wrong",
            [false, false, false, false, true, false, false, false, false], false
        ),
        ("five wrong", [false, false, false, false, false], true),
        ("one right", [true], false),
        (
            "wrong and right in turn", Array(repeating: [false, true], count: 9).flatMap(\.self),
            false
        ),
        ("one right, five wrong", [true, false, false, false, false, false], true),
    ]

    // rule: P3
    @Test("An attempt counts exactly when it is wrong", arguments: sequences.indices)
    func attempts(index: Int) async throws {
        let (name, sequence, isBlocked) = Self.sequences[index]
        try await withLimits(.sqlite, .none) { store, place in
            let user = UserID.named("alice")
            for right in sequence {
                guard case .begun(let attempt) = try await store.beginAttempt(of: user) else {
                    Issue.record("\(name): no attempt")
                    return
                }
                if right {
                    #expect(try await store.succeeded(attempt), "\(name)")
                } else {
                    _ = try await store.failed(attempt)
                }
                // Settled once: a second time changes nothing.
                #expect(try await !store.succeeded(attempt), "\(name)")
            }
            let standing = try await store.failures(of: user)
            #expect(standing.isBlocked(at: place.clock.now()) == isBlocked, "\(name)")
            let next = try await store.beginAttempt(of: user)
            #expect((next == .blocked(standing)) == isBlocked, "\(name)")
        }
    }

    // rule: P3
    @Test("Parallel attempts never exceed what is left, and all of them count")
    func parallelAttempts() async throws {
        try await withLimits(.sqlite, .none) { store, place in
            for round in 0..<20 {
                let user = UserID.named("alice-\(round)")
                let starts = try await withThrowingTaskGroup(of: ProofAttempt.Start.self) { group in
                    for _ in 0..<20 { group.addTask { try await store.beginAttempt(of: user) } }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                let begun = starts.compactMap { start -> ProofAttempt? in
                    if case .begun(let attempt) = start { attempt } else { nil }
                }
                #expect(begun.count == 5 && starts.count { $0 == .busy } == 15)
                // In even rounds one of them is right.
                let right = round.isMultiple(of: 2) ? begun.first : nil
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for attempt in begun {
                        group.addTask {
                            if attempt == right {
                                #expect(try await store.succeeded(attempt))
                            } else {
                                _ = try await store.failed(attempt)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let isBlocked = try await store.failures(of: user).isBlocked(at: place.clock.now())
                #expect(isBlocked == (right == nil))
            }
        }
    }

    // rule: P3, N7
    @Test("An attempt that nobody settles is a failure, and a success that comes too late is none")
    func unsettledAttempt() async throws {
        try await withLimits(.sqlite, .none) { store, place in
            let user = UserID.named("alice")
            for _ in 0..<4 { _ = try await store.noteFailure(of: user) }
            guard case .begun(let attempt) = try await store.beginAttempt(of: user) else {
                Issue.record("no attempt")
                return
            }
            #expect(try await store.beginAttempt(of: user) == .busy)
            place.clock.advance(by: ProofAttempt.longest + .milliseconds(1))
            let standing = try await store.beginAttempt(of: user)
            #expect(try await standing == .blocked(store.failures(of: user)))
            #expect(try await !store.succeeded(attempt))
            #expect(try await store.unblock(user, AuditEvent("user.unblocked", at: noon)))
            guard case .begun = try await store.beginAttempt(of: user) else {
                Issue.record("no attempt after the end of the block")
                return
            }
        }
    }

    // rule: A1
    @Test("A block after failed attempts is told to the user once, and so is a later one")
    func blockNotice() async throws {
        let place = try StorePlace(.sqlite)
        let blocked = Locked<[Int]>([])
        var options = place.options()
        options.usersBlocked = { count in blocked.withLock { $0.append(count) } }
        let store = try SQLLoginStore(options)
        let anna = UserID.named("anna")
        for _ in 0..<4 { _ = try await store.noteFailure(of: anna) }
        #expect(try await store.dueNotices(at: .distantFuture, limit: 9).isEmpty)
        _ = try await store.noteFailure(of: anna)
        let first = try await store.dueNotices(at: .distantFuture, limit: 9)
        #expect(first.map(\.cause) == [.block(of: anna)])
        #expect(first.map(\.since) == [place.clock.now()])
        place.clock.advance(by: .minutes(16))
        for _ in 0..<5 { _ = try await store.noteFailure(of: anna) }
        // What is noted about the first block does not touch the second.
        try await store.noteNotice(try #require(first.first), next: nil)
        let second = try await store.dueNotices(at: .distantFuture, limit: 9)
        #expect(second.map(\.since) == [place.clock.now()])
        let one = try #require(second.first)
        try await store.noteNotice(one, next: place.clock.now() + .seconds(5))
        #expect(try await store.dueNotices(at: place.clock.now(), limit: 9).isEmpty)
        #expect(try await store.dueNotices(at: .distantFuture, limit: 9).first?.attempts == 1)
        try await store.noteNotice(one, next: nil)
        #expect(try await store.dueNotices(at: .distantFuture, limit: 9).isEmpty)
        #expect(blocked.withLock { $0 } == [1, 1])
        await store.close()
    }

    @Test("Each block before a success lasts twice as long, a day at most")
    func growing() {
        var standing = FailureStanding()
        var now = noon
        var lengths: [Int64] = []
        for _ in 0..<9 {
            for _ in 0..<5 { standing = standing.failed(at: now) }
            lengths.append((standing.blockedUntil - now).milliseconds / 60_000)
            now = standing.blockedUntil
        }
        #expect(lengths == [15, 30, 60, 120, 240, 480, 960, 1_440, 1_440])
    }
}
