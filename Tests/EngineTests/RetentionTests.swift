import Access
import Engine
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("Retention", .timeLimit(.minutes(3)))
struct RetentionTests {
    let retention = Retention(redactAfter: .minutes(60), deleteAfter: .minutes(600))

    @Test("Personal data is erased first and the row later")
    func stages() async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            let number = try await store.insertNew(.inPhase(.settled))
            let open = try await store.insertNew(.inPhase(.waiting, .init(id: "open")))

            try await retention.sweep(store, at: stage.start + .minutes(60))
            #expect(try await store.login(number)?.login.details.user == .named("alice"))

            try await retention.sweep(
                store,
                at: stage.start + .minutes(60) + .milliseconds(1)
            )
            let redacted = try #require(try await store.login(number)).login
            #expect(redacted.details.user != .named("alice"))
            #expect(redacted.details.bindingMessage == .none)
            #expect(redacted.phase.name == .settled)
            #expect(redacted.phase.outcome?.isApproval == true)

            try await retention.sweep(store, at: stage.start + .minutes(600))
            #expect(try await store.login(number) != nil)
            try await retention.sweep(
                store,
                at: stage.start + .minutes(600) + .milliseconds(1)
            )
            #expect(try await store.login(number) == nil)
            #expect(try await store.login(open)?.login.details.user == .named("alice"))
        }
    }

    @Test("A sweep works through more than one batch")
    func batches() async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            try await withThrowingTaskGroup { group in
                for index in 1...1_201 {
                    group.addTask {
                        try await store.insertNew(.inPhase(.settled, .init(id: "login-\(index)")))
                    }
                }
                try await group.waitForAll()
            }
            try await retention.sweep(store, at: stage.start + .minutes(601))
            #expect(try await store.logins(in: .settled, after: nil, limit: 10).isEmpty)
        }
    }

    @Test("Retention sweeps at start and a minute later")
    func repeats() async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            let number = try await store.insertNew(.inPhase(.settled))
            let quick = Retention(redactAfter: .zero, deleteAfter: .seconds(59))
            try await withThrowingTaskGroup { group in
                group.addTask { await quick.run(store, clock: stage.clock, log: stage.log.logger) }
                try await stage.clock.alarm(by: stage.start + .minutes(1))
                #expect(try await store.login(number) != nil)
                stage.clock.advance(by: .minutes(1))
                try await stage.clock.alarm(by: stage.start + .minutes(2))
                #expect(try await store.login(number) == nil)
                group.cancelAll()
            }
        }
        #expect(stage.log.events.isEmpty)
    }

    @Test("Old stranded logins are abandoned and erased like settled ones")
    func stranded() async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            let number = try await store.insertNew(.inPhase(.stranded))
            var younger = PendingLogin.Fixture(id: "younger")
            younger.receivedAt = stage.start + .seconds(1)
            let kept = try await store.insertNew(.inPhase(.stranded, younger))
            let ends = PendingLogin.Fixture().reportEnds

            try await retention.sweep(store, at: ends + .minutes(60))
            #expect(try await store.login(number)?.login.phase.name == .stranded)

            let given = ends + .minutes(60) + .milliseconds(1)
            try await retention.sweep(store, at: given)
            let login = try #require(try await store.login(number)).login
            guard case .settled(let outcome, .abandoned, given) = login.phase else {
                Issue.record("\(login.phase)")
                return
            }
            #expect(outcome.isApproval, "what was decided stays known")
            #expect(login.history != nil, "why it was stranded, too")
            #expect(try await store.login(kept)?.login.phase.name == .stranded)

            try await retention.sweep(store, at: given + .minutes(61))
            let erased = try #require(try await store.login(number)).login
            #expect(erased.details.user != .named("alice") && erased.history == nil)
            try await retention.sweep(store, at: given + .minutes(601))
            #expect(try await store.login(number) == nil)
        }
    }

    @Test("The oldest entries of the audit are removed, and what was used once is forgotten")
    func access() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLLoginStore(
            StoreOptions(
                path: directory.file("beckon.db"),
                role: .service,
                clock: ManualClock()
            )
        )
        let start = Timestamp(milliseconds: 1_930_000_000_000)
        let key = [UInt8](repeating: 1, count: 32)
        #expect(try await store.access.commit([.use(key: key, until: start)]) == nil)
        for second in 0..<1_200 {
            let event = AuditEvent("a.b", at: start + .seconds(Int64(second)))
            #expect(try await store.access.commit([.audit(event)]) == nil)
        }
        let retention = Retention(
            redactAfter: .minutes(60),
            deleteAfter: .minutes(60),
            auditAfter: .minutes(60),
            access: store.access
        )
        try await retention.sweep(store, at: start + .minutes(10))
        #expect(try await store.access.commit([.use(key: key, until: start)]) == .used)
        try await retention.sweep(store, at: start + .minutes(60) + .seconds(1_100))
        #expect(try await store.access.audit(after: 0, limit: 1).first?.number == 1_101)
        var verifier = AuditVerifier()
        #expect(verifier.check(try await store.access.auditPage(after: nil, limit: 999)) == nil)
        #expect(verifier.count == 100)
        #expect(try await store.access.commit([.use(key: key, until: start)]) == nil)
        await store.close()
    }

    @Test("A sweep is skipped when the clock jumped ahead")
    func leap() async throws {
        let stage = try Stage()
        try await stage.withStore { store in
            let number = try await store.insertNew(.inPhase(.settled))
            try await withThrowingTaskGroup { group in
                group.addTask {
                    await retention.run(store, clock: stage.clock, log: stage.log.logger)
                }
                try await stage.clock.alarm(by: stage.start + .minutes(1))
                stage.clock.set(stage.start + .minutes(699))
                stage.clock.advance(by: .minutes(1))
                try await stage.clock.alarm(by: stage.start + .minutes(701))
                #expect(stage.log.events == ["retention.clock_leapt"])
                #expect(try await store.login(number) != nil)
                stage.clock.advance(by: .minutes(1))
                try await stage.clock.alarm(by: stage.start + .minutes(702))
                #expect(try await store.login(number) == nil)
                group.cancelAll()
            }
        }
        #expect(stage.log.events == ["retention.clock_leapt"])
    }

    @Test(
        "The last sweep of an earlier process is compared with the clock",
        arguments: [(Int64(10), true), (11, false)]
    )
    func restart(minutes: Int64, sweeps: Bool) async throws {
        let stage = try Stage()
        let quick = Retention(redactAfter: .zero, deleteAfter: .zero)
        let number = try await stage.withStore { store in
            #expect(try await store.lastSweep() == nil)
            try await quick.sweep(store, at: stage.start)
            try await store.noteSweep(at: stage.start)
            return try await store.insertNew(.inPhase(.settled))
        }
        let later = stage.start + .minutes(minutes)
        stage.clock.set(later)
        try await stage.withStore { store in
            #expect(try await store.lastSweep() == stage.start)
            try await withThrowingTaskGroup { group in
                group.addTask { await quick.run(store, clock: stage.clock, log: stage.log.logger) }
                try await stage.clock.alarm(by: later + .minutes(1))
                #expect((try await store.login(number) == nil) == sweeps)
                #expect(stage.log.events == (sweeps ? [] : ["retention.clock_leapt"]))
                #expect(try await store.lastSweep() == (sweeps ? later : stage.start))
                stage.clock.advance(by: .minutes(1))
                try await stage.clock.alarm(by: later + .minutes(2))
                #expect(try await store.login(number) == nil)
                group.cancelAll()
            }
        }
    }

    @Test("Retention logs a failure and continues")
    func failure() async throws {
        let stage = try Stage()
        let closed = try await stage.withStore { $0 }
        try await withThrowingTaskGroup { group in
            group.addTask {
                await retention.run(closed, clock: stage.clock, log: stage.log.logger)
            }
            for minute in 1...2 {
                try await stage.clock.alarm(by: stage.start + .minutes(Int64(minute)))
                #expect(
                    stage.log.events == Array(repeating: "retention.failed", count: minute)
                )
                stage.clock.advance(by: .minutes(1))
            }
            group.cancelAll()
        }
    }
}
