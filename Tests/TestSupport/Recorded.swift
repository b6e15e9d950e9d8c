import Threads

/// A list of events, in order, that a test can read and wait for.
public final class Recorded<Entry: Sendable>: Sendable {
    private struct State {
        var entries: [Entry] = []
        var watchers: [ObjectIdentifier: Signal] = [:]
    }

    private let state = Locked(State())

    public init() {}

    public var entries: [Entry] { state.withLock { $0.entries } }

    public func append(_ entry: Entry) {
        let watchers = state.withLock { state in
            state.entries.append(entry)
            return Array(state.watchers.values)
        }
        for watcher in watchers { watcher.raise() }
    }

    /// Waits until `isEnough` accepts the entries, and returns them.
    ///
    /// - Throws: `TookTooLong` after half a minute.
    @discardableResult
    public func wait(
        _ what: String,
        until isEnough: @escaping @Sendable ([Entry]) -> Bool
    ) async throws -> [Entry] {
        try await within(what) { [self] in
            let signal = Signal()
            state.withLock { $0.watchers[ObjectIdentifier(signal)] = signal }
            defer { state.withLock { $0.watchers[ObjectIdentifier(signal)] = nil } }
            while true {
                try Task.checkCancellation()
                let entries = entries
                if isEnough(entries) { return entries }
                await signal.wait()
            }
        }
    }

    /// Waits until there are `count` entries.
    @discardableResult
    public func wait(for count: Int, _ what: String) async throws -> [Entry] {
        try await wait("\(count) of \(what)") { $0.count >= count }
    }

    private func within<Value: Sendable>(
        _ what: String,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await TestSupport.within(.seconds(30), what, body)
    }
}
