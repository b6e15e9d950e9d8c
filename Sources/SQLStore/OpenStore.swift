import Access
import Logins

/// An open database: the writer, the readers, and what finds and hands out logins. The stores of one
/// database share it.
final class OpenStore: Sendable {
    let writer = Writer()
    let readers = Readers()
    private let engineReader = Readers()
    /// For the engine alone: whoever guesses tickets must not make it wait.
    var engineReaders: Readers { role == .service ? engineReader : readers }
    let database: any Database
    /// The database's.
    let watch: ChangeWatch?
    let options: StoreOptions
    let role: StoreRole
    let clock: any WallClock
    let sessionsEnded: @Sendable () -> Void
    private let damaged: @Sendable (LoginNumber, StoreError) -> Void

    var index: any LoginIndex { database.index }

    /// Opens the database, or creates it.
    convenience init(_ options: StoreOptions) throws(StoreError) {
        if let place = options.postgres {
            let (database, backend) = try PostgresDatabase.open(place, options)
            try self.init(options, database, backend)
        } else {
            let (database, backend) = try SQLiteDatabase.open(options)
            try self.init(options, database, backend)
        }
    }

    private init(
        _ options: StoreOptions,
        _ database: any Database,
        _ backend: sending any WriterBackend
    ) throws(StoreError) {
        self.database = database
        watch = database.watch
        self.options = options
        role = options.role
        clock = options.clock
        damaged = options.damaged
        sessionsEnded = options.sessionsEnded
        let transaction = WriteTransaction(backend, database.claims, options)
        do throws(StoreError) {
            for _ in 0..<database.readerCount { try readers.start(try database.makeReader()) }
            if role == .service { try engineReader.start(try database.makeReader()) }
            try writer.start(
                transaction,
                changes: options.changes
            )
            try database.start(writer)
        } catch {
            readers.stop()
            engineReader.stop()
            throw error
        }
    }

    /// Finishes the jobs that wait and lets the next process in.
    func close() async {
        await readers.close()
        database.endClaims()
        await engineReader.close()
        await database.endWatching()
        await writer.close()
    }

    /// The same, without waiting.
    func stop() {
        readers.stop()
        engineReader.stop()
        database.stop()
        writer.stop()
    }

    /// Tells of a row that cannot be read, once.
    func noteDamaged(_ number: LoginNumber, _ error: StoreError) {
        if database.claims.noteDamaged(number) { damaged(number, error) }
    }
}

/// An opened database of one kind.
protocol Database: Sendable {
    /// Finds logins.
    var index: any LoginIndex { get }
    /// What this process works on.
    var claims: Claims { get }
    /// How many threads read, besides the one for the engine.
    var readerCount: Int { get }
    func makeReader() throws(StoreError) -> sending any DatabaseConnection
    /// Claims due logins over the engine's connection.
    func dueWork(
        at now: Timestamp,
        within slots: Slots,
        _ connection: any DatabaseConnection,
        whenDamaged: (LoginNumber, StoreError) -> Void
    ) throws(StoreError) -> DueWork
    /// When `dueWork` next has something to give. Of a login whose duty is claimed, only the end remains.
    func nextDue(
        at now: Timestamp,
        within slots: Slots,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> Timestamp?
    /// The logins that an earlier process was working on when it died.
    var interrupted: Set<LoginNumber> { get }
    /// The interrupted ones have been counted.
    func forgetInterrupted()
    /// Tells whether what was read is still current; nil where that cannot be told.
    var watch: ChangeWatch? { get }
    /// What is still being worked on ends with this process, which has not died.
    func endClaims()
    /// Begins what goes on beside the calls.
    func start(_ writer: Writer) throws(StoreError)
    /// Whether other processes work on the same logins.
    var isShared: Bool { get }
    /// Whether this process does the work that is not divided: at most one does.
    func leads(_ connection: any DatabaseConnection) throws(StoreError) -> Bool
    /// No mark is told, and no change of others is heard of, from here on.
    func endWatching() async
    /// Ends what goes on beside the calls, without waiting.
    func stop()
}

/// What a kind of database does around the transactions of the writer, on the writer's thread.
protocol WriterBackend: AnyObject {
    var connection: any DatabaseConnection { get }
    /// Finds logins, those of the current transaction included.
    var index: any LoginIndex { get }
    /// Counts the starts of logins.
    var starts: any StartCounts { get }
    /// Knows what was used once.
    var uses: any UsedOnce { get }
    /// The highest number of a login that is durable.
    var highest: Int64 { get }

