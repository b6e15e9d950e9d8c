import Cryptography
import Identity
import JSON
import Logins
import Telemetry

extension LoginEngine {
    /// Does what a claim is for. Each duty ends in an event, whatever happens.
    func perform(_ claim: Claim) async {
        switch claim.duty {
        case .prepare: await prepare(claim.stored)
        case .notify: await notify(claim.stored)
        case .report: await report(claim.stored)
        case .end: await record(claim.stored.number, .deadlinePassed)
        }
    }

    // MARK: Preparing

    private func prepare(_ stored: StoredLogin) async {
        let login = stored.login
        guard let server = servers[login.key.server] else {
            log.error("login.server_unknown") { $0.member("server", login.key.server.value) }
            await record(stored.number, .unusable(.consentUnusable))
            return
        }
        let user: User
        switch await lookUp(login.details.user) {
        case .success(let found): user = found
        case .failure(.failed(let failure)):
            await record(stored.number, .unusable(failure))
            return
        case .failure(.later(let reason)):
            await delay(stored, reason, asked: nil, retries: server.retries)
            return
        }
        let deliveries = plan.deliveries(for: user, at: clock.now())
        guard !deliveries.isEmpty else {
            await record(stored.number, .unusable(.noChannel))
            return
        }
        switch await server.consent(of: login) {
        case .consent(let consent):
            let ticket = PromptTicket(for: stored.number)
            tickets.keep(ticket)
            await record(
                stored.number,
                .prepared(consent, deliveries),
                .ticketIssued(ticket.digest)
            )
        case .later(let reason, let asked):
            await delay(stored, reason, asked: asked, retries: server.retries)
        case .unusable(let failure):
            log.warning("consent.unusable") {
                $0.member("login_id", login.key.login.value)
                $0.member("failure", "\(failure)")
            }
            await record(stored.number, .unusable(failure))
        }
    }

    private enum NoUser: Error {
        case failed(Failure)
        case later(String)
    }

    private func lookUp(_ id: UserID) async -> Result<User, NoUser> {
        do {
            guard let user = try await directory.user(id) else {
                return .failure(.failed(.userUnknown))
            }
            return user.isActive ? .success(user) : .failure(.failed(.userDisabled))
        } catch {
            switch error {
            case .unavailable(let reason): return .failure(.later("user directory: \(reason)"))
            }
        }
    }

    private func delay(
        _ stored: StoredLogin,
        _ reason: String,
        asked: Duration?,
        retries: RetrySchedule
    ) async {
        guard case .preparing(let attempts, _) = stored.login.phase else { return }
        let pause = retries.pause(
            after: attempts.count + 1,
            asked: asked,
            random: Random.fraction()
        )
        await record(stored.number, .preparationDelayed(reason, until: clock.now() + pause))
    }

    // MARK: Notifying

    private func notify(_ stored: StoredLogin) async {
        guard case .waiting(let consent, let deliveries) = stored.login.phase else { return }
        let now = clock.now()
        let due = deliveries.filter { delivery in
            if case .due(let at) = delivery.state { at <= now } else { false }
        }
        let user = (try? await directory.user(stored.login.details.user)) ?? nil
        let ticket = await ticket(for: stored.number)
        let prompt = Prompt(
            number: stored.number,
            key: stored.login.key,
            user: user ?? User(id: stored.login.details.user, isActive: true),
            clientName: consent.clientName,
            scopes: consent.scopes.map(\.requestedName),
            bindingMessage: stored.login.details.bindingMessage,
            ends: stored.login.terms.promptEnds,
            link: settings.publicURL + "/approve/" + ticket.text,
            ticket: ticket.text
        )
        await withDiscardingTaskGroup { group in
            for delivery in due {
                group.addTask { await self.deliver(prompt, delivery) }
            }
        }
    }

    private func ticket(for number: LoginNumber) async -> PromptTicket {
        if let ticket = tickets.ticket(for: number) { return ticket }
        let ticket = PromptTicket(for: number)
        await record(number, .ticketIssued(ticket.digest))
        tickets.keep(ticket)
        return ticket
    }

    private func deliver(_ prompt: Prompt, _ delivery: PendingLogin.Delivery) async {
        guard let channel = plan.channel(delivery.channel) else {
            await record(
                prompt.number,
                .notDelivered(delivery.channel, "not configured", until: nil)
            )
            return
        }
        let start = ContinuousClock.now
        let answer = await channel.ask(prompt)
        observer.delivered(channel.id, answer, took: ContinuousClock.now - start)
        switch answer {
        case .delivered:
            await record(prompt.number, .delivered(channel.id))
        case .later(let reason, let asked):
            let pause = channel.retries.pause(
                after: delivery.attempts.count + 1,
                asked: asked,
                random: Random.fraction()
            )
            await record(
                prompt.number,
                .notDelivered(channel.id, reason, until: clock.now() + pause)
            )
        case .refused(let reason):
            log.warning("notification.refused") {
                $0.member("channel", channel.id.value)
                $0.member("login_id", prompt.key.login.value)
                $0.member("cause", reason)
            }
            await record(prompt.number, .notDelivered(channel.id, reason, until: nil))
        }
    }

    // MARK: Reporting

    private func report(_ stored: StoredLogin) async {
        guard case .reporting(let outcome, let report) = stored.login.phase else { return }
        guard let server = servers[stored.login.key.server] else {
            await record(
                stored.number,
                .reportRefused("its authorization server is not configured")
            )
            return
        }
        let start = ContinuousClock.now
        let answer = await server.report(outcome, of: stored.login, inDoubt: report.inDoubt)
        observer.reported(server.id, answer, took: ContinuousClock.now - start)
        switch answer {
        case .taken:
            await record(stored.number, .reportTaken(confirmed: true))
        case .later(let reason, let asked, let inDoubt):
            let pause = server.retries.pause(
                after: report.attempts.count + 1,
                asked: asked,
                random: Random.fraction()
            )
            log.info("report.delayed") {
                $0.member("login_id", stored.login.key.login.value)
                $0.member("cause", reason)
                $0.member("in_doubt", inDoubt || report.inDoubt)
            }
            await record(
                stored.number,
                .reportDelayed(reason, until: clock.now() + pause, inDoubt: inDoubt)
            )
        case .gone:
            await record(stored.number, .reportGone)
        case .refused(let reason):
            log.error("report.refused") {
                $0.member("login_id", stored.login.key.login.value)
                $0.member("cause", reason)
            }
            await record(stored.number, .reportRefused(reason))
        }
    }
}
