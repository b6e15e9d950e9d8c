import Consents
public import Cryptography
public import Devices
import Identity
public import Logins
import Threads

/// Takes decisions. Every decision of a user comes through here, so that tickets are checked in one
/// place and methods are allowed in one place.
public struct DecisionDesk: Sendable {
    /// Why a login could not be shown or decided. Nothing has changed.
    public enum Refusal: Error, Hashable, Sendable {
        /// The ticket is malformed, expired or wrong. All of them look alike to the caller.
        case noSuchPrompt
        /// The ticket opens a login, but not the one that the request names.
        case otherLogin
        /// This method is not enough to approve this login (`ApprovalPolicy`).
        case methodNotAllowed
        /// Delegation may not decide this login; the reason is for the audit.
        case delegationNotAllowed(String)
        /// The user may not approve any more: not known, not active, or without a channel.
        case userMayNotApprove(Failure)
        /// The directory of users cannot be asked now. Nothing was decided.
        case directory(DirectoryError)
        /// The key by which it was to be decided does not count.
        case key(KeyUse.Objection)
        /// The login refuses the decision in its current state, which is returned.
        case refused(PendingLogin.Refusal, StoredLogin)
        /// The store failed.
        case store(StoreError)
    }

    let store: any LoginStore
    private let changes: LoginChanges
    let clock: any WallClock
    private let approvers: Approvers
    private let policy: ApprovalPolicy
    /// The methods that this service has an interface for.
    private let usable: Set<ApprovalPolicy.Method>
    let failures: (any FailureCounter)?
    let numbers: NumberCheck

    /// A desk over a store whose changes are published to `changes`. `policy` says what counts as
    /// approval; `usable` are the methods that the service has an interface for. `failures` tells early
    /// that a user is blocked, which the store judges in any case. `secret` is the key of what browsers
    /// keep for us.
    public init(
        store: any LoginStore,
        changes: LoginChanges,
        clock: any WallClock,
        approvers: Approvers,
        policy: ApprovalPolicy,
        usable: Set<ApprovalPolicy.Method> = [.tap, .signIn],
        failures: (any FailureCounter)? = nil,
        secret: [UInt8] = Random.bytes(32)
    ) {
        self.store = store
        self.approvers = approvers
        self.changes = changes
        self.clock = clock
        self.policy = policy
        self.usable = usable
        self.failures = failures
        numbers = NumberCheck(secret: secret)
    }

    /// A desk with these methods for every login.
    public init(
        store: any LoginStore,
        changes: LoginChanges,
        clock: any WallClock,
        approvers: Approvers,
        allowsApprovalByTap: Bool,
        allowsApprovalBySignIn: Bool = false,
        allowsApprovalByPasskey: Bool = false
    ) {
        let ways: [ApprovalPolicy.Way] =
            (allowsApprovalByTap ? [.init(.tap)] : [])
            + (allowsApprovalBySignIn ? [.init(.signIn)] : [])
            + (allowsApprovalByPasskey ? [.init(.passkey)] : [])
        self.init(
            store: store,
            changes: changes,
            clock: clock,
            approvers: approvers,
            policy: ApprovalPolicy(fallback: ways),
            usable: Set(ways.map(\.method))
        )
    }

    /// The methods of which each is enough to approve a login; none while it asks nothing. Declining
    /// never needs more than to see it.
    public func methods(for login: PendingLogin) -> [ApprovalPolicy.Method] {
        verdict(on: login)?.methods ?? []
    }

    /// Whether a device's key can count at all.
    public func accepts(_ protection: Device.Protection) -> Bool {
        !policy.demandsHardwareKeys || protection == .hardware
    }

    private func verdict(on login: PendingLogin) -> ApprovalPolicy.Verdict? {
        guard let question = login.question else { return nil }
        // Without a number to match, only a passkey is strong enough.
        let usable =
            login.details.bindingMessage.lacksNumber ? usable.intersection([.passkey]) : usable
        return policy.verdict(on: login, asking: question, usable: usable)
    }

    /// How a decision counts that is taken by a method; nil if an approval by it is not allowed.
    private func merit(
        _ way: Way,
        of login: PendingLogin,
        isSameDevice: Bool = false
    ) -> Decision.Merit? {
        guard case .method(let method) = way, let verdict = verdict(on: login),
            let found = verdict.way(method)
        else { return nil }
        let acr = isSameDevice && !policy.trustsSameDevice ? nil : found.acr
        return Decision.Merit(rule: verdict.rule, acr: acr)
    }

