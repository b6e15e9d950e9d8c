import Access
import JSON
import Logins

/// How a change of a client that waits for a second administrator is stored.
enum ProposalRow {
    enum Column: Int32, TableColumn {
        case id, kind, client, document, version, author, requestedAt, expiresAt
    }

    static let byID = SQL("SELECT \(Column.names) FROM client_change WHERE id = ?")
    static let page = SQL(
        "SELECT \(Column.names) FROM client_change WHERE id > ? ORDER BY id LIMIT ?"
    )
    static let insert = SQL(
        """
        INSERT INTO client_change (\(Column.names)) VALUES (\(Column.parameters))
        ON CONFLICT (client) DO UPDATE SET
            \(Column.assignments(Column.allCases.filter { $0 != .client }))
            WHERE client_change.expires_at <= excluded.requested_at
        RETURNING 1
        """
    )

    static func bind(_ proposal: ClientProposal, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.id, proposal.id)
        row.set(.kind, proposal.kind.rawValue)
        row.set(.client, proposal.client.id)
        row.set(.document, String(decoding: proposal.client.document.bytes, as: UTF8.self))
        row.set(.version, proposal.version)
        row.set(.author, proposal.author)
        row.set(.requestedAt, proposal.requestedAt)
        row.set(.expiresAt, proposal.expiresAt)
    }

    /// Throws `damaged` for what is never written.
    static func read(_ statement: any Statement) throws(StoreError) -> ClientProposal {
        let row = Row<Column>(statement)
        guard let kind = ClientProposal.Kind(rawValue: try row.requiredText(.kind)) else {
            throw row.damaged(.kind)
        }
        guard let document = row.bytes(.document).flatMap({ try? JSONValue($0) }),
            let client = try? APIClient(document: document),
            client.id == (try row.identifier(.client) as APIClientID)
        else { throw row.damaged(.document) }
        return ClientProposal(
            id: try row.requiredText(.id),
            kind: kind,
            client: client,
            version: try row.number(.version),
            author: try row.requiredText(.author),
            requestedAt: try row.timestamp(.requestedAt),
            expiresAt: try row.timestamp(.expiresAt)
        )
    }
}

extension DatabaseConnection {
    func clientProposal(_ id: String) throws(StoreError) -> ClientProposal? {
        let select = try statement(ProposalRow.byID)
        select.bind(id, at: 1)
        defer { select.reset() }
        return try select.step() ? try ProposalRow.read(select) : nil
    }

    func clientProposals(
        after: String?,
        limit: Int
    ) throws(StoreError) -> [ClientProposal] {
        let select = try statement(ProposalRow.page)
        select.bind(after ?? "", at: 1)
        select.bind(Int64(max(limit, 0)), at: 2)
        defer { select.reset() }
        var found: [ClientProposal] = []
        while try select.step() { found.append(try ProposalRow.read(select)) }
        return found
    }
}

extension WriteTransaction {
    func store(_ proposal: ClientProposal) throws(StoreError) -> AccessRefusal? {
        let select = try connection.statement("SELECT 1 FROM api_client WHERE id = ?")
        select.bind(proposal.client.id.value, at: 1)
        guard try select.hasRow() else { return .missing }
        let insert = try connection.statement(ProposalRow.insert)
        ProposalRow.bind(proposal, to: insert)
        return try insert.hasRow() ? nil : .exists
    }

    func close(proposal id: String) throws(StoreError) -> AccessRefusal? {
        let delete = try connection.statement("DELETE FROM client_change WHERE id = ? RETURNING 1")
        delete.bind(id, at: 1)
        return try delete.hasRow() ? nil : .missing
    }
}
