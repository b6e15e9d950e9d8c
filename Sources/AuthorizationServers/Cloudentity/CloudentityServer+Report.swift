import HTTP
import JSON
import Logins
import OAuthClient

extension CloudentityServer {
    /// Accepts or rejects (`cloudentity.md` 3 and 6.3). Which of the two is fixed by the outcome,
    /// so that the opposite of what may have landed is never sent.
    func report(
        _ outcome: Outcome,
        of login: PendingLogin,
        inDoubt: Bool
    ) async -> ReportAnswer {
        // There is nothing left to reject; a consent that somebody else approved even less so.
        if outcome == .failed(.consentGone) { return .gone }
        switch await target(of: login) {
        case .success(let target):
            return await report(outcome, to: target, of: login, inDoubt: inDoubt)
        case .failure(let answer):
            return answer.answer
        }
    }

    private func report(
        _ outcome: Outcome,
        to target: Target,
        of login: PendingLogin,
        inDoubt: Bool
    ) async -> ReportAnswer {
        guard let base = settings.consentURL(target.kind, of: login.key) else {
            return .refused("no tenant is known to report to")
        }
        let body: [UInt8]
        do {
            let report = ReportBody(
                outcome: outcome,
                login: login,
                kind: target.kind,
                settings: settings
            )
            body = try report.bytes()
        } catch {
            return .refused(error.reason)
        }
        if inDoubt, let answer = await look(at: target, for: outcome, of: login) { return answer }
        let url = base + (outcome.isApproval ? "/accept" : "/reject")
        switch await call(.post, url, body, of: login) {
        case .answer(let answer):
            return await read(answer, target, outcome, login, wasInDoubt: inDoubt)
        case .noToken(.refused(let reason)), .noToken(.unavailable(let reason, nil)):
            return .later(reason, after: nil, inDoubt: false)
        case .noToken(.unavailable(let reason, let after)):
            return .later(reason, after: after, inDoubt: false)
        case .failed(.notSent(let reason)):
            return .later(reason, after: nil, inDoubt: false)
        case .failed(.ambiguous(let reason)), .failed(.unusableAnswer(let reason)):
            return .later(reason, after: nil, inDoubt: true)
        case .failed(.forbiddenAddress(let reason)), .failed(.invalid(let reason)):
            // Ours to mend, perhaps at this moment: a certificate that is being replaced. Nothing
            // was sent, and the login's end bounds the attempts.
            return .later(reason, after: nil, inDoubt: false)
        }
    }

    /// An approval that did not land is sent once more only for what was approved. Of anything else
    /// there is nothing to say: not an approval, and not a rejection either, because the first
    /// attempt may land yet (6.3).
    private func changed(
        _ seen: ConsentAnswer,
        for outcome: Outcome,
        of login: PendingLogin
    )
        -> ReportAnswer?
    {
        guard outcome.isApproval, let shown = login.question?.consent, shown.source != nil else {
            return nil
        }
        switch seen {
        case .consent(let consent) where consent == shown: return nil
        case .consent, .unusable:
            return .refused("the consent changed while an approval of it was in doubt")
        case .gone: return .gone
        case .later(let reason, let after): return .later(reason, after: after, inDoubt: false)
        }
    }

    // MARK: Where to

    /// What is reported to: a kind of consent, and where one looks for what became of it.
    struct Target {
        let kind: Consent.Kind
        let addresses: [ConsentAddress]

        static let scopeGrant = Target(kind: .scopes, addresses: [ConsentAddress(.scopes)])
    }

    /// A report that cannot be made now.
    struct NotNow: Error { let answer: ReportAnswer }

