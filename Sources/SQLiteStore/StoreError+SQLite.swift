import CSQLite
import Glibc
import Logins

extension StoreError {
    /// What a result code means to whoever uses the store: the only place where codes are read.
    ///
    /// `systemError` is the `errno` behind an I/O error, 0 when there was none. The message is the
    /// library's own; it names tables and constraints but repeats no stored value.
    init(code: Int32, systemError: Int32, message: String) {
        switch code & 0xFF {
        case SQLITE_FULL: self = .full
        // A quota and a limit on file sizes (EFBIG) are a full disk by other names.
        case SQLITE_IOERR where [ENOSPC, EDQUOT, EFBIG].contains(systemError): self = .full
        case SQLITE_BUSY, SQLITE_LOCKED: self = .locked
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .damaged("\(message) (\(code))")
        case SQLITE_IOERR:
            self = .unavailable("\(message) (\(code), system error \(systemError))")
        default: self = .unavailable("\(message) (\(code))")
        }
    }

    /// True when the next statement would fail in the same way, whatever it is.
    var concernsEveryone: Bool {
        switch self {
        case .full, .locked, .closed: true
        case .damaged, .unavailable: false
        }
    }
}
