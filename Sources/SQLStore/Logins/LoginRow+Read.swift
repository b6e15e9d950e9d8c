import Consents
import Logins

extension LoginRow {
    /// The login in the current row. Throws `damaged` for whatever cannot be read as what is
    /// written.
    static func read(_ statement: any Statement) throws(StoreError) -> StoredLogin {
        let number = statement.loginNumber
        do {
            return StoredLogin(number: number, login: try login(Row(statement)))
        } catch {
            guard case .damaged(let what) = error else { throw error }
            throw StoreError.damaged("login \(number.rawValue): \(what)")
        }
    }

    /// The logins in the rows that are left. Damaged ones are left out.
    static func readAll(
        _ statement: any Statement,
        whenDamaged: (LoginNumber, StoreError) -> Void = { _, _ in }
    ) throws(StoreError) -> [StoredLogin] {
        var logins: [StoredLogin] = []
        while try statement.step() {
            do throws(StoreError) {
                logins.append(try read(statement))
            } catch {
                guard case .damaged = error else { throw error }
                whenDamaged(statement.loginNumber, error)
            }
        }
        return logins
    }

    private static func login(_ row: Row<LoginColumn>) throws(StoreError) -> PendingLogin {
        try PendingLogin(
            key: LoginKey(
                server: row.identifier(.server),
                tenant: row.optionalIdentifier(.tenant),
                login: row.identifier(.loginID)
            ),
            terms: PendingLogin.Terms(
                receivedAt: row.timestamp(.receivedAt),
                expiresAt: row.timestamp(.expiresAt),
                promptEnds: row.timestamp(.promptEnds),
                reportEnds: row.timestamp(.reportEnds),
                reportsExpiry: row.named(.reportsExpiry)
            ),
            details: details(row),
            question: question(row),
            erasedDigest: row.bytes(.consent) == nil
                ? row.bytes(.digest).flatMap(ConsentDigest.init) : nil,
            tickets: tickets(row),
            phase: phase(row),
            wrongCodes: row.bytes(.wrongCodes) == nil ? 0 : Int(row.number(.wrongCodes)),
            history: history(row),
            pastDeliveries: pastDeliveries(row)
        )
    }

    private static func details(
        _ row: Row<LoginColumn>
    ) throws(StoreError) -> PendingLogin.Details {
        guard let user = UserID(try row.text(.userID) ?? StoredNames.redactedUser) else {
            throw row.damaged(.userID)
        }
        return try PendingLogin.Details(
            user: user,
            workspace: row.optionalIdentifier(.workspace),
            client: row.optionalIdentifier(.client),
            clientName: row.text(.clientName),
            requestedScopes: StoredLists.strings(row.requiredText(.scopes)),
            acrValues: StoredLists.strings(row.requiredText(.acrValues)),
            bindingMessage: message(row),
            consentID: row.optionalIdentifier(.consentID),
            state: row.text(.state),
            authorizationDetails: row.text(.authorizationDetails),
            unknownMembers: row.text(.unknownMembers),
            context: context(row),
            origin: row.text(.originTrace).map { (trace) throws(StoreError) in
                PendingLogin.Origin(request: Int(try row.number(.originRequest)), trace: trace)
            }
        )
    }

    private static func context(_ row: Row<LoginColumn>) throws(StoreError) -> RequestContext? {
        guard let list = try row.text(.context) else { return nil }
        let parts = try StoredLists.strings(list).map { $0.isEmpty ? nil : $0 }
        guard parts.count == 3,
            let context = RequestContext(address: parts[0], agent: parts[1], place: parts[2])
        else { throw row.damaged(.context) }
        return context
    }

    private static func message(_ row: Row<LoginColumn>) throws(StoreError) -> BindingMessage {
        guard let list = try row.text(.matching) else {
            return BindingMessage(try row.text(.bindingMessage))
        }
        let parts = try StoredLists.strings(list)
        guard (1...2).contains(parts.count),
            let matching = NumberMatching(storedName: parts[0]), matching != .off
        else { throw row.damaged(.matching) }
        return BindingMessage(
            stored: try row.text(.bindingMessage),
            matching: matching,
            number: parts.count == 2 ? parts[1] : nil
        )
    }

    /// Nil until the login is prepared, and again once it is redacted.
    private static func question(_ row: Row<LoginColumn>) throws(StoreError) -> Question? {
        guard let consent = row.bytes(.consent), let accounts = row.bytes(.accounts) else {
            return nil
        }
        guard let digest = row.bytes(.digest).flatMap(ConsentDigest.init),
            let nonce = row.bytes(.nonce)
        else { throw row.damaged(.digest) }
        do {
            return Question(
                consent: try ConsentForm.consent(consent),
                accounts: try ConsentForm.accounts(accounts),
                digest: digest,
                nonce: nonce
            )
        } catch {
            throw StoreError.damaged("invalid \(error.member) in consent or accounts")
        }
    }

    private static func tickets(
        _ row: Row<LoginColumn>
    ) throws(StoreError) -> [PendingLogin.TicketDigest] {
        guard let bytes = row.bytes(.tickets), bytes.count % ticketLength == 0 else {
            throw row.damaged(.tickets)
        }
        return tickets(bytes)
    }

