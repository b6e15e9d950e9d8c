import Access
import Cryptography
import Foundation
import Logins
import TestSupport
import Testing

@testable import SQLStore

@Suite("What may be used once", .timeLimit(.minutes(5)))
struct UsedOnceTests {
    /// A store that is opened again and again, and what it should know.
    private struct Model {
        var place: StorePlace
        var store: StorePlace.Opened
        /// Until when the keys are used up. No two have the same moment.
        var used: [Int: Timestamp] = [:]
        var latest: Int64 = 0

        init(_ kind: StoreKind) throws {
            place = try StorePlace(kind)
            store = try place.open()
        }

        mutating func until(_ span: Int64) -> Timestamp {
            latest += 1
            return noon + .milliseconds(span * 1_000_000 + latest)
        }

        /// Uses keys in one list, which is refused if one of them was used, or for its last change.
        mutating func use(
            _ keys: [(Int, Timestamp)],
            refusedFor refusal: AccessRefusal?
        )
            async throws
        {
            var changes = keys.map { AccessChange.use(key: onceKey($0), until: $1) }
            if refusal != nil { changes.append(.addClient(try client("robot"))) }
            let isUsed =
                keys.contains { used[$0.0] != nil } || Set(keys.map(\.0)).count < keys.count
            let expected = isUsed ? AccessRefusal.used : refusal
            #expect(try await store.access.commit(changes) == expected, "\(keys)")
            if expected == nil { for (key, until) in keys { used[key] = until } }
        }

        mutating func sweep(before moment: Timestamp, limit: Int) async throws {
            let over = used.filter { $0.value < moment }.sorted { $0.value < $1.value }
                .prefix(limit)
            let count = try await store.access.sweepAccess(before: moment, limit: limit)
            #expect(count == over.count)
            for (key, _) in over { used[key] = nil }
        }

        mutating func open(afterCrash: Bool) async throws {
            if !afterCrash { await store.close() }
            let (left, next) = (store, afterCrash ? try StorePlace(copyOf: place) : place)
            store = try next.open()
            if afterCrash { await left.close() }
            place = next
        }
    }

    @Test(
        "is refused from then on, until it is swept, whatever comes between",
        arguments: StoreKind.allCases
    )
    func model(_ kind: StoreKind) async throws {
        var random = SeededGenerator(seed: 5)
        var model = try Model(kind)
        try await model.store.access.put(.addClient(try client("robot")))
        for _ in 0..<(kind.isInPostgres ? 300 : 1_500) {
            func key() -> Int { Int.random(in: 0..<200, using: &random) }
            let span = Int64.random(in: 0..<100, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<60: try await model.use([(key(), model.until(span))], refusedFor: nil)
            case 60..<75:
                let keys = [(key(), model.until(span)), (key(), model.until(span))]
                try await model.use(keys, refusedFor: .exists)
            case 75..<85:
                let keys = [(key(), model.until(span)), (key(), model.until(span))]
                try await model.use(keys, refusedFor: nil)
            case 85..<97:
                let limit = Int.random(in: 1...40, using: &random)
                try await model.sweep(before: model.until(span), limit: limit)
            default: try await model.open(afterCrash: Bool.random(using: &random))
            }
        }
        for key in 0..<200 {
            try await model.use([(key, model.until(1))], refusedFor: nil)
        }
        try await model.sweep(before: .distantFuture, limit: 1_000)
        await model.store.close()
        guard !kind.isInPostgres else { return }
        let left = try SQLiteShell.run(
            model.place.path,
            "SELECT (SELECT count(*) FROM used_once), (SELECT count(*) FROM used_hash)"
        )
        #expect(left.output == "0|0\n", "nothing is left that nobody would sweep")
    }

