import Logins
import Threads

/// An index by hash: the numbers of rows by hashes of what is in them. The newest entries are in memory,
/// the others in a table.
///
/// The hashes are random, so writing each to the table at once would change a random page for each
/// row. Instead the entries are moved to the table in sorted runs, which fill page after page, a
/// slice with each transaction. A crash loses nothing: the table is complete up to `merged`, and the
/// entries of later rows are read from the rows when the store opens.
///
/// For logins, measured with `store-bench` (64 callers, ratios to the inserts a second with this index
/// and pages of 4 KiB): an index on disk reaches 0.71 with 10,000 rows present and 0.56 with 100,000;
/// with pages of 8 KiB 0.49 and 0.43.
///
/// Changed on the writer's thread only, read on any. Readers look in memory first and in the table
/// then: an entry leaves memory after it is durable in the table, never before.
final class TailIndex: Sendable {
    /// Where the entries are that have left memory.
    struct Table {
        let numbers: StaticString
        let insert: StaticString
        let delete: StaticString
        /// Keeps the number up to which the table is complete.
        let mark: StaticString
    }

    struct Entry: Hashable, Comparable {
        let hash: Int64
        let number: Int64
        static func < (left: Self, right: Self) -> Bool {
            (left.hash, left.number) < (right.hash, right.number)
        }
    }

    private struct State {
        var memory = NumbersByHash()
        /// The histories of users (`LoginTail`), ascending by number. Not in `memory`: all logins of a
        /// user share the hash, and a long chain of them would make each insert slow. A look-up reads
        /// all of it.
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

    private let table: Table
    /// A run starts when so many entries are in memory; as many again can arrive while it is moved.
    private let capacity: Int
    private let state: Locked<State>

    init(_ table: Table, capacity: Int, merged: Int64) {
        self.table = table
        // With none, a run would begin after each that ends, and the store would never close.
        self.capacity = max(1, capacity)
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
        let select = try connection.statement(table.numbers)
        select.bind(hash, at: 1)
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
    func addToHistory(_ hash: Int64, _ number: Int64) {
        state.withLock { state in
            state.history.append(Entry(hash: hash, number: number))
            state.undo.append(.addedToHistory)
        }
    }

    /// Removes a login from its user's history.
    func removeFromHistory(
        _ hash: Int64,
        _ number: Int64,
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        let entry = Entry(hash: hash, number: number)
        state.withLock { state in
            guard let place = state.placeInHistory(entry) else { return }
            state.history.remove(at: place)
            state.undo.append(.removedFromHistory(entry))
        }
        // While a run is moved, an entry can be in both places.
        try delete(entry, connection)
    }

    func add(_ hash: Int64, _ number: Int64) {
        let entry = Entry(hash: hash, number: number)
        state.withLock { state in
            state.memory.insert(entry)
            state.undo.append(.added(entry))
        }
    }

    /// An entry of a run that a crash cut short can be in both places; then it stays in the table, unless
    /// it is removed `everywhere`.
    func remove(
        _ hash: Int64,
        _ number: Int64,
        everywhere: Bool = false,
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        let entry = Entry(hash: hash, number: number)
        let wasInMemory = state.withLock { state in
            guard state.memory.remove(entry) else { return false }
            state.undo.append(.removed(entry))
            return true
        }
        if everywhere || !wasInMemory { try delete(entry, connection) }
    }

    private func delete(_ entry: Entry, _ connection: any DatabaseConnection) throws(StoreError) {
        try run(connection.statement(table.delete), entry)
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
            try run(connection.statement(table.insert), entry)
        }
        if let mark {
            let update = try connection.statement(table.mark)
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
                let (next, isOver) = end.addingReportingOverflow(1)
                state.history.removeSubrange(..<(isOver ? state.history.count : state.place(next)))
                state.merged = end
                state.runEnds = nil
            }
            if state.count >= capacity { Self.startRun(&state, highest) }
        }
    }

    func rollback() {
        takeBack(to: 0)
        state.withLock { $0.moved = 0 }
    }

    /// How many changes of the current transaction there are.
    var changes: Int { state.withLock { $0.undo.count } }

    /// Takes back all but the first `count` of them.
    func takeBack(to count: Int) {
        state.withLock { state in
            while state.undo.count > count, let undo = state.undo.popLast() {
                switch undo {
                case .added(let entry): _ = state.memory.remove(entry)
                case .removed(let entry): state.memory.insert(entry)
                case .addedToHistory: state.history.removeLast()
                case .removedFromHistory(let entry):
                    state.history.insert(entry, at: state.place(entry.number))
                }
            }
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
