import Logins
import Threads

/// The one thread that writes. It commits everyone who waits as one transaction and wakes them
/// when that is durable: the cost of a commit is shared by all who came during the one before.
///
/// When a statement fails, the transaction is undone and each job is run again in one of its own,
/// so that the failure is of that job alone; a job may therefore run more than once, and has effects
/// only through its transaction. When the commit itself fails, nothing was written and everyone is
/// told so.
final class Writer: Sendable {
    /// A piece of work, and how to tell whoever waits for it.
    private struct Job {
        /// Runs it and returns what is to be done once it is durable.
        let run: @Sendable (WriteTransaction) throws(StoreError) -> @Sendable () -> Void
        let fail: @Sendable (StoreError) -> Void
    }

    private struct Queue {
        var jobs: [Job] = []
        var isClosing = false
        var isClosed = false
        var whenClosed: [CheckedContinuation<Void, Never>] = []
    }

    private let queue = Locked(Queue())
    private let wake = ThreadSemaphore()

    /// More than this in one transaction would make the first ones wait for too many others.
    private static let batch = 1_024

    /// Runs `body` within a transaction and returns what it returned once that is durable.
    func submit<Value: Sendable>(
        _ body: @escaping @Sendable (WriteTransaction) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            let job = Job(
                run: { (transaction) throws(StoreError) in
                    let value = try body(transaction)
                    return { continuation.resume(returning: .success(value)) }
                },
                fail: { continuation.resume(returning: .failure($0)) }
            )
            let isTaken = queue.withLock { queue in
                if queue.isClosing { return false }
                queue.jobs.append(job)
                // Whoever comes first wakes the thread, for all who come until it looks.
                if queue.jobs.count == 1 { wake.signal() }
                return true
            }
            if !isTaken { continuation.resume(returning: .failure(.closed)) }
        }
        return try result.get()
    }

    /// Starts the thread, which owns the transaction from here on.
    func start(
        _ transaction: sending WriteTransaction,
        changes: @escaping @Sendable (StoredLogin) -> Void
    ) {
        let handed = Handed(transaction)
        WorkerThread.start { [self] in
            if let transaction = handed.take() { run(transaction, changes) }
            // The connection is closed by now.
            finish()
        }
    }

    /// Refuses new jobs, lets the thread finish those that wait, and returns when it has ended.
    func close() async {
        await withCheckedContinuation { continuation in
            let isClosed = queue.withLock { queue in
                if queue.isClosed { return true }
                queue.whenClosed.append(continuation)
                return false
            }
            if isClosed { continuation.resume() } else { stop() }
        }
    }

    /// Makes the thread end when its work is done.
    func stop() {
        queue.withLock { $0.isClosing = true }
        wake.signal()
    }

    // MARK: On the thread

    private func run(
        _ transaction: WriteTransaction,
        _ changes: @Sendable (StoredLogin) -> Void
    ) {
        while true {
            wake.wait()
            let (jobs, isLast) = take()
            commit(jobs, transaction, changes)
            if isLast { break }
        }
        transaction.settle()
    }

    private func take() -> ([Job], isLast: Bool) {
        queue.withLock { queue in
            let jobs = Array(queue.jobs.prefix(Self.batch))
            queue.jobs.removeFirst(jobs.count)
            if !queue.jobs.isEmpty { wake.signal() }
            return (jobs, queue.isClosing && queue.jobs.isEmpty)
        }
    }

    private func commit(
        _ jobs: [Job],
        _ transaction: WriteTransaction,
        _ changes: @Sendable (StoredLogin) -> Void
    ) {
        guard !jobs.isEmpty else { return }
        do throws(StoreError) {
            try transaction.begin()
            var done: [@Sendable () -> Void] = []
            done.reserveCapacity(jobs.count)
            for job in jobs { done.append(try job.run(transaction)) }
            for stored in try transaction.commit() { changes(stored) }
            for resume in done { resume() }
        } catch {
            transaction.rollback()
            if jobs.count == 1 || error.concernsEveryone {
                for job in jobs { job.fail(error) }
            } else {
                for job in jobs { commit([job], transaction, changes) }
            }
        }
    }

    private func finish() {
        let waiting = queue.withLock { queue in
            queue.isClosed = true
            defer { queue.whenClosed = [] }
            return queue.whenClosed
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Carries the transaction to its thread.
    private final class Handed: @unchecked Sendable {
        // Invariant behind @unchecked: written before the thread starts and used by it alone after.
        private var transaction: WriteTransaction?
        init(_ transaction: WriteTransaction) { self.transaction = transaction }
        func take() -> WriteTransaction? {
            defer { transaction = nil }
            return transaction
        }
    }
}
