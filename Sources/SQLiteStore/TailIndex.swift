import Logins
import Threads

/// An index from a hash to login numbers whose newest part lives in memory.
///
/// Hashes of what authorization servers send are random, and a random place in an index on disk
/// dirties a page for each row. So the numbers of the newest logins are kept here, and moved to the
/// table in sorted runs that fill page after page. Nothing is lost with the process: up to `merged`
/// the table has everything, and what comes after it is read from the logins themselves at open.
///
/// Changed on the writer's thread only, read on any. A reader looks here first and in the table
/// then: an entry leaves this memory after it is durable in the table, never before.
final class TailIndex: Sendable {
    /// Which of the two indexes.
    enum Kind: Hashable, Sendable { case keys, live }

    struct Entry: Hashable, Comparable {
        let hash: Int64
        let number: Int64
        static func < (left: Self, right: Self) -> Bool {
            (left.hash, left.number) < (right.hash, right.number)
        }
    }

    private struct State {
        var recent = NumbersByHash()
        /// The generation that is moved to the table, and how far that has come.
        var moving = NumbersByHash()
        var run: [Entry] = []
        var position = 0
        /// What the table will have everything up to, once the run is through.
        var runEnds: Int64 = 0
        var merged: Int64 = 0
        /// How to take back what the transaction under way did, and how far it moved.
        var undo: [(entry: Entry, wasAdded: Bool)] = []
        var nextPosition: Int?
    }

    let kind: Kind
    /// How many entries are kept before they are moved; 0 writes each to the table at once.
    let capacity: Int
    private let state = Locked(State())

    init(_ kind: Kind, capacity: Int, merged: Int64) {
        self.kind = kind
        self.capacity = capacity
        state.withLock { $0.merged = merged }
    }

    /// The numbers in memory.
    func numbers(_ hash: Int64) -> [Int64] {
        state.withLock { state in
            if state.moving.isEmpty { return state.recent.numbers(hash) }
            return state.recent.numbers(hash) + state.moving.numbers(hash)
        }
    }

    /// Takes an entry that was read at open.
    func load(hash: Int64, number: Int64) {
        state.withLock { $0.recent.insert(Entry(hash: hash, number: number)) }
    }

    // MARK: Within the writer's transaction

    func add(
        hash: Int64,
        number: Int64,
        _ connection: Connection
    ) throws(StoreError) {
        let entry = Entry(hash: hash, number: number)
        if capacity == 0 { return try insert(entry, connection) }
        state.withLock { state in
            state.recent.insert(entry)
            state.undo.append((entry, true))
        }
    }

    func remove(
        hash: Int64,
        number: Int64,
        _ connection: Connection
    ) throws(StoreError) {
        let entry = Entry(hash: hash, number: number)
        let wasRecent = state.withLock { state in
            state.undo.append((entry, false))
            if state.recent.remove(entry) { return true }
            _ = state.moving.remove(entry)
            return false
        }
        // What is moving may be in the table already.
        if !wasRecent { try delete(entry, connection) }
    }

    /// Moves some of the run to the table, at least as much as `added` rows bring anew.
    func merge(_ added: Int, _ connection: Connection) throws(StoreError) {
        let (slice, mark) = state.withLock { state -> ([Entry], Int64?) in
            guard !state.run.isEmpty else { return ([], nil) }
            let end = min(state.position + max(Self.slice, 2 * added), state.run.count)
            state.nextPosition = end
            let slice = state.run[state.position..<end].filter { state.moving.contains($0) }
            return (slice, end == state.run.count ? state.runEnds : nil)
        }
        for entry in slice { try insert(entry, connection) }
        if let mark { try setMark(mark, connection) }
    }

    /// The transaction is durable. `highest` is the highest number given so far.
    func commit(highest: Int64) {
        state.withLock { state in
            state.undo.removeAll(keepingCapacity: true)
            if let position = state.nextPosition {
                state.position = position
                state.nextPosition = nil
                if position == state.run.count {
                    state.merged = state.runEnds
                    state.run = []
                    state.moving = NumbersByHash()
                    state.position = 0
                }
            }
            if capacity > 0, state.run.isEmpty {
                // Logins that ended leave the index of live ones, so the mark must go on by
                // numbers too: else opening would have to read too many rows.
                let isDue =
                    state.recent.count >= capacity
                    || highest - state.merged >= 2 * Int64(capacity)
                if isDue { Self.startRun(&state, highest: highest) }
            }
        }
    }

    func rollback() {
        state.withLock { state in
            for (entry, wasAdded) in state.undo.reversed() {
                if wasAdded {
                    _ = state.recent.remove(entry)
                } else if entry.number > state.runEnds || state.run.isEmpty {
                    if entry.number > state.merged { state.recent.insert(entry) }
                } else if entry.number > state.merged {
                    state.moving.insert(entry)
                }
            }
            state.undo.removeAll()
            state.nextPosition = nil
        }
    }

    /// Makes everything in memory the run, so that `merge` moves it; for closing.
    /// Returns how much there is to move, at most one run at a time.
    func flush(highest: Int64) -> Int {
        guard capacity > 0 else { return 0 }
        return state.withLock { state in
            if state.run.isEmpty, !state.recent.isEmpty || highest > state.merged {
                Self.startRun(&state, highest: highest)
            }
            return state.run.count - state.position
        }
    }

    private static func startRun(_ state: inout State, highest: Int64) {
        state.moving = state.recent
        state.recent = NumbersByHash()
        state.run = state.moving.entries.sorted()
        state.runEnds = highest
        state.position = 0
        // Nothing to move: a run of one entry that no longer counts carries the mark.
        if state.run.isEmpty { state.run = [Entry(hash: 0, number: 0)] }
    }

    /// How many entries a transaction moves: enough to share pages, too few to be felt.
    private static let slice = 256
}