    /// The digests that follow each other in the column; none if one is cut off.
    static func tickets(_ bytes: [UInt8]) -> [PendingLogin.TicketDigest] {
        guard bytes.count % ticketLength == 0 else { return [] }
        return stride(from: 0, to: bytes.count, by: ticketLength).map {
            Array(bytes[$0..<$0 + ticketLength])
        }
    }

    private static func phase(_ row: Row<LoginColumn>) throws(StoreError) -> PendingLogin.Phase {
        switch try row.named(.phase) as PendingLogin.PhaseName {
        case .preparing:
            return try .preparing(
                StoredLists.attempts(row.text(.attempts)),
                next: row.timestamp(.nextAt)
            )
        case .waiting:
            return try .waiting(StoredLists.deliveries(row.requiredText(.deliveries)))
        case .reporting:
            return try .reporting(outcome(row), report(row))
        case .settled:
            return try .settled(
                outcome(row),
                row.named(.settlement),
                at: row.timestamp(.settledAt)
            )
        case .stranded:
            return try .stranded(outcome(row), report(row), stranding(row))
        }
    }

    /// Of a login that no longer asks; none once it is redacted.
    private static func pastDeliveries(
        _ row: Row<LoginColumn>
    ) throws(StoreError) -> [PendingLogin.Delivery] {
        guard try row.named(.phase) as PendingLogin.PhaseName != .waiting,
            let text = try row.text(.deliveries)
        else { return [] }
        return try StoredLists.deliveries(text)
    }

    private static func report(_ row: Row<LoginColumn>) throws(StoreError) -> PendingLogin.Report {
        let doubt = try row.number(.inDoubt)
        return try PendingLogin.Report(
            attempts: StoredLists.attempts(row.text(.attempts)),
            next: row.timestamp(.nextAt),
            inDoubt: doubt & 1 != 0,
            isUnderWay: doubt & 2 != 0
        )
    }

    /// Nil unless it was abandoned, and again once it is redacted.
    private static func history(
        _ row: Row<LoginColumn>
    ) throws(StoreError) -> PendingLogin.History? {
        guard try row.named(.phase) as PendingLogin.PhaseName == .settled,
            row.bytes(.stranding) != nil
        else { return nil }
        return try PendingLogin.History(
            attempts: StoredLists.attempts(row.text(.attempts)),
            stranding: stranding(row)
        )
    }

    private static func stranding(
        _ row: Row<LoginColumn>
    ) throws(StoreError) -> PendingLogin.Stranding {
        switch try row.requiredText(.stranding) {
        case "gone": return .gone
        case "out_of_time": return .outOfTime
        case "refused": return .refused(try row.requiredText(.strandingReason))
        default: throw row.damaged(.stranding)
        }
    }

    private static func outcome(_ row: Row<LoginColumn>) throws(StoreError) -> Outcome {
        switch try row.requiredText(.outcome) {
        case "expired": return .expired
        case "failed": return .failed(try row.named(.failure))
        case "approved": return .approved(try decision(row))
        case "denied": return .denied(try decision(row))
        case "cancelled": return .cancelled(try decision(row))
        case "voided":
            let failure: Failure? = try row.text(.failure) == nil ? nil : row.named(.failure)
            return .voided(try decision(row), failure)
        default: throw row.damaged(.outcome)
        }
    }

    private static func evidence(_ row: Row<LoginColumn>) throws(StoreError) -> Evidence {
        let method: Evidence.Method = try row.named(.method)
        if method == .signIn {
            let list = try row.requiredText(.signIn)
            guard let signIn = try StoredLists.signIn(list) else { throw row.damaged(.signIn) }
            return Evidence(
                signIn: signIn,
                via: try row.named(.via),
                address: try row.text(.address)
            )
        }
        if method.hasProof {
            let list = try row.requiredText(.proof)
            guard let proof = try StoredLists.proof(list) else { throw row.damaged(.proof) }
            return Evidence(
                proof: proof,
                method: method,
                via: try row.named(.via),
                address: try row.text(.address)
            )
        }
        guard method == .delegation else {
            return Evidence(
                method: method,
                via: try row.named(.via),
                address: try row.text(.address),
                device: try row.optionalIdentifier(.device)
            )
        }
        let parts = try StoredLists.strings(row.requiredText(.delegate))
        guard parts.count == 2, let client = APIClientID(parts[0]) else {
            throw row.damaged(.delegate)
        }
        return Evidence(
            delegate: Evidence.Delegate(client: client, token: parts[1]),
            address: try row.text(.address)
        )
    }

    private static func decision(_ row: Row<LoginColumn>) throws(StoreError) -> Decision {
        try Decision(
            row.named(.choice),
            evidence: evidence(row),
            at: row.timestamp(.decidedAt),
            grant: Grant(
                scopes: StoredLists.strings(row.text(.granted) ?? "[]"),
                accounts: StoredLists.strings(row.text(.selected) ?? "[]")
            ),
            challenge: row.bytes(.challenge),
            merit: merit(row),
            matched: row.text(.matched) == nil ? nil : row.named(.matched)
        )
    }

    private static func merit(_ row: Row<LoginColumn>) throws(StoreError) -> Decision.Merit? {
        guard let list = try row.text(.merit) else { return nil }
        let parts = try StoredLists.strings(list)
        guard (1...2).contains(parts.count) else { throw row.damaged(.merit) }
        return Decision.Merit(rule: parts[0], acr: parts.count == 2 ? parts[1] : nil)
    }
}
