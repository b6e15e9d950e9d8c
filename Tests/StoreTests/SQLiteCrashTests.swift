import Access
import Cryptography
import Foundation
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("The SQLite store after a crash", .timeLimit(.minutes(5)))
struct SQLiteCrashTests {
    /// Rounds of a test run; `make crash` sets more.
    static let rounds = Int(ProcessInfo.processInfo.environment["CRASH_ROUNDS"] ?? "") ?? 5

    @Test("has every login that was acknowledged before SIGKILL", arguments: 0..<rounds)
    func killed(_ round: Int) async throws {
        let place = try StorePlace(.sqlite)
        let (path, acknowledged) = (place.path, place.directory.file("acknowledged"))
        let limit = Self.limit(of: round)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, acknowledged = acknowledged as String, limit = limit as Int] in
            try await insertUntilKilled(path: path, acknowledged: acknowledged, limit: limit)
        }
        let names = try Self.names(in: acknowledged, atLeast: limit)
        let store = try place.open()
        for name in names {
            let login = fixture(name).make()
            let found = try #require(try await store.logins.login(login.key))
            #expect(try await store.logins.insert(login, limits: .none) == .known(found))
            // Every tenth was decided, which was acknowledged too.
            if name.hasSuffix("0") { #expect(found.login.phase.name == .reporting) }
        }
        let sum = try await store.logins.census().reduce(0) { $0 + $1.count }
        var listed = 0
        for phase in PendingLogin.PhaseName.allCases {
            listed += try await store.logins.logins(in: phase, after: nil, limit: 10_000).count
        }
        #expect(sum == listed, "the counts are of the same moment")
        await store.close()
        #expect(try SQLiteShell.run(path, "PRAGMA integrity_check").output == "ok\n")
    }

    @Test("refuses every key that was used before SIGKILL", arguments: 0..<rounds)
    func usedOnce(_ round: Int) async throws {
        let place = try StorePlace(.sqlite)
        let (path, acknowledged) = (place.path, place.directory.file("acknowledged"))
        let limit = Self.limit(of: round)
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, acknowledged = acknowledged as String, limit = limit as Int] in
            try await useUntilKilled(path: path, acknowledged: acknowledged, limit: limit)
        }
        let names = try Self.names(in: acknowledged, atLeast: limit)
        let store = try place.open()
        for name in names { #expect(try await store.access.commit([use(name)]) == .used) }
        #expect(try await store.access.commit([use("another")]) == nil)
        // The others were not acknowledged, but may be durable.
        let swept = try await store.access.sweepAccess(before: .distantFuture, limit: 100_000)
        #expect(swept > names.count)
        await store.close()
        let left = "PRAGMA integrity_check; SELECT count(*) FROM used_hash"
        #expect(try SQLiteShell.run(path, left).output == "ok\n0\n")
    }

    /// Some are killed in the middle of a run of the index, some before the first checkpoint.
    private static func limit(of round: Int) -> Int {
        [40, 400, 1_500, 3_000, 700][round % 5] + Int.random(in: 0..<200)
    }

    private static func names(in acknowledged: String, atLeast limit: Int) throws -> [String] {
        let names = try String(contentsOfFile: acknowledged, encoding: .utf8)
            .split(separator: "\n").map(String.init)
        #expect(names.count >= limit)
        return names
    }

    @Test("handles a file size limit as a full disk")
    func fileSizeLimit() async throws {
        let place = try StorePlace(.sqlite)
        let path = place.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 300_000, rlim_max: rlim_t.max)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            let store = try SQLLoginStore(
                StoreOptions(path: path, role: .service, clock: ManualClock())
            )
            var failure: StoreError?
            var count = 0
            while failure == nil, count < 2_000 {
                do {
                    try await store.insertNew(fixture("\(count)").make())
                    count += 1
                } catch {
                    failure = error as? StoreError ?? .closed
                }
            }
            #expect(failure == .full)
            limit.rlim_cur = rlim_t.max
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            try await store.insertNew(fixture("again").make())
            let all = try await store.logins(in: .preparing, after: nil, limit: 5_000)
            #expect(all.count == count + 1)
            await store.close()
        }
    }
}

/// Inserts from 16 callers, records each name once it is acknowledged, and kills this process once
/// `limit` are.
func insertUntilKilled(path: String, acknowledged: String, limit: Int) async throws {
    var options = StoreOptions(path: path, role: .service, clock: ManualClock())
    options.newestInMemory = 128
    let store = try SQLLoginStore(options)
    await doUntilKilled(acknowledged: acknowledged, limit: limit) { name in
        let number = try await store.insertNew(.inPhase(.waiting, fixture(name))).number
        guard name.hasSuffix("0") else { return }
        try await store.apply(
            .decided(.fixture(.approve, at: noon), .fixture),
            to: number,
            at: noon
        )
    }
}

/// The same with keys that are used once.
func useUntilKilled(path: String, acknowledged: String, limit: Int) async throws {
    var options = StoreOptions(path: path, role: .service, clock: ManualClock())
    options.newestInMemory = 512
    let store = try SQLLoginStore(options)
    await doUntilKilled(acknowledged: acknowledged, limit: limit) { name in
        guard try await store.access.commit([use(name)]) == nil else { throw StoreError.closed }
    }
}

private func use(_ name: String) -> AccessChange {
    .use(key: SHA256.digest(Array(name.utf8)), until: noon)
}

private func doUntilKilled(
    acknowledged: String,
    limit: Int,
    _ work: @escaping @Sendable (_ name: String) async throws -> Void
) async {
    let file = open(acknowledged, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    let count = Locked(0)
    await withTaskGroup(of: Void.self) { group in
        for caller in 0..<16 {
            group.addTask {
                for index in 0... {
                    let name = "\(caller)-\(index)"
                    do { try await work(name) } catch { return }
                    let line = Array("\(name)\n".utf8)
                    _ = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
                    let isOver = count.withLock { count in
                        count += 1
                        return count == limit
                    }
                    if isOver { kill(getpid(), SIGKILL) }
                }
            }
        }
    }
}
