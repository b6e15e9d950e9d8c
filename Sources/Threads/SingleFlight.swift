/// Runs at most one operation per key at a time. Callers that ask for the same key meanwhile wait
/// and get the same result.
///
/// It keeps no results: the caller's cache does, and is asked through `cached`.
public final class SingleFlight<Key: Hashable & Sendable, Value: Sendable, Failure: Error>: Sendable
{
    /// Nil when the caller that ran the operation was cancelled: another one has to run it.
    private typealias Answer = Result<Value, Failure>?

    private let waiting = Locked<[Key: [CheckedContinuation<Answer, Never>]]>([:])

    public init() {}

    /// Returns the cached value, or the result of `operation`, run by this caller or by another.
    ///
    /// `cached` returns the value that is kept for the key, nil if there is none, or throws a failure
    /// that is kept; it is called more than once and must not block. `operation` gets the value and
    /// keeps it where `cached` finds it. It needs a timeout: waiting callers do not stop waiting when
    /// their task is cancelled.
    public func value(
        for key: Key,
        cached: () throws(Failure) -> Value?,
        operation: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        while true {
            if let value = try cached() { return value }
            if begin(key) { return try await run(key, cached, operation) }
            let answer: Answer = await withCheckedContinuation { wait(for: key, $0) }
            if let answer { return try answer.get() }
        }
    }

    /// Whether the caller has to run the operation.
    private func begin(_ key: Key) -> Bool {
        waiting.withLock { waiting in
            guard waiting[key] == nil else { return false }
            waiting[key] = []
            return true
        }
    }

    private func wait(for key: Key, _ waiter: CheckedContinuation<Answer, Never>) {
        let isRunning = waiting.withLock { $0[key]?.append(waiter) != nil }
        // The operation ended in between: look into the cache again.
        if !isRunning { waiter.resume(returning: nil) }
    }

    private func run(
        _ key: Key,
        _ cached: () throws(Failure) -> Value?,
        _ operation: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        do throws(Failure) {
            let value: Value
            // Another caller may have filled the cache between this caller's look and its turn.
            if let kept = try cached() { value = kept } else { value = try await operation() }
            end(key, .success(value))
            return value
        } catch {
            // The cancellation of this task is no answer for the others.
            end(key, Task.isCancelled ? nil : .failure(error))
            throw error
        }
    }

    private func end(_ key: Key, _ answer: Answer) {
        let waiters = waiting.withLock { $0.removeValue(forKey: key) ?? [] }
        for waiter in waiters { waiter.resume(returning: answer) }
    }
}
