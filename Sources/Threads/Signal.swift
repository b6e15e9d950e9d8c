/// A flag that one task waits for and anybody raises. Raised while nobody waits, it is remembered;
/// raised many times before a wait, it wakes that wait once.
public final class Signal: Sendable {
    private enum State {
        case lowered
        case raised
        case awaited(CheckedContinuation<Void, Never>)
    }

    private let state = Locked(State.lowered)

    public init() {}

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

    /// Returns once the signal has been raised, and lowers it. Cancellation of the task also ends it.
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
