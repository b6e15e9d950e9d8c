/// Runs background jobs of handlers (repeats, pings, timers) as children of one task. Cancelling it
/// cancels all jobs.
final class BackgroundWork: Sendable {
    typealias Job = @Sendable () async -> Void

    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation

    init() { (jobs, queue) = AsyncStream.makeStream() }

    /// Adds a job. Jobs start in no particular order.
    func add(_ job: @escaping Job) { queue.yield(job) }

    /// Runs jobs until the task is cancelled. Call it once.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }
}
