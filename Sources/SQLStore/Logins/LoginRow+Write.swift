import Consents
import Logins

extension LoginRow {
    /// Binds all columns of a new login.
    static func bindInsert(
        _ number: LoginNumber,
        _ login: PendingLogin,
        to statement: any Statement
    ) throws(StoreError) {
        let row = RowWriter<LoginColumn>(statement)
        row.set(.number, number.rawValue)
        row.set(.redacted, 0)
        bind(login.key, to: row)
        bind(login.terms, to: row)
        bind(login.details, to: row)
        try bindChanging(login, to: row)
    }

    /// Binds the columns that events change.
    static func bindUpdate(
        _ number: LoginNumber,
        _ login: PendingLogin,
        to statement: any Statement
    ) throws(StoreError) {
        let row = RowWriter<LoginColumn>(statement)
        row.set(.number, number.rawValue)
        try bindChanging(login, to: row)
    }

    private static func bind(_ key: LoginKey, to row: RowWriter<LoginColumn>) {
        row.set(.server, key.server)
        row.set(.tenant, key.tenant)
        row.set(.loginID, key.login)
    }

    private static func bind(_ terms: PendingLogin.Terms, to row: RowWriter<LoginColumn>) {
        row.set(.receivedAt, terms.receivedAt)
        row.set(.expiresAt, terms.expiresAt)
        row.set(.reportEnds, terms.reportEnds)
        row.set(.reportsExpiry, terms.reportsExpiry)
    }

    private static func bind(_ details: PendingLogin.Details, to row: RowWriter<LoginColumn>) {
        row.set(.userID, details.user)
        row.set(.workspace, details.workspace)
        row.set(.client, details.client)
        row.set(.clientName, details.clientName)
        row.set(.scopes, StoredLists.text(details.requestedScopes))
        row.set(.acrValues, StoredLists.text(details.acrValues))
        row.set(.bindingMessage, details.bindingMessage.unmaskedText)
        row.set(.matching, matching(details.bindingMessage))
        row.set(.consentID, details.consentID)
        row.set(.state, details.state)
        row.set(.authorizationDetails, details.authorizationDetails)
        row.set(.unknownMembers, details.unknownMembers)
        row.set(
            .context,
            details.context.map {
                StoredLists.text([$0.address ?? "", $0.agent ?? "", $0.place ?? ""])
            }
        )
        row.set(.originTrace, details.origin?.trace)
        row.set(.originRequest, (details.origin?.request).map { Int64($0) })
    }

    /// How the number is matched, and the number, if there is one.
    private static func matching(_ message: BindingMessage) -> String? {
        guard message.matching != .off else { return nil }
        return StoredLists.text(
            [message.matching.storedName] + (message.expectedNumber.map { [$0] } ?? [])
        )
    }

    private static func bindChanging(
        _ login: PendingLogin,
        to row: RowWriter<LoginColumn>
    ) throws(StoreError) {
        guard login.tickets.allSatisfy({ $0.count == ticketLength }) else {
            throw StoreError.unavailable("a ticket's digest must have \(ticketLength) bytes")
        }
        row.set(.promptEnds, login.terms.promptEnds)
        row.set(.tickets, Array(login.tickets.joined()))
        row.set(.phase, login.phase.name)
        row.set(.dueAt, login.dueAt)
        if login.wrongCodes > 0 { row.set(.wrongCodes, Int64(login.wrongCodes)) }
        row.set(.consentKey, login.consentID)
        if let question = login.question { bind(question, to: row) }
        if login.phase.name == .waiting || !login.deliveries.isEmpty {
            row.set(.deliveries, StoredLists.text(login.deliveries))
        }
        switch login.phase {
        case .preparing(let attempts, let next):
            row.set(.attempts, StoredLists.text(attempts))
            row.set(.nextAt, next)
        case .waiting: break
        case .reporting(let outcome, let report):
            bind(outcome, to: row)
            bind(report, to: row)
        case .settled(let outcome, let settlement, let moment):
            bind(outcome, to: row)
            row.set(.settlement, settlement)
            row.set(.settledAt, moment)
            if let history = login.history {
                row.set(.attempts, StoredLists.text(history.attempts))
                bind(history.stranding, to: row)
            }
        case .stranded(let outcome, let report, let stranding):
            bind(outcome, to: row)
            bind(report, to: row)
            bind(stranding, to: row)
        }
    }

    private static func bind(_ question: Question, to row: RowWriter<LoginColumn>) {
        let consent = ConsentForm.bytes(of: question.consent)
        let accounts = ConsentForm.bytes(of: question.accounts)
        row.set(.consent, String(decoding: consent, as: UTF8.self))
        row.set(.accounts, String(decoding: accounts, as: UTF8.self))
        row.set(.digest, question.digest.bytes)
        row.set(.nonce, question.nonce)
    }

    private static func bind(
        _ stranding: PendingLogin.Stranding,
        to row: RowWriter<LoginColumn>
    ) {
        row.set(.stranding, StoredNames.name(stranding))
        if case .refused(let reason) = stranding { row.set(.strandingReason, reason) }
    }

    private static func bind(_ report: PendingLogin.Report, to row: RowWriter<LoginColumn>) {
        row.set(.attempts, StoredLists.text(report.attempts))
        row.set(.nextAt, report.next)
        row.set(.inDoubt, Int64((report.inDoubt ? 1 : 0) | (report.isUnderWay ? 2 : 0)))
    }

    private static func bind(_ outcome: Outcome, to row: RowWriter<LoginColumn>) {
        row.set(.outcome, StoredNames.name(outcome))
        switch outcome {
        case .failed(let failure), .voided(_, let failure?): row.set(.failure, failure)
        case .approved, .denied, .cancelled, .expired, .voided(_, nil): break
        }
        guard let decision = outcome.decision else { return }
        row.set(.choice, decision.choice)
        row.set(.method, decision.evidence.method)
        row.set(.via, decision.evidence.via)
        row.set(.address, decision.evidence.address)
        row.set(.decidedAt, decision.decidedAt)
        row.set(.challenge, decision.challenge)
        row.set(
            .delegate,
            decision.evidence.delegate.map { StoredLists.text([$0.client.value, $0.token]) }
        )
        row.set(.signIn, decision.evidence.signIn.map(StoredLists.text))
        row.set(.proof, decision.evidence.proof.map(StoredLists.text))
        row.set(.device, decision.evidence.device)
        row.set(
            .merit,
            decision.merit.map { StoredLists.text([$0.rule] + ($0.acr.map { [$0] } ?? [])) }
        )
        row.set(.matched, decision.matched)
        guard outcome.isApproval else { return }
        row.set(.granted, StoredLists.text(decision.grant.scopes))
        row.set(.selected, StoredLists.text(decision.grant.accounts))
    }
}
