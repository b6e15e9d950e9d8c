public import Logins

/// When users are left in peace. A login that arrives then is not refused: it is in the inbox and in
/// apps at once, and its notifications are due when the quiet hours end, if it has not ended by then.
public struct QuietHours: Sendable {
    /// Minutes after midnight in the user's time zone. The same number twice means no quiet hours.
    public var from: Int
    /// When they end, the next day if that is not after `from`.
    public var to: Int
    /// Clients that may ring anyway.
    public var clients: Set<ClientID>
    /// A login that asks for one of these scopes may ring anyway.
    public var scopes: Set<String>
    /// Seconds that the user's clock is ahead of UTC at that time.
    public var offset: @Sendable (User, Timestamp) -> Int

    public init(
        from: Int,
        to: Int,
        clients: Set<ClientID> = [],
        scopes: Set<String> = [],
        offset: @escaping @Sendable (User, Timestamp) -> Int
    ) {
        self.from = from
        self.to = to
        self.clients = clients
        self.scopes = scopes
        self.offset = offset
    }

    /// When the quiet hours end that hold back a login now; nil if none do.
    public func end(for user: User, of login: PendingLogin, at now: Timestamp) -> Timestamp? {
        if let client = login.details.client, clients.contains(client) { return nil }
        guard login.details.requestedScopes.allSatisfy({ !scopes.contains($0) }) else { return nil }
        let ahead = offset(user, now)
        let second = Self.secondOfDay(now, ahead: ahead)
        let isQuiet =
            from <= to
            ? (from * 60..<to * 60).contains(second) : second >= from * 60 || second < to * 60
        guard isQuiet else { return nil }
        let left = to * 60 - second
        let end = now + .seconds(left > 0 ? left : left + 86_400)
        // The clocks may change in between.
        return end + .seconds(ahead - offset(user, end))
    }

    private static func secondOfDay(_ moment: Timestamp, ahead: Int) -> Int {
        let local = Int(moment.milliseconds / 1_000) + ahead
        return (local % 86_400 + 86_400) % 86_400
    }
}
