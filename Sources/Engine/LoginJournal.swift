import HTTP
import JSON
public import Logins
public import Telemetry

/// The life of each login in the log and in the metrics, one line a step. It is told of every durable
/// change, whoever made it, so no step is missing or logged before it is true.
public struct LoginJournal: Sendable {
    private let log: Logger
    private let observer: (any EngineObserver)?

    /// Writes to `log` and counts with `observer`.
    public init(log: Logger, observer: (any EngineObserver)? = nil) {
        self.log = log
        self.observer = observer
    }

    /// Logs and counts what a change means. Quick; may be called on any thread.
    public func note(_ step: LoginStep) {
        let login = step.after.login
        guard let before = step.before else {
            observer?.started(login.key.server)
            write("login.received", login) {
                $0.member("server", login.key.server.value)
                $0.member("number", Int(step.after.number.rawValue))
            }
            if let outcome = login.phase.outcome { noteEnd(outcome, login) }
            noteSettled(login)
            return
        }
        if login.wrongCodes > before.wrongCodes { observer?.gaveWrongNumber() }
        guard before.phase != login.phase else { return }
        if before.phase.outcome == nil {
            notePreparation(before, login)
            noteDeliveries(before, login)
            if let outcome = login.phase.outcome { noteEnd(outcome, login) }
        }
        noteReport(before, login)
        noteSettled(login)
    }

    private func notePreparation(_ before: PendingLogin, _ login: PendingLogin) {
        guard case .preparing(let old, _) = before.phase else { return }
        switch login.phase {
        case .preparing(let new, let next) where new.count > old.count:
            write("preparation.delayed", login, at: .warning) {
                $0.member("cause", new.recent.last?.note)
                $0.member("until", next)
            }
        case .waiting:
            write("login.prepared", login) {
                $0.member("family", login.question?.consent.kind.name)
            }
        default: break
        }
    }

    /// A refusal is logged by whoever asked the channel.
    private func noteDeliveries(_ before: PendingLogin, _ login: PendingLogin) {
        guard case .waiting(let new) = login.phase, case .waiting(let old) = before.phase else {
            return
        }
        for delivery in new {
            let earlier = old.first { $0.channel == delivery.channel }
            guard earlier != delivery else { continue }
            switch delivery.state {
            case .delivered:
                write("login.notified", login) { $0.member("channel", delivery.channel.value) }
            case .due(let next):
                write("notification.delayed", login, at: .warning) {
                    $0.member("channel", delivery.channel.value)
                    $0.member("cause", delivery.attempts.recent.last?.note)
                    $0.member("until", next)
                }
            case .refused, .spared: break
            }
        }
    }

    /// What ended the login. The line of a decision is written by whoever took it, who knows the
    /// request; here it is counted.
    private func noteEnd(_ outcome: Outcome, _ login: PendingLogin) {
        if let suspicion = outcome.suspicion { observer?.endedSuspicious(suspicion) }
        let family = login.question?.consent.kind.name
        if let decision = outcome.decision {
            let name = decision.choice.loggedName
            observer?.decided(
                name,
                family: family ?? "",
                took: decision.decidedAt - login.terms.receivedAt
            )
            return
        }
        switch outcome {
        case .failed(let failure):
            write("login.failed", login) { $0.member("cause", failure.description) }
        case .expired:
            write("login.expired", login)
        case .approved, .denied, .cancelled, .voided: break
        }
    }

    private func noteReport(_ before: PendingLogin, _ login: PendingLogin) {
        if case .voided = login.phase.outcome, case .approved = before.phase.outcome {
            write("login.voided", login)
        }
        switch (before.phase, login.phase) {
        case (.reporting, .settled(let outcome, .reported, _)),
            (.reporting, .settled(let outcome, .deliveredUnconfirmed, _)):
            write("login.reported", login) { $0.member("outcome", outcome.loggedName) }
        case (.stranded, .settled(_, .abandoned, _)):
            write("login.abandoned", login)
        case (.stranded, .reporting):
            write("login.retried", login)
        case (.stranded, .stranded): break
        case (_, .stranded(_, _, let stranding)):
            write("login.stranded", login) { $0.member("cause", stranding.description) }
        default: break
        }
    }

    private func noteSettled(_ login: PendingLogin) {
        guard case .settled(let outcome, let settlement, _) = login.phase else { return }
        write("login.settled", login) {
            $0.member("outcome", outcome.loggedName)
            $0.member("settlement", settlement.description)
        }
    }

    private func write(
        _ event: String,
        _ login: PendingLogin,
        at level: LogLevel = .info,
        _ members: (inout JSONWriter) -> Void = { _ in }
    ) {
        log.log(level, event) {
            $0.members(about: login)
            members(&$0)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func member(_ name: String, _ moment: Timestamp) {
        member(name, RFC3339.format(milliseconds: moment.milliseconds))
    }
}

extension Decision.Choice {
    /// In logs and metrics.
    public var loggedName: String {
        switch self {
        case .approve: "approve"
        case .deny: "deny"
        case .cancel: "cancel"
        case .reportAsFraud: "report_as_fraud"
        }
    }
}

extension Outcome {
    fileprivate var loggedName: String {
        switch self {
        case .approved: "approved"
        case .denied: "denied"
        case .cancelled: "cancelled"
        case .expired: "expired"
        case .failed: "failed"
        case .voided: "voided"
        }
    }
}
