import CPostgres
import Glibc
import Logins

/// One connection to the server, with the statements that are prepared on it.
///
/// Not `Sendable`: one thread uses it at a time. It has no knowledge of logins.
///
/// It is always in libpq's pipeline mode: statements whose rows nobody reads are only queued, and the
/// next one that is read, or a commit, sends them all and takes all answers; many rows are sent before.
/// So a transaction of many changes takes as few round trips as it has questions. An error of a queued
/// statement is therefore thrown by a later one; whoever catches it takes back the whole transaction.
@safe final class PostgresConnection {
    private let connection: OpaquePointer
    private let options: PostgresOptions
    /// That of the server that was taken.
    let address: PostgresOptions.Address
    private var statements: [UInt: PostgresStatement] = [:]
    private var names = 0
    /// Rows to insert, which are queued before anything else.
    private var rows: [[PostgresStatement.Parameter]] = []
    /// What inserts one of them.
    private var gathering: PostgresStatement?
    /// What inserts several of them, by the statement for one and their number.
    private var inserts: [ObjectIdentifier: [Int: PostgresStatement]] = [:]
    /// What the answers that are not taken yet belong to, in the order of the questions.
    private var expected: [Expected] = []
    /// The first error since the last `sync`.
    private var failed: PostgresFailure?
    /// The latest error, of any call. It says more than the `StoreError` that was thrown.
    private(set) var failure: PostgresFailure?
    /// Whether a pooler such as PgBouncer stands between, which may give each transaction to another
    /// session of the server. Then nothing outlives a transaction: neither prepared statements nor settings
    /// nor LISTEN.
    private(set) var isPooled = true

    /// What a question is answered with.
    enum Expected {
        /// Of a statement whose rows nobody reads.
        case nothing
        /// Of the preparation of a statement. It may be skipped because of an error before it.
        case preparation(PostgresStatement)
        /// Of one that must change exactly so many rows.
        case changes(Int, orElse: String)
        /// Of one that must end with this command tag.
        case tag(String)
        /// Rows for the statement that asked.
        case rows(PostgresStatement)
        case synchronisation
    }

    /// Connects to the first of the servers that takes changes.
    init(_ options: PostgresOptions) throws(StoreError) {
        try PostgresLibrary.use()
        let password = try options.passwordFile.map { (path) throws(StoreError) in
            try Self.password(path)
        }
        var opened: (connection: OpaquePointer, address: PostgresOptions.Address)?
        var reasons: [String] = []
        for address in options.addresses {
            let settings = try options.settings(for: address, password: password)
            do throws(PostgresFailure) {
                unsafe opened = (
                    try unsafe Self.connect(settings, options.connectTimeout), address
                )
                break
            } catch {
                reasons.append("\(address): \(error.store.reason)")
            }
        }
        guard let opened = unsafe opened else {
            throw StoreError.unavailable(reasons.joined(separator: "; "))
        }
        unsafe connection = opened.connection
        address = unsafe opened.address
        self.options = options
        guard unsafe PQserverVersion(connection) >= Self.oldest else {
            throw StoreError.unavailable("PostgreSQL 15 or later is needed")
        }
        guard unsafe PQsetnonblocking(connection, 1) == 0,
            unsafe PQenterPipelineMode(connection) == 1
        else { throw StoreError.unavailable(message) }
        try setUp()
    }

    /// Makes the settings of the session, if the session is this connection's own: a pooler gives another
    /// process identifier than the server.
    private func setUp() throws(StoreError) {
        let isOwn = "pg_backend_pid() = \(unsafe PQbackendPID(connection))"
        let settings = options.settings(ofTransaction: false).map {
            "CASE WHEN \(isOwn) THEN \($0) END"
        }
        let set = prepare("SELECT \(isOwn), " + settings.joined(separator: ", "))
        isPooled = try !(set.step() && set.integer(0) == 1)
        set.reset()
    }

    deinit {
        statements.removeAll()
        inserts.removeAll()
        unsafe PQfinish(connection)
    }

    /// PostgreSQL 15 as libpq counts.
    private static let oldest: Int32 = 150_000

    /// Whether the connection is protected by TLS.
    var isEncrypted: Bool { unsafe PQsslInUse(connection) == 1 }

    // MARK: Statements

    /// A statement that is prepared once for the life of the connection, reset for use.
    func statement(_ sql: StaticString) -> PostgresStatement {
        statement(UInt(bitPattern: unsafe sql.utf8Start), sql.description)
    }

