internal import CLinux
import Glibc

/// A thread that runs until its body returns. Blocking work must run on one of these, never on the
/// shared pool.
public enum WorkerThread {
    private final class Body {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    /// The system gives no thread now: a limit on processes is reached, or there is no memory.
    public struct Unavailable: Error, Hashable, Sendable, CustomStringConvertible {
        /// The error number of `pthread_create`.
        public let code: Int32

        public var description: String { "the system gives no thread (error \(code))" }
    }

    /// Starts a detached thread.
    ///
    /// - Throws: `Unavailable`; `body` is then not called.
    public static func start(
        _ body: @escaping @Sendable () -> Void
    ) throws(Unavailable) {
        var thread = pthread_t()
        let boxed = unsafe Unmanaged.passRetained(Body(body))
        let code = unsafe pthread_create(
            &thread,
            nil,
            { pointer in
                guard let pointer = unsafe pointer else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(pointer).takeRetainedValue().run()
                return nil
            },
            unsafe boxed.toOpaque()
        )
        guard code == 0 else {
            unsafe boxed.release()
            throw Unavailable(code: code)
        }
        pthread_detach(thread)
    }

    /// Lets other threads that are ready to run on this core go first, as far as the kernel does that
    /// (`sched_yield`). Returns at once if there are none.
    public static func letOthersRun() { sched_yield() }

    /// The number of the core that the thread runs on just now; 0 where the system does not tell.
    @usableFromInline static var core: Int { Int(max(0, sched_getcpu())) }
}

/// A counting semaphore that a thread may block on.
@safe public final class ThreadSemaphore: @unchecked Sendable {
    // Invariant behind @unchecked: sem_t may be used by several threads.
    private let semaphore: UnsafeMutablePointer<sem_t>

    public init() {
        unsafe semaphore = .allocate(capacity: 1)
        unsafe sem_init(semaphore, 0, 0)
    }

    deinit {
        unsafe sem_destroy(semaphore)
        unsafe semaphore.deallocate()
    }

    /// Ends one wait, now or later.
    public func signal() { unsafe sem_post(semaphore) }

    /// Blocks the thread until `signal` is called, or until a time of the system's clock in milliseconds
    /// since 1970, also if the clock is set meanwhile.
    public func wait(until milliseconds: Int64?) {
        guard let milliseconds else { return wait() }
        let (seconds, rest) = max(0, milliseconds).quotientAndRemainder(dividingBy: 1000)
        var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest) * 1_000_000)
        while unsafe sem_timedwait(semaphore, &time) != 0, errno == EINTR {}
    }

    /// Blocks the thread until `signal` is called.
    public func wait() {
        while unsafe sem_wait(semaphore) != 0, errno == EINTR {}
    }
}

/// Makes one thread wait, by the time that the machine has run (`CLOCK_MONOTONIC`), whatever the clock
/// is set to. A semaphore cannot.
@safe public final class ThreadTimer: @unchecked Sendable {
    // Invariant behind @unchecked: the flag is touched under the mutex.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var isSignalled = false

    public init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// Ends a wait, now or the next one.
    public func signal() {
        unsafe pthread_mutex_lock(mutex)
        isSignalled = true
        unsafe pthread_cond_signal(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Blocks the thread until `signal` is called, or until the machine has run for so many milliseconds;
    /// nil for no limit.
    public func wait(until milliseconds: Int64?) {
        unsafe pthread_mutex_lock(mutex)
        defer {
            isSignalled = false
            unsafe pthread_mutex_unlock(mutex)
        }
        while !isSignalled {
            guard let milliseconds else {
                unsafe pthread_cond_wait(condition, mutex)
                continue
            }
            let (seconds, rest) = max(0, milliseconds).quotientAndRemainder(dividingBy: 1000)
            var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest) * 1_000_000)
            if unsafe pthread_cond_timedwait(condition, mutex, &time) == ETIMEDOUT { return }
        }
    }
}
