public import Logins
import Synchronization
public import Threads

private let waits = Atomic<UInt64>(0)

extension WallClock {
    /// Waits until `moment` or until the task is cancelled.
    public func wait(until moment: Timestamp) async {
        await wait(for: Signal(), until: moment)
    }

    /// Waits until the signal is raised, until `moment`, or until the task is cancelled.
    public func wait(for signal: Signal, until moment: Timestamp?) async {
        let name = "wait-\(waits.add(1, ordering: .relaxed).newValue)"
        schedule(name, at: moment) { signal.raise() }
        await signal.wait()
        schedule(name, at: nil) {}
    }
}
