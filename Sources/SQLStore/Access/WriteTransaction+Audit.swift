import Access
import JSON
import Logins

/// The audit: one chain, whoever appends.
extension WriteTransaction {
    /// Appends an event after the last one.
    func append(_ event: AuditEvent) throws(StoreError) { try append { _ in event } }

    /// Appends what `event` makes of the end of the chain, if anything. `event` may be called again.
    ///
    /// Somebody else may have written entries where this one belongs. They stay as they are, for
    /// `AuditVerifier` to find; the chain goes on behind them with an entry that names them. Without that
    /// nothing could be done any more.
    func append(_ event: (AuditMark) -> AuditEvent?) throws(StoreError) {
        let last: AuditMark
        // Another process may have appended before this transaction.
        if let known = access.head ?? backend.auditEnd {
            last = known
        } else {
            last = try connection.auditHead()
        }
        guard let made = event(last) else { return }
        guard last.number < .max else {
            throw StoreError.damaged("there is no room in the audit after entry \(last.number)")
        }
        if try insert(made, after: last, number: last.number + 1) { return }
        let free = try connection.freeAuditNumber(after: last.number)
        let foreign = last.number + 1...max(last.number + 1, free - 1)
        let note = AuditEvent(
            "audit.foreign_entries",
            at: clock.now(),
            ["first": .integer(foreign.lowerBound), "last": .integer(foreign.upperBound)]
        )
        guard try insert(note, after: last, number: free) else {
            throw StoreError.damaged("there is no room in the audit after entry \(last.number)")
        }
        access.foreign.append(foreign)
        try append(event)
    }

    /// Returns false if there is an entry with that number.
    private func insert(
        _ event: AuditEvent,
        after last: AuditMark,
        number: Int64
    ) throws(StoreError) -> Bool {
        let bytes = AuditChain.bytes(number: number, event)
        let hash = AuditChain.hash(after: last.hash, bytes)
        let isFree = backend.auditEnd != nil
        let insert =
            isFree
            ? try connection.statement("INSERT INTO audit (number, entry, hash) VALUES (?, ?, ?)")
            : try connection.statement(
                """
                INSERT INTO audit (number, entry, hash) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
                RETURNING 1
                """
            )
        insert.bind(number, at: 1)
        insert.bind(bytes, at: 2)
        insert.bind(hash, at: 3)
        if isFree {
            try insert.insertRow()
        } else if try !insert.hasRow() {
            return false
        }
        access.head = AuditMark(number: number, hash: hash)
        return true
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
