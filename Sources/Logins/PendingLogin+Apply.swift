extension PendingLogin {
    /// Applies an event that happens at `now`. The switch covers every pair of phase and event; the
    /// table in ARCHITECTURE.md lists the same pairs, checked by a test.
    ///
    /// What the login owes afterwards follows from `dueAt` and `duty(at:)`.
    ///
    /// - Throws: `Refusal` if the event cannot happen in this state; the login is then unchanged.
    public mutating func apply(_ event: Event, at now: Timestamp) throws(Refusal) {
        switch (phase, event) {
        case (.preparing, .prepared(let question, let deliveries)):
            try prepared(question, deliveries, at: now)
        case (.preparing(var attempts, _), .preparationDelayed(let reason, let next)):
            attempts.add(reason, at: now)
            phase = .preparing(attempts, next: next)
        case (.preparing, .unusable(let failure)):
            end(in: .failed(failure), at: now)
        case (.preparing, .deadlinePassed):
            try expire(at: now)
        case (.preparing, .decided):
            throw now >= terms.promptEnds ? .pastDeadline : .notReady
        case (.preparing, .ticketIssued(let digest)), (.waiting, .ticketIssued(let digest)):
            if tickets.count >= Self.maximumTickets { tickets.removeFirst() }
            tickets.append(digest)
        case (.preparing, .delivered), (.preparing, .notDelivered), (.preparing, .reached),
            (.preparing, .codeRefused), (.preparing, .consentChanged), (.preparing, .approverLost),
            (.preparing, .reportBegun), (.preparing, .reportTaken),
            (.preparing, .reportDelayed), (.preparing, .reportGone), (.preparing, .reportRefused),
            (.preparing, .retried), (.preparing, .abandoned):
            throw .outOfPhase
        case (.preparing, .interrupted), (.waiting, .interrupted):
            break

        case (.waiting(let deliveries), .delivered(let channel)):
            phase = .waiting(deliveries.marking(channel, .delivered(at: now)))
        case (.waiting, .notDelivered(let channel, let reason, let next)):
            notDelivered(channel, reason, until: next, at: now)
        case (.waiting(let deliveries), .reached):
            phase = .waiting(deliveries.sparing(at: now))
        case (.waiting, .decided(var decision, let selection)):
            guard now < terms.promptEnds else { throw .pastDeadline }
            decision.grant = try grant(decision, selection)
            try requireNumber(for: decision)
            end(in: Outcome(decision), at: now)
        case (.waiting, .codeRefused):
            guard now < terms.promptEnds else { throw .pastDeadline }
            wrongCodes += 1
            if wrongCodes >= Self.mostWrongCodes { end(in: .failed(.wrongCodes), at: now) }
        case (.waiting, .unusable(let failure)):
            end(in: .failed(failure), at: now)
        case (.waiting, .deadlinePassed):
            try expire(at: now)
        case (.waiting, .prepared), (.waiting, .preparationDelayed), (.waiting, .consentChanged),
            (.waiting, .approverLost),
            (.waiting, .reportBegun), (.waiting, .reportTaken),
            (.waiting, .reportDelayed), (.waiting, .reportGone), (.waiting, .reportRefused),
            (.waiting, .retried), (.waiting, .abandoned):
            throw .outOfPhase

        case (.reporting(let outcome, let report), .consentChanged):
            try void(outcome, report, because: nil, at: now)
        case (.reporting(let outcome, var report), .approverLost(let failure, let notArrived)):
            if notArrived { report.inDoubt = false }
            try void(outcome, report, because: failure, at: now)
        case (.reporting(let outcome, var report), .reportBegun):
            report.isUnderWay = true
            phase = .reporting(outcome, report)
        // The last report may still be in flight when time runs out; its result counts.
        case (.reporting(let outcome, _), .reportTaken(let confirmed)),
            (.stranded(let outcome, _, .outOfTime), .reportTaken(let confirmed)):
            let settlement: Settlement = confirmed ? .reported : .deliveredUnconfirmed
            phase = .settled(outcome, settlement, at: now)
        case (.reporting(let outcome, let report), .reportDelayed(let reason, let next, let doubt)):
            let failed = report.failed(reason, next: next, inDoubt: doubt, at: now)
            phase = .reporting(outcome, failed)
        case (
            .stranded(let outcome, let report, .outOfTime),
            .reportDelayed(let reason, let next, let doubt)
        ):
            let failed = report.failed(reason, next: next, inDoubt: doubt, at: now)
            phase = .stranded(outcome, failed, .outOfTime)
        case (.reporting(let outcome, let report), .reportGone),
            (.stranded(let outcome, let report, .outOfTime), .reportGone):
            gone(outcome, report, at: now)
        case (.reporting(let outcome, let report), .reportRefused(let reason)),
            (.stranded(let outcome, let report, .outOfTime), .reportRefused(let reason)):
            let failed = report.failed(reason, next: report.next, inDoubt: false, at: now)
            phase = .stranded(outcome, failed, .refused(reason))
        case (.reporting(let outcome, let report), .deadlinePassed):
            guard now >= terms.reportEnds else { throw .outOfPhase }
            phase = .stranded(outcome, report, .outOfTime)
        case (.reporting(let outcome, var report), .interrupted):
            report.inDoubt = report.inDoubt || report.isUnderWay
            report.isUnderWay = false
            phase = .reporting(outcome, report)
        case (.reporting(let outcome, _), .decided(let decision, let selection)),
            (.settled(let outcome, _, _), .decided(let decision, let selection)),
            (.stranded(let outcome, _, _), .decided(let decision, let selection)):
            try decideAgain(decision, selection, after: outcome)
        case (.reporting, .prepared), (.reporting, .preparationDelayed), (.reporting, .unusable),
            (.reporting, .codeRefused),
            (.reporting, .ticketIssued), (.reporting, .delivered), (.reporting, .notDelivered),
            (.reporting, .reached), (.reporting, .retried), (.reporting, .abandoned):
            throw .outOfPhase

        case (.settled, .interrupted), (.stranded, .interrupted):
            break
        case (.settled, .prepared), (.settled, .preparationDelayed), (.settled, .unusable),
            (.settled, .codeRefused),
            (.settled, .ticketIssued), (.settled, .delivered), (.settled, .notDelivered),
            (.settled, .reached), (.settled, .deadlinePassed), (.settled, .consentChanged),
            (.settled, .approverLost),
            (.settled, .reportBegun),
            (.settled, .reportTaken), (.settled, .reportDelayed),
            (.settled, .reportGone), (.settled, .reportRefused), (.settled, .retried),
            (.settled, .abandoned):
            throw .outOfPhase

        case (.stranded(let outcome, var report, _), .retried):
            guard now < terms.reportEnds else { throw .pastDeadline }
            report.next = now
            phase = .reporting(outcome, report)
        case (.stranded(let outcome, let report, let stranding), .abandoned):
            history = History(attempts: report.attempts, stranding: stranding)
            phase = .settled(outcome, .abandoned, at: now)
        case (.stranded, .prepared), (.stranded, .preparationDelayed), (.stranded, .unusable),
            (.stranded, .codeRefused),
            (.stranded, .ticketIssued), (.stranded, .delivered), (.stranded, .notDelivered),
            (.stranded, .reached), (.stranded, .deadlinePassed), (.stranded, .consentChanged),
            (.stranded, .approverLost),
            (.stranded, .reportBegun),
            (.stranded, .reportTaken), (.stranded, .reportDelayed),
            (.stranded, .reportGone), (.stranded, .reportRefused):
            throw .outOfPhase
        }
    }

    // MARK: Transitions that take more than a line

    private mutating func prepared(
        _ question: Question,
        _ deliveries: [Delivery],
        at now: Timestamp
    ) throws(Refusal) {
        guard now < terms.promptEnds else { throw .pastDeadline }
        self.question = question
        guard !deliveries.isEmpty else { return end(in: .failed(.noChannel), at: now) }
        if let ends = question.consent.endsAt {
            // Keep the same margin before the consent's end as before the login's.
            let margin = terms.expiresAt - terms.promptEnds
            terms.promptEnds = min(terms.promptEnds, ends - margin)
        }
        guard now < terms.promptEnds else { return try expire(at: now) }
        phase = .waiting(deliveries)
    }

    /// An approval grants what was shown, without the optional parts that the user left out.
    private func grant(
        _ decision: Decision,
        _ selection: Selection
    ) throws(Refusal) -> Grant {
        guard decision.choice == .approve else { return .nothing }
        guard let question else { throw .notReady }
        do { return try question.grant(for: selection) } catch { throw .unfit(error) }
    }

    /// An approval by the user needs the number of the binding message, if it is to be matched. Without
    /// a number only a passkey is enough, which needs none to be strong (SP 800-63B-4 §3.1.7).
    private func requireNumber(for decision: Decision) throws(Refusal) {
        let message = details.bindingMessage
        let evidence = decision.evidence
        guard decision.choice == .approve, evidence.method != .delegation else { return }
        if message.needsNumber, decision.matched != message.matching { throw .unfit(.codeMissing) }
        if message.lacksNumber, evidence.method != .passkey { throw .unfit(.codeMissing) }
    }

    /// Ends the login. The server is owed the outcome, except for failures it must not hear about.
    private mutating func end(in outcome: Outcome, at now: Timestamp) {
        keepDeliveries()
        if case .failed(let failure) = outcome, !failure.isTold {
            phase = .settled(outcome, .leftToExpire, at: now)
        } else {
            phase = .reporting(outcome, Report(next: now))
        }
    }

    private mutating func expire(at now: Timestamp) throws(Refusal) {
        guard now >= terms.promptEnds else { throw .outOfPhase }
        guard tellsExpiry, now < terms.reportEnds else {
            keepDeliveries()
            phase = .settled(.expired, .leftToExpire, at: now)
            return
        }
        end(in: .expired, at: now)
    }

    private var tellsExpiry: Bool {
        switch terms.reportsExpiry {
        case .never: false
        case .lodgedConsents: question?.consent.kind.isLodged ?? (details.consentID != nil)
        case .always: true
        }
    }

    /// Takes back an approval. Only possible while it cannot have reached the server.
    private mutating func void(
        _ outcome: Outcome,
        _ report: Report,
        because failure: Failure?,
        at now: Timestamp
    ) throws(Refusal) {
        guard case .approved(var decision) = outcome, !report.inDoubt, !report.isUnderWay else {
            throw .outOfPhase
        }
        decision.grant = .nothing
        end(in: .voided(decision, failure), at: now)
    }

    private mutating func notDelivered(
        _ channel: ChannelID,
        _ reason: String,
        until next: Timestamp?,
        at now: Timestamp
    ) {
        guard case .waiting(var deliveries) = phase else { return }
        // A channel that was being asked when the user was reached is not asked again.
        let isSpared = deliveries.contains { $0.channel == channel && $0.state.isSpared }
        if !isSpared || next == nil {
            deliveries = deliveries.marking(channel, next.map { .due(at: $0) } ?? .refused)
        }
        phase = .waiting(deliveries.noting(channel, reason, at: now))
        guard self.deliveries.contains(where: { $0.state != .refused }) else {
            return end(in: .failed(.everyChannelRefused), at: now)
        }
        // A channel that refused makes the next one due immediately.
        if next == nil { phase = .waiting(self.deliveries.hastened(to: now)) }
    }

    private mutating func gone(
        _ outcome: Outcome,
        _ report: Report,
        at now: Timestamp
    ) {
        if report.inDoubt {
            phase = .settled(outcome, .deliveredUnconfirmed, at: now)
        } else if outcome.isApproval {
            let failed = report.failed(
                "gone at the server",
                next: report.next,
                inDoubt: false,
                at: now
            )
            phase = .stranded(outcome, failed, .gone)
        } else {
            phase = .settled(outcome, .gone, at: now)
        }
    }

    /// Repeating the same decision succeeds; a different one is refused. A repeated approval grants
    /// nothing, and so need not name what was shown.
    private func decideAgain(
        _ decision: Decision,
        _ selection: Selection,
        after outcome: Outcome
    ) throws(Refusal) {
        guard let first = outcome.decision else {
            throw outcome == .expired ? .pastDeadline : .alreadyEnded(outcome)
        }
        guard first.choice == decision.choice else { throw .alreadyEnded(outcome) }
        if outcome.isApproval, let question {
            var again = selection
            again.shown = selection.shown ?? question.digest
            guard (try? grant(decision, again)) == first.grant else {
                throw .alreadyEnded(outcome)
            }
        }
    }
}

