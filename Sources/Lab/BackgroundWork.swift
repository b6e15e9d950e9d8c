/// Runs what handlers leave behind (repeats, pings, timers) as children of one task, so that
/// cancelling that task ends all of it.
final class BackgroundWork: Sendable {
    typealias Job = @Sendable () async -> Void

    private let jobs: AsyncStream<Job>
    private let queue: AsyncStream<Job>.Continuation

    init() { (jobs, queue) = AsyncStream.makeStream() }

    /// Hands over a job. It starts once `run` runs, in no particular order.
    func add(_ job: @escaping Job) { queue.yield(job) }

    /// Runs jobs until the task is cancelled. To be called once.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }
}
