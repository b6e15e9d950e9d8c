import Logins

/// For how many users each client has started logins in the last minute, in this process.
///
/// It counts up to the limit and one more, so memory is bounded by the limit and the number of clients.
struct StartSpread {
    private struct Users {
        /// When each user's latest login was started, by hash.
        var starts: [Int: Timestamp] = [:]
        /// When the operator was last told.
        var toldAt: Timestamp?
    }

    private var clients: [ClientKey: Users] = [:]
    private static let mostClients = 4_096
    static let window = Duration.seconds(60)

    /// Whether one more login would be for a user beyond the limit.
    mutating func isOver(
        _ limit: Int,
        _ client: ClientKey,
        _ user: UserID,
        at now: Timestamp
    ) -> Bool {
        guard var users = clients[client] else { return false }
        if users.starts.count >= limit {
            users.starts = users.starts.filter { $0.value + Self.window > now && $0.value <= now }
            clients[client] = users
        }
        return users.starts[user.hashValue] == nil && users.starts.count >= limit
    }

    /// Counts a start.
    mutating func note(_ limit: Int, _ client: ClientKey, _ user: UserID, at now: Timestamp) {
        if clients[client] == nil, clients.count >= Self.mostClients { clients.removeAll() }
        var users = clients[client] ?? Users()
        guard users.starts.count < limit || users.starts[user.hashValue] != nil else { return }
        users.starts[user.hashValue] = now
        clients[client] = users
    }

    /// Whether the operator is to be told now: once a minute.
    mutating func tells(of client: ClientKey, at now: Timestamp) -> Bool {
        if let told = clients[client]?.toldAt, told <= now, now < told + Self.window {
            return false
        }
        clients[client]?.toldAt = now
        return true
    }
}