    @Test("is told apart in a file when hashes are equal")
    func equalHashes() throws {
        let place = try StorePlace(.sqlite)
        let file = try SQLiteDatabase.connect(place.options())
        let uses = UsesInFile(
            file,
            hash: { Int64($0[0] & 1) },
            capacity: 3,
            merged: 0,
            highest: 0,
            isService: true
        )
        for key in 0..<40 {
            try file.begin()
            for earlier in 0..<key {
                #expect(try !uses.use(onceKey(earlier), until: noon))
            }
            #expect(try uses.use(onceKey(key), until: noon))
            #expect(try !uses.use(onceKey(key), until: noon))
            try uses.merge(atLeast: 1)
            try file.commit()
            uses.commit()
        }
        try file.begin()
        #expect(try uses.sweep(before: noon + .milliseconds(1), limit: 39) == 39)
        let (changes, fresh) = (uses.changes, onceKey(0))
        #expect(try uses.use(fresh, until: noon))
        uses.takeBack(to: changes)
        #expect(try file.integer("SELECT count(*) FROM used_hash WHERE number < 40") == 0)
        file.rollback()
        uses.rollback()
        try file.begin()
        for key in 0..<40 { #expect(try !uses.use(onceKey(key), until: noon)) }
        file.rollback()
    }

    @Test("is forgotten everywhere after a crash in the middle of a run")
    func cutShort() throws {
        let place = try StorePlace(.sqlite)
        let file = try SQLiteDatabase.connect(place.options())
        func open() throws -> UsesInFile {
            let merged = try file.integer("SELECT uses_merged FROM meta") ?? 0
            let uses = UsesInFile(
                file,
                SipHash.Key(low: 1, high: 2),
                capacity: 20,
                merged: merged,
                highest: try file.integer("SELECT max(number) FROM used_once") ?? 0,
                isService: true
            )
            try uses.loadNewest(after: merged)
            return uses
        }
        func write(_ uses: UsesInFile, _ body: () throws -> Void) throws {
            try file.begin()
            try body()
            try uses.merge(atLeast: 1)
            try file.commit()
            uses.commit()
        }
        let first = try open()
        for key in 0..<20 {
            try write(first) {
                let isFresh = try first.use(onceKey(key), until: noon)
                #expect(isFresh)
            }
        }
        for _ in 0..<3 { try write(first) {} }
        let moved = try file.integer("SELECT count(*) FROM used_hash") ?? 0
        #expect(0 < moved && moved < 20)
        let second = try open()
        try write(second) {
            let isFresh = try second.use(onceKey(0), until: noon)
            #expect(!isFresh)
            let swept = try second.sweep(before: .distantFuture, limit: 99)
            #expect(swept == 20)
        }
        #expect(try file.integer("SELECT count(*) FROM used_hash") == 0)
    }

    @Test(
        "is neither forgotten nor half used when the disk is full",
        .enabled(if: SmallDisk.isPossible, "mounting a small disk takes rights")
    )
    func fullDisk() async throws {
        let disk = try SmallDisk(kibibytes: 2_048)
        defer { disk.unmount() }
        let path = disk.directory.path + "/beckon.db"
        var options = StoreOptions(path: path, role: .service, clock: ManualClock())
        options.newestInMemory = 64
        let store = try SQLLoginStore(options)
        var used = 0
        var failure: StoreError?
        while failure == nil, used < 20_000 {
            do {
                #expect(try await store.access.commit(uses(used..<(used + 1))) == nil)
                used += 1
            } catch {
                failure = error
            }
        }
        #expect(failure == .full && used > 100)
        try disk.resize(kibibytes: 16_384)
        for key in 0..<used {
            #expect(try await store.access.commit(uses(key..<(key + 1))) == .used)
        }
        // What failed was not used.
        #expect(try await store.access.commit(uses(used..<(used + 100))) == nil)
        await store.close()
        let again = try SQLLoginStore(options)
        for key in 0..<(used + 100) {
            #expect(try await again.access.commit(uses(key..<(key + 1))) == .used)
        }
        let swept = try await again.access.sweepAccess(before: .distantFuture, limit: 100_000)
        #expect(swept == used + 100)
        await again.close()
        let left = "PRAGMA integrity_check; SELECT count(*) FROM used_hash"
        #expect(try SQLiteShell.run(path, left).output == "ok\n0\n")
    }

    @Test("is written to few pages of a file, however many there are")
    func pages() async throws {
        let place = try StorePlace(.sqlite)
        let store = try place.open()
        for start in stride(from: 0, to: 8_000, by: 500) {
            #expect(try await store.access.commit(uses(start..<(start + 500))) == nil)
        }
        let log = place.path + "-wal"
        func frames() throws -> Int {
            let size = try FileManager.default.attributesOfItem(atPath: log)[.size] as? Int
            return (try #require(size) - 32) / (4_096 + 24)
        }
        // The log begins anew when it is a thousand pages long, so one of three looks counts all.
        var written: [Int] = []
        for start in [8_000, 8_064, 8_128] {
            let before = try frames()
            #expect(try await store.access.commit(uses(start..<(start + 64))) == nil)
            written.append(try frames() - before)
        }
        #expect(written.max() ?? 0 > 0)
        #expect(written.max() ?? 0 < 20, "pages for 64 keys: \(written)")
        await store.close()
    }

    private func uses(_ keys: Range<Int>) -> [AccessChange] {
        keys.map { .use(key: SHA256.digest(Array("\($0)".utf8)), until: noon) }
    }
}
