import Logins

/// Finds logins in a file: by the hash of the login's key and by that of the user's history, live logins
/// also by the hash of the user.
final class LoginTail: LoginIndex {
    let hash: LoginHash
    let tail: TailIndex
    /// False for a tool beside the service: only the service has the newest entries in memory.
    private let hasNewest: Bool

    init(_ hash: LoginHash, capacity: Int, merged: Int64, hasNewest: Bool) {
        self.hash = hash
        self.hasNewest = hasNewest
        tail = TailIndex(Self.table, capacity: capacity, merged: merged)
    }

    private static let table = TailIndex.Table(
        numbers: "SELECT number FROM login_hash WHERE hash = ?",
        insert: "INSERT OR IGNORE INTO login_hash (hash, number) VALUES (?, ?)",
        delete: "DELETE FROM login_hash WHERE hash = ? AND number = ?",
        mark: "UPDATE meta SET hashes_merged = ?"
    )

    /// Reads the entries that the table does not have yet. By bytes, so that a damaged row does not
    /// prevent the store from opening.
    func loadNewest(after merged: Int64, _ connection: SQLiteConnection) throws(StoreError) {
        let newest = try connection.prepare(
            """
            SELECT number, server, login_id, user_id, phase IN ('preparing', 'waiting')
            FROM login WHERE number > ? ORDER BY number
            """
        )
        newest.bind(merged, at: 1)
        while try newest.step() {
            let number = newest.integer(0) ?? 0
            tail.load(hash.ofKey(newest.bytes(1), newest.bytes(2)), number)
            if let user = newest.bytes(3) { tail.loadHistory(hash.ofHistory(user), number) }
            if newest.integer(4) == 1 { tail.load(hash.ofUser(newest.bytes(3)), number) }
        }
    }

    func login(
        _ key: LoginKey,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin? {
        let hash = hash.of(key)
        if let known = try connection.login(key, among: tail.numbers(hash)) { return known }
        if let known = try connection.login(key, among: tail.stored(hash, connection)) {
            return known
        }
        return hasNewest ? nil : try loginNotMerged(key, connection)
    }

    /// Looks through the logins that the table may not have yet.
    private func loginNotMerged(
        _ key: LoginKey,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin? {
        let select = try connection.statement(
            """
            SELECT number FROM login
            WHERE number > (SELECT hashes_merged FROM meta) AND login_id = ? AND server = ?
            """
        )
        select.bind(key.login.value, at: 1)
        select.bind(key.server.value, at: 2)
        return try connection.login(key, among: select.loginNumbers().map(\.rawValue))
    }

    /// Users may share a hash, and an entry may be obsolete. A tool does not see the newest logins.
    func live(
        of user: UserID,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        let hash = hash.of(user)
        return Set(tail.numbers(hash)).union(try tail.stored(hash, connection)).map(
            LoginNumber.init
        )
    }

    func history(
        of user: UserID,
        before: Int64,
        limit: Int,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        let hash = hash.ofHistory(user)
        let newest = tail.history(hash).filter { $0 < before }
        let stored = try stored(hash, before: before, limit: limit, connection)
        // Below the last one that was read there may be more in the table.
        let end = stored.count == limit ? stored[limit - 1] : .min
        return Set(newest).union(stored).filter { $0 >= end }.sorted(by: >).map(LoginNumber.init)
    }

    /// The highest numbers in the table that are smaller than `before`, in descending order. To be read
    /// after those in memory.
    private func stored(
        _ hash: Int64,
        before: Int64,
        limit: Int,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [Int64] {
        let select = try connection.statement(
            """
            SELECT number FROM login_hash WHERE hash = ? AND number < ?
            ORDER BY number DESC LIMIT ?
            """
        )
        select.bind(hash, at: 1)
        select.bind(before, at: 2)
        select.bind(Int64(limit), at: 3)
        var numbers: [Int64] = []
        while try select.step() { numbers.append(select.integer(0) ?? 0) }
        return numbers
    }

    func added(_ stored: StoredLogin, _ connection: any DatabaseConnection) {
        let number = stored.number.rawValue
        tail.add(hash.of(stored.login.key), number)
        tail.addToHistory(hash.ofHistory(stored.login.details.user), number)
    }

    func changedLive(
        _ stored: StoredLogin,
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        let hash = hash.of(stored.login.details.user)
        if stored.login.phase.isLive {
            tail.add(hash, stored.number.rawValue)
        } else {
            try tail.remove(hash, stored.number.rawValue, connection)
        }
    }

    func erased(
        _ number: LoginNumber,
        user: [UInt8],
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        try tail.removeFromHistory(hash.ofHistory(user), number.rawValue, connection)
    }

    func deleted(
        _ number: LoginNumber,
        server: [UInt8]?,
        login: [UInt8]?,
        _ connection: any DatabaseConnection
    ) throws(StoreError) {
        try tail.remove(hash.ofKey(server, login), number.rawValue, connection)
    }
}
