import Glibc
import Logins
import Threads

/// This process among those that serve the same database.
///
/// A process that the others took for dead, because it was stopped longer than its lease, gets another
/// number: what it worked on before is not its own any more.
final class ReplicaIdentity: Sendable {
    private let options: PostgresOptions
    private let serves: Bool
    private let number = Locked<Int64>(0)

    init(_ options: PostgresOptions, serves: Bool) {
        self.options = options
        self.serves = serves
    }

    var id: Int64 { number.withLock { $0 } }

    /// Makes this process known.
    func register(_ session: PostgresSession) throws(StoreError) {
        let insert = try session.statement(
            """
            INSERT INTO replica (name, serves, until)
            VALUES (?1, ?2 = 1, clock_timestamp() + ?3 * interval '1 millisecond') RETURNING id
            """
        )
        insert.bind("\(Self.host):\(getpid())", at: 1)
        insert.bind(serves ? 1 : 0, at: 2)
        insert.bind(options.lease.milliseconds, at: 3)
        defer { insert.reset() }
        guard try insert.step(), let id = insert.integer(0) else {
            throw StoreError.damaged("the table replica gives no number")
        }
        number.withLock { $0 = id }
    }

    /// Stays alive for another lease. False if the others took this process for dead.
    func renew(_ session: PostgresSession) throws(StoreError) -> Bool {
        let update = try session.statement(
            """
            UPDATE replica SET until = clock_timestamp() + ?2 * interval '1 millisecond'
            WHERE id = ?1 RETURNING 1
            """
        )
        update.bind(id, at: 1)
        update.bind(options.lease.milliseconds, at: 2)
        return try update.hasRow()
    }

    /// Ends in order: others need not wait for the end of the lease.
    func leave(_ connection: any DatabaseConnection) {
        do throws(StoreError) {
            let delete = try connection.statement("DELETE FROM replica WHERE id = ?")
            delete.bind(id, at: 1)
            // Its claims go with it.
            _ = try delete.step()
        } catch {
            // Then the others wait.
        }
    }

    private static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
