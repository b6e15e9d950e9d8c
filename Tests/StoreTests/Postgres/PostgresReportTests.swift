import Foundation
import Logins
import TestSupport
import Testing

@testable import SQLStore

/// How a database is reached, and what it says about itself.
@Suite("A database in PostgreSQL that is looked at", .needsPostgres, .timeLimit(.minutes(5)))
struct PostgresReportTests {
    private let server: PostgresServer
    private let newest = Schema.postgresSteps.count

    init() throws { server = try #require(PostgresServer.shared) }

    @Test("keeps a store over TLS with a password, if its certificate names the host")
    func protected() async throws {
        let certificates = try Certificates()
        try certificates.issue("db", alternativeName: "DNS:localhost")
        let server = try PostgresServer.protected(by: certificates, "db")
        try server.run("ALTER ROLE beckon PASSWORD 'secret'")
        try server.run("CREATE DATABASE shared")
        var place = PostgresOptions(
            addresses: [PostgresOptions.Address(host: "localhost", port: server.port)],
            database: "shared",
            user: "beckon"
        )
        place.protection = .verified(authorities: certificates.authority)
        let password = certificates.directory.file("password")
        try "secret\n".write(toFile: password, atomically: true, encoding: .utf8)
        place.passwordFile = password
        let empty = try PostgresReport(place)
        #expect(empty.text.contains("at localhost:\(server.port), TLS, no tables yet"))
        #expect(empty.problems == [])
        let heard = Recorded<StoredLogin>()
        var options = StoreOptions(postgres: place, role: .service, clock: ManualClock())
        let one = try SQLLoginStore(options)
        options.isFollowed = { true }
        options.changedByOthers = { heard.append($0) }
        let begun = Recorded<Void>()
        options.othersChanged = { begun.append(()) }
        let other = try SQLLoginStore(options)
        _ = try await begun.wait("the first look") { $0.count > 0 }
        let stored = try await one.insertNew(fixture("one").make())
        #expect(try await heard.wait("the login") { $0.count > 0 } == [stored])
        #expect(try await other.claim(at: noon, within: Slots(9)).map(\.stored) == [stored])
        #expect(
            try PostgresReport(place).text.hasSuffix("TLS, schema \(newest), 2 processes serve it")
        )
        await one.close()
        await other.close()

        func refusal(_ change: (inout PostgresOptions) throws -> Void) throws -> String {
            var place = place
            try change(&place)
            let options = StoreOptions(postgres: place, role: .service, clock: ManualClock())
            return "\(try #require(throws: StoreError.self) { try SQLLoginStore(options) })"
        }
        let another = try refusal { $0.addresses[0].host = "127.0.0.1" }
        #expect(another.contains("does not match host name"), "\(another)")
        let unknown = try refusal { $0.protection = .system }
        #expect(unknown.contains("certificate verify failed"), "\(unknown)")
        let open = try refusal { $0.protection = .none }
        #expect(open.contains("no encryption"), "\(open)")
        let wrong = try refusal { place in
            let file = certificates.directory.file("wrong")
            try "wrong".write(toFile: file, atomically: true, encoding: .utf8)
            place.passwordFile = file
        }
        #expect(wrong.contains("password authentication failed"), "\(wrong)")
    }

    @Test("says that a pooler stands between")
    func pooled() throws {
        let pooler = try #require(Pooler.shared)
        let database = try server.makeDatabase()
        let direct = try PostgresReport(server.options(database))
        let pooled = try PostgresReport(server.options(database, through: pooler))
        #expect(!direct.text.contains("pooler"))
        #expect(pooled.text.contains("through a pooler"))
    }

    @Test("says what is wrong with the server, the database and the role")
    func problems() throws {
        // The tests' server does not wait for its disk.
        let fast = try PostgresReport(server.options(try server.makeDatabase())).problems
        #expect(fast == ["fsync is off, so that a crash of the server loses decisions"])
        let database = try server.makeDatabase(isEmpty: true)
        try server.run("CREATE ROLE \(database) LOGIN PASSWORD 'p'")
        var place = server.options(database, user: database)
        let password = server.directory.file("password-of-\(database)")
        try "p".write(toFile: password, atomically: true, encoding: .utf8)
        place.passwordFile = password
        #expect(
            try PostgresReport(place).problems.last
                == "\(database) may not make tables, which schema \(newest) needs"
        )
        try server.run(
            "CREATE DATABASE \(database)_latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
        )
        #expect(
            try PostgresReport(server.options("\(database)_latin")).problems.first
                == "the database has the encoding LATIN1; UTF8 is needed"
        )
        try server.run(
            "CREATE TABLE beckon_schema (version bigint); INSERT INTO beckon_schema VALUES (9);"
                + "CREATE TABLE replica (serves boolean, until timestamptz)",
            in: database
        )
        #expect(
            try PostgresReport(server.options(database)).problems.last
                == "schema 9 is of a newer version of Beckon"
        )
    }

    @Test("makes durable what it answers, also if the server's default is less")
    func durable() throws {
        for pooler in [nil, Pooler.shared] {
            let database = try server.makeDatabase(isEmpty: true)
            try server.run("ALTER DATABASE \(database) SET synchronous_commit = off")
            let session = PostgresSession(server.options(database, through: pooler))
            try session.begin()
            let setting = try session.connection().prepare("SHOW synchronous_commit")
            #expect(try setting.step())
            #expect(try setting.text(0) == "on")
            setting.reset()
            session.rollback()
        }
    }
}
