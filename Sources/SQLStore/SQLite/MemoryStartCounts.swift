import Logins

/// The starts of logins in this process's memory, which alone starts logins.
final class MemoryStartCounts: StartCounts {
    private var rates = StartRates()
    private var spread = StartSpread()
    /// Those of the current transaction, which can still be rolled back.
    private var noted: [Starter] = []

    func starts(of starter: Starter, at now: Timestamp) -> Int {
        rates.starts(of: starter, at: now)
    }

    func note(_ starter: Starter, at now: Timestamp) {
        rates.note(starter, at: now)
        noted.append(starter)
    }

    func isOver(_ limit: Int, _ client: ClientKey, _ user: UserID, at now: Timestamp) -> Bool {
        spread.isOver(limit, client, user, at: now)
    }

    func note(_ limit: Int, _ client: ClientKey, _ user: UserID, at now: Timestamp) {
        spread.note(limit, client, user, at: now)
    }

    func tells(of client: ClientKey, at now: Timestamp) -> Bool {
        spread.tells(of: client, at: now)
    }

    func commit() { noted.removeAll(keepingCapacity: true) }

    func rollback() {
        for starter in noted { rates.undo(starter) }
        commit()
    }
}
