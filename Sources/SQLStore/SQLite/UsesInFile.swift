import Logins

/// What may be used once, in a file: a table in the order of use, and an index by hash (`TailIndex`).
/// The keys are random, so in a table by key each use would change a random page. Forgetting a key still
/// does.
///
/// Measured with token requests (64 connections, six alternating runs): 5,115 a second and 1.05 writes
/// to the log for each, with a table by key 4,240 and 4.3.
///
/// On the writer's thread only.
final class UsesInFile: UsedOnce {
    private let file: SQLiteConnection
    private let hash: @Sendable ([UInt8]) -> Int64
    private let tail: TailIndex
    /// Only the service has the newest entries in memory.
    private let isService: Bool
    /// The highest number that is durable: no row and no entry of the index has a higher one.
    private var highest: Int64
    /// How many numbers the current transaction has taken.
    private var taken: Int64 = 0

    convenience init(
        _ file: SQLiteConnection,
        _ key: SipHash.Key,
        capacity: Int,
        merged: Int64,
        highest: Int64,
        isService: Bool
    ) {
        self.init(
            file,
            hash: { SipHash.hash($0, key) },
            capacity: capacity,
            merged: merged,
            highest: highest,
            isService: isService
        )
    }

    init(
        _ file: SQLiteConnection,
        hash: @escaping @Sendable ([UInt8]) -> Int64,
        capacity: Int,
        merged: Int64,
        highest: Int64,
        isService: Bool
    ) {
        self.file = file
        self.hash = hash
        self.highest = highest
        self.isService = isService
        tail = TailIndex(Self.table, capacity: capacity, merged: merged)
    }

    private static let table = TailIndex.Table(
        numbers: "SELECT number FROM used_hash WHERE hash = ?",
        insert: "INSERT OR IGNORE INTO used_hash (hash, number) VALUES (?, ?)",
        delete: "DELETE FROM used_hash WHERE hash = ? AND number = ?",
        mark: "UPDATE meta SET uses_merged = ?"
    )

    /// Reads the entries that the index's table does not have yet.
    func loadNewest(after merged: Int64) throws(StoreError) {
        let newest = try file.prepare(
            "SELECT number, key FROM used_once WHERE number > ? ORDER BY number"
        )
        newest.bind(merged, at: 1)
        while try newest.step() {
            tail.load(hash(newest.bytes(1) ?? []), newest.integer(0) ?? 0)
        }
    }

    func use(_ key: [UInt8], until: Timestamp) throws(StoreError) -> Bool {
        guard isService else {
            throw StoreError.unavailable("only the service knows what was used")
        }
        let hash = hash(key)
        if try contains(key, among: tail.numbers(hash)) { return false }
        if try contains(key, among: tail.stored(hash, file)) { return false }
        let (number, isOver) = highest.addingReportingOverflow(taken + 1)
        if isOver { throw StoreError.damaged("the table used_once has no number left") }
        taken += 1
        let insert = try file.statement(
            "INSERT INTO used_once (number, key, until) VALUES (?, ?, ?)"
        )
        insert.bind(number, at: 1)
        insert.bind(key, at: 2)
        insert.bind(until.milliseconds, at: 3)
        try insert.run()
        tail.add(hash, number)
        return true
    }

    /// Other keys may have the same hash.
    private func contains(_ key: [UInt8], among numbers: [Int64]) throws(StoreError) -> Bool {
        for number in numbers {
            let select = try file.statement("SELECT 1 FROM used_once WHERE number = ? AND key = ?")
            select.bind(number, at: 1)
            select.bind(key, at: 2)
            if try select.hasRow() { return true }
        }
        return false
    }

    /// A tool leaves it to the service, which has entries in memory.
    func sweep(before moment: Timestamp, limit: Int) throws(StoreError) -> Int {
        guard isService else { return 0 }
        let select = try file.statement(
            "SELECT number, key FROM used_once WHERE until < ? ORDER BY until LIMIT ?"
        )
        select.bind(moment.milliseconds, at: 1)
        select.bind(Int64(limit), at: 2)
        var over: [TailIndex.Entry] = []
        while try select.step() {
            let hash = hash(select.bytes(1) ?? [])
            over.append(TailIndex.Entry(hash: hash, number: select.integer(0) ?? 0))
        }
        for entry in over {
            let delete = try file.statement("DELETE FROM used_once WHERE number = ?")
            delete.bind(entry.number, at: 1)
            try delete.run()
        }
        for entry in over.sorted() {
            try tail.remove(entry.hash, entry.number, everywhere: true, file)
        }
        return over.count
    }

    var changes: Int { tail.changes }
    func takeBack(to count: Int) { tail.takeBack(to: count) }

    /// Moves some of the index to its table, faster than new entries come.
    func merge(atLeast count: Int = 128) throws(StoreError) {
        try tail.merge(max(count, 4 * Int(clamping: taken)), file)
    }

    func commit() {
        highest += taken
        taken = 0
        tail.commit(highest: highest)
    }

    func rollback() {
        taken = 0
        tail.rollback()
    }

    /// False when the index's table is complete.
    func flush() -> Bool { tail.flush(highest: highest) }
}
