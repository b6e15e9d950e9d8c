import Logins
import Threads

/// The claims, one for each login and duty. In memory, because they end with the process.
///
/// Also the rows that could not be read, which are neither handed out nor waited for.
///
/// The logins that an earlier process was working on when it died are suspects: one of them may have
/// killed it. They are handed out one at a time, so that the others are not taken for the cause when
/// it happens again.
final class Claims: Sendable {
    private struct State {
        var duties: [LoginNumber: Set<PendingLogin.Duty>] = [:]
        var damaged: Set<LoginNumber> = []
        var suspects: Set<LoginNumber> = []
        /// Those of which nothing is claimed any more, where others have to be told.
        var released: Set<LoginNumber>?
        /// Those of which others are being told.
        var leaving: Set<LoginNumber> = []
        /// The suspect that is claimed.
        var tried: LoginNumber?

        func mustWait(_ number: LoginNumber) -> Bool {
            tried != nil && tried != number && suspects.contains(number)
        }
    }

    private let state: Locked<State>
    private let marks: ClaimMarks

    /// `isShared` makes it keep what is released.
    init(_ marks: ClaimMarks = ClaimMarks(), isShared: Bool = false) {
        self.marks = marks
        var state = State()
        state.suspects = marks.suspects
        if isShared { state.released = [] }
        self.state = Locked(state)
    }

    /// False if any of it is claimed already.
    func take(_ number: LoginNumber, _ duty: PendingLogin.Duty) -> Bool {
        state.withLock { state in
            let covered = Self.covered(by: duty)
            guard state.duties[number, default: []].isDisjoint(with: covered),
                !state.mustWait(number)
            else { return false }
            if state.suspects.contains(number) { state.tried = number }
            // Before anything of the login is read.
            marks.mark(number)
            state.duties[number, default: []].formUnion(covered)
            return true
        }
    }

    /// Takes what a change makes due before the change is durable: `confirm` once it is, `release`
    /// otherwise. False if any of it is claimed already, may have killed a process, or is a claim of
    /// which others are being told that it has ended.
    func reserve(_ number: LoginNumber, _ duty: PendingLogin.Duty) -> Bool {
        state.withLock { state in
            let covered = Self.covered(by: duty)
            guard state.duties[number, default: []].isDisjoint(with: covered),
                !state.suspects.contains(number), !state.damaged.contains(number),
                !state.leaving.contains(number)
            else { return false }
            state.duties[number, default: []].formUnion(covered)
            return true
        }
    }

    /// What was reserved is claimed from here on.
    func confirm(_ number: LoginNumber) { marks.mark(number) }

    /// Whoever prepares a login goes on to notify its user.
    private static func covered(by duty: PendingLogin.Duty) -> Set<PendingLogin.Duty> {
        duty == .prepare ? [.prepare, .notify] : [duty]
    }

    func release(_ number: LoginNumber, _ duty: PendingLogin.Duty) {
        state.withLock { state in
            guard state.duties[number]?.contains(duty) == true else { return }
            state.duties[number]?.subtract(Self.covered(by: duty))
            guard state.duties[number]?.isEmpty == true else { return }
            state.duties[number] = nil
            state.released?.insert(number)
            marks.unmark(number)
            if state.tried == number {
                state.suspects.remove(number)
                state.tried = nil
            }
        }
    }

    /// The logins that were released since the last call, and are not claimed again. Until
    /// `endReleasing` nothing of them can be reserved: to tell of its end could undo the new claim.
    func beginReleasing() -> Set<LoginNumber> {
        state.withLock { state in
            let released = (state.released ?? []).filter { state.duties[$0] == nil }
            if state.released != nil { state.released = [] }
            state.leaving.formUnion(released)
            return released
        }
    }

    /// Others know now that these claims have ended, or have to be told once more.
    func endReleasing(_ numbers: Set<LoginNumber>, isDone: Bool) {
        state.withLock { state in
            if isDone {
                state.leaving = []
            } else {
                state.released?.formUnion(numbers)
            }
        }
    }

    /// The duties of a login that are claimed; nil for one that cannot be read, or that has to wait
    /// for another suspect.
    func duties(of number: LoginNumber) -> Set<PendingLogin.Duty>? {
        state.withLock { state in
            state.damaged.contains(number) || state.mustWait(number)
                ? nil : state.duties[number] ?? []
        }
    }

    /// A process may have died because of this login: only one such login is worked on at a time.
    func suspect(_ number: LoginNumber) {
        state.withLock { state in
            if state.duties[number] == nil { state.suspects.insert(number) }
        }
    }

    /// True the first time.
    func noteDamaged(_ number: LoginNumber) -> Bool {
        state.withLock { $0.damaged.insert(number).inserted }
    }

    var damagedCount: Int { state.withLock { $0.damaged.count } }
}
