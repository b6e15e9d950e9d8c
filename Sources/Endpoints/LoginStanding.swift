import Engine
import Logins
import Texts

/// The state of a login as the user may see it at a given time. The page and the device interface
/// both show it, each in its own form.
struct LoginStanding: Sendable {
    /// The delivery of the outcome to the authorization server.
    enum Delivery: Hashable, Sendable {
        case pending
        case delivered
        /// Probably delivered.
        case unconfirmed
        case failed
    }

    /// What to show.
    enum View: Hashable, Sendable {
        /// Nothing to decide yet.
        case preparing
        /// The user can decide.
        case asking(Question)
        /// The prompt has expired, and the outcome is about to be recorded.
        case ending
        /// The login has ended for the user. The delivery is nil when the outcome is not reported.
        case ended(Outcome, Delivery?)
    }

    let stored: StoredLogin
    let view: View

    init(_ stored: StoredLogin, at now: Timestamp) {
        self.stored = stored
        let isOver = now >= stored.login.terms.promptEnds
        view =
            switch stored.login.phase {
            case .preparing: isOver ? .ending : .preparing
            case .waiting:
                if let question = stored.login.question, !isOver {
                    .asking(question)
                } else {
                    .ending
                }
            case .reporting(let outcome, _): .ended(outcome, .pending)
            case .settled(let outcome, let settlement, _):
                .ended(outcome, Self.delivery(settlement))
            case .stranded(let outcome, _, _): .ended(outcome, .failed)
            }
    }

    private static func delivery(_ settlement: PendingLogin.Settlement) -> Delivery? {
        switch settlement {
        case .reported: .delivered
        case .deliveredUnconfirmed: .unconfirmed
        case .leftToExpire: nil
        case .gone, .abandoned: .failed
        }
    }

    /// Whether the page should poll for changes.
    var changesByItself: Bool {
        switch view {
        case .preparing, .asking, .ending, .ended(_, .pending): true
        case .ended: false
        }
    }

    /// The decisions that are possible now, the refusal first; with an approval that a sign-in or a
    /// passkey confirms only where the user has them.
    func choices(
        at desk: DecisionDesk,
        withSignIn: Bool = false,
        withPasskey: Bool = false
    ) -> [Decision.Choice] {
        guard case .asking = view else { return [] }
        let methods = desk.methods(for: stored.login)
        return methods.contains(.tap) || withSignIn && methods.contains(.signIn)
            || withPasskey && methods.contains(.passkey)
            ? [.deny, .approve, .cancel, .reportAsFraud] : [.deny, .cancel, .reportAsFraud]
    }
}

extension PendingLogin.PhaseName {
    /// Its name in addresses and documents.
    var name: String {
        switch self {
        case .preparing: "preparing"
        case .waiting: "waiting"
        case .reporting: "reporting"
        case .settled: "settled"
        case .stranded: "stranded"
        }
    }

    init?(name: String) {
        guard let phase = Self.allCases.first(where: { $0.name.isExactly(name) }) else {
            return nil
        }
        self = phase
    }
}
