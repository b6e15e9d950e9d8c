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
    ///
    /// - Returns: false if only the time is over.
    @discardableResult
    public func wait(
        for signal: Signal,
        atMost span: Duration,
        until moment: Timestamp? = nil
    ) async -> Bool {
        let name = "wait-\(waits.add(1, ordering: .relaxed).newValue)"
        schedule(name, after: span) { signal.lapse() }
        defer { schedule(name, after: nil) {} }
        return await wait(for: signal, until: moment)
    }

    /// Waits until the signal is raised, until `moment`, or until the task is cancelled.
    ///
    /// - Returns: false if only the time is over.
    @discardableResult
    public func wait(for signal: Signal, until moment: Timestamp?) async -> Bool {
        let name = "wait-\(waits.add(1, ordering: .relaxed).newValue)"
        schedule(name, at: moment) { signal.lapse() }
        defer { schedule(name, at: nil) {} }
        return await signal.wait()
    }
}
