import Lab
import Threads

/// One thread on which everything of a test runs, and a time that passes only when that thread has
/// nothing to do: it goes on to where the next sleeper wants to be. So what happens does not depend
/// on how busy the machine is.
final class IdleClock: SimulatorClock, TaskExecutor {
    private struct State {
        var now = StillClock.start
        var jobs: [UnownedJob] = []
        var last = 0
        var sleepers: [Int: Sleeper] = [:]
        var hasEnded = false
    }

    private struct Sleeper {
        let moment: Int64
        let wake: AsyncStream<Void>.Continuation
    }

    private let state = Locked(State())
    private let news = ThreadSemaphore()

    /// Runs a test on the thread.
    static func with<Result: Sendable>(
        _ body: @escaping @Sendable (IdleClock) async throws -> Result
    ) async throws -> Result {
        let clock = IdleClock()
        try? WorkerThread.start { clock.serve() }
        defer { clock.end() }
        return try await withTaskExecutorPreference(clock) { try await body(clock) }
    }

    func now() -> Int64 { state.withLock { $0.now } }

    func sleep(until moment: Int64) async {
        let (alarm, wake) = AsyncStream<Void>.makeStream()
        let key: Int? = state.withLock { state in
            guard state.now < moment else { return nil }
            state.last += 1
            state.sleepers[state.last] = Sleeper(moment: moment, wake: wake)
            return state.last
        }
        guard let key else { return }
        for await _ in alarm {}
        state.withLock { $0.sleepers[key] = nil }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        news.signal()
    }

    private func end() {
        state.withLock { $0.hasEnded = true }
        news.signal()
    }

    private func serve() {
        let executor = unsafe asUnownedTaskExecutor()
        while true {
            let (jobs, hasEnded) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.hasEnded)
            }
            for job in jobs { unsafe job.runSynchronously(on: executor) }
            guard jobs.isEmpty else { continue }
            if hasEnded { return }
            if !advance() { news.wait() }
        }
    }

    /// Wakes whoever comes next; false when nobody sleeps. Not while the lock is held: whoever is
    /// woken comes back as a job.
    private func advance() -> Bool {
        let due: [AsyncStream<Void>.Continuation] = state.withLock { state in
            guard let next = state.sleepers.values.map(\.moment).min() else { return [] }
            state.now = max(state.now, next)
            let keys = state.sleepers.filter { $0.value.moment <= state.now }.keys.sorted()
            return keys.compactMap { state.sleepers.removeValue(forKey: $0)?.wake }
        }
        for wake in due { wake.finish() }
        return !due.isEmpty
    }
}
