import Access
import Commands
import Devices
import Foundation
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@testable import App

@Suite("Commands on devices")
struct DevicesCommandTests {
    private let stage: CommandStage

    init() throws { stage = try CommandStage() }

    private func run(_ words: String...) async -> CommandStage.Printed {
        await stage.run(words)
    }

    private func open() throws -> SQLLoginStore {
        try SQLLoginStore(
            StoreOptions(path: stage.directory.file("beckon.db"), role: .tool, clock: ManualClock())
        )
    }

    // rule: P11
    @Test("issue a code that works once, for a user who is known and active")
    func enrol() async throws {
        #expect(await run("users", "add", "--user=ann").code == .ok)
        let unknown = await run("devices", "enrol", "--user=ben")
        #expect(unknown.code == .failed && unknown.errors.contains("no active user ben"))
        #expect(await run("devices", "enrol").code == .usage)
        let printed = await run("devices", "enrol", "--user=ann")
        #expect(printed.code == .ok)
        let lines = printed.output.split(separator: "\n").map { $0.split(separator: "\t") }
        #expect(lines.map { $0.first } == ["code", "link", "expires_at"])
        let answer = await run("devices", "enrol", "--user=ann", "--json").output
        let issued = try JSONValue(Array(answer.utf8))
        let text = try #require(issued["code"]?.string)
        #expect(issued["link"]?.string?.hasSuffix("/device/v1/enrolments#\(text)") == true)
        let store = try open()
        let code = try #require(EnrolmentCode(text))
        let now = Timestamp(milliseconds: 0)
        #expect(try await store.devices.isWaiting(code, at: now))
        let events = try await store.access.audit(after: 0, limit: 99).map(\.event)
        let event = try #require(events.last { $0.kind == "enrolment.issued" })
        #expect(event.members["by"] == .string("command line"))
        #expect(!"\(event.members)".contains(text))
        await store.close()
        #expect(await run("users", "disable", "--user=ann").code == .ok)
        #expect(await run("devices", "enrol", "--user=ann").code == .failed)
    }

    // rule: A6
    @Test("list and revoke the devices of a user")
    func revoke() async throws {
        #expect(await run("users", "add", "--user=ann").code == .ok)
        #expect(await run("devices", "list", "--user=ann").output.isEmpty)
        let store = try open()
        let device = Device(
            id: .named("d1"),
            user: .named("ann"),
            name: "Ann's \u{1B}[31mphone",
            platform: .ios,
            protection: .hardware,
            createdAt: Timestamp(milliseconds: 0),
            lastSeenAt: Timestamp(milliseconds: 0)
        )
        #expect(try await store.devices.commit([.addDevice(device)]) == nil)
        await store.close()
        let listed = await run("devices", "list", "--user=ann").output
        #expect(listed.hasPrefix("d1\tAnn's ") && !listed.contains("\u{1B}"))
        #expect(
            listed.hasSuffix("ios\thardware\t-\t1970-01-01T00:00:00.000Z\t1970-01-01T00:00:00.000Z")
        )
        let json = try JSONValue(
            Array(await run("devices", "list", "--user=ann", "--json").output.utf8)
        )
        #expect(json.array?.first?["id"] == .string("d1"))
        #expect(json.array?.first?["has_pin"] == .bool(false))
        let other = await run("devices", "revoke", "--user=ben", "--device=d1")
        #expect(other.code == .failed && other.errors.contains("no such device"))
        #expect(await run("devices", "revoke", "--user=ann", "--device=d1").output == "revoked d1")
        #expect(await run("devices", "revoke", "--user=ann", "--device=d1").code == .failed)
        #expect(await run("devices", "list", "--user=ann", "--json").output == "[]")
    }
}