    /// By what an approval is to count.
    enum Way: Sendable {
        case method(ApprovalPolicy.Method)
        /// The delegation's own policy, which the caller has asked.
        case delegation
        /// Nothing: it is refused.
        case nothing

        /// By the method of a decision's evidence.
        init(_ method: Evidence.Method) {
            switch method {
            case .tap: self = .method(.tap)
            case .signIn: self = .method(.signIn)
            case .deviceKey: self = .method(.deviceKey)
            case .deviceKeyAndPIN: self = .method(.deviceKeyAndPIN)
            case .passkey: self = .method(.passkey)
            case .delegation: self = .delegation
            }
        }
    }

    /// Whether the policy refuses a decision. A login without a question is left to the login.
    func refuses(_ choice: Decision.Choice, by way: Way, _ login: PendingLogin) -> Bool {
        choice == .approve && !counts(way, merit(way, of: login), login)
    }

    /// Whether the policy lets an approval count that would have this merit.
    private func counts(_ way: Way, _ merit: Decision.Merit?, _ login: PendingLogin) -> Bool {
        switch way {
        case .method: merit != nil || login.question == nil
        case .delegation: true
        case .nothing: false
        }
    }

    /// The time by which the desk judges deadlines.
    public func now() -> Timestamp { clock.now() }

    /// The login that a ticket opens.
    ///
    /// - Throws: `noSuchPrompt` or `store`.
    public func login(opening ticket: String) async throws(Refusal) -> StoredLogin {
        let ticket = try await checked(ticket)
        let stored: StoredLogin?
        do { stored = try await store.login(ticket.number) } catch { throw .store(error) }
        guard let stored, ticket.opens(stored.login) else { throw .noSuchPrompt }
        return stored
    }

    /// Notes that the user looks at a login, which may end the notifying (`EscalationPlan.End`). Whoever
    /// calls this has made sure that it is no program which follows links.
    public func noteView(opening ticket: String) async {
        guard approvers.plan.end != .decided, let stored = try? await login(opening: ticket) else {
            return
        }
        await noteView(of: stored)
    }

    /// The same for a login that the caller may see.
    public func noteView(of stored: StoredLogin) async {
        guard approvers.plan.end != .decided, case .waiting(let deliveries) = stored.login.phase,
            deliveries.contains(where: { if case .due = $0.state { true } else { false } })
        else { return }
        let now = clock.now()
        // If it fails, the user is notified once more than is needed.
        _ = try? await store.update(stored.number) { (login) throws(PendingLogin.Refusal) in
            try login.apply(.reached, at: now)
        }
    }

    /// A ticket that opens a login. Anybody can send a guess, so this reads nothing but the login's
    /// tickets and does not use the writer.
    private func checked(_ text: String) async throws(Refusal) -> PromptTicket {
        guard let ticket = PromptTicket(text) else { throw .noSuchPrompt }
        let known: [PendingLogin.TicketDigest]
        do { known = try await store.tickets(of: ticket.number) } catch { throw .store(error) }
        guard ticket.isAmong(known) else { throw .noSuchPrompt }
        return ticket
    }

    /// Records a decision durably. Before an approval, its user is looked up. Repeating the same
    /// decision returns the login in its current state.
    ///
    /// The ticket, the caller's own rules, the method and the decision are judged in one update of
    /// the login, so nothing can change between them.
    ///
    /// `agent` is the `User-Agent` of a browser.
    ///
    /// `selecting` returns what an approval selects (it does not matter for other choices), or throws
    /// if the request does not fit the login. It may run more than once, and only after the ticket
    /// was checked.
    public func decide(
        _ choice: Decision.Choice,
        opening ticket: String,
        via: Evidence.Via,
        address: String?,
        agent: String? = nil,
        selecting: @Sendable @escaping (StoredLogin) throws(Refusal) -> Selection = { _ in
            Selection()
        }
    ) async throws(Refusal) -> StoredLogin {
        let ticket = try await checked(ticket)
        return try await decide(
            choice,
            ticket.number,
            by: Evidence(method: .tap, via: via, address: address),
            opening: ticket.opens,
            counting: .method(.tap),
            agent: agent,
            selecting: selecting
        )
    }

    /// Records a decision that a backend takes for the user by delegation. It never counts as the
    /// user's authentication.
    ///
    /// `selecting` also judges whether delegation may decide this login, and throws
    /// `delegationNotAllowed` if not.
    public func decide(
        _ choice: Decision.Choice,
        _ number: LoginNumber,
        of user: UserID,
        by delegate: Evidence.Delegate,
        address: String?,
        selecting: @Sendable @escaping (StoredLogin) throws(Refusal) -> Selection
    ) async throws(Refusal) -> StoredLogin {
        try await decide(
            choice,
            number,
            by: Evidence(delegate: delegate, address: address),
            opening: { $0.details.user == user },
            counting: .delegation,
            selecting: selecting
        )
    }

