import CSQLite
import Glibc
import Logins

extension StoreError {
    /// Translates a result code of SQLite. No other place reads these codes.
    ///
    /// `systemError` is the `errno` of an I/O error, 0 when there was none. `message` is SQLite's own;
    /// it names tables and constraints but contains no stored value.
    init(code: Int32, systemError: Int32, message: String) {
        switch code & 0xFF {
        case SQLITE_FULL: self = .full
        // An exceeded quota or file size limit (EFBIG) is handled as a full disk.
        case SQLITE_IOERR where [ENOSPC, EDQUOT, EFBIG].contains(systemError): self = .full
        case SQLITE_BUSY, SQLITE_LOCKED: self = .locked
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .damaged("\(message) (\(code))")
        case SQLITE_IOERR:
            self = .unavailable("\(message) (\(code), system error \(systemError))")
        default: self = .unavailable("\(message) (\(code))")
        }
    }

    /// True when any further statement would fail in the same way.
    var concernsEveryone: Bool {
        switch self {
        case .full, .locked, .closed: true
        case .damaged, .unavailable: false
        }
    }
}
