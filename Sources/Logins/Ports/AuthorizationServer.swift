/// An authorization server: it says what is to be approved and takes the outcome.
///
/// An adapter knows the protocol and the server's rules. It keeps no state about logins and may be
/// called for several logins at once. It does not retry: the engine does, after `retries`.
public protocol AuthorizationServer: Sendable {
    /// The server's configured name.
    var id: AuthorizationServerID { get }
    /// The pauses between attempts at this server.
    var retries: RetrySchedule { get }

    /// What the user is asked to approve.
    ///
    /// The engine calls it again before it reports an approval. The same consent must give an equal
    /// answer, because a changed one voids the approval.
    func consent(of login: PendingLogin) async -> ConsentAnswer

    /// Reports an outcome.
    ///
    /// If `inDoubt`, an earlier attempt may have been processed: the adapter must check first, and
    /// send only what has not arrived. It must never send the opposite of a report that may have
    /// arrived.
    func report(_ outcome: Outcome, of login: PendingLogin, inDoubt: Bool) async -> ReportAnswer

    /// What became of a report in doubt, without sending anything. Used for an approval that must not
    /// be sent again.
    func fate(of outcome: Outcome, of login: PendingLogin) async -> ReportFate
}

extension AuthorizationServer {
    public func fate(of outcome: Outcome, of login: PendingLogin) async -> ReportFate { .unknown }
}

/// What an authorization server's state says about a report in doubt.
public enum ReportFate: Hashable, Sendable {
    /// What the report would be answered if it were repeated.
    case known(ReportAnswer)
    /// The server shows that nobody has decided: the report did not arrive.
    case notArrived
    /// The server does not tell.
    case unknown
}

/// An authorization server's answer to a request for a consent.
public enum ConsentAnswer: Hashable, Sendable {
    case consent(Consent)
    /// Not now: the reason, and the pause that the server asked for.
    case later(String, after: Duration?)
    /// The server no longer has the consent.
    case gone
    /// The consent can never be shown.
    case unusable(Failure)
}

/// An authorization server's answer to a report.
public enum ReportAnswer: Hashable, Sendable {
    /// The server accepted it.
    case taken
    /// Not accepted now: the reason, the pause that the server asked for, and whether it may have
    /// processed the report.
    case later(String, after: Duration?, inDoubt: Bool)
    /// The server no longer has the login.
    case gone
    /// Never accepted: what the server answered. An operator should look at it.
    case refused(String)
}
