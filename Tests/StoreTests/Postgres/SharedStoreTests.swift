import Devices
import Foundation
import Logins
import TestSupport
import Testing
import Threads

@testable import SQLStore

/// What several processes do with one database; here each is a store of its own.
@Suite("A store that several processes share", .needsPostgres, .timeLimit(.minutes(5)))
struct SharedStoreTests {
    private let server: PostgresServer
    private let database: String
    private let clock = ManualClock()
    private let newest = Schema.postgresSteps.count

    init() throws {
        server = try #require(PostgresServer.shared)
        database = try server.makeDatabase(isEmpty: true)
    }

    private func open(
        at folder: String? = nil,
        _ change: (inout StoreOptions) -> Void = { _ in }
    ) throws -> SQLLoginStore {
        var place = server.options(database)
        if let folder { place.addresses = [PostgresOptions.Address(host: folder)] }
        place.readers = 1
        place.lease = .seconds(60)
        var options = StoreOptions(postgres: place, role: .service, clock: clock)
        change(&options)
        return try SQLLoginStore(options)
    }

    @Test("gives each login to one of them, however many ask at once")
    func claims() async throws {
        let stores = try (0..<3).map { _ in try open() }
        for index in 0..<150 {
            try await stores[index % 3].insertNew(fixture("\(index)").make())
        }
        let claims = try await withThrowingTaskGroup(of: [Claim].self) { group in
            for store in stores {
                for _ in 0..<20 {
                    group.addTask { try await store.claim(at: noon, within: Slots(5)) }
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(claims.map(\.stored.number)).count == claims.count)
        #expect(claims.count > 5)
        // What one holds, no other waits for.
        var rest = 0
        for store in stores { rest += try await store.claim(at: noon, within: Slots(500)).count }
        #expect(claims.count + rest == 150)
        for store in stores { #expect(try await store.nextDue() != noon) }
        for store in stores { await store.close() }
    }

    @Test("lets another one go on with what was released")
    func released() async throws {
        let (one, other) = (try open(), try open())
        let stored = try await one.insertNew(fixture("one").make())
        let claim = try #require(try await one.claim(at: noon, within: Slots(9)).first)
        #expect(try await other.claim(at: noon, within: Slots(9)).isEmpty)
        one.release(claim)
        // The next look of the engine tells the others.
        _ = try await one.nextDue()
        #expect(try await other.claim(at: noon, within: Slots(9)).map(\.stored) == [stored])
        await one.close()
        await other.close()
    }

    @Test("lets nobody take on with a change what another one works on")
    func claimedElsewhere() async throws {
        let taker = Taker()
        let one = try open()
        let other = try open { $0.takesOn = { taker.takeOn($0) } }
        let stored = try await one.insertNew(.inPhase(.waiting))
        let notify = try #require(try await one.claim(at: noon, within: Slots(9)).first)
        let decided = try await other.apply(
            .decided(.fixture(.approve, at: noon), .fixture),
            to: stored.number,
            at: noon
        )
        let report = Claim(stored: decided, duty: .report)
        #expect(taker.told.entries == [Taker.Told(report, false)])
        #expect(try await other.claim(at: noon, within: Slots(9)).isEmpty)
        one.release(notify)
        _ = try await one.nextDue()
        #expect(try await other.claim(at: noon, within: Slots(9)) == [report])
        #expect(try await one.claim(at: noon, within: Slots(9)).isEmpty)
        await one.close()
        await other.close()
    }

    @Test("keeps for itself what it has taken on with a change, if others look at the same time")
    func takenOnAmongOthers() async throws {
        let taker = Taker()
        let one = try open { $0.takesOn = { taker.takeOn($0) } }
        let others = [try open(), try open()]
        let done = Locked(false)
        let found = try await withThrowingTaskGroup(of: [Claim].self) { group in
            for other in others {
                group.addTask {
                    var found: [Claim] = []
                    while !done.withLock({ $0 }) {
                        found += try await other.claim(at: noon, within: Slots(9))
                    }
                    return found
                }
            }
            do {
                defer { done.withLock { $0 = true } }
                for index in 0..<100 { try await one.insertNew(fixture("\(index)").make()) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(found.isEmpty)
        #expect(taker.handed.count == 100)
        // What it releases, the others get with its next look.
        for claim in taker.handed { one.release(claim) }
        _ = try await one.nextDue()
        #expect(try await others[0].claim(at: noon, within: Slots(500)).count == 100)
        for store in [one] + others { await store.close() }
    }

    @Test("hands over nothing when the answer to the commit was lost", arguments: [true, false])
    func claimLost(_ arrives: Bool) async throws {
        let relay = try CuttingRelay(server.directory.path)
        let taker = Taker()
        let store = try open(at: relay.directory.path) { $0.takesOn = { taker.takeOn($0) } }
        _ = try await store.insertNew(fixture("first").make())
        relay.arm(arrives ? .after : .before)
        let stored = try await store.insertNew(fixture("second").make())
        let claim = Claim(stored: stored, duty: .prepare)
        // Of a transaction that was lost nothing is left, and it runs again.
        let told = [Taker.Told(claim, false)] + (arrives ? [] : [Taker.Told(claim, true)])
        #expect(Array(taker.told.entries.dropFirst()) == told)
        let found = try await store.claim(at: noon, within: Slots(9))
        #expect(found == (arrives ? [claim] : []))
        await store.close()
        relay.close()
    }

    @Test("tells each of what the others have changed, and that sessions have ended")
    func changes() async throws {
        let heard = Recorded<StoredLogin>()
        let works = Recorded<Void>()
        let begun = Recorded<Void>()
        let listening = try open {
            $0.isFollowed = { true }
            $0.changedByOthers = { heard.append($0) }
            $0.othersWork = { works.append(()) }
            $0.othersChanged = { begun.append(()) }
        }
        _ = try await begun.wait("the first look") { $0.count > 0 }
        let other = try open()
        let stored = try await other.insertNew(fixture("one").make())
        #expect(try await heard.wait("the login") { $0.count > 0 } == [stored])
        try await works.wait("its work") { $0.count > 0 }
        let changed = try await other.apply(.unusable(.noChannel), to: stored.number, at: noon)
        #expect(try await heard.wait("the change") { $0.count > 1 }.last == changed)
        // Its own changes it hears of at once, and once.
        let own = try await listening.insertNew(fixture("own").make())
        let last = try await other.insertNew(fixture("last").make())
        #expect(try await heard.wait("the last login") { $0.count > 2 }.last == last)
        #expect(own.number < last.number)
        await other.close()
        await listening.close()
    }

    @Test("tells each which devices were revoked, also by itself")
    func devices() async throws {
        let ended = Recorded<[DeviceID]>()
        let begun = Recorded<Void>()
        let listening = try open {
            $0.devicesEnded = { ended.append($0) }
            $0.othersChanged = { begun.append(()) }
        }
        _ = try await begun.wait("the first look") { $0.count > 0 }
        let other = try open()
        for name in ["one", "two", "three"] {
            _ = try await other.devices.commit([.addDevice(phone(name))])
        }
        _ = try await other.devices.commit([.removeDevice(.named("one"), of: .named("änna"))])
        #expect(try await ended.wait("the device") { $0.count > 0 } == [[.named("one")]])
        _ = try await listening.devices.commit([.removeDevice(.named("two"), of: .named("änna"))])
        _ = try await other.devices.commit([.removeDevice(.named("three"), of: .named("änna"))])
        let all = try await ended.wait("the last device") { $0.count > 2 }
        #expect(all == [[.named("one")], [.named("two")], [.named("three")]])
        await other.close()
        await listening.close()
    }

    @Test("takes over the work of one that gives no sign of life, which may not go on")
    func lease() async throws {
        let dead = Recorded<Void>()
        let stopped = try open { $0.postgres?.lease = .seconds(1) }
        let stored = try await stopped.insertNew(.inPhase(.reporting, fixture("one")))
        let claim = try #require(try await stopped.claim(at: noon, within: Slots(9)).first)
        _ = try await stopped.update(stored.number, yielding: false, by: nil, claimed: true) {
            (login) throws(PendingLogin.Refusal) in
            try login.apply(.reportBegun, at: noon)
        }
        // As if the process were stopped.
        await stopped.file.database.endWatching()
        let other = try open {
            $0.postgres?.lease = .seconds(1)
            $0.othersChanged = { dead.append(()) }
        }
        #expect(try await other.claim(at: noon, within: Slots(9)).isEmpty)
        var taken: [Claim] = []
        var seen = 0
        while taken.isEmpty {
            seen = try await dead.wait("the end of the lease") { [seen] in $0.count > seen }.count
            taken = try await other.claim(at: noon, within: Slots(9))
        }
        #expect(taken.map(\.stored.number) == [stored.number])
        // The report was cut off: it may have arrived.
        guard case .reporting(_, let report) = taken[0].stored.login.phase else {
            Issue.record("not reporting")
            return
        }
        #expect(report.inDoubt && !report.isUnderWay)
        await #expect(throws: StoreError.self) {
            _ = try await stopped.update(stored.number, yielding: false, by: nil, claimed: true) {
                (login) throws(PendingLogin.Refusal) in
                try login.apply(.reportTaken(confirmed: true), at: noon)
            }
        }
        stopped.release(claim)
        let after = try await other.login(stored.number)
        #expect(after?.login.phase.name == .reporting)
        await other.close()
        await stopped.close()
    }

    @Test("refuses a change for work that another one has taken over")
    func fence() async throws {
        let (one, other) = (try open(), try open())
        let stored = try await one.insertNew(fixture("one").make())
        let claim = try #require(try await one.claim(at: noon, within: Slots(9)).first)
        try server.run("DELETE FROM claim", in: database)
        #expect(try await other.claim(at: noon, within: Slots(9)).count == 1)
        let result = try await one.update(stored.number, yielding: false, by: nil, claimed: true) {
            (login) throws(PendingLogin.Refusal) in
            try login.apply(.unusable(.noChannel), at: noon)
        }
        #expect(result == nil)
        #expect(try await other.login(stored.number) == stored)
        // What people do needs no claim.
        try await one.apply(.unusable(.noChannel), to: stored.number, at: noon)
        one.release(claim)
        await one.close()
        await other.close()
    }

    @Test(
        "finds out whether a transaction whose answer was lost was committed",
        arguments: [true, false]
    )
    func lostCommit(_ arrives: Bool) async throws {
        let relay = try CuttingRelay(server.directory.path)
        let store = try open(at: relay.directory.path)
        let first = try await store.insertNew(fixture("first").make())
        relay.arm(arrives ? .after : .before)
        let second = try await store.insertNew(fixture("second").make())
        #expect(relay.cuts.withLock { $0 } == 1)
        #expect(second.number == LoginNumber(first.number.rawValue + 1))
        let third = try await store.insertNew(fixture("third").make())
        #expect(try await store.login(second.login.key) == second)
        #expect(third.number == LoginNumber(second.number.rawValue + 1))
        await store.close()
        relay.close()
    }

    @Test("does nothing twice if it was taken for dead while the answer was lost")
    func lostIdentity() async throws {
        let relay = try CuttingRelay(server.directory.path)
        let store = try open(at: relay.directory.path) { $0.postgres?.lease = .seconds(1) }
        let user = UserID.named("eve")
        relay.arm(.after) { [server, database] in
            try? server.run("DELETE FROM replica", in: database)
            try? server.run(
                """
                DO $$ BEGIN
                    FOR round IN 1..1000 LOOP
                        PERFORM pg_sleep(0.01);
                        EXIT WHEN EXISTS (SELECT 1 FROM replica);
                    END LOOP;
                END $$
                """,
                in: database
            )
        }
        let error = await #expect(throws: StoreError.self) {
            _ = try await store.noteFailure(of: user)
        }
        #expect(error.map { "\($0)" }?.contains("not known") == true)
        #expect(relay.cuts.withLock { $0 } == 1)
        #expect(try await store.failures(of: user).failures == 1)
        await store.close()
        relay.close()
    }

    @Test("lets a tool make the tables of an empty database, and not of an older one")
    func tool() async throws {
        let tool = try open { $0.role = .tool }
        _ = try await tool.noteFailure(of: UserID.named("eve"))
        await tool.close()
        let service = try open()
        #expect(try await service.failures(of: UserID.named("eve")).failures == 1)
        await service.close()
        let error = try #require(throws: StoreError.self) {
            try PostgresMigrations.run(
                Schema.postgresSteps + ["SELECT 1;\n"],
                at: server.options(database),
                for: .tool
            )
        }
        #expect("\(error)".contains("migrate it first"))
    }

    @Test("is exact with limits, numbers and failures, whoever counts")
    func exact() async throws {
        var limits = LoginLimits.none
        limits.liveLoginsOfUser = 5
        limits.startsOfUserAMinute = 8
        let stores = try (0..<3).map { _ in try open() }
        let phases = try await withThrowingTaskGroup(of: StoredLogin.self) { group in
            for index in 0..<60 {
                group.addTask { [limits] in
                    let login = fixture("\(index)").make()
                    switch try await stores[index % 3].insert(login, limits: limits) {
                    case .inserted(let stored), .known(let stored): return stored
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(phases.count { $0.login.phase.isLive } == 5)
        #expect(Set(phases.map(\.number)).count == 60)
        #expect(phases.map(\.number.rawValue).max() == 60)
        let user = UserID.named("eve")
        for index in 0..<5 { _ = try await stores[index % 3].noteFailure(of: user) }
        #expect(try await stores[0].failures(of: user).isBlocked(at: clock.now()))
        for store in stores { await store.close() }
    }

    @Test("makes its tables once, however many begin at once")
    func beginning() async throws {
        let stores = try await withThrowingTaskGroup(of: SQLLoginStore.self) { group in
            for _ in 0..<4 { group.addTask { try self.open() } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(try SQLLoginStore.migrate(server.options(database)) == (newest, newest))
        for store in stores { await store.close() }
    }

    @Test("says that it waits for another one that migrates, and what it migrates itself")
    func migrationNotices() async throws {
        let place = server.options(database)
        let holder = try PostgresConnection(place)
        _ = try holder.prepare("SELECT pg_advisory_lock(\(Schema.applicationID))").step()
        let notices = Recorded<MigrationNotice>()
        try await withThrowingTaskGroup { group in
            group.addTask {
                try await self.open { $0.migration = { notices.append($0) } }.close()
            }
            try await notices.wait(for: 1, "notices")
            #expect(try PostgresMigrations.version(PostgresSession(place)) == 0)
            _ = try holder.prepare("SELECT pg_advisory_unlock(\(Schema.applicationID))").step()
            try await group.waitForAll()
        }
        #expect(notices.entries == [.awaited], "an empty database needs no upgrade")
        let next = Schema.postgresSteps + ["ALTER TABLE login ADD COLUMN later text;\n"]
        try PostgresMigrations.run(next, at: place) { notices.append($0) }
        try PostgresMigrations.run(next, at: place) { notices.append($0) }
        #expect(notices.entries.dropFirst() == [.begun(from: newest, to: newest + 1)])
    }

    @Test("works on while the next version begins, and refuses the one after that")
    func rolling() async throws {
        let old = try open()
        let first = try await old.insertNew(fixture("first").make())
        let place = server.options(database)
        let next = Schema.postgresSteps + ["ALTER TABLE login ADD COLUMN later text;\n"]
        #expect(try PostgresMigrations.run(next, at: place) == (newest, newest + 1))
        let second = try await old.insertNew(fixture("second").make())
        let claims = try await old.claim(at: noon, within: Slots(9))
        #expect(claims.map(\.stored) == [first, second])
        let again = try open()
        #expect(try await again.login(first.number) == first)
        await again.close()
        #expect(
            try PostgresMigrations.run(next + ["SELECT 1;\n"], at: place) == (
                newest + 1, newest + 2
            )
        )
        let error = try #require(throws: StoreError.self) { try open() }
        #expect("\(error)".contains("newer version"))
        await old.close()
    }

    @Test(
        "refuses what no login can be, whoever writes it",
        arguments: [
            "phase = 'gone'", "phase = 'waiting'", "redacted = 2", "tickets = '\\x00'",
            "outcome = 'approved'", "origin_trace = NULL", "wrong_codes = 0", "user_id = NULL",
        ]
    )
    func checks(_ change: String) async throws {
        let store = try open()
        let stored = try await store.insertNew(fixture("one").make())
        let error = try #require(throws: PostgresServer.DidNotStart.self) {
            try server.run("UPDATE login SET \(change)", in: database)
        }
        #expect(error.output.contains("breaks a rule of its phase"))
        #expect(try await store.login(stored.number) == stored)
        await store.close()
    }

    @Test("keeps one secret of a name, whoever makes it first")
    func secrets() async throws {
        let (one, other) = (try open(), try open())
        let (mine, theirs) = (try one.sharedSecrets(), try other.sharedSecrets())
        #expect(try mine.read("key") == nil)
        #expect(try mine.keep("key", [1], over: nil) == [1])
        #expect(try theirs.keep("key", [2], over: nil) == [1])
        #expect(try theirs.keep("key", [3], over: [1]) == [3])
        #expect(try mine.keep("key", [4], over: [1]) == [3])
        await one.close()
        await other.close()
    }
}

@Suite("A PostgreSQL that fails", .needsPostgres, .timeLimit(.minutes(5)))
struct PostgresOutageTests {
    private static let starts = 10_000
    /// Many at once, so that few commits take all.
    private static let callers = 512

    /// Starts logins over two stores until each was acknowledged, and fails the server meanwhile.
    private func start(_ stores: [SQLLoginStore], failing fail: () throws -> Void) async throws {
        let begun = Recorded<Void>()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for worker in 0..<Self.callers {
                group.addTask {
                    var failures = 0
                    for index in stride(from: worker, to: Self.starts, by: Self.callers) {
                        let login = fixture("\(index)").make()
                        while true {
                            do {
                                _ = try await stores[index % 2].insert(login, limits: .none)
                                break
                            } catch {
                                failures += 1
                                await Task.yield()
                            }
                        }
                        if index == Self.starts / 4 { begun.append(()) }
                    }
                    return failures
                }
            }
            try await begun.wait("a quarter of the starts") { $0.count > 0 }
            try fail()
            for try await _ in group {}
        }
        for index in 0..<Self.starts {
            let key = fixture("\(index)").make().key
            #expect(try await stores[index % 2].login(key) != nil)
        }
        let census = try await stores[0].census()
        #expect(census.map(\.count).reduce(0, +) == Self.starts)
    }

    private func open(_ servers: [PostgresServer], _ database: String) throws -> SQLLoginStore {
        var place = servers[0].options(database)
        place.addresses = servers.map { PostgresOptions.Address(host: $0.directory.path) }
        place.readers = 1
        return try SQLLoginStore(
            StoreOptions(postgres: place, role: .service, clock: ManualClock())
        )
    }

    @Test("loses no start of 10,000 when it crashes among them")
    func crash() async throws {
        let server = try PostgresServer.own()
        let database = try server.makeDatabase()
        let stores = [try open([server], database), try open([server], database)]
        try await start(stores) {
            server.crash()
            try server.start()
        }
        for store in stores { await store.close() }
    }

    @Test("loses no start of 10,000 when a standby takes over among them")
    func failover() async throws {
        let server = try PostgresServer.own(["-c", "wal_level=replica", "-c", "max_wal_senders=4"])
        let database = try server.makeDatabase()
        let standby = try PostgresServer(standbyOf: server)
        let stores = [
            try open([server, standby], database), try open([server, standby], database),
        ]
        try await start(stores) {
            server.crash()
            try standby.promote()
        }
        for store in stores { await store.close() }
    }
}
