import Access
import Devices
import Foundation
import Logins
import TestSupport
import Testing

@testable import SQLStore

@Suite("A copy of a file to PostgreSQL", .needsPostgres, .timeLimit(.minutes(10)))
struct StoreCopyTests {
    private let server: PostgresServer
    private let place: StorePlace
    private let target: PostgresOptions

    init() throws {
        server = try #require(PostgresServer.shared)
        place = try StorePlace(.sqlite)
        target = server.options(try server.makeDatabase())
    }

    private func open() throws -> SQLLoginStore {
        try SQLLoginStore(StoreOptions(postgres: target, role: .service, clock: place.clock))
    }

    @Test("has everything, while the file is in use, and can be repeated")
    func everything() async throws {
        let file = try SQLLoginStore(place.options())
        let logins = try await withThrowingTaskGroup(of: StoredLogin.self) { group in
            for phase in PendingLogin.PhaseName.allCases {
                for index in 0..<700 {
                    let login = PendingLogin.inPhase(
                        phase,
                        fixture("\(phase)-\(index)'\\\"\u{1F600}")
                    )
                    group.addTask { try await file.insertNew(login) }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try await file.access.put(.addClient(client("robot", .delegated)))
        try await file.access.put(.recordConsent(delegation("consent")))
        try await file.access.put(.audit(AuditEvent("client.created", at: noon)))
        let used = (0..<9).map { AccessChange.use(key: onceKey($0 * 31 % 9), until: noon) }
        for use in used { try await file.access.put(use) }
        let first = try StoreCopy.run(path: place.path, to: target)
        #expect(first.first { $0.name == "login" }?.rows == logins.count)
        #expect(first.first { $0.name == "used_once" }?.rows == used.count)
        #expect(first.first { $0.name == "audit" }?.rows == 1)
        let last = try await file.insertNew(fixture("last").make())
        let second = try StoreCopy.run(path: place.path, to: target, secrets: ["tickets": [1, 2]])
        #expect(second.first { $0.name == "login" }?.rows == logins.count + 1)
        #expect(
            second.first { $0.name == "login" }?.digest
                != first.first { $0.name == "login" }?.digest
        )
        #expect(second.first { $0.name == "audit" } == first.first { $0.name == "audit" })
        let copy = try open()
        for stored in logins + [last] { #expect(try await copy.login(stored.number) == stored) }
        #expect(try await copy.access.consent("consent") == delegation("consent"))
        for use in used { #expect(try await copy.access.commit([use]) == .used) }
        #expect(try await copy.access.wholeAudit() == file.access.wholeAudit())
        #expect(try copy.sharedSecrets().read("tickets") == [1, 2])
        // Numbers go on after the highest.
        let next = try await copy.insertNew(fixture("next").make())
        #expect(next.number == LoginNumber(last.number.rawValue + 1))
        await copy.close()
        // Now it is a store that is used, which nobody may replace.
        let error = try #require(throws: StoreError.self) {
            try StoreCopy.run(path: place.path, to: target)
        }
        #expect("\(error)".contains("has been used by a service"))
        await file.close()
    }

    @Test("is not made of what is damaged, and leaves the target as it was")
    func damaged() async throws {
        let file = try SQLLoginStore(place.options())
        try await file.insertNew(fixture("one").make())
        await file.close()
        _ = try StoreCopy.run(path: place.path, to: target)
        let sql = "PRAGMA ignore_check_constraints = 1; UPDATE login SET phase = 'nowhere'"
        #expect(try SQLiteShell.run(place.path, sql).isSuccess)
        #expect(throws: StoreError.self) { try StoreCopy.run(path: place.path, to: target) }
        let copy = try open()
        #expect(try await copy.login(LoginNumber(1))?.login.phase.name == .preparing)
        await copy.close()
    }
}