    /// The same for SQL that is built from a declaration.
    func statement(_ sql: SQL) -> PostgresStatement {
        statement(UInt(bitPattern: ObjectIdentifier(sql)), sql.postgres ?? sql.text)
    }

    private func statement(
        _ key: UInt,
        _ sql: @autoclosure () -> String
    ) -> PostgresStatement {
        if let known = statements[key] {
            known.reset()
            return known
        }
        let fresh = prepare(sql())
        statements[key] = fresh
        return fresh
    }

    /// A statement that is used once.
    func prepare(_ sql: String) -> PostgresStatement {
        names += 1
        return PostgresStatement(sql, name: "s\(names)", on: self)
    }

    /// Queues BEGIN.
    func begin(_ mode: String = "") throws(StoreError) {
        if mode.isEmpty { try run("BEGIN") } else { try queue("BEGIN \(mode)") }
        guard isPooled else { return }
        try queue("SELECT " + options.settings(ofTransaction: true).joined(separator: ", "))
    }

    /// Queues SQL without parameters, which is parsed once for the life of the connection and has itself
    /// as its name there. It may have to end with a command tag: a COMMIT of a transaction that failed
    /// before ends with ROLLBACK.
    func run(_ sql: StaticString, tag: String? = nil) throws(StoreError) {
        let answer = tag.map { Expected.tag($0) } ?? .nothing
        if isPooled { return try queue(sql.description, expecting: answer) }
        let key = unsafe UInt(bitPattern: sql.utf8Start)
        let command =
            statements[key] ?? PostgresStatement(sql.description, name: sql.description, on: self)
        statements[key] = command
        try send(command, expecting: answer)
    }

    /// Queues SQL without parameters that is seldom used.
    func queue(_ sql: String) throws(StoreError) { try queue(sql, expecting: .nothing) }

    private func queue(_ sql: String, expecting answer: Expected) throws(StoreError) {
        try queueRows()
        let isSent = unsafe PQsendQueryParams(connection, sql, 0, nil, nil, nil, nil, 1) == 1
        guard isSent else { throw note(.lost(message)) }
        expected.append(answer)
    }

    /// Sends all that is queued and takes the answers.
    ///
    /// - Throws: the first error among them.
    func sync() throws(StoreError) {
        try queueRows()
        try synchronise()
        let deadline = Deadline(after: options.statementTimeout + Self.grace)
        do throws(PostgresFailure) {
            while let next = expected.first {
                try take(next, until: deadline)
                expected.removeFirst()
            }
        } catch {
            throw note(error)
        }
        if let failed {
            self.failed = nil
            throw note(failed)
        }
    }

    /// Sends all that is queued.
    private func synchronise() throws(StoreError) {
        guard unsafe PQpipelineSync(connection) == 1 else { throw note(.lost(message)) }
        expected.append(.synchronisation)
    }

    /// The server ends a statement itself; this is for one that does not answer at all.
    private static let grace = Duration.seconds(5)

    /// Takes back what was not committed, as far as the connection can.
    func rollback() {
        failed = nil
        rows = []
        guard failure?.kind != .lost, unsafe PQstatus(connection) != BECKON_PQ_CONNECTION_BAD else {
            return
        }
        do throws(StoreError) {
            // Statements that are still queued are sent before it and taken back by it.
            try queue("ROLLBACK")
            try sync()
        } catch {
            // Either the connection is lost, or a queued statement failed and ROLLBACK was skipped.
            guard failure?.kind != .lost else { return }
            try? queue("ROLLBACK")
            try? sync()
        }
    }

    /// Whether the connection is of no use any more.
    var isLost: Bool {
        if failure?.kind == .lost { return true }
        return unsafe PQstatus(connection) == BECKON_PQ_CONNECTION_BAD
    }

    /// Waits until the server sends something by itself, the other descriptor is readable, or the time is
    /// over.
    ///
    /// - Returns: the payloads of the notifications that have come.
    func notifications(
        until deadline: Deadline,
        orReadable other: Int32
    ) throws(StoreError) -> [String] {
        // They may have come with the answer to another question.
        let early = takeNotifications()
        if !early.isEmpty { return early }
        var entries = [
            pollfd(fd: unsafe PQsocket(connection), events: Int16(POLLIN), revents: 0),
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
        ]
        _ = unsafe poll(&entries, 2, deadline.millisecondsLeft)
        guard unsafe PQconsumeInput(connection) == 1 else { throw note(.lost(message)) }
        return takeNotifications()
    }

