import Access
import JSON
import Logins
import Telemetry

/// What the audit and the log say about sign-ins.
extension SignOn {
    func note(_ session: Session) async throws(StoreError) {
        let event = AuditEvent(
            "sign_in.accepted",
            at: session.startedAt,
            [
                "application": .string(application.rawValue),
                "issuer": .string(session.person.issuer),
                "subject": .string(session.person.subject), "user": .text(session.user?.value),
                "account": .string(session.account), "role": .text(session.role?.rawValue),
                "session": .string(session.id), "address": .string(session.address),
            ]
        )
        _ = try await access.commit([.audit(event)])
        log.info("sign_in.accepted") {
            $0.member("application", application.rawValue)
            $0.member("session", session.id)
        }
    }

    /// Notes a failure under its reference, and adds what every diagnosis has.
    func failed(_ failure: SignOnFailure, _ cookies: [Cookie]) async -> Answer {
        var failure = failure
        failure.clientID = provider.settings.clientID
        failure.issuer = provider.settings.issuer
        log.warning("sign_in.refused") {
            $0.member("application", application.rawValue)
            $0.member("reference", failure.reference)
            $0.member("login", failure.login)
            $0.member("step", failure.step.rawValue)
            $0.member("code", failure.code)
            $0.member("cause", failure.cause)
        }
        // Anybody can send an answer to nothing; the log is enough for these.
        if failure.kind != .notBegun {
            let event = AuditEvent(
                failure.login == nil ? "sign_in.refused" : "approval.refused",
                at: clock.now(),
                [
                    "application": .string(application.rawValue),
                    "reference": .string(failure.reference),
                    "step": .string(failure.step.rawValue), "code": .string(failure.code),
                    "login": .text(failure.login), "claim": .text(failure.claim),
                    "cause": .text(failure.cause),
                ]
            )
            do { _ = try await access.commit([.audit(event)]) } catch {
                log.error("audit.failed") { $0.member("cause", "\(error)") }
            }
        }
        return .failed(failure, cookies)
    }
}
