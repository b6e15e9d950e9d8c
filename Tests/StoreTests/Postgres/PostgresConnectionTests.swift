import CPostgres
import Foundation
import Logins
import TestSupport
import Testing

@testable import SQLStore

@Suite("A connection to PostgreSQL", .needsPostgres, .timeLimit(.minutes(3)))
struct PostgresConnectionTests {
    private let server: PostgresServer
    private let database: String

    init() throws {
        server = try #require(PostgresServer.shared)
        database = try server.makeDatabase(isEmpty: true)
    }

    private func connect(
        _ change: (inout PostgresOptions) throws -> Void = { _ in }
    ) throws -> PostgresConnection {
        var options = server.options(database)
        try change(&options)
        return try PostgresConnection(options)
    }

    private func execute(_ sql: String, on connection: PostgresConnection) throws {
        try connection.queue(sql)
        try connection.sync()
    }

    @Test("gives back every value as it was bound")
    func values() throws {
        let connection = try connect()
        try execute("CREATE TABLE t (n bigint, t text, b bytea)", on: connection)
        let insert = connection.statement("INSERT INTO t VALUES (?, ?, ?)")
        let rows: [(Int64?, String?, [UInt8]?)] = [
            (nil, nil, nil), (0, "", []), (.min, "e\u{301}\u{1F600}'\\", [0, 255, 0]),
            (.max, "?", Array(repeating: 7, count: 100_000)), (-1, "\n", [0]),
        ]
        for row in rows {
            insert.clearBindings()
            insert.bind(row.0, at: 1)
            insert.bind(row.1, at: 2)
            if let bytes = row.2 { insert.bind(bytes, at: 3) }
            try insert.run()
        }
        let select = connection.statement("SELECT n, t, b FROM t ORDER BY ctid")
        for row in rows {
            #expect(try select.step())
            #expect(select.integer(0) == row.0)
            #expect(try select.text(1).map { Array($0.utf8) } == row.1.map { Array($0.utf8) })
            #expect(select.bytes(2) == row.2)
        }
        #expect(try !select.step())
    }

    @Test("reads whole numbers of each size and truth values")
    func numbers() throws {
        let connection = try connect()
        let select = connection.statement("SELECT (-2)::int2, (-3)::int4, (-4)::int8, true, false")
        #expect(try select.step())
        #expect((0..<5).map { select.integer($0) } == [-2, -3, -4, 1, 0])
    }

