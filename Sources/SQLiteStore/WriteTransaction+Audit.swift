import Access
import Logins

/// The audit: one chain, whoever appends.
extension WriteTransaction {
    /// Appends an event after the last one.
    func append(_ event: AuditEvent) throws(StoreError) { try append { _ in event } }

    /// Appends what `event` makes of the end of the chain, if anything.
    func append(_ event: (AuditMark) -> AuditEvent?) throws(StoreError) {
        let last: AuditMark
        // Another process may have appended before this transaction.
        if let head = access.head { last = head } else { last = try connection.auditHead() }
        guard let event = event(last) else { return }
        let number = last.number + 1
        let bytes = AuditChain.bytes(number: number, event)
        let hash = AuditChain.hash(after: last.hash, bytes)
        let insert = try connection.statement(
            "INSERT INTO audit (number, entry, hash) VALUES (?, ?, ?)"
        )
        insert.bind(number, at: 1)
        insert.bind(bytes, at: 2)
        insert.bind(hash, at: 3)
        try insert.run()
        access.head = AuditMark(number: number, hash: hash)
    }

    /// Deletes entries at the beginning, and keeps the number and the hash of the last one, which the
    /// first one that is left follows. Stops before one that cannot be read.
    func sweepAudit(before moment: Timestamp, limit: Int) throws(StoreError) -> Int {
        let select = try connection.statement(
            "SELECT number, entry, hash FROM audit ORDER BY number LIMIT ?"
        )
        select.bind(Int64(max(limit, 0)), at: 1)
        var count = 0
        var last: AuditMark?
        while try select.step() {
            guard let (_, event) = AuditChain.event(of: select.bytes(1) ?? []), event.at < moment,
                let number = select.integer(0), let hash = select.bytes(2)
            else { break }
            last = AuditMark(number: number, hash: hash)
            count += 1
        }
        select.reset()
        guard let last else { return 0 }
        let delete = try connection.statement("DELETE FROM audit WHERE number <= ?")
        delete.bind(last.number, at: 1)
        try delete.run()
        let update = try connection.statement(
            "UPDATE audit_head SET removed_number = ?, removed_hash = ?"
        )
        update.bind(last.number, at: 1)
        update.bind(last.hash, at: 2)
        try update.run()
        return count
    }
}
