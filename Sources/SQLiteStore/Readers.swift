import Logins
import Threads

/// A few threads that read, each with a connection of its own, so that reading neither waits for
/// the writer nor occupies the shared pool.
final class Readers: Sendable {
    private struct Job {
        let run: @Sendable (Connection) -> Void
        let fail: @Sendable (StoreError) -> Void
    }

    private struct Queue {
        var jobs: [Job] = []
        var head = 0
        var running = 0
        var isClosing = false
        var whenClosed: [CheckedContinuation<Void, Never>] = []

        mutating func takeFirst() -> Job? {
            guard head < jobs.count else { return nil }
            defer {
                head += 1
                if head == jobs.count {
                    jobs.removeAll(keepingCapacity: true)
                    head = 0
                }
            }
            return jobs[head]
        }
    }

    private let queue = Locked(Queue())
    private let wake = ThreadSemaphore()

    /// Runs `body` on one of the threads. It sees everything that was durable when it was called.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (Connection) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            let job = Job(
                run: { connection in
                    do throws(StoreError) {
                        continuation.resume(returning: .success(try body(connection)))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                },
                fail: { continuation.resume(returning: .failure($0)) }
            )
            let isTaken = queue.withLock { queue in
                if queue.isClosing { return false }
                queue.jobs.append(job)
                return true
            }
            if isTaken { wake.signal() } else { job.fail(.closed) }
        }
        return try result.get()
    }

    /// Starts a thread that owns the connection from here on.
    func start(_ connection: sending Connection) {
        queue.withLock { $0.running += 1 }
        let handed = Handed(connection)
        WorkerThread.start { [self] in
            if let connection = handed.take() { run(connection) }
            finish()
        }
    }

    /// Refuses new jobs, lets the threads finish those that wait, and returns when they have ended.
    func close() async {
        await withCheckedContinuation { continuation in
            let isClosed = queue.withLock { queue in
                if queue.running == 0 { return true }
                queue.whenClosed.append(continuation)
                return false
            }
            if isClosed { continuation.resume() } else { stop() }
        }
    }

    /// Makes the threads end when their work is done.
    func stop() {
        let running = queue.withLock { queue in
            queue.isClosing = true
            return queue.running
        }
        for _ in 0..<running { wake.signal() }
    }

    private func run(_ connection: Connection) {
        while true {
            wake.wait()
            let (job, isLast) = queue.withLock { ($0.takeFirst(), $0.isClosing) }
            if let job { job.run(connection) } else if isLast { return }
        }
    }

    private func finish() {
        let waiting = queue.withLock { queue in
            queue.running -= 1
            guard queue.running == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { queue.whenClosed = [] }
            return queue.whenClosed
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Carries a connection to its thread.
    private final class Handed: @unchecked Sendable {
        // Invariant behind @unchecked: written before the thread starts and used by it alone after.
        private var connection: Connection?
        init(_ connection: Connection) { self.connection = connection }
        func take() -> Connection? {
            defer { connection = nil }
            return connection
        }
    }
}
