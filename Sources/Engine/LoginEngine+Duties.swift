import Consents
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
            log.error("login.server_unknown") {
                $0.members(about: login)
                $0.member("server", login.key.server.value)
            }
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
            await ask(consent, deliveries, stored, retries: server.retries)
        case .gone:
            await record(stored.number, .unusable(.consentGone))
        case .later(let reason, let asked):
            await delay(stored, reason, asked: asked, retries: server.retries)
        case .unusable(let failure):
            log.warning("consent.unusable") {
                $0.members(about: login)
                $0.member("failure", "\(failure)")
            }
            await record(stored.number, .unusable(failure))
        }
    }

    /// Fixes the question: the consent, and the accounts that the person may choose from.
    private func ask(
        _ consent: Consent,
        _ deliveries: [PendingLogin.Delivery],
        _ stored: StoredLogin,
        retries: RetrySchedule
    ) async {
        let offered: [BankAccount]
        switch await AccountOffer(directory: accounts).accounts(for: consent, of: stored.login) {
        case .offered(let accounts): offered = accounts
        case .later(let reason):
            await delay(stored, reason, asked: nil, retries: retries)
            return
        case .unusable(let failure):
            log.warning("consent.no_account") {
                $0.members(about: stored.login)
                $0.member("failure", "\(failure)")
            }
            await record(stored.number, .unusable(failure))
            return
        }
        let question = Question(
            consent: consent,
            accounts: offered,
            digest: ConsentForm.digest(of: consent),
            nonce: Random.bytes(32)
        )
        let ticket = PromptTicket(for: stored.number)
        tickets.keep(ticket)
        // The ticket first: a consent that is over by now ends the login, and takes no ticket then.
        await record(
            stored.number,
            .ticketIssued(ticket.digest),
            .prepared(question, deliveries)
        )
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

    /// Puts off preparing because its server cannot be asked.
    func postpone(_ stored: StoredLogin, _ reason: String) async {
        guard let server = servers[stored.login.key.server] else { return }
        await delay(stored, reason, asked: nil, retries: server.retries)
    }

    // MARK: Notifying

    private func notify(_ stored: StoredLogin) async {
        guard case .waiting = stored.login.phase, let consent = stored.login.question?.consent
        else { return }
        let user: User
        switch await lookUp(stored.login.details.user) {
        case .success(let found): user = found
        case .failure(.failed(let failure)):
            // Gone or switched off since the login was prepared.
            await record(stored.number, .unusable(failure))
            return
        case .failure(.later):
            // The directory's trouble is not the person's: they were there when it was asked.
            user = User(id: stored.login.details.user, isActive: true)
        }
        let ticket = await ticket(for: stored.number)
        let prompt = Prompt(
            number: stored.number,
            key: stored.login.key,
            user: user,
            clientName: consent.clientName,
            scopes: consent.scopes.map(\.requestedName),
            bindingMessage: stored.login.details.bindingMessage,
            ends: stored.login.terms.promptEnds,
            link: settings.publicURL + "/approve/" + ticket.text,
            ticket: ticket.text,
            origin: stored.login.details.origin
        )
        await deliver(prompt, stored)
    }

    /// Asks the channels that are due. While one of them takes its time, later ones whose moment
    /// comes are asked beside it: a channel that hangs must not hold back its fallback.
    private func deliver(_ prompt: Prompt, _ stored: StoredLogin) async {
        enum Step { case delivered, itIsTime }
        var asked: Set<ChannelID> = []
        var latest: StoredLogin? = stored
        var inFlight = 0
        await withTaskGroup(of: Step.self) { group in
            repeat {
                guard case .waiting(let deliveries) = latest?.login.phase else { break }
                let now = clock.now()
                var next: Timestamp?
                for delivery in deliveries where !asked.contains(delivery.channel) {
                    guard case .due(let at) = delivery.state else { continue }
                    if at <= now {
                        asked.insert(delivery.channel)
                        inFlight += 1
                        group.addTask {
                            await self.deliver(prompt, delivery)
                            return .delivered
                        }
                    } else {
                        next = min(next ?? at, at)
                    }
                }
                if let next {
                    group.addTask {
                        await self.clock.wait(until: next)
                        return .itIsTime
                    }
                }
                guard inFlight > 0, let step = await group.next() else { break }
                if step == .delivered { inFlight -= 1 }
                latest = (try? await store.login(stored.number)) ?? nil
            } while inFlight > 0
            group.cancelAll()
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
                $0.members(about: prompt.key, prompt.origin)
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
        guard await isStillWhatWasApproved(stored, outcome, report, server) else { return }
        // Written down first: if the process ends now, the next one knows that it may have been made.
        guard await record(stored.number, .reportBegun) != nil else { return }
        let start = ContinuousClock.now
        let answer = await server.report(outcome, of: stored.login, inDoubt: report.inDoubt)
        observer.reported(server.id, answer, took: ContinuousClock.now - start)
        switch answer {
        case .taken:
            await record(stored.number, .reportTaken(confirmed: true))
        case .later(let reason, let asked, let inDoubt):
            log.info("report.delayed") {
                $0.members(about: stored.login)
                $0.member("cause", reason)
                $0.member("in_doubt", inDoubt || report.inDoubt)
            }
            let next = nextReport(after: report, asked: asked, stored.login.terms, server)
            await record(
                stored.number,
                .reportDelayed(reason, until: next, inDoubt: inDoubt)
            )
        case .gone:
            await record(stored.number, .reportGone)
        case .refused(let reason):
            log.error("report.refused") {
                $0.members(about: stored.login)
                $0.member("cause", reason)
            }
            await record(stored.number, .reportRefused(reason))
        }
    }

    /// Fetches the consent again before an approval of it is reported, and compares. An approval
    /// that may have landed already is past that: it is only looked for.
    private func isStillWhatWasApproved(
        _ stored: StoredLogin,
        _ outcome: Outcome,
        _ report: PendingLogin.Report,
        _ server: any AuthorizationServer
    ) async -> Bool {
        guard outcome.isApproval, !report.inDoubt, let question = stored.login.question,
            question.consent.source != nil
        else { return true }
        let change: String
        switch await server.consent(of: stored.login) {
        case .consent(let consent):
            if ConsentForm.digest(of: consent) == question.digest { return true }
            change = "changed"
        case .unusable(let failure): change = "\(failure)"
        case .gone:
            await record(stored.number, .reportGone)
            return false
        case .later(let reason, let asked):
            let next = nextReport(after: report, asked: asked, stored.login.terms, server)
            await record(stored.number, .reportDelayed(reason, until: next, inDoubt: false))
            return false
        }
        log.error("consent.changed_after_approval") {
            $0.members(about: stored.login)
            $0.member("change", change)
        }
        await record(stored.number, .consentChanged)
        return false
    }

    /// A pause that reaches beyond the last moment for telling the server is cut so that one
    /// attempt is left.
    private func nextReport(
        after report: PendingLogin.Report,
        asked: Duration?,
        _ terms: PendingLogin.Terms,
        _ server: any AuthorizationServer
    ) -> Timestamp {
        let now = clock.now()
        let pause = server.retries.pause(
            after: report.attempts.count + 1,
            asked: asked,
            random: Random.fraction()
        )
        let last =
            terms.reportEnds - min(PendingLogin.Terms.lastAttempt, (terms.reportEnds - now) / 2)
        return last > now ? min(now + pause, last) : now + pause
    }
}
