import Foundation
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("Faults of the SQLite store", .timeLimit(.minutes(10)))
struct SQLiteFaultTests {
    @Test("allow one service at a time, and tools beside it")
    func oneService() async throws {
        let place = try StorePlace(.sqlite)
        let first = try place.open()
        #expect(throws: StoreError.locked) { try place.open() }
        let tool = try place.open(.tool)
        await #expect(throws: StoreError.self) {
            try await tool.logins.insert(fixture("one").make(), limits: .none)
        }
        await tool.close()
        await first.close()
        let second = try place.open()
        await second.close()
    }

    @Test("report a lock held by another process, and recover when it is released")
    func locked() async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        let stored = try await store.logins.insertNew(fixture("one").make())
        let holder = try SQLiteShell.Holder(place.path)
        await #expect(throws: StoreError.locked) {
            try await store.logins.insert(fixture("two").make(), limits: .none)
        }
        #expect(try await store.logins.login(stored.number) == stored, "reading goes on")
        holder.release()
        try await store.logins.insertNew(fixture("two").make())
        await store.close()
    }

    @Test("skip a damaged row and report it once")
    func damagedRow() async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        var numbers: [LoginNumber] = []
        for index in 0..<5 {
            numbers.append(
                try await store.logins.insertNew(.inPhase(.waiting, fixture("\(index)"))).number
            )
        }
        let broken = numbers[0]
        let sql = "UPDATE login SET consent = '{' WHERE number = \(broken.rawValue)"
        #expect(try SQLiteShell.run(place.path, sql).isSuccess)
        let claims = try await store.logins.claim(at: noon, within: Slots(9))
        #expect(claims.map(\.stored.number) == Array(numbers.dropFirst()))
        #expect(try await store.logins.claim(at: noon, within: Slots(9)).isEmpty)
        #expect(place.damaged.withLock { $0 } == [broken])
        let next = try await store.logins.nextDue()
        #expect(next == fixture("0").promptEnds, "nobody waits for the damaged one")
        #expect(try await store.logins.logins(in: .waiting, after: nil, limit: 9).count == 4)
        let error = await #expect(throws: StoreError.self) { try await store.logins.login(broken) }
        guard case .damaged = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        await #expect(throws: StoreError.self) {
            try await store.logins.apply(.deadlinePassed, to: broken, at: .distantFuture)
        }
        try await store.logins.insertNew(fixture("new").make())
        await store.close()
    }

    @Test("do not stop deletion and opening at a row with a damaged key")
    func damagedKey() async throws {
        let place = try StorePlace(.sqlite)
        let first = try place.open()
        var numbers: [LoginNumber] = []
        for index in 0..<3 {
            let login = PendingLogin.inPhase(.settled, fixture("\(index)"))
            numbers.append(try await first.logins.insertNew(login).number)
        }
        await first.close()
        let sql = """
            UPDATE login SET login_id = CAST(x'FF41' AS TEXT) WHERE number = \(numbers[1].rawValue);
            UPDATE meta SET hashes_merged = 0; DELETE FROM login_hash;
            """
        #expect(try SQLiteShell.run(place.path, sql).isSuccess)
        let second = try place.open()
        await #expect(throws: StoreError.self) { try await second.logins.login(numbers[1]) }
        #expect(try await second.logins.login(fixture("2").make().key)?.number == numbers[2])
        #expect(try await second.logins.redact(settledBefore: .distantFuture, limit: 9) == 3)
        #expect(try await second.logins.delete(settledBefore: .distantFuture, limit: 9) == 3)
        for number in numbers { #expect(try await second.logins.login(number) == nil) }
        #expect(try await second.logins.census().isEmpty)
        await second.close()
    }

    @Test("are found by a probe, which makes no visible change")
    func probe() async throws {
        let place = try StorePlace(.sqlite)
        let store = try SQLLoginStore(place.options())
        let stored = try await store.insertNew(fixture("one").make())
        let log = URL(fileURLWithPath: place.path + "-wal")
        func logged() throws -> Int {
            try #require(try FileManager.default.attributesOfItem(atPath: log.path)[.size] as? Int)
        }
        let before = try logged()
        try await store.probe()
        #expect(try logged() > before, "something was written")
        #expect(try await store.login(stored.number) == stored)
        #expect(try await store.insertNew(fixture("two").make()).number > stored.number)
        let holder = try SQLiteShell.Holder(place.path)
        await #expect(throws: StoreError.locked) { try await store.probe() }
        holder.release()
        try await store.probe()
        await store.close()
        await #expect(throws: StoreError.closed) { try await store.probe() }
    }

    @Test(
        "include a damaged file",
        arguments: ["not a database", "overwritten", "truncated"]
    )
    func damagedFile(_ how: String) async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        for index in 0..<300 { try await store.logins.insertNew(fixture("\(index)").make()) }
        await store.close()
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: place.path))
        switch how {
        case "not a database":
            try file.write(contentsOf: Data("something else altogether".utf8))
        case "truncated":
            try file.truncate(atOffset: try file.seekToEnd() / 2)
        default:
            // Every page but the first three, which contain the schema.
            let end = try file.seekToEnd()
            try file.seek(toOffset: 3 * 4_096)
            try file.write(contentsOf: Data(repeating: 0xA5, count: Int(end) - 3 * 4_096))
        }
        try file.close()
        do {
            let again = try place.open()
            for index in 0..<300 {
                _ = try await again.logins.login(fixture("\(index)").make().key)
            }
            _ = try await again.logins.logins(in: .preparing, after: nil, limit: 500)
            Issue.record("nothing was noticed")
        } catch let error as StoreError {
            guard case .damaged = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test("include a path that cannot be opened")
    func cannotOpen() throws {
        let directory = try TemporaryDirectory()
        for path in [directory.path, directory.file("no/such/place.db")] {
            let error = #expect(throws: StoreError.self) {
                try SQLLoginStore(
                    StoreOptions(path: path, role: .tool, clock: ManualClock())
                )
            }
            guard case .unavailable = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test(
        "include a full disk, which loses nothing and recovers when there is room",
        .enabled(if: SmallDisk.isPossible, "mounting a small disk takes rights")
    )
    func fullDisk() async throws {
        let disk = try SmallDisk(kibibytes: 1_024)
        defer { disk.unmount() }
        let path = disk.directory.path + "/beckon.db"
        var options = StoreOptions(path: path, role: .service, clock: ManualClock())
        options.newestInMemory = 64
        let taker = Taker()
        options.takesOn = { taker.takeOn($0) }
        let store = try SQLLoginStore(options)
        var acknowledged: [PendingLogin] = []
        var failure: StoreError?
        for index in 0..<5_000 where failure == nil {
            let login = fixture("login-\(index)").make()
            do {
                _ = try await store.insert(login, limits: .none)
                acknowledged.append(login)
            } catch {
                failure = error
            }
        }
        #expect(failure == .full)
        await #expect(throws: StoreError.full, "a probe soon finds what an insert found") {
            // The last page may still have room for a few.
            for _ in 0..<50 { try await store.probe() }
        }
        #expect(acknowledged.count > 10)
        #expect(taker.handed.map(\.stored.login) == acknowledged)
        #expect(taker.told.entries.count == taker.asked.entries.count)
        let refused = fixture("login-\(acknowledged.count)").make()
        #expect(try await store.login(refused.key) == nil, "nothing is half-written")
        for login in acknowledged { #expect(try await store.login(login.key)?.login == login) }
        try disk.resize(kibibytes: 8_192)
        try await store.probe()
        for index in 0..<100 { try await store.insertNew(fixture("later-\(index)").make()) }
        await store.close()
        let again = try SQLLoginStore(options)
        for login in acknowledged { #expect(try await again.login(login.key)?.login == login) }
        let all = try await again.logins(in: .preparing, after: nil, limit: 10_000)
        #expect(all.count == acknowledged.count + 100)
        await again.close()
        #expect(try SQLiteShell.run(path, "PRAGMA integrity_check").output == "ok\n")
    }
}

/// A file system in memory of a fixed size.
final class SmallDisk: Sendable {
    let directory: TemporaryDirectory

    static let isPossible: Bool = {
        guard let disk = try? SmallDisk(kibibytes: 64) else { return false }
        disk.unmount()
        return true
    }()

    init(kibibytes: Int) throws {
        directory = try TemporaryDirectory()
        let options = "size=\(kibibytes)k,mode=0700"
        let answer = try SQLiteShell.run(
            "mount",
            ["-t", "tmpfs", "-o", options, "tmpfs", directory.path]
        )
        guard answer.isSuccess else { throw StoreError.unavailable(answer.output) }
    }

    func resize(kibibytes: Int) throws {
        let answer = try SQLiteShell.run(
            "mount",
            ["-o", "remount,size=\(kibibytes)k", directory.path]
        )
        guard answer.isSuccess else { throw StoreError.unavailable(answer.output) }
    }

    func unmount() {
        _ = try? SQLiteShell.run("umount", ["-l", directory.path])
    }
}
