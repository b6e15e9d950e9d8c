import Consents
import Logins

/// How a login becomes a row. What never changes stands first; what an event can change is bound by
/// one function for insert and update alike.
enum LoginRow {
    static let insert: StaticString = """
        INSERT INTO login (
            number, server, tenant, login_id, received_at, expires_at, report_ends,
            earliest_report, reports_expiry, user_id, workspace, client, client_name, scopes,
            acr_values, binding_message, consent_id, state, unknown_members,
            origin_trace, origin_request,
            prompt_ends, tickets, consent, accounts, digest, nonce, consent_key, phase, due_at,
            attempts, next_at, in_doubt, deliveries, outcome, failure, choice, method, via, address,
            decided_at, challenge, granted, selected, settlement, settled_at,
            stranding, stranding_reason
        ) VALUES (
            ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
            ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
        )
        """

    static let update: StaticString = """
        UPDATE login SET
            prompt_ends = ?, tickets = ?, consent = ?, accounts = ?, digest = ?, nonce = ?,
            consent_key = ?, phase = ?, due_at = ?, attempts = ?, next_at = ?, in_doubt = ?,
            deliveries = ?, outcome = ?, failure = ?, choice = ?, method = ?, via = ?, address = ?,
            decided_at = ?, challenge = ?, granted = ?, selected = ?, settlement = ?,
            settled_at = ?, stranding = ?, stranding_reason = ?, revision = revision + 1
        WHERE number = ?
        """

    static func bindAll(
        _ number: LoginNumber,
        _ login: PendingLogin,
        to statement: Statement
    ) throws(StoreError) {
        let terms = login.terms
        let details = login.details
        var values = Binder(statement)
        values.add(number.rawValue)
        values.add(login.key.server.value)
        values.add(login.key.tenant?.value)
        values.add(login.key.login.value)
        values.add(terms.receivedAt.milliseconds)
        values.add(terms.expiresAt.milliseconds)
        values.add(terms.reportEnds.milliseconds)
        // The column `earliest_report` is unused.
        values.add(terms.receivedAt.milliseconds)
        values.add(StoredNames.number(terms.reportsExpiry))
        values.add(details.user.value)
        values.add(details.workspace?.value)
        values.add(details.client?.value)
        values.add(details.clientName)
        values.add(StoredLists.text(details.requestedScopes))
        values.add(StoredLists.text(details.acrValues))
        values.add(details.bindingMessage)
        values.add(details.consentID?.value)
        values.add(details.state)
        values.add(details.unknownMembers)
        values.add(details.origin?.trace)
        values.add((details.origin?.request).map { Int64($0) })
        try bindState(login, to: &values)
    }

    static func bindUpdate(
        _ number: LoginNumber,
        _ login: PendingLogin,
        to statement: Statement
    ) throws(StoreError) {
        var values = Binder(statement)
        try bindState(login, to: &values)
        values.add(number.rawValue)
    }

    /// What events change: the prompt's end, tickets, question and phase.
    private static func bindState(
        _ login: PendingLogin,
        to values: inout Binder
    ) throws(StoreError) {
        guard login.tickets.allSatisfy({ $0.count == ticketLength }) else {
            throw StoreError.unavailable("a ticket's digest has \(ticketLength) bytes")
        }
        values.add(login.terms.promptEnds.milliseconds)
        values.add(Array(login.tickets.joined()))
        bind(login.question, to: &values)
        values.add(login.consentID?.value)
        values.add(StoredNames.name(login.phase.name))
        values.add(login.dueAt?.milliseconds)
        switch login.phase {
        case .preparing(let attempts, let next):
            values.add(StoredLists.text(attempts))
            values.add(next.milliseconds)
            values.addNulls(2)
            bind(Outcome?.none, to: &values)
            values.addNulls(4)
        case .waiting(let deliveries):
            values.addNulls(3)
            values.add(StoredLists.text(deliveries))
            bind(Outcome?.none, to: &values)
            values.addNulls(4)
        case .reporting(let outcome, let report):
            bind(report, to: &values)
            bind(outcome, to: &values)
            values.addNulls(4)
        case .settled(let outcome, let settlement, let moment):
            values.addNulls(4)
            bind(outcome, to: &values)
            values.add(StoredNames.name(settlement))
            values.add(moment.milliseconds)
            values.addNulls(2)
        case .stranded(let outcome, let report, let stranding):
            bind(report, to: &values)
            bind(outcome, to: &values)
            values.addNulls(2)
            values.add(StoredNames.name(stranding))
            if case .refused(let reason) = stranding {
                values.add(reason)
            } else {
                values.addNulls(1)
            }
        }
    }

    private static func bind(_ question: Question?, to values: inout Binder) {
        guard let question else { return values.addNulls(4) }
        values.add(String(decoding: ConsentForm.bytes(of: question.consent), as: UTF8.self))
        values.add(String(decoding: ConsentForm.bytes(of: question.accounts), as: UTF8.self))
        values.add(question.digest.bytes)
        values.add(question.nonce)
    }

    private static func bind(_ report: PendingLogin.Report, to values: inout Binder) {
        values.add(StoredLists.text(report.attempts))
        values.add(report.next.milliseconds)
        values.add(Int64((report.inDoubt ? 1 : 0) | (report.isUnderWay ? 2 : 0)))
        values.addNulls(1)
    }

    private static func bind(_ outcome: Outcome?, to values: inout Binder) {
        guard let outcome else { return values.addNulls(10) }
        values.add(StoredNames.name(outcome))
        if case .failed(let failure) = outcome {
            values.add(StoredNames.name(failure))
        } else {
            values.addNulls(1)
        }
        guard let decision = outcome.decision else { return values.addNulls(8) }
        values.add(StoredNames.name(decision.choice))
        values.add(StoredNames.name(decision.evidence.method))
        values.add(StoredNames.name(decision.evidence.via))
        values.add(decision.evidence.address)
        values.add(decision.decidedAt.milliseconds)
        if let challenge = decision.challenge { values.add(challenge) } else { values.addNulls(1) }
        values.add(outcome.isApproval ? StoredLists.text(decision.grant.scopes) : nil)
        values.add(outcome.isApproval ? StoredLists.text(decision.grant.accounts) : nil)
    }

    /// SHA-256.
    static let ticketLength = 32
}

/// Binds one value after the other.
struct Binder {
    private let statement: Statement
    private var index: Int32 = 0

    init(_ statement: Statement) { self.statement = statement }

    mutating func add(_ number: Int64?) {
        index += 1
        statement.bind(number, at: index)
    }

    mutating func add(_ text: String?) {
        index += 1
        statement.bind(text, at: index)
    }

    mutating func add(_ bytes: [UInt8]) {
        index += 1
        statement.bind(bytes, at: index)
    }

    mutating func addNulls(_ count: Int) {
        for _ in 0..<count { add(Int64?.none) }
    }
}
