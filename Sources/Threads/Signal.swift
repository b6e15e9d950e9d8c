/// A flag that any thread raises and one task waits for. It stays raised until the next wait; if it
/// is raised several times before that, it ends one wait.
public final class Signal: Sendable {
    private enum State {
        case lowered
        case raised
        case awaited(CheckedContinuation<Void, Never>)
    }

    private let state = Locked(State.lowered)

    /// A lowered flag.
    public init() {}

    /// Whether it was raised since the last wait.
    package var isRaised: Bool {
        state.withLock { state in if case .raised = state { true } else { false } }
    }

    /// Raises the flag.
    public func raise() {
        let waiter: CheckedContinuation<Void, Never>? = state.withLock { state in
            if case .awaited(let waiter) = state {
                state = .lowered
                return waiter
            }
            state = .raised
            return nil
        }
        waiter?.resume()
    }

    /// Waits until the flag is raised, and lowers it. Also returns when the task is cancelled.
    public func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = state.withLock { state in
                    if case .raised = state {
                        state = .lowered
                        return true
                    }
                    state = .awaited(continuation)
                    return false
                }
                if now { continuation.resume() }
            }
        } onCancel: {
            raise()
        }
    }
}