    /// Begins a transaction that does what is `expected`, and maybe more.
    func begin(_ expected: ExpectedWork) throws(StoreError)
    /// Whether this process still works on a login that it has claimed.
    func isHeld(_ number: LoginNumber) throws(StoreError) -> Bool
    /// The end of the audit, if it is known without asking and nobody else has written behind it.
    var auditEnd: AuditMark? { get }
    /// Makes everything since `begin` durable.
    ///
    /// - Returns: those of the claimed logins on which no other process works.
    func commit(_ written: Written) throws(StoreError) -> Set<LoginNumber>
    func rollback()
    /// False if it is known that no client is blocked for any user.
    var mayHaveBlocks: Bool { get }
    /// The current transaction blocks a client.
    func noteBlock()
    /// Whether the transaction that failed last has left nothing, and may succeed if it runs again.
    var mayRunAgain: Bool { get }
    /// Ends before the store closes. If that fails nothing is lost: the next opening does the rest.
    func finish()
}

/// What a transaction is going to do, so that what is asked for each login can be asked for all at once.
struct ExpectedWork {
    /// The logins that it inserts.
    var starts: [PendingLogin] = []
    /// The logins that it changes.
    var updates: Set<LoginNumber> = []
}

/// What a transaction has written.
struct Written {
    /// How many logins are new.
    var inserted = 0
    /// The logins that changed.
    var changed: [LoginStep] = []
    /// The logins that this process works on from here on, unless another one does.
    var claimed: Set<LoginNumber> = []
    /// Whether personal data was erased, of which the database's log has copies.
    var erased = false
    /// Whether sessions have ended.
    var endedSessions = false
    /// Devices that were revoked or have another key.
    var endedDevices: [DeviceID] = []
    /// Whether there are new entries of the audit.
    var audited = false

    /// Whether other processes need to hear of it.
    var concernsOthers: Bool {
        !changed.isEmpty || endedSessions || !endedDevices.isEmpty || audited
    }
}

/// Finds logins by what is not their number.
///
/// The numbers that it gives may lead to logins that are not wanted, which the caller must leave out.
protocol LoginIndex: Sendable {
    /// The login with that key.
    func login(
        _ key: LoginKey,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin?
    /// Numbers of the live logins of a user, in no order.
    func live(
        of user: UserID,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber]
    /// Numbers of a user's logins smaller than `before`, descending: `limit` or somewhat more of them,
    /// none only if there are no more.
    func history(
        of user: UserID,
        before: Int64,
        limit: Int,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber]

    /// Numbers of the logins with a consent that still owe something.
    func owing(
        _ consent: String,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber]

    // Within the writer's transaction. The users and keys are bytes where the row may be damaged.

    /// The login with that number.
    func login(
        _ number: LoginNumber,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin?
    /// A login was inserted or changed.
    func changed(_ stored: StoredLogin)

    func added(_ stored: StoredLogin, _ connection: any DatabaseConnection) throws(StoreError)
    /// A login became live, or is not live any more.
    func changedLive(_ stored: StoredLogin, _ connection: any DatabaseConnection) throws(StoreError)
    func erased(
        _ number: LoginNumber,
        user: [UInt8],
        _ connection: any DatabaseConnection
    ) throws(StoreError)
    func deleted(
        _ number: LoginNumber,
        server: [UInt8]?,
        login: [UInt8]?,
        _ connection: any DatabaseConnection
    ) throws(StoreError)
}

extension LoginIndex {
    func owing(
        _ consent: String,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> [LoginNumber] {
        let select = try connection.statement(
            "SELECT number FROM login WHERE consent_key = ? AND due_at IS NOT NULL"
        )
        select.bind(consent, at: 1)
        return try select.loginNumbers()
    }

    func login(
        _ number: LoginNumber,
        _ connection: any DatabaseConnection
    ) throws(StoreError) -> StoredLogin? {
        try connection.login(number)
    }

    // Where nothing is kept in mind.
    func changed(_ stored: StoredLogin) {}

    // Where the table has indexes, they follow it.
    func added(_ stored: StoredLogin, _ connection: any DatabaseConnection) {}
    func changedLive(_ stored: StoredLogin, _ connection: any DatabaseConnection) {}
    func erased(_ number: LoginNumber, user: [UInt8], _ connection: any DatabaseConnection) {}
    func deleted(
        _ number: LoginNumber,
        server: [UInt8]?,
        login: [UInt8]?,
        _ connection: any DatabaseConnection
    ) {}
}

/// Counts the starts of logins by user and client.
///
/// A start counts for at least 60 and at most 70 seconds. Only starts within the limit count: otherwise
/// repeated attempts could lock a user out for ever.
protocol StartCounts: AnyObject {
    func starts(of starter: Starter, at now: Timestamp) throws(StoreError) -> Int
    func note(_ starter: Starter, at now: Timestamp) throws(StoreError)
    /// Whether one more login would be for a user beyond the limit of the client's.
    func isOver(
        _ limit: Int,
        _ client: ClientKey,
        _ user: UserID,
        at now: Timestamp
    ) throws(StoreError) -> Bool
    /// Counts the user of a start.
    func note(
        _ limit: Int,
        _ client: ClientKey,
        _ user: UserID,
        at now: Timestamp
    ) throws(StoreError)
    /// Whether the operator is to be told of a client now: once a minute.
    func tells(of client: ClientKey, at now: Timestamp) throws(StoreError) -> Bool
}

/// Keeps the keys of what may be used once, like an assertion or a proof. On the writer's thread, within
/// its transaction.
protocol UsedOnce {
    /// Uses a key up, until a moment after which it is refused for another reason.
    ///
    /// - Returns: false if it was used before.
    func use(_ key: [UInt8], until: Timestamp) throws(StoreError) -> Bool
    /// Forgets at most `limit` keys that were used up until before `moment`, and returns how many.
    func sweep(before moment: Timestamp, limit: Int) throws(StoreError) -> Int
    /// How many changes of the current transaction are kept in mind.
    var changes: Int { get }
    /// Forgets all but the first `count` of them, when the database has rolled back to a savepoint.
    func takeBack(to count: Int)
}
