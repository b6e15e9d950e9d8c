import Glibc
public import Logins
import Threads

/// The system's clock. One thread waits for all that is scheduled.
///
/// Not Dispatch's timers: these need threads of the shared pool, and make whoever sets one wait while
/// the system gives none.
public final class SystemClock: WallClock {
    private let alarms = Alarms()

    public init() { alarms.start() }

    deinit { alarms.end() }

    public func now() -> Timestamp { Self.now() }

    static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public func uptime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    public func schedule(
        _ name: String,
        at moment: Timestamp?,
        _ action: @escaping @Sendable () -> Void
    ) {
        alarms.schedule(name, at: moment, action)
    }
}

/// What is scheduled, and the thread that waits for it.
private final class Alarms: Sendable {
    private struct Alarm {
        let moment: Timestamp
        /// In the order of being set.
        let number: UInt64
        let name: String

        func isAfter(_ other: Alarm) -> Bool {
            (moment, number) > (other.moment, other.number)
        }
    }

    private struct State {
        var actions: [String: (alarm: Alarm, run: @Sendable () -> Void)] = [:]
        /// The first one is last.
        var order: [Alarm] = []
        var number: UInt64 = 0
        var hasThread = false
        var isOver = false

        /// Where an alarm is in the order, or belongs there.
        func place(of alarm: Alarm) -> Int {
            var range = order.indices
            while !range.isEmpty {
                let middle = range.lowerBound + range.count / 2
                range =
                    order[middle].isAfter(alarm)
                    ? middle + 1..<range.upperBound : range.lowerBound..<middle
            }
            return range.lowerBound
        }

        mutating func set(
            _ name: String,
            _ moment: Timestamp,
            _ run: @escaping @Sendable () -> Void
        ) {
            number += 1
            let alarm = Alarm(moment: moment, number: number, name: name)
            order.insert(alarm, at: place(of: alarm))
            actions[name] = (alarm, run)
        }

        mutating func cancel(_ name: String) {
            guard let alarm = actions.removeValue(forKey: name)?.alarm else { return }
            order.remove(at: place(of: alarm))
        }
    }

    private enum Next {
        case run(@Sendable () -> Void)
        case wait(until: Timestamp?)
        case end
    }

    private let state = Locked(State())
    private let changed = ThreadSemaphore()

    /// Starts the thread unless there is one. If the system gives none now, the next alarm tries again.
    func start() {
        state.withLock { state in
            guard !state.hasThread else { return }
            state.hasThread = (try? WorkerThread.start { self.run() }) != nil
        }
    }

    func end() {
        state.withLock { $0.isOver = true }
        changed.signal()
    }

    func schedule(
        _ name: String,
        at moment: Timestamp?,
        _ action: @escaping @Sendable () -> Void
    ) {
        start()
        let isFirst = state.withLock { state in
            state.cancel(name)
            guard let moment else { return false }
            state.set(name, moment, action)
            return state.order.last?.number == state.number
        }
        if isFirst { changed.signal() }
    }

    private func run() {
        while true {
            switch next() {
            case .run(let action): action()
            case .wait(let moment): changed.wait(until: moment?.milliseconds)
            case .end: return
            }
        }
    }

    private func next() -> Next {
        state.withLock { state in
            if state.isOver { return .end }
            guard let alarm = state.order.last else { return .wait(until: nil) }
            guard alarm.moment <= SystemClock.now() else { return .wait(until: alarm.moment) }
            state.order.removeLast()
            guard let action = state.actions.removeValue(forKey: alarm.name) else {
                return .wait(until: alarm.moment)
            }
            return .run(action.run)
        }
    }
}