    /// Of a login that was shown, what was shown. Of any other what the start says, and where that
    /// leaves several the one that the server has.
    private func target(of login: PendingLogin) async -> Result<Target, NotNow> {
        var addresses: [ConsentAddress] = []
        if case .addresses(let some) = settings.workspaces.candidates(for: login.details) {
            addresses = some
        }
        if let kind = login.question?.consent.kind {
            guard kind.isLodged else { return .success(.scopeGrant) }
            let own = addresses.filter { $0.kind == kind }
            // The configuration may have changed since.
            return .success(
                Target(kind: kind, addresses: own.isEmpty ? [ConsentAddress(kind)] : own)
            )
        }
        // Approved by an older version, which showed scopes only: nothing else was approved.
        if login.phase.outcome?.isApproval == true { return .success(.scopeGrant) }
        guard let first = addresses.first else { return .success(.scopeGrant) }
        if addresses.count == 1 { return .success(Target(kind: first.kind, addresses: addresses)) }
        switch await fetch(addresses, of: login) {
        case .found(let address, _):
            return .success(Target(kind: address.kind, addresses: [address]))
        case .missing where isSettling(login):
            let reason = "not stored at the server yet"
            return .failure(NotNow(answer: .later(reason, after: nil, inDoubt: false)))
        case .missing:
            // What has no consent page is rejected as a plain login (`cloudentity.md` 3.1).
            return .success(.scopeGrant)
        case .later(let reason, let after):
            let reason = "looking for the consent: \(reason)"
            return .failure(NotNow(answer: .later(reason, after: after, inDoubt: false)))
        case .refused(let reason):
            return .failure(NotNow(answer: .refused("looking for the consent: \(reason)")))
        }
    }

    // MARK: Answers

    private func read(
        _ answer: OutboundResponse,
        _ target: Target,
        _ outcome: Outcome,
        _ login: PendingLogin,
        wasInDoubt: Bool
    ) async -> ReportAnswer {
        let said = "\(answer.status)" + Self.reason(in: answer.body)
        switch settings.statusPolicy.reading(of: answer.status) {
        case .recorded:
            return .taken
        case .missing:
            // Attempts that were surely not processed do not make it any less early.
            if !wasInDoubt, isSettling(login) {
                return .later("not stored at the server yet", after: nil, inDoubt: false)
            }
            return .gone
        case .notProcessed:
            return .later(said, after: retryAfter(answer), inDoubt: false)
        case .ambiguous:
            return .later(said, after: retryAfter(answer), inDoubt: true)
        case .lookOnce:
            // Something at the server speaks for an earlier attempt: one that is not looked up yet
            // is in doubt.
            switch await look(at: target, for: outcome, of: login) {
            case .later(let reason, let after, _):
                return .later(reason, after: after, inDoubt: true)
            case let answer: return answer ?? .refused(said)
            }
        case .tokenRefused, .permanent:
            return .refused(said)
        }
    }

    /// What the server remembers; nil when it has no decision yet, or one that says nothing of ours.
    private func look(
        at target: Target,
        for outcome: Outcome,
        of login: PendingLogin
    ) async -> ReportAnswer? {
        switch await fetch(target.addresses, of: login) {
        case .found(let address, let bytes):
            guard let body = try? JSONValue(bytes), body.object != nil else {
                return .later("looking: not JSON", after: nil, inDoubt: false)
            }
            let isLodged = address.kind.isLodged
            let status =
                isLodged ? ConsentStatus(of: body, address.member) : ScopeGrant(body).status
            if let answer = Self.read(status, outcome, wasApproved: login.renewsAccess) {
                return answer
            }
            let seen = isLodged ? read(bytes, address, login) : consent(ofGrant: body, login)
            return changed(seen, for: outcome, of: login)
        case .missing where isSettling(login):
            // What was in doubt need not have come too late: it may have come too early.
            return .later("not stored at the server yet", after: nil, inDoubt: false)
        case .missing:
            return .gone
        case .later(let reason, let after):
            return .later("looking: \(reason)", after: after, inDoubt: false)
        case .refused(let reason):
            return .refused("looking: \(reason)")
        }
    }

    /// A word that was there before the person was asked says nothing now.
    private static func read(
        _ status: ConsentStatus,
        _ outcome: Outcome,
        wasApproved: Bool
    ) -> ReportAnswer? {
        switch status {
        case .open, .unready: nil
        case .approved where wasApproved: nil
        case .approved: outcome.isApproval ? .taken : .refused("the server has it approved")
        case .rejected: outcome.isApproval ? .refused("the server has it rejected") : .taken
        case .over: .gone
        }
    }

    /// The error code of an answer, if it has one (6.1). Never its free text, which may hold data
    /// of the person.
    static func reason(in body: [UInt8]) -> String {
        guard let code = (try? JSONValue(body))?["error"]?.string else { return "" }
        return " " + code.prefix(64).filter { $0.isASCII && ($0.isLetter || $0 == "_") }
    }
}

extension PendingLogin {
    /// Whether it is about a consent that had been authorised before.
    var renewsAccess: Bool {
        question?.consent.facts.contains(ConsentDecoder.renewal) ?? false
    }
}
