extension PendingLogin {
    /// What can happen to a login.
    public enum Event: Hashable, Sendable {
        /// The consent was fetched, and these channels are to notify the user. Without a channel
        /// the login fails.
        case prepared(Question, [Delivery])
        /// The login could not be prepared yet: the reason, and when to try again.
        case preparationDelayed(String, until: Timestamp)
        /// The login can never be shown.
        case unusable(Failure)
        /// A link was made; its ticket's digest opens the login from now on.
        case ticketIssued(TicketDigest)
        /// A channel accepted the prompt.
        case delivered(ChannelID)
        /// A channel failed: the reason, and when to try again; nil means never.
        case notDelivered(ChannelID, String, until: Timestamp?)
        /// The user has been reached as far as is wanted; channels that were not asked yet are spared.
        case reached
        /// The user decided. The selection counts only for an approval.
        case decided(Decision, Selection)
        /// The user gave a wrong number. The fifth time the login ends.
        case codeRefused
        /// A deadline of the current phase passed.
        case deadlinePassed
        /// The consent no longer is what the user approved, and no approval was reported yet.
        case consentChanged
        /// The user who approved may not approve any more, and no approval was reported yet. One in
        /// doubt is only taken back if its server shows that it did not arrive.
        case approverLost(Failure, notArrived: Bool)
        /// A report is about to be sent.
        case reportBegun
        /// The server accepted the report. Not `confirmed` if that is only inferred.
        case reportTaken(confirmed: Bool)
        /// The report failed for now: the reason, when to try again, and whether the server may
        /// have processed it.
        case reportDelayed(String, until: Timestamp, inDoubt: Bool)
        /// The server no longer has the login.
        case reportGone
        /// The server refused the report for good: what it answered.
        case reportRefused(String)
        /// The process ended while a report may have been in flight.
        case interrupted
        /// An operator retries a stranded report.
        case retried
        /// An operator, or retention, gives up a stranded report.
        case abandoned
    }

    /// Why an event cannot happen in the login's current state. The login is unchanged.
    public enum Refusal: Error, Hashable, Sendable {
        /// The prompt is not ready yet.
        case notReady
        /// The login already has this outcome.
        case alreadyEnded(Outcome)
        /// The time for deciding, or for reporting, is over.
        case pastDeadline
        /// The selection does not fit the question.
        case unfit(Selection.Problem)
        /// The user may not approve until then, after too many failed proofs. Only a store can know
        /// that.
        case userBlocked(until: Timestamp)
        /// Another login for the same consent is live. Only a store can know that.
        case consentBusy
        /// The key behind the change does not count. Only a store can know that.
        case key(KeyUse.Objection)
        /// The event belongs to another phase, as when an answer arrives late.
        case outOfPhase
    }
}
