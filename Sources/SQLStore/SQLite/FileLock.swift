import Glibc
import Logins
import Threads

/// The lock of the service on a database: an advisory lock on a file beside it, which the kernel
/// releases when the process ends. Command-line tools do not take it.
final class FileLock: Sendable {
    /// Nil once it is released.
    private let descriptor: Locked<Int32?>

    /// Throws `locked` when another process, or another store of this one, holds it.
    init(path: String) throws(StoreError) {
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw StoreError(opening: path, errno) }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            close(opened)
            throw code == EWOULDBLOCK ? StoreError.locked : StoreError(opening: path, code)
        }
        descriptor = Locked(opened)
    }

    deinit { release() }

    func release() {
        descriptor.withLock { descriptor in
            if let descriptor {
                // Closing is not enough: a child between fork and exec has a copy of the
                // descriptor, and with it the lock.
                flock(descriptor, LOCK_UN)
                close(descriptor)
            }
            descriptor = nil
        }
    }

    /// Creates the database file if there is none, readable by its owner only. SQLite would use the
    /// umask of the process; it gives its other files the mode of this one.
    static func createPrivately(_ path: String) throws(StoreError) {
        let opened = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else { throw StoreError(opening: path, errno) }
        close(opened)
    }
}

extension StoreError {
    fileprivate init(opening path: String, _ code: Int32) {
        switch code {
        case ENOSPC, EDQUOT: self = .full
        default:
            self = .unavailable("\(path): \(unsafe String(cString: strerror(code))) (\(code))")
        }
    }
}
