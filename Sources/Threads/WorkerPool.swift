/// The threads that tasks run on which prefer no event loop. All of them are started at once.
///
/// Not the shared pool: it starts threads when there is work, and where the system gives none, as
/// under a limit on processes, it makes the thread that has the work wait for as long as that lasts.
@safe public final class WorkerPool: TaskExecutor, @unchecked Sendable {
    // Invariant behind @unchecked: jobs are touched under the lock, the semaphore by all threads.
    private struct Queue {
        var jobs: [UnownedJob] = []
        /// The jobs before this are done.
        var first = 0
    }

    private let queue = Locked(Queue())
    private let available = ThreadSemaphore()

    /// Starts the threads, which run until the process ends. At least two, so that one that is busy
    /// does not stop everything.
    ///
    /// - Throws: `Unavailable` if the system gives fewer.
    public init(threads: Int) throws(WorkerThread.Unavailable) {
        for _ in 0..<max(2, threads) { try WorkerThread.start { self.run() } }
    }

    /// Runs a job on one of the threads, in the order of arrival.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { queue in queue.jobs.append(job) }
        available.signal()
    }

    private func run() {
        let executor = unsafe asUnownedTaskExecutor()
        while true {
            available.wait()
            if let job = next() { unsafe job.runSynchronously(on: executor) }
        }
    }

    private func next() -> UnownedJob? {
        queue.withLock { queue in
            guard queue.first < queue.jobs.count else { return nil }
            let job = queue.jobs[queue.first]
            queue.first += 1
            // Moves each job once at most.
            if queue.first >= 64, queue.first * 2 >= queue.jobs.count {
                queue.jobs.removeFirst(queue.first)
                queue.first = 0
            }
            return job
        }
    }
}