    /// Who may see a login: whoever has its ticket, or its user after a sign-in.
    public enum Opening: Hashable, Sendable {
        case ticket(String)
        case user(UserID, LoginNumber)
    }

    /// The login that a user who is signed in sees.
    ///
    /// - Throws: `noSuchPrompt` if it is none of the user's, or `store`.
    public func login(_ number: LoginNumber, of user: UserID) async throws(Refusal) -> StoredLogin {
        let stored: StoredLogin?
        do { stored = try await store.login(number) } catch { throw .store(error) }
        guard let stored, stored.login.details.user == user else { throw .noSuchPrompt }
        return stored
    }

    /// Records that a user who is signed in does not approve. An approval needs more than that.
    public func decline(
        _ choice: Decision.Choice,
        _ number: LoginNumber,
        of user: UserID,
        address: String?
    ) async throws(Refusal) -> StoredLogin {
        try await decline(
            choice,
            number,
            of: user,
            by: Evidence(method: .tap, via: .inbox, address: address)
        )
    }

    /// The same by other evidence. With a `challenge`, it is refused as `unfit` if that is not the
    /// challenge of this decision while the login waits.
    func decline(
        _ choice: Decision.Choice,
        _ number: LoginNumber,
        of user: UserID,
        by evidence: Evidence,
        challenge: [UInt8]? = nil,
        key: CredentialID? = nil,
        proof: RequestProof? = nil
    ) async throws(Refusal) -> StoredLogin {
        try await decide(
            choice,
            number,
            by: evidence,
            opening: { $0.details.user == user },
            counting: .nothing,
            challenge: challenge,
            key: key,
            proof: proof,
            selecting: { _ in Selection() }
        )
    }

    /// Records an approval that its user confirmed, by a fresh sign-in or a passkey, for exactly this
    /// `challenge`. If anything that it covers has changed, the approval is refused as `unfit`. `seal`
    /// stands for a number that was judged before (`confirmable`); `agent` is the `User-Agent` of a
    /// browser. With `isLookedUp` the user is not looked up again: `confirmable` has just done so for
    /// the same request. If `key` was removed, or its `proof` used before, the approval is refused;
    /// otherwise the proof is used up.
    public func approve(
        _ number: LoginNumber,
        of user: UserID,
        by evidence: Evidence,
        challenge: [UInt8],
        seal: [UInt8]? = nil,
        agent: String? = nil,
        isLookedUp: Bool = false,
        key: CredentialID? = nil,
        proof: RequestProof? = nil,
        selecting: @Sendable @escaping (StoredLogin) throws(Refusal) -> Selection
    ) async throws(Refusal) -> StoredLogin {
        try await decide(
            .approve,
            number,
            by: evidence,
            opening: { $0.details.user == user },
            counting: Way(evidence.method),
            challenge: challenge,
            key: key,
            proof: proof,
            sealedBy: seal,
            agent: agent,
            isLookedUp: isLookedUp,
            selecting: selecting
        )
    }

