public import Glibc

/// A value behind a pthread mutex, for a few fields held for nanoseconds.
///
/// `Synchronization.Mutex` would do, but the thread sanitizer on Linux does not see its futex and
/// reports a race at every use; it does see this one.
///
/// Inlinable, as nothing else is: a lock is taken several times for each request, and a generic
/// closure called across modules costs more than the lock.
@safe public final class Locked<Value>: @unchecked Sendable {
    // Invariant behind @unchecked: `value` is touched only between lock and unlock.
    @usableFromInline var value: Value
    @usableFromInline let mutex: UnsafeMutablePointer<pthread_mutex_t>

    public init(_ value: consuming Value) {
        self.value = value
        unsafe mutex = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    @inlinable public func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        return try body(&value)
    }
}
