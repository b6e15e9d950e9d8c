public import Logins
import Threads

/// A clock that only a test moves. Scheduled actions run inside `advance`.
public final class ManualClock: WallClock {
    private struct State {
        var now: Timestamp
        var uptime = Duration.zero
        var alarms: [String: (moment: Timestamp, action: @Sendable () -> Void)] = [:]
        var watchers: [ObjectIdentifier: Signal] = [:]
    }

    private let state: Locked<State>

    /// Starts at 2026-11-20T12:00:00Z by default.
    public init(_ now: Timestamp = Timestamp(milliseconds: 1_795_176_000_000)) {
        state = Locked(State(now: now))
    }

    public func now() -> Timestamp { state.withLock { $0.now } }

    public func uptime() -> Duration { state.withLock { $0.uptime } }

    /// Sets the time of day, as an operator does: no time passes, and no action runs.
    public func set(_ now: Timestamp) { state.withLock { $0.now = now } }

    public func schedule(
        _ name: String,
        at moment: Timestamp?,
        _ action: @escaping @Sendable () -> Void
    ) {
        let isDue = state.withLock { state in
            guard let moment else {
                state.alarms[name] = nil
                return false
            }
            if moment <= state.now {
                state.alarms[name] = nil
                return true
            }
            state.alarms[name] = (moment, action)
            return false
        }
        if isDue { action() }
        for watcher in state.withLock({ Array($0.watchers.values) }) { watcher.raise() }
    }

    /// Waits until an action is scheduled for `moment` or earlier. Before that, moving the clock would
    /// wake nothing.
    ///
    /// - Throws: `TookTooLong` after half a minute.
    public func alarm(by moment: Timestamp) async throws {
        try await within(.seconds(30), "an alarm") { [self] in
            let signal = Signal()
            state.withLock { $0.watchers[ObjectIdentifier(signal)] = signal }
            defer { state.withLock { $0.watchers[ObjectIdentifier(signal)] = nil } }
            while !state.withLock({ $0.alarms.values.contains { $0.moment <= moment } }) {
                try Task.checkCancellation()
                await signal.wait()
            }
        }
    }

    public func advance(by span: Duration) {
        let due = state.withLock { state in
            state.now = state.now + span
            state.uptime += span
            let due = state.alarms.filter { $0.value.moment <= state.now }
            for name in due.keys { state.alarms[name] = nil }
            return due.values.sorted { $0.moment < $1.moment }
        }
        for alarm in due { alarm.action() }
    }
}
