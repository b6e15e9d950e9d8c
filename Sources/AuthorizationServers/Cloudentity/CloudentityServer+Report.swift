import HTTP
import JSON
import Logins
import OAuthClient
import Texts

extension CloudentityServer {
    /// Accepts or rejects. The outcome determines which of the two, so the opposite of a report that
    /// may have arrived is never sent [ED-4].
    func report(
        _ outcome: Outcome,
        of login: PendingLogin,
        inDoubt: Bool
    ) async -> ReportAnswer {
        // Nothing is left to reject, and somebody else may have approved it.
        if outcome == .failed(.consentGone) { return .gone }
        switch await target(of: login) {
        case .success(let target):
            return await report(outcome, to: target, of: login, inDoubt: inDoubt)
        case .failure(let answer):
            return answer.answer
        }
    }

    func fate(of outcome: Outcome, of login: PendingLogin) async -> ReportFate {
        switch await target(of: login) {
        case .success(let target):
            switch await state(at: target, for: outcome, of: login) {
            case .known(let answer): .known(answer)
            case .undecided(.open, _, _): .notArrived
            case .undecided: .unknown
            }
        case .failure(let answer): .known(answer.answer)
        }
    }

    private func report(
        _ outcome: Outcome,
        to target: Target,
        of login: PendingLogin,
        inDoubt: Bool
    ) async -> ReportAnswer {
        guard let base = settings.reportURL(target.family, of: login.key) else {
            return .refused("no tenant is known to report to, or a name can be no path segment")
        }
        let body: [UInt8]
        do {
            let report = ReportBody(
                outcome: outcome,
                login: login,
                family: target.family,
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
            // A local fault that may be repaired before the retry, such as a certificate that is
            // being replaced. Nothing was sent, and the login's deadline limits the attempts.
            return .later(reason, after: nil, inDoubt: false)
        }
    }

    /// An approval in doubt is only repeated if the consent is still the one that was approved. If it
    /// changed, neither an approval nor a rejection can be sent, because the first attempt may still
    /// arrive [ED-4].
    private func changed(
        _ seen: ConsentAnswer,
        for outcome: Outcome,
        of login: PendingLogin
    )
        -> ReportAnswer?
    {
        guard outcome.isApproval, let shown = login.question?.consent else { return nil }
        switch seen {
        case .consent(let consent) where consent.described(like: shown) == shown: return nil
        case .consent, .unusable:
            return .refused("the consent changed while an approval of it was in doubt")
        case .gone: return .gone
        case .later(let reason, let after): return .later(reason, after: after, inDoubt: false)
        }
    }

    // MARK: Where to

    /// What is reported to, and where its state can be fetched.
    struct Target {
        /// Nil for a scope grant.
        let family: (any ConsentFamily)?
        let addresses: [ConsentAddress]

        static let scopeGrant = Target(family: nil, addresses: [.scopeGrant])
    }

    /// The report cannot be made now.
    struct NotNow: Error { let answer: ReportAnswer }

    /// The consent that was shown to the user. If none was shown, the one that the start names, and
    /// if that may be one of several, the one that the server has.
    private func target(of login: PendingLogin) async -> Result<Target, NotNow> {
        var addresses: [ConsentAddress] = []
        if case .addresses(let some) = settings.workspaces.candidates(for: login.details) {
            addresses = some
        }
        if let kind = login.question?.consent.kind {
            guard kind.isLodged else { return .success(.scopeGrant) }
            guard let family = settings.workspaces.family(of: kind) else {
                let reason = "consents of the kind \(kind.name) are not known"
                return .failure(NotNow(answer: .refused(reason)))
            }
            let own = addresses.filter { $0.family?.kind.name == kind.name }
            // The configuration may have changed since.
            return .success(
                Target(family: family, addresses: own.isEmpty ? [family.address] : own)
            )
        }
        // Approved by an older version, which showed scopes only: nothing else was approved.
        if login.phase.outcome?.isApproval == true { return .success(.scopeGrant) }
        guard let first = addresses.first else { return .success(.scopeGrant) }
        if addresses.count == 1 {
            return .success(Target(family: first.family, addresses: addresses))
        }
        switch await fetch(addresses, of: login) {
        case .found(let address, _):
            return .success(Target(family: address.family, addresses: [address]))
        case .missing where isSettling(login):
            let reason = "not stored at the server yet"
            return .failure(NotNow(answer: .later(reason, after: nil, inDoubt: false)))
        case .missing:
            // ACP has no interface for it. It is rejected as a plain login [OP-3].
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
            // Attempts that were certainly not processed do not matter here [SP-4].
            if !wasInDoubt, isSettling(login) {
                return .later("not stored at the server yet", after: nil, inDoubt: false)
            }
            return .gone
        case .notProcessed:
            return .later(said, after: retryAfter(answer), inDoubt: false)
        case .ambiguous:
            return .later(said, after: retryAfter(answer), inDoubt: true)
        case .lookOnce:
            // The status suggests that an earlier attempt arrived. Until the state has been fetched,
            // that attempt is in doubt.
            switch await look(at: target, for: outcome, of: login) {
            case .later(let reason, let after, _):
                return .later(reason, after: after, inDoubt: true)
            case let answer: return answer ?? .refused(said)
            }
        case .tokenRefused, .permanent:
            return .refused(said)
        }
    }

    /// What the server's state says about the report; nil if it has no decision, or one that is older
    /// than the prompt.
    private func look(
        at target: Target,
        for outcome: Outcome,
        of login: PendingLogin
    ) async -> ReportAnswer? {
        switch await state(at: target, for: outcome, of: login) {
        case .known(let answer): answer
        case .undecided(_, let address, let bytes):
            changed(read(bytes, address, login), for: outcome, of: login)
        }
    }

    /// A report as the server's state has it.
    private enum State {
        case known(ReportAnswer)
        /// The server's word for it, nil if there is none, and where it stands.
        case undecided(ConsentStatus?, ConsentAddress, [UInt8])
    }

    private func state(
        at target: Target,
        for outcome: Outcome,
        of login: PendingLogin
    ) async -> State {
        switch await fetch(target.addresses, of: login) {
        case .found(let address, let bytes):
            guard let body = (try? JSONValue(bytes))?.withoutUnset, body.object != nil else {
                return .known(.later("looking: not JSON", after: nil, inDoubt: false))
            }
            let status: ConsentStatus?
            do throws(ConsentProblem) {
                status =
                    if let words = address.family?.statusWords {
                        try words.status(of: body, address.member)
                    } else {
                        ScopeGrant(body).status
                    }
            } catch {
                // A rejection may be sent again whatever the word means, an approval may not.
                return outcome.isApproval
                    ? .known(.refused("looking: \(error.place)")) : .undecided(nil, address, bytes)
            }
            let answer = status.flatMap {
                Self.read($0, outcome, wasApproved: login.renewsAccess)
            }
            return answer.map { .known($0) } ?? .undecided(status, address, bytes)
        case .missing where isSettling(login):
            // The attempt in doubt may have been too early.
            return .known(.later("not stored at the server yet", after: nil, inDoubt: false))
        case .missing:
            return .known(.gone)
        case .later(let reason, let after):
            return .known(.later("looking: \(reason)", after: after, inDoubt: false))
        case .refused(let reason):
            return .known(.refused("looking: \(reason)"))
        }
    }

    /// An approval that is older than the prompt is no evidence.
    private static func read(
        _ status: ConsentStatus,
        _ outcome: Outcome,
        wasApproved: Bool
    ) -> ReportAnswer? {
        switch status {
        case .open, .partlyApproved, .unready: nil
        case .approved where wasApproved, .spent where wasApproved: nil
        case .approved, .spent:
            outcome.isApproval ? .taken : .refused("the server has it approved")
        case .rejected: outcome.isApproval ? .refused("the server has it rejected") : .taken
        case .over: .gone
        }
    }

    /// The error code of an answer, if it has one. Never its free text, which may contain personal
    /// data [ER-1].
    static func reason(in body: [UInt8]) -> String {
        guard let code = (try? JSONValue(body))?["error"]?.string else { return "" }
        return " " + code.firstBytes(64).filter { $0.isASCII && ($0.isLetter || $0 == "_") }
    }
}

extension PendingLogin {
    /// Whether the consent was already authorised when it was shown.
    var renewsAccess: Bool {
        question?.consent.facts.contains(ConsentDecoder.renewal) ?? false
    }
}
