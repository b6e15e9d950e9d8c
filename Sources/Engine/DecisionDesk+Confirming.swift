public import Logins

/// Approvals that their users confirm elsewhere before they are recorded.
extension DecisionDesk {
    /// An approval that a fresh sign-in or a passkey may confirm.
    public struct Confirmable: Sendable {
        public let stored: StoredLogin
        public let selection: Selection
        /// What the confirmation is bound to (`DecisionChallenge`).
        public let challenge: [UInt8]
        /// Shows that the user gave the right number; nil if none was needed or judged.
        public let seal: [UInt8]?
    }

    /// Judges an approval that a fresh sign-in or a passkey is to confirm, as `decide` would.
    ///
    /// Nothing changes, unless `judgesNumber` is set: then a wrong number is counted. Without it, the
    /// number must be there, and is judged with the approval.
    public func confirmable(
        _ opening: Opening,
        by method: Evidence.Method = .signIn,
        judgesNumber: Bool = false,
        selecting: (StoredLogin) throws(Refusal) -> Selection
    ) async throws(Refusal) -> Confirmable {
        let stored: StoredLogin
        switch opening {
        case .ticket(let ticket): stored = try await login(opening: ticket)
        case .user(let user, let number): stored = try await login(number, of: user)
        }
        return try await confirmable(
            stored,
            by: method,
            judgesNumber: judgesNumber,
            selecting: selecting
        )
    }

    /// The same for a login that was just read. With `isUnblocked` the caller has seen that its user is
    /// not blocked.
    func confirmable(
        _ stored: StoredLogin,
        by method: Evidence.Method,
        judgesNumber: Bool,
        isUnblocked: Bool = false,
        selecting: (StoredLogin) throws(Refusal) -> Selection
    ) async throws(Refusal) -> Confirmable {
        if refuses(.approve, by: Way(method), stored.login) { throw .methodNotAllowed }
        let now = clock.now()
        let selection = try selecting(stored)
        let challenge = Self.challenge(.approve, selection, stored.login)
        // Of a copy: says what an approval now would be refused for.
        var login = stored.login
        let decision = Decision(
            .approve,
            evidence: Evidence(method: method, via: .page, address: nil),
            at: now,
            challenge: challenge,
            matched: login.details.bindingMessage.matching
        )
        do throws(PendingLogin.Refusal) {
            if let outcome = login.phase.outcome { throw .alreadyEnded(outcome) }
            try login.apply(.decided(decision, selection), at: now)
            guard challenge != nil else { throw .notReady }
        } catch {
            throw .refused(error, stored)
        }
        try await requireApprover(of: stored.login, counting: Way(method), at: now)
        if !isUnblocked { try await requireNoBlock(of: stored, at: now) }
        let seal: [UInt8]?
        switch numbers.verdict(on: selection.code, for: stored.login) {
        case .missing: throw .refused(.unfit(.codeMissing), stored)
        case .wrong where judgesNumber: throw try await countWrong(selection, in: stored, at: now)
        case .right where judgesNumber: seal = numbers.seal(challenge ?? [], for: stored.login)
        case .notNeeded, .wrong, .right: seal = nil
        }
        return Confirmable(
            stored: stored,
            selection: selection,
            challenge: challenge ?? [],
            seal: seal
        )
    }
}
