import Access
import Logins

/// Changes of codes and families of tokens.
extension WriteTransaction {
    func add(_ code: AuthorizationCode) throws(StoreError) -> AccessRefusal? {
        let insert = try connection.statement(AuthorizationCodeRow.insert)
        AuthorizationCodeRow.bind(code, to: insert)
        return try insert.hasRow() ? nil : .exists
    }

    /// Deletes the code, so that no other exchange finds it.
    func open(_ family: TokenFamily, _ code: [UInt8]) throws(StoreError) -> AccessRefusal? {
        let select = try connection.statement(
            """
            SELECT EXISTS (SELECT 1 FROM authorization_code WHERE digest = ?),
                EXISTS (SELECT 1 FROM token_family WHERE id = ?)
            """
        )
        select.bind(code, at: 1)
        select.bind(family.id, at: 2)
        guard try select.step() else { throw StoreError.unavailable("no answer to a question") }
        let (isThere, isKnown) = (select.integer(0) == 1, select.integer(1) == 1)
        select.reset()
        guard isThere else { return .missing }
        guard !isKnown else { return .exists }
        let delete = try connection.statement("DELETE FROM authorization_code WHERE digest = ?")
        delete.bind(code, at: 1)
        try delete.run()
        let insert = try connection.statement(TokenFamilyRow.insert)
        TokenFamilyRow.bind(family, to: insert)
        _ = try insert.hasRow()
        return nil
    }

    func rotate(_ family: TokenFamily, from digest: [UInt8]) throws(StoreError) -> AccessRefusal? {
        let select = try connection.statement("SELECT current FROM token_family WHERE id = ?")
        select.bind(family.id, at: 1)
        guard try select.step() else { return .missing }
        let current = select.bytes(0)
        select.reset()
        guard current == digest else { return .changed }
        let update = try connection.statement(TokenFamilyRow.rotate)
        TokenFamilyRow.bindRotation(family, to: update)
        try update.run()
        return nil
    }

    func endFamily(_ id: String) throws(StoreError) {
        let delete = try connection.statement("DELETE FROM token_family WHERE id = ?")
        delete.bind(id, at: 1)
        try delete.run()
    }
}
