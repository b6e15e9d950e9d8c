import Logins

/// The part of the index that is a table.
extension TailIndex {
    /// The numbers in the table. Look in memory first: what leaves it is here already.
    func stored(_ hash: Int64, _ connection: Connection) throws(StoreError) -> [Int64] {
        let select =
            switch kind {
            case .keys: try connection.statement("SELECT number FROM login_key WHERE hash = ?")
            case .live: try connection.statement("SELECT number FROM live_login WHERE hash = ?")
            }
        select.bind(hash, at: 1)
        var numbers: [Int64] = []
        while try select.step() { numbers.append(select.integer(0) ?? 0) }
        return numbers
    }

    func insert(_ entry: Entry, _ connection: Connection) throws(StoreError) {
        // A run that was cut short by the end of the process is moved again from its beginning.
        let insert =
            switch kind {
            case .keys:
                try connection.statement(
                    "INSERT OR IGNORE INTO login_key (hash, number) VALUES (?, ?)"
                )
            case .live:
                try connection.statement(
                    "INSERT OR IGNORE INTO live_login (hash, number) VALUES (?, ?)"
                )
            }
        try run(insert, entry)
    }

    func delete(_ entry: Entry, _ connection: Connection) throws(StoreError) {
        let delete =
            switch kind {
            case .keys:
                try connection.statement("DELETE FROM login_key WHERE hash = ? AND number = ?")
            case .live:
                try connection.statement("DELETE FROM live_login WHERE hash = ? AND number = ?")
            }
        try run(delete, entry)
    }

    func setMark(_ mark: Int64, _ connection: Connection) throws(StoreError) {
        let update =
            switch kind {
            case .keys: try connection.statement("UPDATE meta SET keys_merged = ?")
            case .live: try connection.statement("UPDATE meta SET live_merged = ?")
            }
        update.bind(mark, at: 1)
        try update.run()
    }

    private func run(_ statement: Statement, _ entry: Entry) throws(StoreError) {
        statement.bind(entry.hash, at: 1)
        statement.bind(entry.number, at: 2)
        try statement.run()
    }
}

/// The keyed hashes by which logins are found.
struct LoginHash: Hashable, Sendable {
    let key: SipHash.Key

    func of(_ login: LoginKey) -> Int64 {
        var hash = SipHash(key)
        hash.combine(login.server.value)
        hash.combine(login.tenant?.value)
        hash.combine(login.login.value)
        return hash.finalize()
    }

    func of(_ user: UserID) -> Int64 {
        var hash = SipHash(key)
        hash.combine(user.value)
        return hash.finalize()
    }
}
