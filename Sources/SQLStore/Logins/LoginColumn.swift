import Logins

/// The columns of the table `login`, in the order of the schema.
enum LoginColumn: Int32, TableColumn {
    // Written once.
    case number
    case server, tenant, loginID
    case receivedAt, expiresAt, reportEnds, reportsExpiry
    case userID, workspace, client, clientName, scopes, acrValues, bindingMessage, matching
    case consentID
    case state, authorizationDetails, unknownMembers, context, originTrace, originRequest
    case redacted

    // Changed by events.
    case promptEnds, tickets, phase, dueAt, wrongCodes, attempts, nextAt, inDoubt
    case consent, accounts, digest, nonce, consentKey, deliveries
    case outcome, failure, choice, method, via, address, decidedAt, challenge, delegate, signIn,
        proof, device
    case merit, matched
    case granted, selected
    case settlement, settledAt, stranding, strandingReason

    // Counted by `countInterrupted`. In an update its parameter says whether the count is kept.
    case interruptions

    /// The columns that events change; only `redact` changes others.
    static let changing = allCases.drop { $0 != .promptEnds }.filter { $0 != .interruptions }
}

/// How a login is stored: the statements on whole rows, and what each column holds.
enum LoginRow {
    static let byNumber = SQL("SELECT \(LoginColumn.names) FROM login WHERE number = ?")

    static let byPhase = SQL(
        """
        SELECT \(LoginColumn.names) FROM login
        WHERE phase = ? AND number > ? ORDER BY number LIMIT ?
        """
    )

    static let insert = SQL(
        "INSERT INTO login (\(LoginColumn.names)) VALUES (\(LoginColumn.parameters))"
    )

    static let update = SQL(
        """
        UPDATE login SET \(LoginColumn.assignments(LoginColumn.changing)), interruptions =
            CASE WHEN ?\(LoginColumn.interruptions.parameter) = 1 THEN interruptions END
        WHERE number = ?\(LoginColumn.number.parameter)
        """
    )

    /// Bytes of a ticket's digest (SHA-256).
    static let ticketLength = 32
}
