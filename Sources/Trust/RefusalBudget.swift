import Logins
import Threads

/// Bounds how many refusals are written to the audit: those of callers who have not proven who they
/// are, and those of tokens. Anybody or any thief can make them, and each one is a durable write.
final class RefusalBudget: Sendable {
    /// More than so many in a minute are counted only.
    static let perMinute = 120

    private struct Minute {
        var number: Int64 = 0
        var noted = 0
        var omitted = 0
    }

    private let minute = Locked(Minute())

    /// Whether a refusal is written, and how many of the minute before were not.
    func admit(at now: Timestamp) -> (isNoted: Bool, omitted: Int) {
        let number = now.milliseconds / 60_000
        return minute.withLock { minute in
            var omitted = 0
            if minute.number != number {
                omitted = minute.omitted
                minute = Minute(number: number)
            }
            guard minute.noted < Self.perMinute else {
                minute.omitted += 1
                return (false, omitted)
            }
            minute.noted += 1
            return (true, omitted)
        }
    }
}
