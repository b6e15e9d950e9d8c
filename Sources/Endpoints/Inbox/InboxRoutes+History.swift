import Cryptography
import HTTP
import Logins
import Texts

extension InboxRoutes {
    /// `GET /inbox/history?before=CURSOR`: the logins that have ended, the newest first, as long as
    /// retention keeps them.
    func history(_ request: Request, _ visit: Visit) async throws(StoreError) -> Response {
        var before: LoginNumber?
        if !request.queryRange.isEmpty {
            guard let cursor = request.query("before").flatMap(Self.number) else {
                return missing(request)
            }
            before = cursor
        }
        let found = try await logins.pastLogins(
            of: visit.user,
            before: before,
            limit: Self.historyPage + 1
        )
        let shown = Array(found.prefix(Self.historyPage))
        let next = found.count > Self.historyPage ? shown.last?.number : nil
        return headers.response(200, visit.page.history(shown, next: next.map(Self.cursor)))
    }

    /// `GET /inbox/logins/{id}`: one login by the identifier that its authorization server gave it.
    func login(_ request: Request, _ visit: Visit) async throws(StoreError) -> Response {
        guard let found = try await ownLogin(request.parameters["id"] ?? "", of: visit.user) else {
            return missing(request)
        }
        return headers.response(200, visit.page.login(found))
    }

    /// The newest login of the user with that identifier; nil also for another user's.
    func ownLogin(_ id: String, of user: UserID) async throws(StoreError) -> StoredLogin? {
        let live = try await logins.liveLogins(of: user, limit: Self.longestList)
        let isWanted = { (stored: StoredLogin) in stored.login.key.login.value.isExactly(id) }
        if let found = live.first(where: isWanted) { return found }
        return try await logins.pastLogins(of: user, before: nil, limit: Self.linkedHistory)
            .first(where: isWanted)
    }

    private static func cursor(_ number: LoginNumber) -> String {
        Base64URL.encode(Array("\(number.rawValue)".utf8))
    }

    private static func number(_ cursor: String) -> LoginNumber? {
        guard let bytes = Base64URL.decode(cursor),
            let number = ListQuery.number(String(decoding: bytes, as: UTF8.self))
        else { return nil }
        return LoginNumber(Int64(number))
    }
}
