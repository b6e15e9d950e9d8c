import Access
import Consents
import Cryptography
import JSON
import Logins

/// What the audit says about logins: decisions, how reports ended, and what operators did.
///
/// An event outlives the erasure of personal data, so it names neither the user nor an address.
extension AuditEvent {
    /// The events of a change of a login, in their order. A start is none.
    static func events(
        of stored: StoredLogin,
        before: PendingLogin,
        at now: Timestamp
    ) -> [AuditEvent] {
        let login = stored.login
        var events: [AuditEvent] = []
        func note(_ kind: String, _ details: KeyValuePairs<String, JSONValue?>) {
            let details = JSONValue.members(details).object?.members ?? []
            events.append(
                AuditEvent(kind, at: now, members: JSONObject(about(stored) + details))
            )
        }
        if login.wrongCodes > before.wrongCodes {
            note("login.wrong_code", ["tries": .integer(Int64(login.wrongCodes))])
        }
        guard before.phase != login.phase, let outcome = login.phase.outcome else { return events }
        if outcome == .failed(.wrongCodes), before.phase.outcome == nil {
            note("login.suspicious", ["cause": .string(Failure.wrongCodes.storedName)])
        }
        if before.phase.outcome == nil, let decision = outcome.decision {
            note(
                "login.decided",
                [
                    "choice": .string(decision.choice.storedName),
                    "method": .string(decision.evidence.method.storedName),
                    "via": .string(decision.evidence.via.storedName),
                    "number_matched": .text(decision.matched?.storedName),
                    "issuer": .text(decision.evidence.signIn?.issuer),
                    "acr": .text(decision.evidence.signIn?.context),
                    "rule": .text(decision.merit?.rule),
                    "reached_acr": .text(decision.merit?.acr),
                    "credential": .text(decision.evidence.credential?.value),
                    "digest": .text(login.consentDigest.map { Base64URL.encode($0.bytes) }),
                ]
            )
        }
        if case .approved = before.phase.outcome, case .voided(_, let failure) = outcome {
            note("login.voided", ["cause": .string(failure?.storedName ?? "consent_changed")])
        }
        let name = JSONValue.string(StoredNames.name(outcome))
        switch (before.phase, login.phase) {
        case (.stranded, .settled(_, .abandoned, _)): note("login.abandoned", ["outcome": name])
        case (_, .settled(_, let settlement, _)):
            note(
                "login.settled",
                [
                    "outcome": name, "cause": .text(outcome.failure?.storedName),
                    "settlement": .string(settlement.storedName),
                ]
            )
        case (.stranded, .reporting): note("login.retried", ["outcome": name])
        case (.stranded, .stranded): break
        case (_, .stranded(_, _, let stranding)):
            let cause = JSONValue.string(StoredNames.name(stranding))
            note("login.stranded", ["outcome": name, "cause": cause])
        case (_, .preparing), (_, .waiting), (_, .reporting): break
        }
        return events
    }

    /// What names the login.
    private static func about(_ stored: StoredLogin) -> [JSONObject.Member] {
        let login = stored.login
        let members = JSONValue.members([
            "login": .integer(stored.number.rawValue),
            "reference": .string(LoginReference.text(of: login.key)),
            "server": .string(login.key.server.value),
            "client": .text(login.details.client?.value),
        ])
        return members.object?.members ?? []
    }
}

extension Outcome {
    /// Why it failed or was voided.
    fileprivate var failure: Failure? {
        switch self {
        case .failed(let failure): failure
        case .voided(_, let failure): failure
        case .approved, .denied, .cancelled, .expired: nil
        }
    }
}
