public import JSON
import Threads

/// A log of all events and exchanges in both directions, for `GET /_sim/log`, the demo page and
/// tests.
///
/// Keeps the latest entries only. Callers mask secrets (`Masking`).
public final class Journal: Sendable {
    /// One event.
    public struct Entry: Sendable {
        /// Counted from 1; unique, also after a reset.
        public let number: Int
        /// Milliseconds since 1970.
        public let at: Int64
        /// Its position in the order in which events began; `number` is in the order in which they
        /// ended.
        public let turn: Int
        /// `exchange`, `sim.unknown_member`, `flow.tokens` and so on.
        public let kind: String
        /// Further members.
        public let members: JSONObject

        /// The entry as one JSON object.
        public var json: JSONValue {
            .object(
                JSONObject(
                    [
                        .init(name: "number", value: .integer(number)),
                        .init(name: "at", value: JSONValue.moment(at) ?? .null),
                        .init(name: "turn", value: .integer(turn)),
                        .init(name: "kind", value: .string(kind)),
                    ] + members.members
                )
            )
        }
    }

    private struct State {
        var entries: [Entry] = []
        var last = 0
        var lastTurn = 0
        var nextReader = 0
        var readers: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let capacity: Int
    private let clock: any SimulatorClock
    private let state = Locked(State())

    /// Keeps at least the latest `capacity` entries.
    public init(clock: any SimulatorClock, capacity: Int = 5000) {
        self.clock = clock
        self.capacity = capacity
    }

    /// The number of the latest entry; 0 if there is none.
    public var last: Int { state.withLock { $0.last } }

    /// Reserves a `turn` for an event that is written when it ends.
    func takeTurn() -> Int {
        state.withLock { state in
            state.lastTurn += 1
            return state.lastTurn
        }
    }

    /// Adds an entry and wakes waiting readers.
    func append(
        _ kind: String,
        turn: Int? = nil,
        _ members: KeyValuePairs<String, JSONValue?> = [:]
    ) {
        guard case .object(let object) = JSONValue.members(members) else { return }
        let at = clock.now()
        let readers = state.withLock { state in
            state.last += 1
            if turn == nil { state.lastTurn += 1 }
            state.entries.append(
                Entry(
                    number: state.last,
                    at: at,
                    turn: turn ?? state.lastTurn,
                    kind: kind,
                    members: object
                )
            )
            // In batches, because removing the first elements moves all others.
            if state.entries.count >= 2 * capacity { state.entries.removeFirst(capacity) }
            defer { state.readers = [:] }
            return Array(state.readers.values)
        }
        for reader in readers { reader.finish() }
    }

    /// Removes all entries; numbers continue.
    func clear() { state.withLock { $0.entries = [] } }

    /// The entries with a number above `number`, oldest first.
    public func entries(after number: Int = 0) -> [Entry] {
        state.withLock { state in
            guard let first = state.entries.first?.number else { return [] }
            return Array(state.entries.dropFirst(max(0, number + 1 - first)))
        }
    }

    /// The same, but waits for an entry if there is none.
    public func entries(after number: Int, within limit: Duration) async -> [Entry] {
        let (news, teller) = AsyncStream<Void>.makeStream()
        let key: Int? = state.withLock { state in
            guard state.last <= number else { return nil }
            state.nextReader += 1
            state.readers[state.nextReader] = teller
            return state.nextReader
        }
        guard let key else { return entries(after: number) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in news {} }
            group.addTask { try? await ContinuousClock().sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
        state.withLock { $0.readers[key] = nil }
        return entries(after: number)
    }
}