    @Test("refuses U+0000 before anything is sent, and goes on")
    func zero() throws {
        let connection = try connect()
        let select = connection.statement("SELECT ?::text")
        select.bind("a\u{0}b", at: 1)
        #expect(throws: StoreError.unavailable("PostgreSQL: a text has the character U+0000")) {
            try select.step()
        }
        select.bind("ab", at: 1)
        #expect(try select.step())
        #expect(try select.text(0) == "ab")
        select.bind("c", at: 2)
        #expect(throws: StoreError.unavailable("PostgreSQL: there is no parameter 2")) {
            try select.run()
        }
    }

    @Test("throws the error of a queued statement later, and skips what follows it")
    func queued() throws {
        let connection = try connect()
        try execute("CREATE TABLE t (n bigint PRIMARY KEY)", on: connection)
        let insert = connection.statement("INSERT INTO t VALUES (?)")
        func put(_ number: Int64) throws {
            insert.reset()
            insert.bind(number, at: 1)
            try insert.run()
        }
        try connection.queue("BEGIN")
        try put(1)
        try put(1)
        try put(2)
        let skipped = connection.statement("SELECT count(*) FROM t")
        #expect(throws: StoreError.unavailable("PostgreSQL: refused a value (t_pkey) (23505)")) {
            try skipped.step()
        }
        #expect(connection.failure?.kind == .notUnique)
        #expect(connection.isInTransaction)
        connection.rollback()
        #expect(!connection.isInTransaction)
        // It was never prepared, because it was skipped.
        #expect(try skipped.step())
        #expect(skipped.integer(0) == 0)
    }

    @Test("takes back queued statements, also if one of them fails")
    func rollback() throws {
        let connection = try connect()
        try execute("CREATE TABLE t (n bigint PRIMARY KEY)", on: connection)
        for sql in ["INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (1), (1)"] {
            try connection.queue("BEGIN")
            try connection.queue(sql)
            connection.rollback()
            #expect(!connection.isInTransaction)
            let count = connection.statement("SELECT count(*) FROM t")
            #expect(try count.step())
            #expect(count.integer(0) == 0)
        }
    }

    @Test("takes the commit of a failed transaction for a failure")
    func commit() throws {
        let connection = try connect()
        try connection.queue("BEGIN")
        #expect(throws: StoreError.self) { try execute("SELECT 1/0", on: connection) }
        #expect(throws: StoreError.unavailable("PostgreSQL: the transaction had failed before")) {
            try connection.run("COMMIT", tag: "COMMIT")
            try connection.sync()
        }
    }

    @Test("fails a statement that changes other than the rows it must change")
    func changing() throws {
        let connection = try connect()
        try execute("CREATE TABLE t AS SELECT 1 AS n", on: connection)
        let update = connection.statement("UPDATE t SET n = ?")
        update.bind(2, at: 1)
        try update.run(changing: 1, orElse: "gone")
        try connection.sync()
        try update.run(changing: 2, orElse: "gone")
        #expect(throws: StoreError.unavailable("PostgreSQL: gone")) { try connection.sync() }
    }

    @Test("takes long questions and long answers at the same time")
    func both() throws {
        let connection = try connect()
        let echo = connection.statement("SELECT ?::bytea")
        let bytes = [UInt8](repeating: 1, count: 10_000)
        for _ in 0..<2_000 {
            echo.bind(bytes, at: 1)
            try echo.run()
        }
        try connection.sync()
        #expect(try echo.step())
        #expect(echo.bytes(0) == bytes)
    }

    @Test("tells a deadlock and a failed serialisation, which may succeed if they run again")
    func again() throws {
        let (one, other) = (try connect(), try connect())
        try execute("CREATE TABLE t AS SELECT 1 AS n", on: one)
        for connection in [one, other] {
            try execute("BEGIN ISOLATION LEVEL SERIALIZABLE", on: connection)
            try execute("SELECT n FROM t", on: connection)
        }
        try execute("UPDATE t SET n = 2", on: one)
        try execute("COMMIT", on: one)
        #expect(throws: StoreError.self) { try execute("UPDATE t SET n = 3", on: other) }
        #expect(other.failure?.kind == .again)
        #expect(PostgresFailure(state: "40P01", message: "", name: nil).kind == .again)
    }

    @Test("waits for a lock no longer than it may")
    func lock() throws {
        let one = try connect()
        try execute("CREATE TABLE t (n bigint)", on: one)
        try execute("BEGIN", on: one)
        try execute("LOCK TABLE t", on: one)
        let other = try connect { $0.lockTimeout = .milliseconds(20) }
        #expect(throws: StoreError.locked) { try execute("SELECT * FROM t", on: other) }
        let third = try connect { $0.statementTimeout = .milliseconds(20) }
        #expect(throws: StoreError.self) { try execute("SELECT * FROM t", on: third) }
        #expect(third.failure?.kind == .refused)
        try execute("SELECT 1", on: third)
    }

    @Test("ends a session that stops in the middle of a transaction")
    func idle() throws {
        let stopped = try connect { $0.idleTimeout = .milliseconds(20) }
        try execute("CREATE TABLE t (n bigint)", on: stopped)
        try execute("BEGIN", on: stopped)
        try execute("LOCK TABLE t", on: stopped)
        let other = try connect()
        try execute("SELECT * FROM t", on: other)
        #expect(throws: StoreError.self) { try execute("SELECT 1", on: stopped) }
        #expect(stopped.failure?.kind == .lost)
    }

    /// Inserts rows, of which the first ones are sent before anybody waits for an answer.
    private func insertEarly(
        _ numbers: some Sequence<Int64>,
        on connection: PostgresConnection
    ) throws {
        let insert = connection.statement("INSERT INTO t (n) VALUES (?)")
        for number in numbers {
            insert.bind(number, at: 1)
            try insert.insertRow()
        }
    }

    @Test("ends a session that stops after it has sent rows early")
    func idleWithRows() throws {
        let stopped = try connect { $0.idleTimeout = .milliseconds(20) }
        try execute("CREATE TABLE t (n bigint)", on: stopped)
        try stopped.begin()
        try execute("LOCK TABLE t", on: stopped)
        try insertEarly(1...40, on: stopped)
        // Gets the table once the other session has been ended.
        let other = try connect()
        let count = other.statement("SELECT count(*) FROM t")
        #expect(try count.step())
        #expect(count.integer(0) == 0)
        #expect(throws: StoreError.self) { try execute("COMMIT", on: stopped) }
        #expect(stopped.failure?.kind == .lost)
    }

    @Test(
        "takes back all rows of a transaction, however early the one that fails was sent",
        arguments: [1, 15, 16, 17, 31, 32, 39]
    )
    func earlyFailure(place: Int) throws {
        let connection = try connect()
        try execute("CREATE TABLE t (n bigint PRIMARY KEY)", on: connection)
        var numbers = (0..<40).map { Int64($0) }
        numbers[place] = numbers[place - 1]
        #expect(throws: StoreError.self) {
            try connection.begin()
            try insertEarly(numbers, on: connection)
            try connection.run("COMMIT", tag: "COMMIT")
            try connection.sync()
        }
        #expect(connection.failure?.kind == .notUnique)
        connection.rollback()
        try connection.begin()
        try insertEarly(0..<40, on: connection)
        try connection.run("COMMIT", tag: "COMMIT")
        try connection.sync()
        let count = connection.statement("SELECT count(*) FROM t")
        #expect(try count.step())
        #expect(count.integer(0) == 40)
    }

    @Test("knows when the server has ended it")
    func lost() throws {
        let connection = try connect()
        let select = connection.statement("SELECT pg_backend_pid()")
        #expect(try select.step())
        let process = try #require(select.integer(0))
        try server.run("SELECT pg_terminate_backend(\(process), 10000)")
        #expect(throws: StoreError.self) { try execute("SELECT 1", on: connection) }
        #expect(connection.failure?.kind == .lost)
        connection.rollback()
    }

    @Test("goes on to the next server when one is not there or takes no changes")
    func addresses() throws {
        let real = PostgresOptions.Address(host: server.directory.path)
        let missing = PostgresOptions.Address(host: server.directory.path, port: 5433)
        _ = try connect { $0.addresses = [missing, real] }
        let error = try #require(throws: StoreError.self) {
            try connect { $0.addresses = [missing] }
        }
        #expect("\(error)".contains("5433"))
        try server.run("ALTER DATABASE \(database) SET default_transaction_read_only = on")
        let refused = try #require(throws: StoreError.self) { try connect() }
        #expect("\(refused)".contains("read-only"), "\(refused)")
    }

    @Test("signs in with the password that its file has now")
    func password() throws {
        try server.run(
            "CREATE ROLE \(database) LOGIN PASSWORD 'it''s \\'; GRANT ALL ON DATABASE \(database) TO \(database)"
        )
        let path = server.directory.file("password-\(database)")
        func connect() throws {
            var options = server.options(database, user: database)
            options.passwordFile = path
            _ = try PostgresConnection(options)
        }
        #expect(throws: StoreError.self) { try connect() }
        try "it's \\\n".write(toFile: path, atomically: true, encoding: .utf8)
        try connect()
        try "wrong\n".write(toFile: path, atomically: true, encoding: .utf8)
        let error = try #require(throws: StoreError.self) { try connect() }
        #expect("\(error)".contains("password authentication failed"))
        #expect(!"\(error)".contains("wrong"))
    }

    @Test("refuses a setting with a zero byte")
    func zeroSetting() {
        #expect(throws: StoreError.unavailable("the setting user has a zero byte")) {
            try connect { $0.user = "a\u{0}b" }
        }
    }
}

