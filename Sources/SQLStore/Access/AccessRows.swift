import Access
import JSON
import Logins
import Threads

/// How a client is stored: its document, and the columns that repeat it.
enum APIClientRow {
    enum Column: Int32, TableColumn {
        case id, type, status, createdAt, version, lastUsedAt, document
    }

    static let byID = SQL("SELECT \(Column.names) FROM api_client WHERE id = ?")
    /// The pages of each order.
    private static let pages: [[SQL]] = ClientSort.allCases.map { sort in
        [(">", ""), ("<", " DESC")].map { (after, order) in
            func page(_ key: String) -> String {
                """
                SELECT \(Column.names) FROM api_client
                WHERE (?1 = '' OR (\(key), id) \(after)
                        (SELECT \(key), id FROM api_client WHERE id = ?1))
                    AND (CAST(?2 AS TEXT) IS NULL OR type = ?2)
                    AND (CAST(?3 AS TEXT) IS NULL OR status = ?3)
                ORDER BY \(key)\(order), id\(order) LIMIT ?4
                """
            }
            let key = expression(sort)
            return SQL(page(key.text), postgres: page(key.postgres ?? key.text))
        }
    }

    static func page(_ filter: ClientFilter) -> SQL {
        let sort = ClientSort.allCases.firstIndex(of: filter.sort) ?? 0
        return pages[sort][filter.isDescending ? 1 : 0]
    }

    private static func expression(_ sort: ClientSort) -> SQL {
        switch sort {
        case .id: SQL("id")
        case .name:
            SQL(
                "json_extract(document, '$.name')",
                postgres: "(CAST(document AS json) ->> 'name') COLLATE \"C\""
            )
        case .kind: SQL("type")
        case .status: SQL("status")
        case .createdAt: SQL("created_at")
        case .lastUsedAt: SQL("coalesce(last_used_at, -1)")
        }
    }

    /// Returns a row unless there is such a client.
    static let insert = SQL(
        """
        INSERT INTO api_client (\(Column.names)) VALUES (\(Column.parameters))
        ON CONFLICT DO NOTHING RETURNING 1
        """
    )
    static let replace = SQL(
        """
        UPDATE api_client SET status = ?\(Column.status.parameter),
            document = ?\(Column.document.parameter), version = version + 1
        WHERE id = ?\(Column.id.parameter)
        """
    )

    static func bind(_ client: APIClient, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.id, client.id)
        row.set(.type, client.kind.rawValue)
        row.set(.status, client.status.rawValue)
        row.set(.createdAt, client.createdAt)
        row.set(.version, 1)
        row.set(.document, String(decoding: client.document.bytes, as: UTF8.self))
    }

    /// The client in the current row. Throws `damaged` when its document cannot be read or says
    /// something else than its columns.
    static func read(
        _ statement: any Statement,
        _ known: KnownClients
    ) throws(StoreError) -> StoredClient {
        let row = Row<Column>(statement)
        let id: APIClientID = try row.identifier(.id)
        func damaged(_ what: String) -> StoreError { .damaged("client \(id): \(what)") }
        guard let document = row.bytes(.document) else { throw damaged("no document") }
        let client: APIClient
        do throws(APIClientProblem) {
            client = try known.client(id, document)
        } catch {
            throw damaged("\(error)")
        }
        guard client.id == id else { throw damaged("another client_id in its document") }
        guard client.kind.rawValue == (try row.text(.type)) else {
            throw damaged("another type in its document")
        }
        guard client.status.rawValue == (try row.text(.status)) else {
            throw damaged("another status in its document")
        }
        guard client.createdAt == (try row.timestamp(.createdAt)) else {
            throw damaged("another created_at in its document")
        }
        return StoredClient(
            client: client,
            version: try row.number(.version),
            lastUsedAt: statement.integer(Column.lastUsedAt.rawValue)
                .map(Timestamp.init(milliseconds:))
        )
    }
}

