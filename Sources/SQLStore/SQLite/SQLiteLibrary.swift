import CSQLite

/// The SQLite library of this machine.
public struct SQLiteLibrary: Hashable, Sendable {
    /// `major * 1_000_000 + minor * 1_000 + patch`, as SQLite counts.
    let number: Int32

    /// The library that this process uses.
    public static var current: SQLiteLibrary {
        SQLiteLibrary(number: sqlite3_libversion_number())
    }

    /// Such as 3.46.1.
    public var version: String { "\(number / 1_000_000).\(minor).\(patch)" }

    /// Whether two processes that checkpoint at the same time can damage a database: so before
    /// 3.51.3, except in the corrected 3.50.7 and 3.44.6.
    public var canDamageDatabases: Bool {
        switch (number / 1_000_000, minor) {
        case (3, 44): patch < 6
        case (3, 50): patch < 7
        default: number < 3_051_003
        }
    }

    private var minor: Int32 { number / 1_000 % 1_000 }
    private var patch: Int32 { number % 1_000 }
}