@Suite("PostgreSQL's client library")
struct PostgresLibraryTests {
    @Test("is named when it is missing")
    func missing() {
        let reason = PostgresLibrary.load("libpq-of-nobody.so.5")
        #expect(reason?.contains("libpq-of-nobody.so.5") == true)
    }

    @Test("is refused with the name of a function that it has not")
    func symbol() {
        let reason = PostgresLibrary.load("libc.so.6")
        #expect(reason?.contains("PQconnectStart") == true)
    }

    @Test("has the states under the numbers that are declared here", .needsPostgres)
    func states() throws {
        try PostgresLibrary.use()
        let names = [
            BECKON_PQ_COMMAND_OK, BECKON_PQ_TUPLES_OK, BECKON_PQ_PIPELINE_SYNC,
            BECKON_PQ_PIPELINE_ABORTED,
        ].map { String(cString: PQresStatus($0)) }
        #expect(
            names == [
                "PGRES_COMMAND_OK", "PGRES_TUPLES_OK", "PGRES_PIPELINE_SYNC",
                "PGRES_PIPELINE_ABORTED",
            ]
        )
    }
}

@Suite("Parameters in SQL")
struct PlaceholderTests {
    @Test("are numbered as PostgreSQL wants them")
    func numbered() {
        func expect(_ sql: String, _ numbered: String, _ places: [Int?]) {
            let found = Placeholders.numbered(sql)
            #expect(found.sql == numbered)
            #expect(found.places == places)
            #expect(found.count == places.count { $0 != nil })
        }
        expect("a = ? AND b = ?", "a = $1 AND b = $2", [0, 1])
        expect("?2, ?1, ?2", "$1, $2, $1", [1, 0])
        expect("?3, ?", "$1, $2", [nil, nil, 0, 1])
        expect("'?' || ? || 'it''s ?'", "'?' || $1 || 'it''s ?'", [0])
        expect("\"é\" = ?2", "\"é\" = $1", [nil, 0])
    }

