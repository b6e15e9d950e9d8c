import Dispatch
import Glibc
public import Logins
import Threads

/// The machine's clock. One timer for each name in use, rescheduled in place.
public final class SystemClock: WallClock {
    private struct Alarm {
        let timer: any DispatchSourceTimer
        var action: @Sendable () -> Void
    }

    private let alarms = Locked<[String: Alarm]>([:])
    private let queue = DispatchQueue(label: "beckon.clock")

    public init() {}

    public func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    public func schedule(
        _ name: String,
        at moment: Timestamp?,
        _ action: @escaping @Sendable () -> Void
    ) {
        alarms.withLock { alarms in
            guard let moment else {
                alarms.removeValue(forKey: name)?.timer.cancel()
                return
            }
            let wall =
                DispatchWallTime.now()
                + .milliseconds(
                    Int(clamping: max(0, (moment - now()).milliseconds))
                )
            if alarms[name] != nil {
                alarms[name]?.action = action
                alarms[name]?.timer.schedule(wallDeadline: wall)
                return
            }
            let timer = DispatchSource.makeTimerSource(queue: queue)
            timer.schedule(wallDeadline: wall)
            timer.setEventHandler { [weak self] in self?.ring(name) }
            alarms[name] = Alarm(timer: timer, action: action)
            timer.resume()
        }
    }

    private func ring(_ name: String) {
        let alarm = alarms.withLock { $0.removeValue(forKey: name) }
        alarm?.timer.cancel()
        alarm?.action()
    }
}
