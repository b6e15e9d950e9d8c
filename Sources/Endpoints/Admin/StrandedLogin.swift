import Access
import Consents
import JSON
import Logins

/// What operators do with a login whose report is stranded, through the admin API or the console.
struct StrandedLogin: Sendable {
    /// What is to become of the report.
    enum Resolution: Sendable {
        case retry
        case abandon

        fileprivate var event: PendingLogin.Event {
            switch self {
            case .retry: .retried
            case .abandon: .abandoned
            }
        }

        fileprivate var auditKind: String {
            switch self {
            case .retry: "login.retry_requested"
            case .abandon: "login.abandon_requested"
            }
        }
    }

    let stored: StoredLogin
    let logins: any LoginStore
    let access: any AccessStore

    /// The change itself is in the audit too; the line of the author, which comes first, says who asked
    /// for it.
    ///
    /// - Throws: `conflict` for a login that is not stranded, `tooLate` for a retry when the time for
    ///   reporting is over.
    func resolve(
        _ resolution: Resolution,
        by author: AuditAuthor,
        at now: Timestamp
    ) async throws(Problem) -> StoredLogin {
        guard stored.login.phase.name == .stranded else { throw Self.notStranded }
        let line = author.event(
            resolution.auditKind,
            at: now,
            [
                "login": .integer(stored.number.rawValue),
                "reference": .string(LoginReference.text(of: stored.login.key)),
                "server": .string(stored.login.key.server.value),
            ]
        )
        let event = resolution.event
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
        case .failure(.pastDeadline):
            throw Problem(.tooLate, "The time for reporting is over; the login can be abandoned.")
        case .failure(.consentBusy):
            throw Problem(.conflict, "Another login for the same consent is pending.")
        case .failure: throw Self.notStranded
        case .success(let stored): return stored
        }
    }

    private static let notStranded = Problem(.conflict, "The login is not stranded.")
}
