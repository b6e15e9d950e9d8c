import Consents
import Engine
import HTTP
import JSON
import Logins
import Telemetry
import Trust

/// A login in the admin and the backend API.
struct LoginRecord: Sendable {
    /// What the reader may see.
    enum Detail: Sendable {
        /// A row of a list.
        case row
        /// The same for operators, who name logins by number.
        case numberedRow
        /// Also the question and the decision, for the bank's backend.
        case question
        /// Also attempts, deliveries and everything else that operators look for.
        case operation
    }

    let stored: StoredLogin
    private var login: PendingLogin { stored.login }

    init(_ stored: StoredLogin) { self.stored = stored }

    func document(_ detail: Detail) -> JSONValue {
        var json = JSONWriter(reserving: 1024)
        write(&json, detail)
        // What a writer of ours has written can be read.
        return (try? JSONValue(json.bytes)) ?? .null
    }

    private func write(_ json: inout JSONWriter, _ detail: Detail) {
        json.object { json in
            json.member("server", login.key.server.value)
            json.member("tenant", login.key.tenant?.value)
            json.member("id", login.key.login.value)
            json.member("reference", LoginReference.text(of: login.key))
            json.member("phase", login.phase.name.name)
            json.member("outcome", login.phase.outcome?.name)
            json.member("user", login.details.user.value)
            json.member("client_id", login.details.client?.value)
            json.member("client_name", login.clientName)
            json.member("received_at", Self.text(login.terms.receivedAt))
            json.member("expires_at", Self.text(login.terms.expiresAt))
            if let attempts, attempts.count > 0 || login.phase.name == .stranded {
                json.member("attempts", attempts.count)
            }
            json.member("reason", stranding?.description)
            switch detail {
            case .row: break
            case .numberedRow:
                json.member("number", Int(clamping: stored.number.rawValue))
                json.member("due_at", login.dueAt.map(Self.text))
                json.member("failure", failure?.code)
                json.member("trace_id", trace)
            case .question:
                ask(&json)
                decision(&json)
            case .operation:
                json.member("scopes", login.details.requestedScopes)
                if !login.details.acrValues.isEmpty {
                    json.member("requested_acr_values", login.details.acrValues)
                }
                json.member("binding_message", login.details.bindingMessage.shown)
                if let context = login.details.context {
                    json.member("request_context", context.document)
                }
                if login.wrongCodes > 0 { json.member("wrong_codes", login.wrongCodes) }
                decision(&json)
                operation(&json)
            }
        }
    }

    private func ask(_ json: inout JSONWriter) {
        json.member("binding_message", login.details.bindingMessage.shown)
        guard login.phase.name == .waiting, let question = login.question else { return }
        json.name("scopes")
        json.array { json in
            for scope in question.consent.scopes {
                json.object { json in
                    json.member("name", scope.requestedName)
                    json.member("display_name", scope.displayName)
                    json.member("description", scope.explanation)
                    json.member("optional", scope.isOptional)
                }
            }
        }
        json.name("consent")
        ConsentDocument(question: question).write(&json)
    }

    private func decision(_ json: inout JSONWriter) {
        guard let decision = login.phase.outcome?.decision else { return }
        json.name("decision")
        json.object { json in
            json.member("choice", decision.choice.name)
            json.member("decided_at", Self.text(decision.decidedAt))
            json.member("method", "\(decision.evidence.method)")
            json.member("via", "\(decision.evidence.via)")
            json.member("address", decision.evidence.address)
            json.member("rule", decision.merit?.rule)
            json.member("acr", decision.merit?.acr)
            json.member("number_matched", decision.matched?.rawValue)
            json.member("decided_by", decision.evidence.delegate == nil ? "user" : "delegated")
            if let delegate = decision.evidence.delegate {
                json.name("delegate")
                json.object { json in
                    json.member("client_id", delegate.client.value)
                    json.member("token_jti", delegate.token)
                }
            }
            json.member(signIn: decision.evidence.signIn)
            json.member("credential", decision.evidence.credential?.value)
        }
    }

