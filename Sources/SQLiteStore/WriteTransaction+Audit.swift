import Access
import Logins

/// The audit: one chain, whoever appends.
extension WriteTransaction {
    /// Appends an event after the last one, which another process may have written.
    func append(_ event: AuditEvent) throws(StoreError) {
        let previous: AuditMark
        if let head = access.head { previous = head } else { previous = try connection.auditHead() }
        let number = previous.number + 1
        let bytes = AuditChain.bytes(number: number, event)
        let hash = AuditChain.hash(after: previous.hash, bytes)
        let insert = try connection.statement(
            "INSERT INTO audit (number, entry, hash) VALUES (?, ?, ?)"
        )
        insert.bind(number, at: 1)
        insert.bind(bytes, at: 2)
        insert.bind(hash, at: 3)
        try insert.run()
        access.head = AuditMark(number: number, hash: hash)
    }
}
