import Logins
import Threads

/// Jobs for threads that own what they work on, such as a database connection. Closing refuses new
/// jobs, finishes those that wait and ends the threads.
final class JobQueue<Job: Sendable>: Sendable {
    private struct State {
        var jobs: [Job] = []
        /// The first that is not taken.
        var head = 0
        /// Threads that wait for a job.
        var idle = 0
        var running = 0
        var isClosing = false
        var whenClosed: [CheckedContinuation<Void, Never>] = []

        /// What was taken goes when as much is left, also if the queue never becomes empty.
        private static var mostTaken: Int { 1_024 }

        mutating func take(atMost count: Int) -> [Job] {
            let end = head + min(count, jobs.count - head)
            var taken: [Job] = []
            taken.reserveCapacity(end - head)
            while head < end {
                taken.append(jobs[head])
                head += 1
            }
            if head == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= Self.mostTaken, head >= jobs.count - head {
                jobs.removeSubrange(..<head)
                head = 0
            }
            return taken
        }
    }

    private let state = Locked(State())
    private let wake = ThreadSemaphore()
    /// More callers are refused at once: they would wait longer than anybody waits for them.
    private static var longest: Int { 16_384 }

    /// Adds a job that resumes the continuation with its result. Throws `closed` when the queue is
    /// closing.
    func result<Value: Sendable>(
        _ job: (CheckedContinuation<Result<Value, StoreError>, Never>) -> Job
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { continuation in
            if let refusal = add(job(continuation)) {
                continuation.resume(returning: .failure(refusal))
            }
        }
        return try result.get()
    }

    /// Adds a job, or returns why it is not taken.
    @discardableResult
    func add(_ job: Job) -> StoreError? {
        state.withLock { state in
            if state.isClosing { return .closed }
            guard state.jobs.count - state.head < Self.longest else {
                return .unavailable("too many calls wait for it")
            }
            state.jobs.append(job)
            if state.idle > 0 {
                state.idle -= 1
                wake.signal()
            }
            return nil
        }
    }

    /// Starts a thread that owns `owned`. It runs `body` with the jobs that wait, at most `count` at a
    /// time, until the queue is closed and empty, then `end`.
    ///
    /// - Throws: `unavailable` if the system gives no thread.
    func start<Owned>(
        owning owned: sending Owned,
        atMost count: Int,
        _ body: @escaping @Sendable ([Job], Owned) -> Void,
        end: @escaping @Sendable (Owned) -> Void = { _ in }
    ) throws(StoreError) {
        state.withLock { $0.running += 1 }
        let handed = Handed(owned)
        do throws(WorkerThread.Unavailable) {
            try WorkerThread.start { [self] in
                if let owned = handed.take() {
                    while let jobs = take(atMost: count) { body(jobs, owned) }
                    end(owned)
                }
                // What was owned is freed by now.
                finish()
            }
        } catch {
            _ = handed.take()
            finish()
            throw .unavailable("\(error)")
        }
    }

    /// Waits for jobs. Nil when the queue is closed and empty.
    private func take(atMost count: Int) -> [Job]? {
        while true {
            let jobs: [Job]? = state.withLock { state in
                let jobs = state.take(atMost: count)
                if jobs.isEmpty {
                    if state.isClosing { return nil }
                    state.idle += 1
                }
                return jobs
            }
            guard let jobs else { return nil }
            if !jobs.isEmpty { return jobs }
            wake.wait()
        }
    }

    /// Stops the threads and returns when they have ended.
    func close() async {
        stop()
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                if state.running > 0 { state.whenClosed.append(continuation) }
                return state.running == 0
            }
            if isClosed { continuation.resume() }
        }
    }

    /// Makes the threads end once no job waits.
    func stop() {
        state.withLock { state in
            state.isClosing = true
            for _ in 0..<state.idle { wake.signal() }
            state.idle = 0
        }
    }

    private func finish() {
        let waiting = state.withLock { state in
            state.running -= 1
            guard state.running == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.whenClosed = [] }
            return state.whenClosed
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Carries a value to the thread that owns it from then on.
    private final class Handed<Owned>: @unchecked Sendable {
        // Invariant behind @unchecked: written before the thread starts and used by it alone after.
        private var owned: Owned?
        init(_ owned: Owned) { self.owned = owned }
        func take() -> Owned? {
            defer { owned = nil }
            return owned
        }
    }
}
