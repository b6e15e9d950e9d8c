import Foundation
import Identity
import TestSupport
import Testing

@testable import App

@Suite("The file of the tickets' key")
struct TicketKeyFileTests {
    private let place: TemporaryDirectory
    private let log = CapturedLog()
    private var path: String { place.file("beckon.db-tickets") }

    init() throws { place = try TemporaryDirectory() }

    private func load() -> [UInt8] { TicketKeyFile.load(path, log: log.logger).bytes }

    @Test("has one key for all processes, which only its owner can read")
    func kept() throws {
        let keys = [load(), load(), load()]
        #expect(Set(keys).count == 1)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path).count == 1)
        #expect(log.events.isEmpty)
    }

    @Test(
        "is replaced if it is damaged or others may have read it",
        arguments: [(0, 0o600), (31, 0o600), (33, 0o600), (32, 0o640), (32, 0o604)]
    )
    func replaced(length: Int, mode: Int) throws {
        let bytes = [UInt8](repeating: 7, count: length)
        _ = FileManager.default.createFile(
            atPath: path,
            contents: Data(bytes),
            attributes: [.posixPermissions: mode]
        )
        let key = load()
        #expect(key != bytes && load() == key)
        #expect(log.events.isEmpty)
    }

    @Test("may be missing: each process then has a key of its own, and says so")
    func unwritable() throws {
        let nowhere = place.file("no/folder/beckon.db-tickets")
        let keys = (1...2).map { _ in TicketKeyFile.load(nowhere, log: log.logger).bytes }
        #expect(keys[0] != keys[1])
        #expect(log.events == ["tickets.key_not_kept", "tickets.key_not_kept"])
    }
}
