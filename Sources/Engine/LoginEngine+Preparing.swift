import Consents
import Cryptography
import Identity
import JSON
import Logins
import Telemetry
import Texts

extension LoginEngine {
    /// A login that a user can be notified of.
    struct Notifiable: Sendable {
        let stored: StoredLogin
        let user: User
        let ticket: PromptTicket
    }

    /// Why a login cannot be shown.
    enum Obstacle: Error {
        /// Never.
        case failure(Failure)
        /// Not now; the server or directory may have asked for a pause.
        case later(String, after: Duration? = nil)
    }

    /// Makes a login ready to be shown: looks up the user, fetches the consent and the accounts, and
    /// stores them as the question.
    ///
    /// - Returns: the login if its user can be notified now, else nil.
    func prepare(_ stored: StoredLogin) async -> Notifiable? {
        let login = stored.login
        guard let server = servers[login.key.server] else {
            log.error("login.server_unknown") {
                $0.members(about: login)
                $0.member("server", login.key.server.value)
            }
            await record(stored.number, .unusable(.consentUnusable))
            return nil
        }
        do throws(Obstacle) {
            let user = try await lookUp(login.details.user)
            let now = clock.now()
            let deliveries = plan.deliveries(
                for: user,
                at: settings.quietHours?.end(for: user, of: login, at: now) ?? now,
                resting: Set(channels.filter(\.isResting).map(\.channel))
            )
            guard !deliveries.isEmpty else { throw .failure(.noChannel) }
            let question = try await question(of: stored, for: user, server)
            let ticket = tickets.ticket(for: stored.number, nonce: question.nonce)
            // The ticket comes first: a consent that has expired ends the login, which then takes
            // no ticket.
            let prepared = await record(
                stored.number,
                .ticketIssued(ticket.digest),
                .prepared(question, deliveries)
            )
            guard let prepared, prepared.login.phase.name == .waiting else { return nil }
            return Notifiable(stored: prepared, user: user, ticket: ticket)
        } catch {
            switch error {
            case .failure(let failure): await record(stored.number, .unusable(failure))
            case .later(let reason, let asked): await postpone(stored, reason, asked: asked)
            }
            return nil
        }
    }

    /// Tries to prepare the login again later.
    func postpone(_ stored: StoredLogin, _ reason: String, asked: Duration? = nil) async {
        guard case .preparing(let attempts, _) = stored.login.phase,
            let server = servers[stored.login.key.server]
        else { return }
        let pause = server.retries.pause(
            after: attempts.count + 1,
            asked: asked,
            random: Random.fraction()
        )
        await record(stored.number, .preparationDelayed(reason, until: clock.now() + pause))
    }

    /// An active user.
    func lookUp(_ id: UserID) async throws(Obstacle) -> User {
        let user: User?
        do {
            user = try await directory.user(id)
        } catch {
            switch error {
            case .unavailable(let reason): throw .later("user directory: \(reason)")
            }
        }
        guard let user else { throw .failure(.userUnknown) }
        guard user.isActive else { throw .failure(.userDisabled) }
        return user
    }

    /// The consent, and the accounts that the user may choose from. A consent in the name of somebody
    /// else is not shown.
    private func question(
        of stored: StoredLogin,
        for user: User,
        _ server: any AuthorizationServer
    ) async throws(Obstacle) -> Question {
        let login = stored.login
        let entry: FetchedConsents.Entry
        if let kept = fetched.take(stored.number, at: clock.uptime()) {
            entry = kept
        } else {
            switch await server.consent(of: login) {
            case .consent(let answer): entry = (answer, clock.uptime())
            case .gone: throw .failure(.consentGone)
            case .later(let reason, let asked): throw .later(reason, after: asked)
            case .unusable(let failure): throw logged("consent.unusable", failure, login)
            }
        }
        let consent = entry.consent
        let message = login.details.bindingMessage.shown?.unlessEmpty
        if settings.requiresContext, !consent.saysWhatFor, message == nil {
            throw logged("context.missing", .contextMissing, login)
        }
        if !login.details.bindingMessage.isAcceptable(to: settings.messages) {
            throw logged("binding.unacceptable", .messageUnacceptable, login)
        }
        if settings.requiresNumber, login.details.bindingMessage.lacksNumber {
            throw logged("number.missing", .numberMissing, login)
        }
        if consent.holder(beside: user.documents) == .another {
            throw logged("consent.of_another", .consentOfAnother, login)
        }
        let offered: [BankAccount]
        switch await AccountOffer(directory: accounts).accounts(for: consent, of: login) {
        case .offered(let answer): offered = answer
        case .later(let reason):
            fetched.keep(entry, of: stored.number)
            throw .later(reason)
        case .unusable(let failure): throw logged("consent.no_account", failure, login)
        }
        return Question(
            consent: consent,
            accounts: offered,
            digest: ConsentForm.digest(of: consent),
            nonce: Random.bytes(32)
        )
    }

    private func logged(_ event: String, _ failure: Failure, _ login: PendingLogin) -> Obstacle {
        log.warning(event) {
            $0.members(about: login)
            $0.member("failure", "\(failure)")
        }
        return .failure(failure)
    }
}
