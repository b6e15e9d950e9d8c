public import Logins
import Threads

/// A clock that only a test moves. Scheduled actions run inside `advance`.
public final class ManualClock: WallClock {
    private struct State {
        var now: Timestamp
        var uptime = Duration.zero
        var alarms: [String: (end: End, action: @Sendable () -> Void)] = [:]
        var watchers: [ObjectIdentifier: Signal] = [:]

        /// When an alarm is due if nobody sets the clock.
        func moment(of end: End) -> Timestamp {
            switch end {
            case .moment(let moment): moment
            case .uptime(let end): now + (end - uptime)
            }
        }
    }

    private enum End {
        case moment(Timestamp)
        case uptime(Duration)
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
        set(name, at: moment.map { .moment($0) }, action)
    }

    public func schedule(
        _ name: String,
        after span: Duration?,
        _ action: @escaping @Sendable () -> Void
    ) {
        set("after \(name)", at: span.map { .uptime(uptime() + $0) }, action)
    }

    private func set(_ name: String, at end: End?, _ action: @escaping @Sendable () -> Void) {
        let isDue = state.withLock { state in
            guard let end else {
                state.alarms[name] = nil
                return false
            }
            if state.moment(of: end) <= state.now {
                state.alarms[name] = nil
                return true
            }
            state.alarms[name] = (end, action)
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
            while !state.withLock({ state in
                state.alarms.values.contains { state.moment(of: $0.end) <= moment }
            }) {
                try Task.checkCancellation()
                await signal.wait()
            }
        }
    }

    public func advance(by span: Duration) {
        let due = state.withLock { state in
            state.now = state.now + span
            state.uptime += span
            let due = state.alarms.filter { state.moment(of: $0.value.end) <= state.now }
            for name in due.keys { state.alarms[name] = nil }
            return due.values.sorted { state.moment(of: $0.end) < state.moment(of: $1.end) }
        }
        for alarm in due { alarm.action() }
    }
}
