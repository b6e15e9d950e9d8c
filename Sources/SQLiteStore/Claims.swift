import Logins
import Threads

/// The claims, one for each login and duty. In memory, because they end with the process.
///
/// Also the rows that could not be read, which are neither handed out nor waited for.
final class Claims: Sendable {
    private struct State {
        var duties: [LoginNumber: Set<PendingLogin.Duty>] = [:]
        var damaged: Set<LoginNumber> = []
    }

    private let state = Locked(State())

    /// False if any of it is claimed already.
    func take(_ number: LoginNumber, _ duty: PendingLogin.Duty) -> Bool {
        state.withLock { state in
            let covered = Self.covered(by: duty)
            guard state.duties[number, default: []].isDisjoint(with: covered) else { return false }
            state.duties[number, default: []].formUnion(covered)
            return true
        }
    }

    /// Whoever prepares a login goes on to notify its user.
    private static func covered(by duty: PendingLogin.Duty) -> Set<PendingLogin.Duty> {
        duty == .prepare ? [.prepare, .notify] : [duty]
    }

    func release(_ number: LoginNumber, _ duty: PendingLogin.Duty) {
        state.withLock { state in
            guard state.duties[number]?.contains(duty) == true else { return }
            state.duties[number]?.subtract(Self.covered(by: duty))
            if state.duties[number]?.isEmpty == true { state.duties[number] = nil }
        }
    }

    /// The duties of a login that are claimed; nil for one that cannot be read.
    func duties(of number: LoginNumber) -> Set<PendingLogin.Duty>? {
        state.withLock { state in
            state.damaged.contains(number) ? nil : state.duties[number] ?? []
        }
    }

    /// True the first time.
    func noteDamaged(_ number: LoginNumber) -> Bool {
        state.withLock { $0.damaged.insert(number).inserted }
    }

    var damagedCount: Int { state.withLock { $0.damaged.count } }
}
