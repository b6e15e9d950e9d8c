import CCurl
import Synchronization
import Threads

/// Where tasks leave transfers for the loop's thread, and wake it.
@safe final class Mailbox: @unchecked Sendable {
    // Invariant behind @unchecked: `contents` is behind its lock, and `multi` is used off the
    // loop's thread for nothing but waking it, which libcurl allows, and only while it exists.

    struct Contents {
        var arrivals: [Transfer] = []
        var abandoned: [Transfer] = []
        var isStopping = false
        fileprivate var isSleeping = false
        fileprivate var isClosed = false
    }

    let multi: UnsafeMutableRawPointer
    /// Transfers that were given here and are not finished.
    let load = Atomic<Int>(0)
    private let contents = Locked(Contents())

    init(waking multi: UnsafeMutableRawPointer) { unsafe self.multi = multi }

    /// False when nobody will take it any more.
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
        unsafe curl_multi_wakeup(multi)
    }

    // MARK: For the loop's thread

    func take() -> Contents {
        contents.withLock { contents in
            let taken = contents
            contents.arrivals.removeAll()
            contents.abandoned.removeAll()
            contents.isSleeping = false
            return taken
        }
    }

    /// Whether there is nothing to take; from then on whoever posts wakes the thread.
    func maySleep() -> Bool {
        contents.withLock { contents in
            guard contents.arrivals.isEmpty, contents.abandoned.isEmpty, !contents.isStopping
            else { return false }
            contents.isSleeping = true
            return true
        }
    }

    /// Nobody may wake the thread from now on. Returns what came last.
    func close() -> [Transfer] {
        contents.withLock { contents in
            contents.isClosed = true
            defer { contents.arrivals.removeAll() }
            return contents.arrivals
        }
    }
}
