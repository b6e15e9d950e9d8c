import Logins
import Threads

/// Says once an hour that answers break a rule, whoever they are about: a service that writes a member
/// in a wrong form does so in every answer.
final class RuleNotices: Sendable {
    private static let pause = Duration.seconds(3600)

    private let clock: any WallClock
    private let report: @Sendable (String) -> Void
    /// When a rule may be reported again, by `WallClock.uptime`. Rules are constants of ours.
    private let next = Locked<[String: Duration]>([:])

    init(clock: any WallClock, report: @escaping @Sendable (String) -> Void) {
        self.clock = clock
        self.report = report
    }

    /// `rule` names the member and what it must be, without its value, which is personal data.
    func note(_ rule: String) {
        let now = clock.uptime()
        let isDue = next.withLock { next in
            guard next[rule].map({ $0 <= now }) ?? true else { return false }
            next[rule] = now + Self.pause
            return true
        }
        if isDue { report(rule) }
    }
}
