public import Logins

/// How the desk treats the numbers of binding messages (`NumberMatching`).
extension DecisionDesk {
    /// The numbers that a user chooses from, the right one among them; empty if nothing is to be chosen.
    public func numbers(for login: PendingLogin) -> [String] { numbers.numbers(for: login) }

    /// Judges the number of an approval. What the login would refuse anyway is left to it, so that
    /// nothing is learned about the number from it.
    func judge(
        _ code: String?,
        _ seal: [UInt8]?,
        _ challenge: [UInt8]?,
        _ way: Way,
        _ login: PendingLogin,
        at now: Timestamp
    ) -> NumberCheck.Verdict {
        guard case .method = way, let challenge, login.phase.name == .waiting,
            now < login.terms.promptEnds
        else { return .notNeeded }
        if let seal, let matching = numbers.matching(sealedBy: seal, challenge, for: login) {
            return .right(matching)
        }
        return numbers.verdict(on: code, for: login)
    }

    /// Counts a wrong number, and returns what it is refused with.
    func countWrong(
        _ selection: Selection,
        in stored: StoredLogin,
        at now: Timestamp
    ) async throws(Refusal) -> Refusal {
        let result: Result<StoredLogin, PendingLogin.Refusal>?
        do {
            result = try await store.update(stored.number) {
                (login) throws(PendingLogin.Refusal) in
                try login.apply(.codeRefused, at: now)
            }
        } catch {
            throw .store(error)
        }
        return switch result {
        case .success(let counted): .wrongCode(counted)
        case .failure(let refusal): .refused(refusal, stored)
        case nil: .noSuchPrompt
        }
    }

    /// Refuses an approval of a user who is blocked after failed proofs.
    func requireNoBlock(
        of stored: StoredLogin,
        at now: Timestamp
    ) async throws(Refusal) {
        let standing: FailureStanding?
        do { standing = try await failures?.failures(of: stored.login.details.user) } catch {
            throw .store(error)
        }
        if let standing, standing.isBlocked(at: now) {
            throw .refused(.userBlocked(until: standing.blockedUntil), stored)
        }
    }
}

extension DecisionDesk.Refusal {
    /// After a wrong number was counted: the number is wrong, or that was the last one.
    static func wrongCode(_ counted: StoredLogin) -> Self {
        counted.login.phase.outcome.map { .refused(.alreadyEnded($0), counted) }
            ?? .refused(.unfit(.codeWrong), counted)
    }
}
