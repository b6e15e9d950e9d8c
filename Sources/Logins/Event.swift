extension PendingLogin {
    /// What can happen to a login.
    public enum Event: Hashable, Sendable {
        /// The consent is there and these channels are to be asked.
        case prepared(Question, [Delivery])
        /// It could not be made ready yet: why, and when to try again.
        case preparationDelayed(String, until: Timestamp)
        /// It can never be shown.
        case unusable(Failure)
        /// A link to it was made.
        case ticketIssued(TicketDigest)
        /// A channel took the prompt.
        case delivered(ChannelID)
        /// A channel did not: why, and when to try again, nil for never.
        case notDelivered(ChannelID, String, until: Timestamp?)
        /// The person decided, and chose within the consent if they approved.
        case decided(Decision, Selection)
        /// A deadline of the phase went by.
        case deadlinePassed
        /// The consent is no longer what was approved; no approval was reported yet.
        case consentChanged
        /// An attempt to report is about to be made.
        case reportBegun
        /// The server took the report, or surely has it although it did not say so.
        case reportTaken(confirmed: Bool)
        /// It did not, yet: why, when to try again, and whether it may have processed it.
        case reportDelayed(String, until: Timestamp, inDoubt: Bool)
        /// The server no longer has the login.
        case reportGone
        /// It never will: what it said.
        case reportRefused(String)
        /// The process ended while a report may have been on its way.
        case interrupted
        /// An operator wants a stranded report tried again.
        case retried
        /// An operator gives a stranded report up.
        case abandoned
    }

    /// Why an event cannot happen to a login as it is. It then changes nothing.
    public enum Refusal: Error, Hashable, Sendable {
        /// The person is not being asked yet.
        case notReady
        /// Another decision or another end came first.
        case alreadyEnded(Outcome)
        /// The time for deciding is over.
        case pastDeadline
        /// What was chosen does not fit what is asked.
        case unfit(Selection.Problem)
        /// Another login for the same consent is under way; only a store knows that.
        case consentBusy
        /// The event belongs to a phase that is behind, as when an answer comes late.
        case outOfPhase
    }
}
