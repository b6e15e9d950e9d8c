public import Glibc

/// A value behind a pthread mutex, for a few fields held for nanoseconds.
///
/// Not `Synchronization.Mutex`, because the thread sanitizer on Linux does not see its futex and
/// reports a race at every use.
///
/// Inlinable: a lock is taken several times for each request, and a generic closure called across
/// modules costs more than the lock.
@safe public final class Locked<Value>: @unchecked Sendable {
    // Invariant behind @unchecked: `value` is touched only between lock and unlock. That also makes
    // each access exclusive, so the runtime need not check it, which would cost more than the lock.
    @exclusivity(unchecked) @usableFromInline var value: Value
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>

    /// Protects `value`.
    public init(_ value: consuming Value) {
        unsafe self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Calls `body` with exclusive access to the value. `body` must be short and must not lock
    /// again.
    @inlinable public func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return unsafe try body(&value)
    }
}
