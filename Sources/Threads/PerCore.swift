public import Glibc

/// A value for each core, each behind a lock of its own: threads on different cores neither wait for each
/// other nor pass the memory of a value from core to core with every use.
///
/// For what each core may find out for itself, such as a cache; a thread that is moved finds the value of
/// its new core. A value should hold no object that another core's value holds too: counting the
/// references to it would pass its memory on just the same.
@safe public final class PerCore<Value>: @unchecked Sendable {
    // Invariant behind @unchecked: a value is touched only while its mutex is locked.
    @safe @usableFromInline struct Slot {
        @usableFromInline var mutex: pthread_mutex_t
        @usableFromInline var value: Value

        @usableFromInline init(value: Value) {
            unsafe mutex = pthread_mutex_t()
            self.value = value
        }
    }

    @usableFromInline let memory: UnsafeMutableRawPointer
    @usableFromInline let count: Int
    /// Bytes from one slot to the next.
    @usableFromInline let stride: Int

    /// Two lines of a cache, because some processors fetch them in pairs.
    @usableFromInline static var alignment: Int { 128 }

    /// Calls `make` for each core that the machine is configured with.
    @inlinable public init(_ make: () -> Value) {
        count = max(1, sysconf(Int32(_SC_NPROCESSORS_CONF)))
        let alignment = Self.alignment
        stride = (MemoryLayout<Slot>.size + alignment - 1) / alignment * alignment
        unsafe memory = .allocate(byteCount: stride * count, alignment: alignment)
        for index in 0..<count {
            let place = unsafe memory + index * stride
            let slot = unsafe place.initializeMemory(as: Slot.self, to: Slot(value: make()))
            unsafe pthread_mutex_init(Self.mutex(of: slot), nil)
        }
    }

    deinit {
        for index in 0..<count {
            let slot = unsafe slot(index)
            unsafe pthread_mutex_destroy(Self.mutex(of: slot))
            unsafe slot.deinitialize(count: 1)
        }
        unsafe memory.deallocate()
    }

    /// Calls `body` with exclusive access to the value of the core that the thread runs on. `body` must be
    /// short and must not lock again.
    @inlinable public func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let slot = unsafe slot(WorkerThread.core % count)
        unsafe pthread_mutex_lock(Self.mutex(of: slot))
        defer { unsafe pthread_mutex_unlock(Self.mutex(of: slot)) }
        return unsafe try body(&slot.pointee.value)
    }

    @inlinable func slot(_ index: Int) -> UnsafeMutablePointer<Slot> {
        unsafe (memory + index * stride).assumingMemoryBound(to: Slot.self)
    }

    /// The mutex is the first member.
    @inlinable static func mutex(
        of slot: UnsafeMutablePointer<Slot>
    ) -> UnsafeMutablePointer<pthread_mutex_t> {
        unsafe UnsafeMutableRawPointer(slot).assumingMemoryBound(to: pthread_mutex_t.self)
    }
}
