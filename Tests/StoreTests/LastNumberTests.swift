import Access
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("A file in which somebody has written the last number there is", .timeLimit(.minutes(3)))
struct LastNumberTests {
    private static let last = "9223372036854775807"

    /// What is written, and what is not possible afterwards.
    static let edits: [(sql: String, stops: [String])] = [
        ("UPDATE login SET number = \(last)", ["login"]),
        ("UPDATE meta SET deleted_up_to = \(last)", ["login"]),
        ("UPDATE meta SET hashes_merged = \(last)", []),
        ("UPDATE used_once SET number = \(last)", ["use"]),
        ("UPDATE meta SET uses_merged = \(last)", ["use"]),
        ("UPDATE audit SET number = \(last); UPDATE audit_head SET number = \(last)", ["audit"]),
        ("UPDATE audit_head SET number = \(last), removed_number = \(last)", ["audit"]),
        ("UPDATE audit_head SET number = \(last)", ["audit"]),
        ("INSERT INTO audit VALUES (\(last), x'00', zeroblob(32))", []),
    ]

    @Test("stops what needs a higher one, and nothing else", arguments: edits.indices)
    func last(_ index: Int) async throws {
        let (sql, stops) = Self.edits[index]
        let place = try StorePlace(.sqlite)
        let first = try place.open()
        try await first.logins.insertNew(fixture("first").make())
        try await first.access.put(.use(key: onceKey(1), until: noon), .audit(event("a.b")))
        await first.close()
        #expect(try SQLiteShell.run(place.path, sql).isSuccess)
        let store = try SQLLoginStore(place.options())
        try await check("login", stops) {
            _ = try await store.insert(fixture("second").make(), limits: .none)
        }
        try await check("use", stops) {
            _ = try await store.access.commit([.use(key: onceKey(2), until: noon)])
        }
        try await check("audit", stops) {
            _ = try await store.access.commit([.audit(event("a.c"))])
        }
        var verifier = AuditVerifier()
        let fault = verifier.check(try await store.access.auditPage(after: nil, limit: 9))
        #expect((fault != nil) == sql.contains("audit"))
        _ = try await store.find(LoginFilter(), before: nil, limit: 1)
        await store.close()
    }

    @Test("is refused in PostgreSQL too", .needsPostgres, arguments: ["highest", "commits"])
    func postgres(_ column: String) async throws {
        let place = try StorePlace(.postgres)
        let first = try place.open()
        try await first.logins.insertNew(fixture("first").make())
        await first.close()
        let database = try #require(place.database)
        try PostgresServer.shared?.run(
            "UPDATE writer SET \(column) = \(Self.last)",
            in: database
        )
        let store = try place.open()
        try await check("login", ["login"]) {
            _ = try await store.logins.insert(fixture("second").make(), limits: .none)
        }
        await store.close()
    }

    private func check(
        _ what: String,
        _ stops: [String],
        _ body: () async throws -> Void
    ) async throws {
        guard stops.contains(what) else { return try await body() }
        let error = await #expect(throws: StoreError.self, "\(what)") { try await body() }
        guard case .damaged = error else {
            Issue.record("\(what): \(String(describing: error))")
            return
        }
    }
}
