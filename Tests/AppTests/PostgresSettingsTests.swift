import Foundation
import SQLStore
import TestSupport
import Testing

@testable import App

@Suite("Where a database in PostgreSQL is")
struct PostgresSettingsTests {
    private typealias Address = PostgresOptions.Address

    @Test(
        "is read from a URL",
        arguments: [
            ("postgresql://u@h/d", ["h:5432"], "u", "d"),
            ("postgres://u@h:1/d", ["h:1"], "u", "d"),
            ("postgresql://u@h", ["h:5432"], "u", "u"),
            ("postgresql://u@h/", ["h:5432"], "u", "u"),
            ("postgresql://u@a,b:2,[::1]:3/d", ["a:5432", "b:2", "::1:3"], "u", "d"),
            ("postgresql://u%40x@%2Frun%2Fpg/d%20e", ["/run/pg:5432"], "u@x", "d e"),
        ]
    )
    func url(_ text: String, _ addresses: [String], _ user: String, _ database: String) throws {
        let url = try #require(ConnectionURL(text))
        #expect(url.addresses.map { "\($0.host):\($0.port)" } == addresses)
        #expect(url.user == user)
        #expect(url.database == database)
    }

    @Test(
        "is not read from anything else",
        arguments: [
            "", "h", "http://u@h/d", "postgresql://", "postgresql://h/d", "postgresql://@h/d",
            "postgresql://u:p@h/d", "postgresql://u@/d", "postgresql://u@h,/d",
            "postgresql://u@h:0/d", "postgresql://u@h:65536/d", "postgresql://u@h:x/d",
            "postgresql://u@h/d/e", "postgresql://u@h/d?sslmode=disable", "postgresql://u@h/d#e",
            "postgresql://u@::1/d", "postgresql://u@h/%", "postgresql://u@h/%0",
            "postgresql://u@h/%00",
            "postgresql://u@h/%-1", "postgresql://u@h/%FF", "postgresql://u@v@h/d",
        ]
    )
    func notURL(_ text: String) { #expect(ConnectionURL(text) == nil) }

    @Test(
        "is protected by TLS unless it is on this machine",
        arguments: [
            ("postgresql://u@db.example/d", "", true), ("postgresql://u@localhost/d", "", false),
            ("postgresql://u@127.0.0.1,[::1]/d", "", false),
            ("postgresql://u@localhost,db.example/d", "", true),
            ("postgresql://u@%2Frun%2Fpg/d", "", false),
            ("postgresql://u@localhost/d", ", tls: true", true),
            ("postgresql://u@db.example/d", ", tls: false", false),
        ]
    )
    func protection(_ url: String, _ more: String, _ isProtected: Bool) throws {
        let directory = try TemporaryDirectory()
        let file = directory.file("beckon.json5")
        let text = ConfigurationFixtures.minimal([
            (
                "development: true,",
                "development: true, store: { postgres: { url: \"\(url)\"\(more) } },"
            )
        ])
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let place = try #require(try ServiceConfiguration.load(file).store.postgres)
        #expect((place.protection == .none) == !isProtected)
    }
}
