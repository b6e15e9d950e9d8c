import Logins
import Threads

/// The index by hash: login numbers by the hash of the login's key and by that of the user's history,
/// and of live logins also by the hash of the user. The newest entries are in memory, the others in
/// the table `login_hash`.
///
/// The hashes are random, so writing each to the table at once would change a random page for each
/// login. Instead the entries are moved to the table in sorted runs, which fill page after page, a
/// slice with each transaction. A crash loses nothing: the table is complete up to `merged`, and the
/// entries of later logins are read from the logins when the store opens.
///
/// Measured with `store-bench` (64 callers, ratios to the inserts a second with this index and pages of
/// 4 KiB): an index on disk reaches 0.71 with 10,000 rows present and 0.56 with 100,000; with pages of
/// 8 KiB 0.49 and 0.43.
///
/// Changed on the writer's thread only, read on any. Readers look in memory first and in the table
/// then: an entry leaves memory after it is durable in the table, never before.
final class TailIndex: Sendable {
    struct Entry: Hashable, Comparable {
        let hash: Int64
        let number: Int64
        static func < (left: Self, right: Self) -> Bool {
            (left.hash, left.number) < (right.hash, right.number)
        }
    }

    private struct State {
        var memory = NumbersByHash()
        /// The histories of users, ascending by number. Not in `memory`: all logins of a user share the
        /// hash, and a long chain of them would make each insert slow. A look-up reads all of it.
        var history: [Entry] = []
        /// What is left of the run that is being moved.
        var run: ArraySlice<Entry> = []
        /// The number up to which the table is complete at the end of the run; nil between runs.
        var runEnds: Int64?
        var merged: Int64
        /// What the current transaction did, for `rollback`.
        var undo: [Undo] = []
        /// How many entries of the run it moved.
        var moved = 0

        var count: Int { memory.count + history.count }

        /// Where a number is in `history`, or would be.
        func place(_ number: Int64) -> Int {
            var (low, high) = (0, history.count)
            while low < high {
                let middle = (low + high) / 2
                if history[middle].number < number { low = middle + 1 } else { high = middle }
            }
            return low
        }

        /// Where an entry is in `history`; nil if it is not there.
        func placeInHistory(_ entry: Entry) -> Int? {
            let place = place(entry.number)
            return place < history.count && history[place] == entry ? place : nil
        }

        func contains(_ entry: Entry) -> Bool {
            memory.contains(entry) || placeInHistory(entry) != nil
        }
    }

    private enum Undo {
        case added(Entry)
        case removed(Entry)
        case addedToHistory
        case removedFromHistory(Entry)
    }

    let hash: LoginHash
    /// A run starts when so many entries are in memory; as many again can arrive while it is moved.
    private let capacity: Int
    /// False for a tool beside the service: only the service has the newest entries in memory.
    private let hasNewest: Bool
    private let state: Locked<State>

    init(_ hash: LoginHash, capacity: Int, merged: Int64, hasNewest: Bool = true) {
        self.hash = hash
        self.capacity = capacity
        self.hasNewest = hasNewest
        state = Locked(State(merged: merged))
    }

    /// The numbers in memory.
    func numbers(_ hash: Int64) -> [Int64] { state.withLock { $0.memory.numbers(hash) } }

    /// The numbers in memory of a user's history.
    func history(_ hash: Int64) -> [Int64] {
        state.withLock { $0.history.compactMap { $0.hash == hash ? $0.number : nil } }
    }

    /// The numbers in the table. Call `numbers` first.
    func stored(_ hash: Int64, _ connection: any DatabaseConnection) throws(StoreError) -> [Int64] {
        let select = try connection.statement("SELECT number FROM login_hash WHERE hash = ?")
        select.bind(hash, at: 1)
        var numbers: [Int64] = []
        while try select.step() { numbers.append(select.integer(0) ?? 0) }
        return numbers
    }

