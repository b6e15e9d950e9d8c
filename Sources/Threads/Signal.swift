/// A flag that any thread raises and one task waits for. It stays raised until the next wait; if it
/// is raised several times before that, it ends one wait.
public final class Signal: Sendable {
    private enum State {
        case lowered
        /// The time of the next wait is over.
        case lapsed
        case raised
        case awaited(CheckedContinuation<Bool, Never>)
    }

    private let state = Locked(State.lowered)

    /// A lowered flag.
    public init() {}

    /// Whether the next wait ends at once.
    package var isRaised: Bool {
        state.withLock { state in
            switch state {
            case .raised, .lapsed: true
            case .lowered, .awaited: false
            }
        }
    }

    /// Whether a task waits.
    package var isAwaited: Bool {
        state.withLock { state in if case .awaited = state { true } else { false } }
    }

    /// Raises the flag.
    public func raise() {
        let waiter: CheckedContinuation<Bool, Never>? = state.withLock { state in
            if case .awaited(let waiter) = state {
                state = .lowered
                return waiter
            }
            state = .raised
            return nil
        }
        waiter?.resume(returning: true)
    }

    /// Ends the wait under way, or the next one, because its time is over. Never hides that the flag is
    /// raised.
    public func lapse() {
        let waiter: CheckedContinuation<Bool, Never>? = state.withLock { state in
            switch state {
            case .awaited(let waiter):
                state = .lowered
                return waiter
            case .lowered: state = .lapsed
            case .lapsed, .raised: break
            }
            return nil
        }
        waiter?.resume(returning: false)
    }

    /// Waits until the flag is raised, and lowers it. Also returns when the task is cancelled.
    ///
    /// - Returns: false if only the time is over (`lapse`).
    @discardableResult
    public func wait() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    switch state {
                    case .raised:
                        state = .lowered
                        return true
                    case .lapsed:
                        state = .lowered
                        return false
                    case .lowered, .awaited:
                        state = .awaited(continuation)
                        return nil
                    }
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            raise()
        }
    }
}