    @Test("max of several values is greatest")
    func greatest() {
        func expect(_ sql: String, _ translated: String) {
            #expect(Placeholders.numbered(sql).sql == translated)
        }
        expect("max(a, ?)", "greatest(a, $1)")
        expect("max(coalesce(a, 1))", "max(coalesce(a, 1))")
        expect("max(coalesce(a, 1), max(b))", "greatest(coalesce(a, 1), max(b))")
        expect("climax(a, b)", "climax(a, b)")
    }
}

@Suite("Errors of PostgreSQL")
struct PostgresFailureTests {
    @Test(
        "say what follows from them",
        arguments: [
            ("40001", PostgresFailure.Kind.again), ("40P01", .again), ("23505", .notUnique),
            ("08006", .lost), ("57P01", .lost), ("25006", .lost), ("25P03", .lost),
            ("42601", .refused), ("57014", .refused),
        ]
    )
    func kinds(_ state: String, _ kind: PostgresFailure.Kind) {
        #expect(PostgresFailure(state: state, message: "m", name: nil).kind == kind)
    }

    @Test("become the errors of a store, without stored values")
    func errors() {
        func error(_ state: String) -> StoreError {
            PostgresFailure(state: state, message: "alice", name: "users_pkey").store
        }
        #expect(error("53100") == .full)
        #expect(error("55P03") == .locked)
        #expect(error("XX001") == .damaged("PostgreSQL: alice (XX001)"))
        #expect(error("42601") == .unavailable("PostgreSQL: alice (42601)"))
        #expect(error("22021") == .unavailable("PostgreSQL: refused a value (users_pkey) (22021)"))
        #expect(error("23505") == .unavailable("PostgreSQL: refused a value (users_pkey) (23505)"))
    }
}
