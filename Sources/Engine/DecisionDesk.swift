import Consents
import Identity
public import Logins

/// Takes decisions. Whatever a person decides with comes through here, so that there is one place
/// where a ticket is checked and one where a method is allowed.
public struct DecisionDesk: Sendable {
    /// Why a decision or a look was not possible. Nothing has changed.
    public enum Refusal: Error, Hashable, Sendable {
        /// No such prompt, or not with this ticket: nobody learns which.
        case noSuchPrompt
        /// This way of deciding is switched off (`approval.tap`).
        case methodNotAllowed
        /// The login does not take it any more; here is what it is.
        case refused(PendingLogin.Refusal, StoredLogin)
        case store(StoreError)
    }

    private let store: any LoginStore
    private let changes: LoginChanges
    private let clock: any WallClock
    /// Whether holding the link is enough to approve. Declining never needs more.
    public let allowsApprovalByTap: Bool

    public init(
        store: any LoginStore,
        changes: LoginChanges,
        clock: any WallClock,
        allowsApprovalByTap: Bool
    ) {
        self.store = store
        self.changes = changes
        self.clock = clock
        self.allowsApprovalByTap = allowsApprovalByTap
    }

    public func now() -> Timestamp { clock.now() }

    /// The login that a ticket opens.
    public func login(opening ticket: String) async throws(Refusal) -> StoredLogin {
        guard let ticket = PromptTicket(ticket) else { throw .noSuchPrompt }
        let stored: StoredLogin?
        do { stored = try await store.login(ticket.number) } catch { throw .store(error) }
        guard let stored, ticket.opens(stored.login) else { throw .noSuchPrompt }
        return stored
    }

    /// Records a decision, durably, before it returns. The same decision again returns the same
    /// login as it is now. A selection counts for an approval only.
    public func decide(
        _ choice: Decision.Choice,
        _ selection: Selection = .everything,
        opening ticket: String,
        via: Evidence.Via,
        address: String?
    ) async throws(Refusal) -> StoredLogin {
        let stored = try await login(opening: ticket)
        if choice == .approve, !allowsApprovalByTap { throw .methodNotAllowed }
        let now = clock.now()
        let evidence = Evidence(method: .tap, via: via, address: address)
        let result: Result<StoredLogin, PendingLogin.Refusal>?
        do {
            result = try await store.update(stored.number) { (login) throws(PendingLogin.Refusal) in
                let decision = Decision(
                    choice,
                    evidence: evidence,
                    at: now,
                    challenge: Self.challenge(choice, selection, login)
                )
                try login.apply(.decided(decision, selection), at: now)
            }
        } catch {
            throw .store(error)
        }
        switch result {
        case .success(let decided): return decided
        case .failure(let refusal): throw .refused(refusal, try await login(opening: ticket))
        case nil: throw .noSuchPrompt
        }
    }

    /// Nil when there is no question, or the selection does not fit it: then the login refuses it.
    private static func challenge(
        _ choice: Decision.Choice,
        _ selection: Selection,
        _ login: PendingLogin
    ) -> [UInt8]? {
        guard let question = login.question,
            let grant = choice == .approve ? try? question.grant(for: selection) : .nothing
        else { return nil }
        return DecisionChallenge.bytes(
            for: choice,
            grant: grant,
            of: question,
            in: login.key.login
        )
    }

    /// Waits until the login is no longer in the phase that the caller has seen, at most `limit`,
    /// and returns it as it is then.
    public func login(
        opening ticket: String,
        leaving seen: PendingLogin.PhaseName,
        within limit: Duration
    ) async throws(Refusal) -> StoredLogin {
        let first = try await login(opening: ticket)
        let end = clock.now() + limit
        await changes.watching(first.number) { signal in
            while !Task.isCancelled, !changes.isClosed, clock.now() < end {
                guard let now = try? await store.login(first.number),
                    now.login.phase.name == seen
                else { return }
                await clock.wait(for: signal, until: end)
            }
        }
        return try await login(opening: ticket)
    }
}
