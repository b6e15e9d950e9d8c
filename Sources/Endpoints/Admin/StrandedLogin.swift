import Access
import Consents
import JSON
import Logins

/// What operators do with a login, through the admin API or the console: with its stranded report, or
/// before anybody has decided.
struct StrandedLogin: Sendable {
    /// What is to become of it.
    enum Resolution: Sendable {
        case retry
        case abandon
        /// Ends a login that nobody has decided; it is reported as a rejection.
        case cancel

        fileprivate var event: PendingLogin.Event {
            switch self {
            case .retry: .retried
            case .abandon: .abandoned
            case .cancel: .unusable(.abandoned)
            }
        }

        fileprivate var auditKind: String {
            switch self {
            case .retry: "login.retry_requested"
            case .abandon: "login.abandon_requested"
            case .cancel: "login.cancel_requested"
            }
        }
    }

    let stored: StoredLogin
    let logins: any LoginStore
    let access: any AccessStore

    /// The change itself is in the audit too; the line of the author, which comes first, says who asked
    /// for it.
    ///
    /// - Throws: `conflict` for a login that is not stranded, or has an outcome already; `tooLate` for a retry when the time for
    ///   reporting is over.
    func resolve(
        _ resolution: Resolution,
        by author: AuditAuthor,
        at now: Timestamp
    ) async throws(Problem) -> StoredLogin {
        let event = resolution.event
        // The line of the audit is for what may happen.
        var judged = stored.login
        do { try judged.apply(event, at: now) } catch { throw Self.problem(error, resolution) }
        let line = author.event(
            resolution.auditKind,
            at: now,
            [
                "login": .integer(stored.number.rawValue),
                "reference": .string(LoginReference.text(of: stored.login.key)),
                "server": .string(stored.login.key.server.value),
            ]
        )
        let result: Result<StoredLogin, PendingLogin.Refusal>?
        do {
            _ = try await access.commit([.audit(line)])
            result = try await logins.update(stored.number) {
                (login: inout PendingLogin) throws(PendingLogin.Refusal) in
                try login.apply(event, at: now)
            }
        } catch {
            throw Problem(error)
        }
        switch result {
        case nil: throw Problem(.notFound, "id: there is no such login.")
        case .failure(let refusal): throw Self.problem(refusal, resolution)
        case .success(let stored): return stored
        }
    }

    private static func problem(
        _ refusal: PendingLogin.Refusal,
        _ resolution: Resolution
    ) -> Problem {
        switch (refusal, resolution) {
        case (.pastDeadline, .retry):
            Problem(.tooLate, "The time for reporting is over; the login can be abandoned.")
        case (.consentBusy, _):
            Problem(.conflict, "Another login for the same consent is pending.")
        case (_, .cancel):
            Problem(.conflict, "The login has an outcome already and cannot be cancelled.")
        default: Problem(.conflict, "The login is not stranded.")
        }
    }
}