    private func operation(_ json: inout JSONWriter) {
        json.member("number", Int(clamping: stored.number.rawValue))
        json.member("due_at", login.dueAt.map(Self.text))
        json.member("failure", failure?.code)
        json.member("trace_id", trace)
        json.member("consent_digest", login.consentDigest?.text)
        if !login.deliveries.isEmpty {
            json.name("deliveries")
            json.array { json in
                for delivery in login.deliveries { Self.write(delivery, to: &json) }
            }
        }
        switch login.phase {
        case .settled(_, let settlement, let moment):
            json.member("settlement", Self.name(settlement))
            json.member("settled_at", Self.text(moment))
        case .reporting(_, let report), .stranded(_, let report, _):
            json.member("in_doubt", report.inDoubt)
        case .preparing, .waiting: break
        }
        Self.write(attempts, to: &json)
    }

    private static func write(_ delivery: PendingLogin.Delivery, to json: inout JSONWriter) {
        json.object { json in
            json.member("channel", delivery.channel.value)
            json.member("state", name(delivery.state))
            switch delivery.state {
            case .due(let moment), .delivered(let moment), .spared(let moment):
                json.member("at", text(moment))
            case .refused: json.member("at", (delivery.attempts.recent.last?.at).map(text))
            }
            json.member("attempts", delivery.attempts.count)
            write(delivery.attempts, to: &json)
        }
    }

    private static func write(_ attempts: Attempts?, to json: inout JSONWriter) {
        guard let recent = attempts?.recent, !recent.isEmpty else { return }
        json.name("recent_attempts")
        json.array { json in
            for attempt in recent {
                json.object { json in
                    json.member("at", text(attempt.at))
                    json.member("note", attempt.note)
                }
            }
        }
    }

    private var failure: Failure? {
        switch login.phase.outcome {
        case .failed(let failure): failure
        case .voided(_, let failure): failure
        case .approved, .denied, .cancelled, .expired, nil: nil
        }
    }

    private var trace: String? {
        login.details.origin.flatMap { TraceContext($0.trace)?.traceID }
    }

    /// The failed attempts at what the login owes, or owed at its end.
    var attempts: Attempts? {
        switch login.phase {
        case .preparing(let attempts, _): attempts
        case .reporting(_, let report), .stranded(_, let report, _): report.attempts
        case .settled: login.history?.attempts
        case .waiting: nil
        }
    }

    /// Why its report is stranded, or was.
    var stranding: PendingLogin.Stranding? {
        if case .stranded(_, _, let stranding) = login.phase { return stranding }
        return login.history?.stranding
    }

    private static func name(_ state: PendingLogin.Delivery.State) -> String {
        switch state {
        case .due: "due"
        case .delivered: "delivered"
        case .refused: "refused"
        case .spared: "spared"
        }
    }

    private static func name(_ settlement: PendingLogin.Settlement) -> String {
        switch settlement {
        case .reported: "reported"
        case .deliveredUnconfirmed: "delivered_unconfirmed"
        case .leftToExpire: "left_to_expire"
        case .gone: "gone"
        case .abandoned: "abandoned"
        }
    }

    private static func text(_ moment: Timestamp) -> String {
        RFC3339.format(milliseconds: moment.milliseconds)
    }
}

extension APICall {
    /// The login that the path names by `{server}` and `{id}`, and the query by `tenant`.
    ///
    /// - Throws: `notFound`; the same for a login that the caller may not see.
    func login(_ logins: any LoginStore) async throws(Problem) -> StoredLogin {
        let missing = Problem(.notFound, "id: there is no such login.")
        let query = try ListQuery(self, ["tenant"])
        let key = LoginKey(
            server: try path("server"),
            tenant: try query.id("tenant"),
            login: try path("id")
        )
        let found: StoredLogin?
        do { found = try await logins.login(key) } catch { throw Problem(error) }
        guard let found, caller.user == nil || caller.user == found.login.details.user else {
            throw missing
        }
        return found
    }
}
