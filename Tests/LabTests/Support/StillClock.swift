import Lab
import Threads

/// Stands still; only the simulator's own clock on top of it moves.
struct StillClock: SimulatorClock {
    /// 2026-11-20T12:00:00Z.
    static let start: Int64 = 1_795_176_000_000

    func now() -> Int64 { Self.start }

    func sleep(until moment: Int64) async {
        // Ends with the task only.
        for await _ in AsyncStream<Never>.makeStream().stream {}
    }
}

/// Is at once wherever somebody wants to sleep to. For one sleeper at a time.
final class JumpingClock: SimulatorClock {
    private let moment = Locked(StillClock.start)

    func now() -> Int64 { moment.withLock { $0 } }

    func sleep(until moment: Int64) async {
        self.moment.withLock { $0 = max($0, moment) }
    }
}
