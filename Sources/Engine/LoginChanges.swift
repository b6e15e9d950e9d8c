public import Logins
public import Threads

/// Publishes changes of logins. The store calls it after each durable change; the engine and callers
/// that wait for one login listen.
public final class LoginChanges: Sendable {
    private struct State {
        var waiters: [LoginNumber: [ObjectIdentifier: Signal]] = [:]
        var isClosed = false
    }

    private let state = Locked(State())
    /// Raised when a login may have a new duty.
    public let work = Signal()

    public init() {}

    /// Publishes a durable change. Quick; may be called on any thread.
    public func publish(_ stored: StoredLogin) {
        if stored.login.dueAt != nil { work.raise() }
        let signals = state.withLock { Array($0.waiters[stored.number, default: [:]].values) }
        for signal in signals { signal.raise() }
    }

    /// Runs `body` with a signal that is raised at each change of that login.
    public func watching<Value: Sendable>(
        _ number: LoginNumber,
        _ body: (Signal) async -> Value
    ) async -> Value {
        let signal = Signal()
        let isClosed = state.withLock { state in
            state.waiters[number, default: [:]][ObjectIdentifier(signal)] = signal
            return state.isClosed
        }
        if isClosed { signal.raise() }
        let value = await body(signal)
        state.withLock { state in
            state.waiters[number]?[ObjectIdentifier(signal)] = nil
            if state.waiters[number]?.isEmpty == true { state.waiters[number] = nil }
        }
        return value
    }

    /// True after `close()`: callers that wait should return what they have.
    public var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Wakes all waiting callers, now and later, so that they do not delay a shutdown.
    public func close() {
        let signals = state.withLock { state in
            state.isClosed = true
            return state.waiters.values.flatMap(\.values)
        }
        for signal in signals { signal.raise() }
    }
}
