import Glibc
import Threads

/// The clock of a simulator.
public protocol SimulatorClock: Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    func now() -> Int64
    /// Returns at `moment`, or earlier if the task is cancelled.
    func sleep(until moment: Int64) async
}

/// The system clock.
public struct MachineClock: SimulatorClock {
    /// The system clock.
    public init() {}

    /// Milliseconds since 1970-01-01T00:00:00Z.
    public func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Returns at `moment`, or earlier if the task is cancelled.
    public func sleep(until moment: Int64) async {
        let span = moment - now()
        if span > 0 { try? await ContinuousClock().sleep(for: .milliseconds(span)) }
    }
}

/// A clock that can be moved forward while tasks sleep on it (`POST /_sim/clock`).
public final class AdjustableClock: SimulatorClock {
    private struct State {
        var offset: Int64 = 0
        var nextSleeper = 0
        var sleepers: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let base: any SimulatorClock
    private let state = Locked(State())

    /// A clock with the time of `base` until it is moved.
    public init(_ base: any SimulatorClock = MachineClock()) { self.base = base }

    /// Milliseconds since 1970-01-01T00:00:00Z, including all advances.
    public func now() -> Int64 { base.now() + state.withLock { $0.offset } }

    /// The number of sleeping tasks, for tests.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// Moves the clock forward and wakes the tasks that are due.
    public func advance(byMilliseconds span: Int64) {
        let sleepers = state.withLock { state in
            state.offset += span
            return Array(state.sleepers.values)
        }
        for sleeper in sleepers { sleeper.finish() }
    }

    /// Returns at `moment`, or earlier if the task is cancelled.
    public func sleep(until moment: Int64) async {
        while !Task.isCancelled {
            let (moves, mover) = AsyncStream<Void>.makeStream()
            let (key, offset) = state.withLock { state in
                state.nextSleeper += 1
                state.sleepers[state.nextSleeper] = mover
                return (state.nextSleeper, state.offset)
            }
            defer { state.withLock { $0.sleepers[key] = nil } }
            if base.now() + offset >= moment { return }
            await withTaskGroup(of: Void.self) { [base] group in
                group.addTask { await base.sleep(until: moment - offset) }
                group.addTask { for await _ in moves {} }
                await group.next()
                group.cancelAll()
            }
        }
    }
}
