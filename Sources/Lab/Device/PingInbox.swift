import Threads

/// Pings of logins that somebody starts by hand. Asking for the pings of a notification token makes
/// the token known, so whoever asks before the login starts misses none.
final class PingInbox: Sendable {
    /// Nobody has more logins than this under way by hand; the oldest token is forgotten.
    private static let capacity = 100

    private struct Pings {
        let token: String
        var ids: [String] = []
    }

    private let pings = Locked<[Pings]>([])

    /// The `auth_req_id` of each ping that came with the token, oldest first.
    func ids(for token: String) -> [String] {
        pings.withLock { pings in
            if let known = pings.first(where: { $0.token == token }) { return known.ids }
            pings.append(Pings(token: token))
            if pings.count > Self.capacity { pings.removeFirst() }
            return []
        }
    }

    /// Whether anybody has asked for the token's pings.
    func knows(_ token: String) -> Bool {
        pings.withLock { $0.contains { $0.token == token } }
    }

    /// Keeps a ping of a known token.
    func add(_ id: String, for token: String) {
        pings.withLock { pings in
            guard let index = pings.firstIndex(where: { $0.token == token }) else { return }
            pings[index].ids.append(id)
        }
    }
}
