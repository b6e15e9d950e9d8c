import Glibc
public import Logins
import Threads

/// The system's clock. One thread waits for all that is scheduled for a moment, another one for what is
/// scheduled after a time.
///
/// Not Dispatch's timers: these need threads of the shared pool, and make whoever sets one wait while
/// the system gives none.
public final class SystemClock: WallClock {
    private let moments = Alarms(.day)
    private let spans = Alarms(.running)

    public init() {
        moments.start()
        spans.start()
    }

    deinit {
        moments.end()
        spans.end()
    }

    public func now() -> Timestamp { Self.now() }

    static func now() -> Timestamp { Timestamp(milliseconds: Alarms.Clock.day.now()) }

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
        moments.schedule(name, at: moment?.milliseconds, action)
    }

    public func schedule(
        _ name: String,
        after span: Duration?,
        _ action: @escaping @Sendable () -> Void
    ) {
        // Sums of timestamps do not overflow.
        let now = Timestamp(milliseconds: Alarms.Clock.running.now())
        spans.schedule(name, at: span.map { (now + $0).milliseconds }, action)
    }
}

/// What is scheduled, and the thread that waits for it.
private final class Alarms: Sendable {
    /// What tells the time, in milliseconds.
    enum Clock {
        /// Since 1970. Somebody may set it.
        case day
        /// Since the machine has started.
        case running

        func now() -> Int64 {
            var time = timespec()
            clock_gettime(self == .day ? CLOCK_REALTIME : CLOCK_MONOTONIC, &time)
            return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
        }
    }

    private struct Alarm {
        let moment: Int64
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
            _ moment: Int64,
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
        case wait(until: Int64?)
        case end
    }

    private let clock: Clock
    private let state = Locked(State())
    private let changed = ThreadSemaphore()
    private let timer = ThreadTimer()

    init(_ clock: Clock) { self.clock = clock }

    private func signal() {
        switch clock {
        case .day: changed.signal()
        case .running: timer.signal()
        }
    }

    private func wait(until moment: Int64?) {
        switch clock {
        case .day: changed.wait(until: moment)
        case .running: timer.wait(until: moment)
        }
    }

    /// Starts the thread unless there is one. If the system gives none now, the next alarm tries again.
    func start() {
        state.withLock { state in
            guard !state.hasThread else { return }
            state.hasThread = (try? WorkerThread.start { self.run() }) != nil
        }
    }

    func end() {
        state.withLock { $0.isOver = true }
        signal()
    }

    func schedule(
        _ name: String,
        at moment: Int64?,
        _ action: @escaping @Sendable () -> Void
    ) {
        start()
        let isFirst = state.withLock { state in
            state.cancel(name)
            guard let moment else { return false }
            state.set(name, moment, action)
            return state.order.last?.number == state.number
        }
        if isFirst { signal() }
    }

    private func run() {
        while true {
            switch next() {
            case .run(let action): action()
            case .wait(let moment): wait(until: moment)
            case .end: return
            }
        }
    }

    private func next() -> Next {
        state.withLock { state in
            if state.isOver { return .end }
            guard let alarm = state.order.last else { return .wait(until: nil) }
            guard alarm.moment <= clock.now() else { return .wait(until: alarm.moment) }
            state.order.removeLast()
            guard let action = state.actions.removeValue(forKey: alarm.name) else {
                return .wait(until: alarm.moment)
            }
            return .run(action.run)
        }
    }
}