    private func takeNotifications() -> [String] {
        var payloads: [String] = []
        while let notification = unsafe PQnotifies(connection) {
            if let payload = unsafe notification.pointee.payload {
                payloads.append(unsafe String(cString: payload))
            }
            unsafe PQfreemem(notification)
        }
        return payloads
    }

    /// Whether a transaction is under way, as far as answers were taken.
    var isInTransaction: Bool { unsafe PQtransactionStatus(connection) != BECKON_PQ_IDLE }

    private func note(_ failure: PostgresFailure) -> StoreError {
        self.failure = failure
        return failure.store
    }

    private var message: String { unsafe Self.message(connection) }

    private static func message(_ connection: OpaquePointer) -> String {
        guard let text = unsafe PQerrorMessage(connection) else { return "no memory" }
        // One line: a report of several servers has more.
        return unsafe String(cString: text).split(whereSeparator: \.isNewline)
            .joined(separator: ", ")
    }

    // MARK: Questions of statements

    /// Queues a statement with its parameters, prepared before if it was not.
    func send(_ statement: PostgresStatement, expecting answer: Expected) throws(StoreError) {
        try queueRows()
        var types = statement.types
        if !isPooled, !statement.isPrepared {
            let isSent = unsafe PQsendPrepare(
                connection,
                statement.name,
                statement.sql,
                Int32(types.count),
                &types
            )
            guard isSent == 1 else { throw note(.lost(message)) }
            expected.append(.preparation(statement))
            statement.isPrepared = true
        }
        let isSent = unsafe statement.withParameters { values, lengths, formats in
            let count = Int32(lengths.count)
            let places = (lengths: lengths.baseAddress, formats: formats.baseAddress)
            return unsafe isPooled
                ? PQsendQueryParams(
                    connection,
                    statement.sql,
                    count,
                    &types,
                    values,
                    places.lengths,
                    places.formats,
                    1
                )
                : PQsendQueryPrepared(
                    connection,
                    statement.name,
                    count,
                    values,
                    places.lengths,
                    places.formats,
                    1
                )
        }
        guard isSent == 1 else { throw note(.lost(message)) }
        expected.append(answer)
    }

    /// Keeps a row that a statement inserts, until there are several or something else is sent: to begin
    /// an INSERT costs PostgreSQL more than one row.
    func gather(
        _ statement: PostgresStatement,
        _ row: [PostgresStatement.Parameter]
    ) throws(StoreError) {
        if gathering !== statement { try queueRows() }
        gathering = statement
        rows.append(row)
        guard rows.count >= Self.together else { return }
        try queueRows()
        // The server inserts them while the next ones are made ready. Without a synchronisation, no limit
        // of the server would hold while it waits for them.
        try synchronise()
    }

    /// How many rows one statement inserts. PostgreSQL takes 65,535 parameters.
    private static let together = 16

    private func queueRows() throws(StoreError) {
        guard !rows.isEmpty, let statement = gathering else { return }
        let several = inserting(rows.count, statement)
        several.bind(rows)
        rows = []
        try send(several, expecting: .nothing)
    }

    private func inserting(_ count: Int, _ row: PostgresStatement) -> PostgresStatement {
        let key = ObjectIdentifier(row)
        if let known = inserts[key]?[count] { return known }
        names += 1
        let fresh = PostgresStatement(count, of: row, name: "s\(names)", on: self)
        inserts[key, default: [:]][count] = fresh
        return fresh
    }

    // MARK: Answers

    /// Takes the answer to one question, to its end.
    private func take(
        _ question: Expected,
        until deadline: Deadline
    ) throws(PostgresFailure) {
        while let result = unsafe try next(until: deadline) {
            var keeps = false
            defer { if !keeps { unsafe PQclear(result) } }
            switch unsafe PQresultStatus(result) {
            case BECKON_PQ_PIPELINE_SYNC:
                // Has no end of its own.
                return
            case BECKON_PQ_PIPELINE_ABORTED:
                if case .preparation(let statement) = question { statement.isPrepared = false }
            case BECKON_PQ_COMMAND_OK, BECKON_PQ_TUPLES_OK:
                switch question {
                case .rows(let statement):
                    unsafe statement.take(result)
                    keeps = true
                case .changes(let count, let reason):
                    if unsafe String(cString: PQcmdTuples(result)) != "\(count)" {
                        failed = failed ?? .unmet(reason)
                    }
                case .tag(let tag):
                    if unsafe String(cString: PQcmdStatus(result)) != tag {
                        failed = failed ?? .unmet("the transaction had failed before")
                    }
                case .nothing, .preparation, .synchronisation: break
                }
            default:
                let failure = unsafe Self.failure(of: result)
                if case .preparation(let statement) = question { statement.isPrepared = false }
                // What follows is only skipped because of the first.
                failed = failed ?? failure
                if failure.kind == .lost { throw failure }
            }
        }
    }

