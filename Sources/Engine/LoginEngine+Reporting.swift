import Consents
import Cryptography
import JSON
import Logins
import Telemetry

extension LoginEngine {
    /// Reports a login's outcome to its authorization server.
    func report(_ stored: StoredLogin) async {
        guard case .reporting(let outcome, let report) = stored.login.phase else { return }
        guard let server = servers[stored.login.key.server] else {
            await record(
                stored.number,
                .reportRefused("its authorization server is not configured")
            )
            return
        }
        guard await mayStillApprove(stored, outcome, report, server),
            await isStillWhatWasApproved(stored, outcome, report, server)
        else { return }
        // Recorded first: if the process ends now, the next one knows that the report may have been
        // sent.
        guard await record(stored.number, .reportBegun) != nil else { return }
        let start = ContinuousClock.now
        let answer = await server.report(outcome, of: stored.login, inDoubt: report.inDoubt)
        observer?.reported(server.id, answer, took: ContinuousClock.now - start)
        await record(answer, of: stored, after: report, server)
    }

    private func record(
        _ answer: ReportAnswer,
        of stored: StoredLogin,
        after report: PendingLogin.Report,
        _ server: any AuthorizationServer
    ) async {
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

    /// Looks up the user again before an approval is reported. An approval of somebody who may not
    /// approve any more is void.
    ///
    /// An approval in doubt may have been accepted. It is not sent again, and only rejected if the
    /// server shows that it did not arrive. If the server does not tell, an operator decides.
    private func mayStillApprove(
        _ stored: StoredLogin,
        _ outcome: Outcome,
        _ report: PendingLogin.Report,
        _ server: any AuthorizationServer
    ) async -> Bool {
        guard outcome.isApproval else { return true }
        let objection: Failure
        do throws(DirectoryError) {
            guard let found = try await approvers.objection(to: stored.login) else {
                return true
            }
            objection = found
        } catch {
            guard case .unavailable(let reason) = error else { return false }
            let answer = ReportAnswer.later("user directory: \(reason)", after: nil, inDoubt: false)
            await record(answer, of: stored, after: report, server)
            return false
        }
        log.error("approval.user_refused") {
            $0.members(about: stored.login)
            $0.member("failure", "\(objection)")
            $0.member("in_doubt", report.inDoubt)
        }
        guard report.inDoubt else {
            await record(stored.number, .approverLost(objection, notArrived: false))
            return false
        }
        switch await server.fate(of: outcome, of: stored.login) {
        case .known(let answer):
            await record(answer, of: stored, after: report, server)
        case .notArrived:
            await record(stored.number, .approverLost(objection, notArrived: true))
        case .unknown:
            let reason = "the user may not approve any more, and an approval was in doubt"
            await record(.refused(reason), of: stored, after: report, server)
        }
        return false
    }

    /// Fetches the consent again before an approval of it is reported, and compares. An approval
    /// without a question has shown nothing, and is void. A report in doubt is not compared, because
    /// the approval may already have been accepted; the adapter compares before it sends again.
    private func isStillWhatWasApproved(
        _ stored: StoredLogin,
        _ outcome: Outcome,
        _ report: PendingLogin.Report,
        _ server: any AuthorizationServer
    ) async -> Bool {
        guard outcome.isApproval, !report.inDoubt else { return true }
        let change: String
        switch await server.consent(of: stored.login) {
        case .consent(let consent):
            if let question = stored.login.question,
                ConsentForm.digest(of: consent.described(like: question.consent))
                    == question.digest
            {
                return true
            }
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

    /// When to report again. A pause that would reach beyond the last moment is shortened, so that
    /// one attempt is left.
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
