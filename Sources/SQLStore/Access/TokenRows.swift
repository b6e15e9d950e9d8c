import Access
import Logins

/// How a code is stored.
enum AuthorizationCodeRow {
    enum Column: Int32, TableColumn {
        case digest, client, userID, redirectURI, challenge, scope, proofKey, endsAt
    }

    static let byDigest = SQL(
        "SELECT \(Column.names) FROM authorization_code WHERE digest = ?"
    )
    /// Returns a row unless there is such a code.
    static let insert = SQL(
        """
        INSERT INTO authorization_code (\(Column.names)) VALUES (\(Column.parameters))
        ON CONFLICT DO NOTHING RETURNING 1
        """
    )

    static func bind(_ code: AuthorizationCode, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.digest, code.digest)
        row.set(.client, code.client)
        row.set(.userID, code.user)
        row.set(.redirectURI, code.redirectURI)
        row.set(.challenge, code.challenge)
        row.set(.scope, AccessScope.text(code.scopes))
        row.set(.proofKey, code.proofKey)
        row.set(.endsAt, code.endsAt)
    }

    /// The code in the current row. Throws `damaged` for what is never written.
    static func read(_ statement: any Statement) throws(StoreError) -> AuthorizationCode {
        let row = Row<Column>(statement)
        guard let digest = row.bytes(.digest) else { throw row.damaged(.digest) }
        guard let scopes = AccessScope.list(try row.requiredText(.scope)) else {
            throw row.damaged(.scope)
        }
        return AuthorizationCode(
            digest: digest,
            client: try row.identifier(.client),
            user: try row.identifier(.userID),
            redirectURI: try row.requiredText(.redirectURI),
            challenge: try row.requiredText(.challenge),
            scopes: scopes,
            proofKey: try row.text(.proofKey),
            endsAt: try row.timestamp(.endsAt)
        )
    }
}

/// How a family of tokens is stored.
enum TokenFamilyRow {
    enum Column: Int32, TableColumn {
        case id, client, userID, scope, thumbprint, keyDigest, proofKey, current, rotatedAt
        case startedAt, endsAt
    }

    static let byID = SQL("SELECT \(Column.names) FROM token_family WHERE id = ?")
    /// Returns a row unless there is such a family.
    static let insert = SQL(
        """
        INSERT INTO token_family (\(Column.names)) VALUES (\(Column.parameters))
        ON CONFLICT DO NOTHING RETURNING 1
        """
    )
    private static let changed: [Column] = [
        .thumbprint, .keyDigest, .proofKey, .current, .rotatedAt, .endsAt,
    ]
    /// What a rotation changes.
    static let rotate = SQL(
        """
        UPDATE token_family SET \(Column.assignments(changed)) WHERE id = ?\(Column.id.parameter)
        """
    )

    static func bind(_ family: TokenFamily, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.id, family.id)
        row.set(.client, family.client)
        row.set(.userID, family.user)
        row.set(.scope, AccessScope.text(family.scopes))
        bind(family.binding, to: row)
        row.set(.current, family.current)
        row.set(.rotatedAt, family.rotatedAt)
        row.set(.startedAt, family.startedAt)
        row.set(.endsAt, family.endsAt)
    }

    /// The parameters of `rotate`; it has no others.
    static func bindRotation(_ family: TokenFamily, to statement: any Statement) {
        let row = RowWriter<Column>(statement)
        row.set(.id, family.id)
        bind(family.binding, to: row)
        row.set(.current, family.current)
        row.set(.rotatedAt, family.rotatedAt)
        row.set(.endsAt, family.endsAt)
    }

    private static func bind(_ binding: TokenBinding, to row: RowWriter<Column>) {
        switch binding {
        case .nothing: break
        case .certificate(let thumbprint, let key):
            row.set(.thumbprint, thumbprint)
            row.set(.keyDigest, key)
        case .proofKey(let thumbprint): row.set(.proofKey, thumbprint)
        }
    }

    /// The family in the current row. Throws `damaged` for what is never written.
    static func read(_ statement: any Statement) throws(StoreError) -> TokenFamily {
        let row = Row<Column>(statement)
        guard let scopes = AccessScope.list(try row.requiredText(.scope)) else {
            throw row.damaged(.scope)
        }
        let binding: TokenBinding
        if let thumbprint = row.bytes(.thumbprint) {
            guard let key = row.bytes(.keyDigest) else { throw row.damaged(.keyDigest) }
            binding = .certificate(thumbprint: thumbprint, key: key)
        } else {
            binding = try row.text(.proofKey).map { .proofKey($0) } ?? .nothing
        }
        return TokenFamily(
            id: try row.requiredText(.id),
            client: try row.identifier(.client),
            user: try row.identifier(.userID),
            scopes: scopes,
            binding: binding,
            current: row.bytes(.current),
            rotatedAt: try row.timestamp(.rotatedAt),
            startedAt: try row.timestamp(.startedAt),
            endsAt: try row.timestamp(.endsAt)
        )
    }
}

extension DatabaseConnection {
    func authorizationCode(_ digest: [UInt8]) throws(StoreError) -> AuthorizationCode? {
        let select = try statement(AuthorizationCodeRow.byDigest)
        select.bind(digest, at: 1)
        defer { select.reset() }
        return try select.step() ? try AuthorizationCodeRow.read(select) : nil
    }

    func tokenFamily(_ id: String) throws(StoreError) -> TokenFamily? {
        let select = try statement(TokenFamilyRow.byID)
        select.bind(id, at: 1)
        defer { select.reset() }
        return try select.step() ? try TokenFamilyRow.read(select) : nil
    }

    func isFamilyInForce(_ id: String) throws(StoreError) -> Bool {
        let select = try statement("SELECT 1 FROM token_family WHERE id = ?")
        select.bind(id, at: 1)
        return try select.hasRow()
    }
}
