import Consents
import Logins

/// How a row becomes a login again. Whatever cannot be read as what we write is `damaged`.
extension LoginRow {
    /// What `read` expects; a query goes on with its own WHERE.
    static let byNumber: StaticString = """
        SELECT number, server, tenant, login_id, received_at, expires_at, prompt_ends, report_ends,
            earliest_report, reports_expiry, user_id, workspace, client, client_name, scopes,
            acr_values, binding_message, consent_id, state, unknown_members,
            tickets, phase, attempts, next_at, in_doubt, consent, deliveries, outcome,
            failure, choice, method, via, address, decided_at, settlement, settled_at, stranding,
            stranding_reason, granted, revision, origin_trace, origin_request, accounts, digest,
            nonce, challenge, selected
        FROM login WHERE number = ?
        """

    static let byPhase: StaticString = """
        SELECT number, server, tenant, login_id, received_at, expires_at, prompt_ends, report_ends,
            earliest_report, reports_expiry, user_id, workspace, client, client_name, scopes,
            acr_values, binding_message, consent_id, state, unknown_members,
            tickets, phase, attempts, next_at, in_doubt, consent, deliveries, outcome,
            failure, choice, method, via, address, decided_at, settlement, settled_at, stranding,
            stranding_reason, granted, revision, origin_trace, origin_request, accounts, digest,
            nonce, challenge, selected
        FROM login WHERE phase = ? AND number > ? ORDER BY number LIMIT ?
        """

    /// The login in the statement's current row.
    static func read(_ row: Statement) throws(StoreError) -> StoredLogin {
        let number = LoginNumber(row.integer(0) ?? 0)
        do {
            return StoredLogin(number: number, login: try login(Fields(row)))
        } catch {
            guard case .damaged(let what) = error else { throw error }
            throw StoreError.damaged("login \(number.rawValue): \(what)")
        }
    }

    /// The number in the current row, readable even when the rest is not.
    static func number(_ row: Statement) -> LoginNumber { LoginNumber(row.integer(0) ?? 0) }

    private static func login(_ row: Fields) throws(StoreError) -> PendingLogin {
        try PendingLogin(
            key: LoginKey(
                server: row.identifier(1),
                tenant: row.optionalIdentifier(2),
                login: row.identifier(3)
            ),
            terms: PendingLogin.Terms(
                receivedAt: row.moment(4),
                expiresAt: row.moment(5),
                promptEnds: row.moment(6),
                reportEnds: row.moment(7),
                reportsExpiry: row.number(9, StoredNames.expiryRule)
            ),
            details: details(row),
            question: question(row),
            erasedDigest: row.bytes(25) == nil ? row.bytes(43).flatMap(ConsentDigest.init) : nil,
            tickets: tickets(row),
            phase: phase(row)
        )
    }

    private static func details(_ row: Fields) throws(StoreError) -> PendingLogin.Details {
        guard let user = UserID(try row.text(10) ?? StoredNames.redactedUser) else {
            throw StoreError.damaged("the user")
        }
        return try PendingLogin.Details(
            user: user,
            workspace: row.optionalIdentifier(11),
            client: row.optionalIdentifier(12),
            clientName: row.text(13),
            requestedScopes: StoredLists.strings(row.required(14)),
            acrValues: StoredLists.strings(row.required(15)),
            bindingMessage: row.text(16),
            consentID: row.optionalIdentifier(17),
            state: row.text(18),
            unknownMembers: row.text(19),
            origin: row.text(40).map { (trace) throws(StoreError) in
                PendingLogin.Origin(request: Int(try row.number(41)), trace: trace)
            }
        )
    }

    /// Nil until the login is prepared, and again once it is erased.
    private static func question(_ row: Fields) throws(StoreError) -> Question? {
        guard let consent = row.bytes(25), let accounts = row.bytes(42) else { return nil }
        guard let digest = row.bytes(43).flatMap(ConsentDigest.init), let nonce = row.bytes(44)
        else { throw StoreError.damaged("the consent's digest") }
        do {
            return Question(
                consent: try ConsentForm.consent(consent),
                accounts: try ConsentForm.accounts(accounts),
                digest: digest,
                nonce: nonce
            )
        } catch {
            throw StoreError.damaged("the consent: \(error.member)")
        }
    }

