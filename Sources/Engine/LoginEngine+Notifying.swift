import Cryptography
import Identity
import JSON
import Logins
import Telemetry

extension LoginEngine {
    /// Notifies the user of a login that was prepared earlier.
    func notify(_ stored: StoredLogin) async {
        let id = stored.login.details.user
        let user: User
        do throws(Obstacle) {
            user = try await lookUp(id)
        } catch {
            switch error {
            case .failure(let failure):
                // The user was removed or disabled after the login was prepared.
                await record(stored.number, .unusable(failure))
                return
            case .later:
                // The user existed when the login was prepared, so an outage does not matter.
                user = User(id: id, isActive: true)
            }
        }
        guard let ticket = await ticket(of: stored) else { return }
        await notify(Notifiable(stored: stored, user: user, ticket: ticket))
    }

    /// Asks the channels that are due. While one of them is slow, others that become due are asked
    /// too: a channel that hangs must not delay its fallback.
    func notify(_ login: Notifiable) async {
        enum Step {
            case recorded(StoredLogin?)
            case due
        }
        guard let prompt = prompt(of: login) else { return }
        var asked: Set<ChannelID> = []
        var latest: StoredLogin? = login.stored
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
                        group.addTask { .recorded(await self.deliver(prompt, delivery)) }
                    } else {
                        next = min(next ?? at, at)
                    }
                }
                if let next {
                    group.addTask {
                        await self.clock.wait(until: next)
                        return .due
                    }
                }
                guard inFlight > 0, let step = await group.next() else { break }
                switch step {
                case .recorded(let stored):
                    inFlight -= 1
                    latest = stored
                case .due:
                    latest = (try? await store.login(prompt.number)) ?? nil
                }
            } while inFlight > 0
            group.cancelAll()
        }
    }

    /// Nil if the login no longer asks anything.
    private func prompt(of login: Notifiable) -> Prompt? {
        let pending = login.stored.login
        guard case .waiting = pending.phase, let consent = pending.question?.consent else {
            return nil
        }
        return Prompt(
            number: login.stored.number,
            key: pending.key,
            user: login.user,
            clientName: pending.clientName,
            scopes: consent.scopes.map(\.requestedName),
            bindingMessage: pending.details.bindingMessage.shown,
            received: pending.terms.receivedAt,
            ends: pending.terms.promptEnds,
            link: settings.publicURL + "/approve/" + login.ticket.text,
            ticket: login.ticket.text,
            origin: pending.details.origin
        )
    }

    /// The login's ticket, which is issued anew if the key is no longer the one it was made with. Nil
    /// if the login no longer asks anything.
    private func ticket(of stored: StoredLogin) async -> PromptTicket? {
        guard let question = stored.login.question else { return nil }
        let ticket = tickets.ticket(for: stored.number, nonce: question.nonce)
        if !ticket.opens(stored.login) {
            await record(stored.number, .ticketIssued(ticket.digest))
        }
        return ticket
    }

    /// Asks one channel and records its answer.
    ///
    /// - Returns: the login afterwards; nil if it no longer takes the answer.
    private func deliver(
        _ prompt: Prompt,
        _ delivery: PendingLogin.Delivery
    ) async -> StoredLogin? {
        guard let channel = plan.channel(delivery.channel) else {
            return await record(
                prompt.number,
                .notDelivered(delivery.channel, "not configured", until: nil)
            )
        }
        let health = channels.first { $0.channel == channel.id }
        let pass = health?.pass() ?? .go
        if case .wait(let moment) = pass {
            return await record(
                prompt.number,
                .notDelivered(channel.id, "the channel rests", until: moment)
            )
        }
        let start = ContinuousClock.now
        let answer = await channel.ask(prompt)
        health?.note(answer, for: prompt.user.id, pass)
        observer?.delivered(channel.id, answer, took: ContinuousClock.now - start)
        switch answer {
        case .delivered:
            if plan.end == .delivered {
                return await record(prompt.number, .delivered(channel.id), .reached)
            }
            return await record(prompt.number, .delivered(channel.id))
        case .later(let reason, let asked):
            let pause = channel.retries.pause(
                after: delivery.attempts.count + 1,
                asked: asked,
                random: Random.fraction()
            )
            return await record(
                prompt.number,
                .notDelivered(channel.id, reason, until: clock.now() + pause)
            )
        case .refused(let reason), .gone(let reason):
            log.warning("notification.refused") {
                $0.member("channel", channel.id.value)
                $0.members(about: prompt.key, prompt.origin)
                $0.member("cause", reason)
            }
            return await record(prompt.number, .notDelivered(channel.id, reason, until: nil))
        }
    }
}
