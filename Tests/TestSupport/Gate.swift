import Threads

/// Holds work until a test lets it continue. Open at first.
public final class Gate: Sendable {
    private struct State {
        var isOpen = true
        var held: [Signal] = []
    }

    private let state = Locked(State())
    /// One entry for each caller that was held.
    public let arrivals = Recorded<Void>()

    public init() {}

    public func close() { state.withLock { $0.isOpen = false } }

    public func open() {
        let held = state.withLock { state in
            state.isOpen = true
            defer { state.held = [] }
            return state.held
        }
        for signal in held { signal.raise() }
    }

    /// Returns when the gate is open or the task is cancelled.
    public func pass() async {
        let signal = Signal()
        let isHeld = state.withLock { state in
            if !state.isOpen { state.held.append(signal) }
            return !state.isOpen
        }
        guard isHeld else { return }
        arrivals.append(())
        await signal.wait()
    }
}
