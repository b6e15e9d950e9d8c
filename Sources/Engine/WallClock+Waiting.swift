public import Logins
import Synchronization
public import Threads

private let waits = Atomic<UInt64>(0)

extension WallClock {
    /// Waits until `moment` or until the task is cancelled.
    public func wait(until moment: Timestamp) async {
        await wait(for: Signal(), until: moment)
    }

    /// Waits for that time or until the task is cancelled.
    public func wait(_ span: Duration) async { await wait(for: Signal(), atMost: span) }

    /// Waits until the signal is raised, for that time at most, or until the task is cancelled. If the
    /// clock is set, that changes nothing; `moment` ends the wait too.
    public func wait(
        for signal: Signal,
        atMost span: Duration,
        until moment: Timestamp? = nil
    ) async {
        let name = "wait-\(waits.add(1, ordering: .relaxed).newValue)"
        schedule(name, after: span) { signal.raise() }
        await wait(for: signal, until: moment)
        schedule(name, after: nil) {}
    }

    /// Waits until the signal is raised, until `moment`, or until the task is cancelled.
    public func wait(for signal: Signal, until moment: Timestamp?) async {
        let name = "wait-\(waits.add(1, ordering: .relaxed).newValue)"
        schedule(name, at: moment) { signal.raise() }
        await signal.wait()
        schedule(name, at: nil) {}
    }
}
