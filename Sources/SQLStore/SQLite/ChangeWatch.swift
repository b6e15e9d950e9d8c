import Access
import Threads

/// Tells without a look into the database whether what was read from it is still current.
///
/// Commits of other processes count as changes of everything. Of this process's own it is known what
/// they leave alone: nobody else commits from BEGIN IMMEDIATE to COMMIT.
final class ChangeWatch: Sendable {
    private struct State {
        var view: LogView?
        /// The state of the log that `mark` is for; nil before somebody asks.
        var log: LogState?
        var mark = StoreMark(commits: 0, standings: 0)
        /// From BEGIN until it is known what was committed.
        var isWriting = false
        /// `standing_version` as this process's last transaction has left it.
        var standings: Int64?

        mutating func advance(to log: LogState, isOurs: Bool = false, keepsStandings: Bool = false)
        {
            // A log that is begun anew after a checkpoint counts on.
            let isOthers = !isOurs && self.log?.commits != log.commits
            self.log = log
            mark = StoreMark(
                commits: mark.commits + 1,
                standings: mark.standings + (keepsStandings ? 0 : 1),
                others: mark.others + (isOthers ? 1 : 0)
            )
        }
    }

    private let state: Locked<State>

    /// With nil nothing can be told.
    init(_ view: LogView?) { state = Locked(State(view: view)) }

    /// The mark of the store now; nil while it cannot be told.
    func mark() -> StoreMark? {
        state.withLock { state in
            guard let log = state.view?.state else { return nil }
            if state.log == log { return state.mark }
            // What our own transaction has changed is known at its end.
            if state.isWriting { return nil }
            state.advance(to: log)
            return state.mark
        }
    }

    /// After BEGIN IMMEDIATE. False if nobody has asked for a mark yet; then `end` is not called.
    func begin() -> Bool {
        state.withLock { state in
            guard state.log != nil, let log = state.view?.state else { return false }
            if state.log != log { state.advance(to: log) }
            state.isWriting = true
            return true
        }
    }

    /// After COMMIT: what the transaction has left. `wrote` tells whether it changed a row.
    func end(standings: Int64, wrote: Bool) {
        state.withLock { state in
            state.isWriting = false
            let isKnown = state.standings == standings
            state.standings = standings
            guard let before = state.log, let log = state.view?.state, log != before else { return }
            // The one commit since BEGIN is ours if we have made one.
            let isOurs = wrote && log.commits == before.commits &+ 1
            state.advance(to: log, isOurs: isOurs, keepsStandings: isOurs && isKnown)
        }
    }

    /// After ROLLBACK.
    func abandon() { state.withLock { $0.isWriting = false } }

    /// Nothing can be told from here on.
    func close() {
        // Freed outside of the lock.
        let view = state.withLock { state in
            defer { state.view = nil }
            return state.view
        }
        _ = view
    }
}