    private static func tickets(
        _ row: Fields
    ) throws(StoreError) -> [PendingLogin.TicketDigest] {
        guard let bytes = row.bytes(20), bytes.count % ticketLength == 0 else {
            throw StoreError.damaged("the tickets")
        }
        return stride(from: 0, to: bytes.count, by: ticketLength).map {
            Array(bytes[$0..<$0 + ticketLength])
        }
    }

    private static func phase(_ row: Fields) throws(StoreError) -> PendingLogin.Phase {
        switch try row.name(21, StoredNames.phase) {
        case .preparing:
            return try .preparing(StoredLists.attempts(row.text(22)), next: row.moment(23))
        case .waiting:
            return try .waiting(StoredLists.deliveries(row.required(26)))
        case .reporting:
            return try .reporting(outcome(row), report(row))
        case .settled:
            return try .settled(
                outcome(row),
                row.name(34, StoredNames.settlement),
                at: row.moment(35)
            )
        case .stranded:
            return try .stranded(outcome(row), report(row), stranding(row))
        }
    }

    private static func report(_ row: Fields) throws(StoreError) -> PendingLogin.Report {
        let doubt = try row.number(24)
        return try PendingLogin.Report(
            attempts: StoredLists.attempts(row.text(22)),
            next: row.moment(23),
            inDoubt: doubt & 1 != 0,
            isUnderWay: doubt & 2 != 0
        )
    }

    private static func stranding(_ row: Fields) throws(StoreError) -> PendingLogin.Stranding {
        switch try row.required(36) {
        case "gone": return .gone
        case "out_of_time": return .outOfTime
        case "refused": return .refused(try row.required(37))
        default: throw StoreError.damaged("the stranding")
        }
    }

    private static func outcome(_ row: Fields) throws(StoreError) -> Outcome {
        switch try row.required(27) {
        case "expired": return .expired
        case "failed": return .failed(try row.name(28, StoredNames.failure))
        case "approved": return .approved(try decision(row))
        case "denied": return .denied(try decision(row))
        case "cancelled": return .cancelled(try decision(row))
        case "voided": return .voided(try decision(row))
        default: throw StoreError.damaged("the outcome")
        }
    }

    private static func decision(_ row: Fields) throws(StoreError) -> Decision {
        try Decision(
            row.name(29, StoredNames.choice),
            evidence: Evidence(
                method: row.name(30, StoredNames.method),
                via: row.name(31, StoredNames.via),
                address: row.text(32)
            ),
            at: row.moment(33),
            grant: Grant(
                scopes: StoredLists.strings(row.text(38) ?? "[]"),
                accounts: StoredLists.strings(row.text(46) ?? "[]")
            ),
            challenge: row.bytes(45)
        )
    }
}

/// The columns of a row, read as what they must be.
struct Fields {
    private let row: Statement

    init(_ row: Statement) { self.row = row }

    func text(_ column: Int32) throws(StoreError) -> String? { try row.text(column) }
    func bytes(_ column: Int32) -> [UInt8]? { row.bytes(column) }

    func required(_ column: Int32) throws(StoreError) -> String {
        guard let text = try row.text(column) else { throw missing(column) }
        return text
    }

    func moment(_ column: Int32) throws(StoreError) -> Timestamp {
        guard let number = row.integer(column) else { throw missing(column) }
        return Timestamp(milliseconds: number)
    }

    func number(_ column: Int32) throws(StoreError) -> Int64 {
        guard let number = row.integer(column) else { throw missing(column) }
        return number
    }

    func flag(_ column: Int32) throws(StoreError) -> Bool {
        guard let number = row.integer(column) else { throw missing(column) }
        return number != 0
    }

    func number<Value>(_ column: Int32, _ known: (Int64) -> Value?) throws(StoreError) -> Value {
        guard let value = known(try number(column)) else { throw missing(column) }
        return value
    }

    func identifier<Named>(_ column: Int32) throws(StoreError) -> Identifier<Named> {
        guard let identifier = Identifier<Named>(try required(column)) else {
            throw missing(column)
        }
        return identifier
    }

    func optionalIdentifier<Named>(_ column: Int32) throws(StoreError) -> Identifier<Named>? {
        guard let text = try row.text(column) else { return nil }
        guard let identifier = Identifier<Named>(text) else { throw missing(column) }
        return identifier
    }

    func name<Name>(_ column: Int32, _ known: (String) -> Name?) throws(StoreError) -> Name {
        guard let name = known(try required(column)) else { throw missing(column) }
        return name
    }

    private func missing(_ column: Int32) -> StoreError {
        .damaged("column \(column) has nothing that was ever written there")
    }
}
