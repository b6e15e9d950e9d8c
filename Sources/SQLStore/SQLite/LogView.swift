import CSQLite

/// What the write-ahead log is at one moment. No two commits leave the same.
struct LogState: Equatable {
    /// Goes up by one with each commit.
    let commits: UInt32
    /// Changes when the log begins anew.
    let salt: UInt64
    /// Over all of the header.
    let sum: UInt64
}

/// Looks at the write-ahead log's index, which is memory that all processes share. That takes
/// nanoseconds; `PRAGMA data_version` and a row that counts take three to four microseconds.
@safe final class LogView {
    /// Keeps the memory mapped.
    private let connection: SQLiteConnection
    private let header: UnsafePointer<UInt32>

    /// Nil if the library keeps its index otherwise.
    init?(_ connection: SQLiteConnection) {
        guard let header = unsafe connection.logHeader else { return nil }
        self.connection = connection
        unsafe self.header = header
    }

    /// The state now. A look during a commit may give a state that never was, and so equals no other.
    var state: LogState {
        LogState(commits: word(2), salt: pair(8), sum: pair(10))
    }

    private func word(_ index: Int32) -> UInt32 { unsafe beckon_log_word(header, index) }

    private func pair(_ index: Int32) -> UInt64 {
        UInt64(word(index)) << 32 | UInt64(word(index + 1))
    }
}