/// The clients that were read last, because making keys of a document takes longer than all else in
/// a call with a token. A document that has changed is read again.
final class KnownClients: Sendable {
    private static let most = 1_024
    private let clients = Locked<[APIClientID: (document: [UInt8], client: APIClient)]>([:])

    func client(
        _ id: APIClientID,
        _ document: [UInt8]
    ) throws(APIClientProblem) -> APIClient {
        if let known = clients.withLock({ $0[id] }), known.document == document {
            return known.client
        }
        guard let value = try? JSONValue(document) else {
            throw APIClientProblem(member: "document", rule: "must be JSON")
        }
        let client = try APIClient(document: value)
        clients.withLock { clients in
            if clients.count >= Self.most { clients.removeAll() }
            clients[id] = (document, client)
        }
        return client
    }
}

/// How a consent to delegation is stored.
enum DelegationRow {
    enum Column: Int32, TableColumn {
        case id, userID, client, textVersion, textDigest, language, acceptedAt, address, channel
        case withdrawnAt
    }

    static let byID = SQL("SELECT \(Column.names) FROM delegation_consent WHERE id = ?")
    static let inForce = SQL(
        """
        SELECT \(Column.names) FROM delegation_consent
        WHERE user_id = ? AND client = ? AND withdrawn_at IS NULL
        """
    )
    static let page = SQL(
        "SELECT \(Column.names) FROM delegation_consent WHERE id > ?3 ORDER BY id LIMIT ?4"
    )
    static let ofUser = SQL(
        """
        SELECT \(Column.names) FROM delegation_consent
        WHERE user_id = ?1 AND (CAST(?2 AS TEXT) IS NULL OR client = ?2) AND id > ?3 ORDER BY id LIMIT ?4
        """
    )
    static let ofClient = SQL(
        """
        SELECT \(Column.names) FROM delegation_consent
        WHERE client = ?2 AND id > ?3 ORDER BY id LIMIT ?4
        """
    )
    static let insert = SQL(
        "INSERT INTO delegation_consent (\(Column.names)) VALUES (\(Column.parameters))"
    )

    static func bind(_ consent: DelegationConsent, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.id, consent.id)
        row.set(.userID, consent.user)
        row.set(.client, consent.client)
        row.set(.textVersion, consent.textVersion)
        row.set(.textDigest, consent.textDigest)
        row.set(.language, consent.language)
        row.set(.acceptedAt, consent.acceptedAt)
        row.set(.address, consent.address)
        row.set(.channel, consent.channel.rawValue)
        row.set(.withdrawnAt, consent.withdrawnAt)
    }

    /// The consent in the current row. Throws `damaged` for what is never written.
    static func read(_ statement: any Statement) throws(StoreError) -> DelegationConsent {
        let row = Row<Column>(statement)
        let id = try row.requiredText(.id)
        let user: UserID = try row.identifier(.userID)
        let client: APIClientID = try row.identifier(.client)
        let textVersion = try row.requiredText(.textVersion)
        guard let digest = row.bytes(.textDigest) else { throw row.damaged(.textDigest) }
        let language = try row.requiredText(.language)
        let acceptedAt = try row.timestamp(.acceptedAt)
        let address = try row.requiredText(.address)
        guard let channel = DelegationConsent.Channel(rawValue: try row.requiredText(.channel))
        else { throw row.damaged(.channel) }
        do throws(APIClientProblem) {
            return try DelegationConsent(
                id: id,
                user: user,
                client: client,
                textVersion: textVersion,
                textDigest: digest,
                language: language,
                acceptedAt: acceptedAt,
                address: address,
                channel: channel,
                withdrawnAt: statement.integer(Column.withdrawnAt.rawValue)
                    .map(Timestamp.init(milliseconds:))
            )
        } catch {
            throw StoreError.damaged("consent \(id): \(error)")
        }
    }
}
