import Threads

/// Pings of logins that are started by hand. Reading the pings of a notification token registers
/// the token, so that a reader who begins before the login misses none.
final class PingInbox: Sendable {
    /// The maximum number of tokens; the oldest is removed.
    private static let capacity = 100

    private struct Pings {
        let token: String
        var ids: [String] = []
    }

    private let pings = Locked<[Pings]>([])

    /// The `auth_req_id` of each ping with this token, oldest first.
    func ids(for token: String) -> [String] {
        pings.withLock { pings in
            if let known = pings.first(where: { $0.token == token }) { return known.ids }
            pings.append(Pings(token: token))
            if pings.count > Self.capacity { pings.removeFirst() }
            return []
        }
    }

    /// Whether the token is registered.
    func knows(_ token: String) -> Bool {
        pings.withLock { $0.contains { $0.token == token } }
    }

    /// Adds a ping of a registered token.
    func add(_ id: String, for token: String) {
        pings.withLock { pings in
            guard let index = pings.firstIndex(where: { $0.token == token }) else { return }
            pings[index].ids.append(id)
        }
    }
}