    /// With a `challenge`, a decision that has another one is refused as `unfit`; of those that decline,
    /// while the login waits.
    private func decide(
        _ choice: Decision.Choice,
        _ number: LoginNumber,
        by evidence: Evidence,
        opening: @Sendable @escaping (PendingLogin) -> Bool,
        counting way: Way,
        challenge expected: [UInt8]? = nil,
        key: CredentialID? = nil,
        proof: RequestProof? = nil,
        sealedBy seal: [UInt8]? = nil,
        agent: String? = nil,
        isLookedUp: Bool = false,
        selecting: @Sendable @escaping (StoredLogin) throws(Refusal) -> Selection
    ) async throws(Refusal) -> StoredLogin {
        let now = clock.now()
        if choice == .approve, !isLookedUp {
            let stored: StoredLogin?
            do { stored = try await store.login(number) } catch { throw .store(error) }
            guard let login = stored?.login, opening(login) else { throw .noSuchPrompt }
            try await requireApprover(of: login, counting: way, at: now)
        }
        // The store's closure can only throw a login's own refusal, so what the desk makes of it is
        // kept here.
        let course = Locked(Course())
        let result: Result<StoredLogin, PendingLogin.Refusal>?
        let use = key.map { KeyUse($0, proof: proof?.unused) }
        do {
            result = try await store.update(number, yielding: choice == .approve, by: use) {
                (login) throws(PendingLogin.Refusal) in
                do throws(Refusal) {
                    guard opening(login) else { throw .noSuchPrompt }
                    let stored = StoredLogin(number: number, login: login)
                    let selection = try selecting(stored)
                    let challenge = Self.challenge(choice, selection, login)
                    if let expected, challenge != expected,
                        choice == .approve || login.phase.name == .waiting
                    {
                        throw .refused(.unfit(.otherConsent), stored)
                    }
                    let merit =
                        choice == .approve
                        ? merit(
                            way,
                            of: login,
                            isSameDevice: login.details.context?
                                .isDevice(at: evidence.address, agent: agent) ?? false
                        ) : nil
                    guard choice != .approve || counts(way, merit, login) else {
                        throw .methodNotAllowed
                    }
                    let verdict =
                        choice == .approve
                        ? judge(selection.code, seal, challenge, way, login, at: now) : .notNeeded
                    if verdict == .missing { throw .refused(.unfit(.codeMissing), stored) }
                    let decision = Decision(
                        choice,
                        evidence: evidence,
                        at: now,
                        challenge: challenge,
                        merit: merit,
                        matched: verdict.matching
                    )
                    let isWrong = verdict == .wrong
                    do throws(PendingLogin.Refusal) {
                        try login.apply(
                            isWrong ? .codeRefused : .decided(decision, selection),
                            at: now
                        )
                    } catch {
                        throw .refused(error, stored)
                    }
                    course.withLock {
                        $0 = Course(refusal: nil, stored: stored, isWrong: isWrong)
                    }
                } catch {
                    course.withLock { $0 = Course(refusal: error) }
                    throw .outOfPhase
                }
            }
        } catch {
            throw .store(error)
        }
        proof?.noteUse()
        let ended = course.withLock { $0 }
        switch result {
        case .success(let stored):
            if ended.isWrong { throw .wrongCode(stored) }
            return stored
        case .failure(.key(let objection)): throw .key(objection)
        case .failure(let refusal):
            if let refusal = ended.refusal { throw refusal }
            // The store refused what the login had taken.
            throw ended.stored.map { .refused(refusal, $0) } ?? .noSuchPrompt
        case nil: throw .noSuchPrompt
        }
    }

    /// What an update came to.
    private struct Course {
        var refusal: Refusal? = .noSuchPrompt
        /// The login before it.
        var stored: StoredLogin?
        /// Whether it counted a wrong number.
        var isWrong = false
    }

    /// Refuses an approval if its user may not approve any more. A login that cannot be decided is
    /// left to the update that follows.
    func requireApprover(
        of login: PendingLogin,
        counting way: Way,
        at now: Timestamp
    ) async throws(Refusal) {
        guard login.phase.name == .waiting, now < login.terms.promptEnds,
            !refuses(.approve, by: way, login)
        else { return }
        let objection: Failure?
        do {
            objection = try await approvers.objection(to: login)
        } catch {
            throw .directory(error)
        }
        if let objection { throw .userMayNotApprove(objection) }
    }

    /// What ties the decision to its question. Nil if there is no question or the selection does
    /// not fit it; the login then refuses the decision.
    static func challenge(
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

    /// Waits until the login leaves the phase that the caller has seen, for at most `limit`, and
    /// returns its current state.
    ///
    /// - Throws: `noSuchPrompt` or `store`.
    public func login(
        opening ticket: String,
        leaving seen: PendingLogin.PhaseName,
        within limit: Duration
    ) async throws(Refusal) -> StoredLogin {
        let first = try await login(opening: ticket)
        let end = clock.uptime() + limit
        await changes.watching(first.number) { signal in
            while !Task.isCancelled, !changes.isClosed, clock.uptime() < end {
                guard let now = try? await store.login(first.number),
                    now.login.phase.name == seen
                else { return }
                await clock.wait(for: signal, atMost: end - clock.uptime())
            }
        }
        return try await login(opening: ticket)
    }
}

extension DecisionDesk.Refusal: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .noSuchPrompt: "the ticket opens no prompt"
        case .otherLogin: "the ticket opens another login"
        case .methodNotAllowed: "this method is not enough to approve the login"
        case .delegationNotAllowed(let reason): "delegation may not decide it: \(reason)"
        case .userMayNotApprove(let failure): "the user may not approve: \(failure)"
        case .directory(let error): "\(error)"
        case .key(let objection): "\(PendingLogin.Refusal.key(objection))"
        case .refused(let refusal, _): "\(refusal)"
        case .store(let error): "\(error)"
        }
    }
}