extension PendingLogin.Delivery.State {
    fileprivate var isSpared: Bool { if case .spared = self { true } else { false } }
}

extension PendingLogin.Report {
    /// The report after a failed attempt. Doubt is never cleared: a later refusal says nothing
    /// about the earlier attempt.
    fileprivate func failed(
        _ reason: String,
        next: Timestamp,
        inDoubt: Bool,
        at now: Timestamp
    ) -> Self {
        var changed = self
        changed.attempts.add(reason, at: now)
        changed.next = next
        changed.inDoubt = self.inDoubt || inDoubt
        changed.isUnderWay = false
        return changed
    }
}

extension [PendingLogin.Delivery] {
    fileprivate func marking(_ channel: ChannelID, _ state: PendingLogin.Delivery.State) -> Self {
        map { delivery in
            guard delivery.channel == channel else { return delivery }
            var changed = delivery
            changed.state = state
            return changed
        }
    }

    fileprivate func noting(_ channel: ChannelID, _ reason: String, at now: Timestamp) -> Self {
        map { delivery in
            guard delivery.channel == channel else { return delivery }
            var changed = delivery
            changed.attempts.add(reason, at: now)
            return changed
        }
    }

    /// Whoever has been asked already may still answer.
    fileprivate func sparing(at now: Timestamp) -> Self {
        map { delivery in
            guard case .due = delivery.state else { return delivery }
            var changed = delivery
            changed.state = .spared(at: now)
            return changed
        }
    }

    fileprivate func hastened(to now: Timestamp) -> Self {
        let waiting = indices.filter { index in
            if case .due(let at) = self[index].state { at > now } else { false }
        }
        guard let next = waiting.first else { return self }
        var changed = self
        changed[next].state = .due(at: now)
        return changed
    }
}