    private static func failure(of result: OpaquePointer) -> PostgresFailure {
        func field(_ name: Character) -> String? {
            let code = Int32(name.asciiValue ?? 0)
            guard let text = unsafe PQresultErrorField(result, code) else { return nil }
            return unsafe String(cString: text)
        }
        // libpq itself makes results without a code, when the connection ends.
        guard let state = field("C") else { return .lost(field("M") ?? "the connection has ended") }
        return PostgresFailure(
            state: state,
            message: field("M") ?? "an error",
            name: field("n") ?? field("t")
        )
    }

    /// The next result; nil at the end of a question's.
    private func next(until deadline: Deadline) throws(PostgresFailure) -> OpaquePointer? {
        while true {
            let unsent = unsafe PQflush(connection)
            guard unsent >= 0 else { throw .lost(message) }
            if unsafe PQisBusy(connection) == 0 {
                let result = unsafe PQgetResult(connection)
                if unsafe result == nil, unsafe PQstatus(connection) == BECKON_PQ_CONNECTION_BAD {
                    throw .lost(message)
                }
                return unsafe result
            }
            let events = POLLIN | (unsent == 1 ? POLLOUT : 0)
            guard unsafe Self.wait(PQsocket(connection), for: events, until: deadline) else {
                throw .lost("the server does not answer")
            }
            guard unsafe PQconsumeInput(connection) == 1 else { throw .lost(message) }
        }
    }

    // MARK: Connecting

    /// Connects without leaving the time limit to the system. Only the resolution of a name has limits
    /// of its own.
    private static func connect(
        _ settings: String,
        _ limit: Duration
    ) throws(PostgresFailure) -> OpaquePointer {
        guard let connection = unsafe PQconnectStart(settings) else { throw .lost("no memory") }
        let deadline = Deadline(after: limit)
        var state = BECKON_PQ_POLLING_WRITING
        while unsafe PQstatus(connection) != BECKON_PQ_CONNECTION_BAD {
            guard
                unsafe wait(
                    PQsocket(connection),
                    for: state == BECKON_PQ_POLLING_READING ? POLLIN : POLLOUT,
                    until: deadline
                )
            else {
                unsafe PQfinish(connection)
                throw .lost("no connection in time")
            }
            state = unsafe PQconnectPoll(connection)
            if state == BECKON_PQ_POLLING_OK { return unsafe connection }
            if state == BECKON_PQ_POLLING_FAILED { break }
        }
        let reason = unsafe message(connection)
        unsafe PQfinish(connection)
        throw .lost(reason)
    }

    /// False when the time is over.
    private static func wait(
        _ socket: Int32,
        for events: Int32,
        until deadline: Deadline
    ) -> Bool {
        var entry = pollfd(fd: socket, events: Int16(events), revents: 0)
        while true {
            let count = unsafe poll(&entry, 1, deadline.millisecondsLeft)
            if count > 0 { return true }
            if count == 0 || errno != EINTR { return false }
        }
    }

    private static func password(_ path: String) throws(StoreError) -> String {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreError.unavailable("cannot read \(path) (system error \(errno))")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe read(descriptor, buffer.baseAddress, buffer.count)
        }
        guard count > 0, count < bytes.count else {
            throw StoreError.unavailable("\(path) has no password, or one that is too long")
        }
        var text = bytes[..<count]
        if text.last == UInt8(ascii: "\n") { text.removeLast() }
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A moment on the clock that nobody sets.
struct Deadline {
    private let end: ContinuousClock.Instant

    init(after duration: Duration) { end = .now + duration }

    /// At least 0, for `poll`.
    var millisecondsLeft: Int32 {
        Int32(clamping: max(0, (ContinuousClock.now.duration(to: end)).milliseconds))
    }
}

extension StoreError {
    /// The text of an error that has one.
    fileprivate var reason: String {
        if case .unavailable(let reason) = self { return reason }
        return "\(self)"
    }
}
