/// An authorization server as the domain sees it: it says what is to be approved and takes outcomes.
///
/// An adapter knows the wire and the server's rules; it keeps no state about logins.
public protocol AuthorizationServer: Sendable {
    var id: AuthorizationServerID { get }
    /// Pauses between attempts at this server.
    var retries: RetrySchedule { get }

    /// What the person is to be shown. It is asked once more before an approval is reported: what
    /// has changed by then voids the approval, so the same consent must give an equal answer.
    func consent(of login: PendingLogin) async -> ConsentAnswer

    /// Tells the server the outcome. When `inDoubt`, an earlier attempt may have been processed:
    /// the adapter then looks first and sends only what is not there yet. Never sends the opposite
    /// of anything that may have landed.
    func report(_ outcome: Outcome, of login: PendingLogin, inDoubt: Bool) async -> ReportAnswer
}

public enum ConsentAnswer: Hashable, Sendable {
    case consent(Consent)
    /// Not now: why, and what pause the server asked for.
    case later(String, after: Duration?)
    /// The server no longer has what is to be approved.
    case gone
    /// Never.
    case unusable(Failure)
}

public enum ReportAnswer: Hashable, Sendable {
    case taken
    /// Not taken now: why, what pause it asked for, and whether it may have been processed.
    case later(String, after: Duration?, inDoubt: Bool)
    /// The server has no such login any more.
    case gone
    /// Never: what it said. An operator should look.
    case refused(String)
}
