import Simulators

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