    /// The highest numbers in the table that are smaller than `before`, in descending order. Call
    /// `history` first.
    func stored(
        _ hash: Int64,
        before: Int64,
        limit: Int,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [Int64] {
        let select = try connection.statement(
            """
            SELECT number FROM login_hash WHERE hash = ? AND number < ?
            ORDER BY number DESC LIMIT ?
            """
        )
        select.bind(hash, at: 1)
        select.bind(before, at: 2)
        select.bind(Int64(limit), at: 3)
        var numbers: [Int64] = []
        while try select.step() { numbers.append(select.integer(0) ?? 0) }
        return numbers
    }

    /// Takes an entry that was read when the store opened.
    func load(_ hash: Int64, _ number: Int64) {
        state.withLock { $0.memory.insert(Entry(hash: hash, number: number)) }
    }

    /// The same for a user's history. Numbers ascend from call to call.
    func loadHistory(_ hash: Int64, _ number: Int64) {
        state.withLock { $0.history.append(Entry(hash: hash, number: number)) }
    }

    // MARK: Within the writer's transaction

    /// Adds a new login to its user's history.
    func addToHistory(_ hash: Int64, _ number: LoginNumber) {
        state.withLock { state in
            state.history.append(Entry(hash: hash, number: number.rawValue))
            state.undo.append(.addedToHistory)
        }
    }

    /// Removes a login from its user's history.
    func removeFromHistory(
        _ hash: Int64,
        _ number: LoginNumber,
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        let entry = Entry(hash: hash, number: number.rawValue)
        state.withLock { state in
            guard let place = state.placeInHistory(entry) else { return }
            state.history.remove(at: place)
            state.undo.append(.removedFromHistory(entry))
        }
        // While a run is moved, an entry can be in both places.
        try delete(entry, connection)
    }

    func add(_ hash: Int64, _ number: LoginNumber) {
        let entry = Entry(hash: hash, number: number.rawValue)
        state.withLock { state in
            state.memory.insert(entry)
            state.undo.append(.added(entry))
        }
    }

    func remove(
        _ hash: Int64,
        _ number: LoginNumber,
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        let entry = Entry(hash: hash, number: number.rawValue)
        let wasInMemory = state.withLock { state in
            guard state.memory.remove(entry) else { return false }
            state.undo.append(.removed(entry))
            return true
        }
        if !wasInMemory { try delete(entry, connection) }
    }

    private func delete(_ entry: Entry, _ connection: any DatabaseConnection) throws(StoreError) {
        let delete = try connection.statement(
            "DELETE FROM login_hash WHERE hash = ? AND number = ?"
        )
        try run(delete, entry)
    }

    /// Moves at most `count` entries of the run to the table.
    func merge(_ count: Int, _ connection: any DatabaseConnection) throws(StoreError) {
        let (slice, mark) = state.withLock { state -> ([Entry], Int64?) in
            let slice = state.run.prefix(count)
            state.moved = slice.count
            let isLast = slice.count == state.run.count
            return (slice.filter { state.contains($0) }, isLast ? state.runEnds : nil)
        }
        for entry in slice {
            // A run that a crash cut short is moved again from its start.
            let insert = try connection.statement(
                "INSERT OR IGNORE INTO login_hash (hash, number) VALUES (?, ?)"
            )
            try run(insert, entry)
        }
        if let mark {
            let update = try connection.statement("UPDATE meta SET hashes_merged = ?")
            update.bind(mark, at: 1)
            try update.run()
        }
    }

    /// The transaction is durable. `highest` is the highest number that is.
    func commit(highest: Int64) {
        state.withLock { state in
            for entry in state.run.prefix(state.moved) { _ = state.memory.remove(entry) }
            state.run = state.run.dropFirst(state.moved)
            state.undo.removeAll(keepingCapacity: true)
            state.moved = 0
            if state.run.isEmpty, let end = state.runEnds {
                state.history.removeSubrange(..<state.place(end + 1))
                state.merged = end
                state.runEnds = nil
            }
            if state.count >= capacity { Self.startRun(&state, highest) }
        }
    }

    func rollback() {
        state.withLock { state in
            for undo in state.undo.reversed() {
                switch undo {
                case .added(let entry): _ = state.memory.remove(entry)
                case .removed(let entry): state.memory.insert(entry)
                case .addedToHistory: state.history.removeLast()
                case .removedFromHistory(let entry):
                    state.history.insert(entry, at: state.place(entry.number))
                }
            }
            state.undo.removeAll()
            state.moved = 0
        }
    }

    /// Makes all of memory the run, before the store closes. False when the table is complete.
    func flush(highest: Int64) -> Bool {
        state.withLock { state in
            if highest > state.merged { Self.startRun(&state, highest) }
            return state.runEnds != nil
        }
    }

    private static func startRun(_ state: inout State, _ highest: Int64) {
        guard state.runEnds == nil else { return }
        state.run = (state.memory.entries + state.history).sorted()[...]
        state.runEnds = highest
    }

    private func run(_ statement: any Statement, _ entry: Entry) throws(StoreError) {
        statement.bind(entry.hash, at: 1)
        statement.bind(entry.number, at: 2)
        try statement.run()
    }
}

extension TailIndex: LoginIndex {
    func login(
        _ key: LoginKey,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin? {
        let hash = hash.of(key)
        if let known = try connection.login(key, among: numbers(hash)) { return known }
        if let known = try connection.login(key, among: stored(hash, connection)) { return known }
        return hasNewest ? nil : try loginNotMerged(key, connection)
    }

    /// Looks through the logins that the table may not have yet.
    private func loginNotMerged(
        _ key: LoginKey,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin? {
        let select = try connection.statement(
            """
            SELECT number FROM login
            WHERE number > (SELECT hashes_merged FROM meta) AND login_id = ? AND server = ?
            """
        )
        select.bind(key.login.value, at: 1)
        select.bind(key.server.value, at: 2)
        return try connection.login(key, among: select.loginNumbers().map(\.rawValue))
    }

    /// Users may share a hash, and an entry may be obsolete. A tool does not see the newest logins.
    func live(
        of user: UserID,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        let hash = hash.of(user)
        return Set(numbers(hash)).union(try stored(hash, connection)).map(LoginNumber.init)
    }

    func history(
        of user: UserID,
        before: Int64,
        limit: Int,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        let hash = hash.ofHistory(user)
        let newest = history(hash).filter { $0 < before }
        let stored = try stored(hash, before: before, limit: limit, connection)
        // Below the last one that was read there may be more in the table.
        let end = stored.count == limit ? stored[limit - 1] : .min
        return Set(newest).union(stored).filter { $0 >= end }.sorted(by: >).map(LoginNumber.init)
    }

    func added(_ stored: StoredLogin, _ connection: any DatabaseConnection) {
        add(hash.of(stored.login.key), stored.number)
        addToHistory(hash.ofHistory(stored.login.details.user), stored.number)
    }

    func changedLive(
        _ stored: StoredLogin,
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        let hash = hash.of(stored.login.details.user)
        if stored.login.phase.isLive {
            add(hash, stored.number)
        } else {
            try remove(hash, stored.number, connection)
        }
    }

    func erased(
        _ number: LoginNumber,
        user: [UInt8],
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        try removeFromHistory(hash.ofHistory(user), number, connection)
    }

    func deleted(
        _ number: LoginNumber,
        server: [UInt8]?,
        login: [UInt8]?,
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        try remove(hash.ofKey(server, login), number, connection)
    }
}
