public import Logins
public import Threads

/// Where changes of logins are heard: the store tells it of each one that has become durable, the
/// engine and whoever waits for one login listen.
public final class LoginChanges: Sendable {
    private struct State {
        var waiters: [LoginNumber: [ObjectIdentifier: Signal]] = [:]
        var isClosed = false
    }

    private let state = Locked(State())
    /// Raised whenever some login may owe something new.
    public let work = Signal()

    public init() {}

    /// To be called after a change is durable. Quick, from any thread.
    public func publish(_ stored: StoredLogin) {
        if stored.login.dueAt != nil { work.raise() }
        let signals = state.withLock { Array($0.waiters[stored.number, default: [:]].values) }
        for signal in signals { signal.raise() }
    }

    /// Lets `body` wait on a signal that is raised at each change of that login.
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

    /// True once `close` was called: whoever waits should answer with what there is.
    public var isClosed: Bool { state.withLock { $0.isClosed } }

    /// Wakes everyone who waits, and everyone who comes to wait, so that a drain is not held up.
    public func close() {
        let signals = state.withLock { state in
            state.isClosed = true
            return state.waiters.values.flatMap(\.values)
        }
        for signal in signals { signal.raise() }
    }
}
