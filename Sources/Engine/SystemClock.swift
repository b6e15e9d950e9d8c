import Dispatch
import Glibc
public import Logins
import Threads

/// The system's clock. It has one timer for each scheduled name.
public final class SystemClock: WallClock {
    private struct Alarm {
        let timer: any DispatchSourceTimer
        var moment: Timestamp
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
        alarms.withLock { alarms in
            guard let moment else {
                alarms.removeValue(forKey: name)?.timer.cancel()
                return
            }
            if alarms[name] != nil {
                alarms[name]?.moment = moment
                alarms[name]?.action = action
                alarms[name]?.timer.schedule(wallDeadline: wall(moment))
                return
            }
            let timer = DispatchSource.makeTimerSource(queue: queue)
            timer.schedule(wallDeadline: wall(moment))
            timer.setEventHandler { [weak self] in self?.ring(name) }
            alarms[name] = Alarm(timer: timer, moment: moment, action: action)
            timer.resume()
        }
    }

    private func wall(_ moment: Timestamp) -> DispatchWallTime {
        .now() + .milliseconds(Int(clamping: max(0, (moment - now()).milliseconds)))
    }

    private func ring(_ name: String) {
        let alarm: Alarm? = alarms.withLock { alarms in
            guard let alarm = alarms[name] else { return nil }
            // Rescheduled after its timer had fired, or the clock was set back.
            guard alarm.moment <= now() else {
                alarm.timer.schedule(wallDeadline: wall(alarm.moment))
                return nil
            }
            return alarms.removeValue(forKey: name)
        }
        alarm?.timer.cancel()
        alarm?.action()
    }
}
