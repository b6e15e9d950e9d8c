import CCurl
import Glibc
import Synchronization
import Threads

/// Passes transfers from tasks to the loop's thread, and wakes it.
@safe final class Mailbox: @unchecked Sendable {
    // Invariant behind @unchecked: `contents` is protected by its lock, and `bell` never changes.

    struct Contents {
        var arrivals: [Transfer] = []
        var abandoned: [Transfer] = []
        var isStopping = false
        fileprivate var isSleeping = false
        fileprivate var isClosed = false
    }

    /// Readable when the loop must wake up.
    let bell: Int32
    /// Number of transfers that were posted and are not finished.
    let load = Atomic<Int>(0)
    private let contents = Locked(Contents())

    /// Nil when file descriptors are exhausted.
    init?() {
        bell = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard bell >= 0 else { return nil }
    }

    deinit { if bell >= 0 { Glibc.close(bell) } }

    /// False after the mailbox was stopped.
    func post(_ transfer: Transfer) -> Bool {
        contents.withLock { contents in
            if contents.isStopping { return false }
            contents.arrivals.append(transfer)
            wake(&contents)
            return true
        }
    }

    func abandon(_ transfer: Transfer) {
        contents.withLock { contents in
            contents.abandoned.append(transfer)
            wake(&contents)
        }
    }

    func stop() {
        contents.withLock { contents in
            contents.isStopping = true
            wake(&contents)
        }
    }

    private func wake(_ contents: inout Contents) {
        guard contents.isSleeping, !contents.isClosed else { return }
        contents.isSleeping = false
        var one: UInt64 = 1
        _ = unsafe write(bell, &one, 8)
    }

    // MARK: For the loop's thread

    /// Called after the bell was readable.
    func silence() {
        var rings: UInt64 = 0
        _ = unsafe read(bell, &rings, 8)
    }

    func take() -> Contents {
        contents.withLock { contents in
            let taken = contents
            contents.arrivals.removeAll()
            contents.abandoned.removeAll()
            contents.isSleeping = false
            return taken
        }
    }

    /// Whether the mailbox is empty. If so, the next post wakes the thread.
    func maySleep() -> Bool {
        contents.withLock { contents in
            guard contents.arrivals.isEmpty, contents.abandoned.isEmpty, !contents.isStopping
            else { return false }
            contents.isSleeping = true
            return true
        }
    }

    /// Ends the mailbox. Returns the last transfers.
    func close() -> [Transfer] {
        contents.withLock { contents in
            contents.isClosed = true
            defer { contents.arrivals.removeAll() }
            return contents.arrivals
        }
    }
}
