import Access
import Devices
import Engine
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing

@Suite("The passkeys of a user in the admin API")
struct PasskeyResourceTests {
    private static let all = "/admin/v1/users/alice/passkeys"

    /// Lends the interface over a store with two passkeys and the key of a device.
    private static func with(
        _ body: (APIStage, SQLLoginStore) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let clock = ManualClock()
        let options = StoreOptions(
            path: directory.file("beckon.db"),
            role: .service,
            clock: clock
        )
        let store = try SQLLoginStore(options)
        do {
            let alice = UserID.named("alice")
            let now = clock.now()
            let device = Device(
                id: .named("d"),
                user: alice,
                name: "Phone",
                platform: .android,
                createdAt: now,
                lastSeenAt: now
            )
            let refusal = try await store.devices.commit([
                .addDevice(device),
                .addCredential(try .sample("k", of: alice, on: device.id, at: now)),
                .addCredential(try .sample("p", of: alice, at: now)),
                .addCredential(try .sample("q", of: .named("bob"), named: "", at: now)),
            ])
            try #require(refusal == nil)
            try await body(
                try await APIStage(logins: store, clock: clock, devices: store.devices),
                store
            )
        } catch {
            await store.close()
            throw error
        }
        await store.close()
    }

    @Test("are listed without keys, and removed once with a line in the audit")
    func removed() async throws {
        try await Self.with { stage, store in
            let list = try await stage.send(.get, Self.all, as: "reader")
            #expect(list.status == 200, "\(list.text)")
            let passkeys = try #require(list.json["passkeys"]?.array)
            #expect(passkeys.map { $0["id"]?.string } == ["p"])
            #expect(passkeys[0]["name"]?.string == "My <phone>")
            #expect(passkeys[0]["algorithm"]?.string == "ES256")
            #expect(passkeys[0]["backed_up"]?.bool == true)
            #expect(passkeys[0]["public_key"] == nil && passkeys[0]["last_used_at"] == nil)
            #expect(try await stage.send(.delete, Self.all + "/p", as: "reader").status == 403)
            #expect(try await stage.send(.delete, Self.all + "/p").status == 204)
            #expect(try await stage.send(.delete, Self.all + "/p").status == 404)
            #expect(try await store.devices.credential(.named("p")) == nil)
            let events = try await store.access.audit(after: 0, limit: 100).map(\.event)
            let removed = try #require(events.first { $0.kind == "passkey.removed" })
            #expect(removed.members["user"]?.string == "alice")
            #expect(removed.members["credential"]?.string == "p")
            #expect(removed.members["by"]?.string != nil)
        }
    }

    @Test("are neither those of another user nor the keys of devices", arguments: ["q", "k", "x"])
    func foreign(_ id: String) async throws {
        try await Self.with { (stage, store) async throws in
            #expect(try await stage.send(.delete, Self.all + "/" + id).status == 404)
            #expect(try await store.devices.credential(.named("k")) != nil)
            #expect(try await store.devices.credential(.named("q")) != nil)
        }
    }
}

@Suite("The passkeys of a user in the console")
struct PasskeyPagesTests {
    private static let path = "/console/users/passkeys"

    @Test("are found by user, and an administrator removes one")
    func removed() async throws {
        try await ConsoleStage.with { stage in
            let alice = UserID.named("alice&bob")
            let now = stage.clock.now()
            let refusal = try await stage.store.devices.commit([
                .addCredential(try .sample("p", of: alice, at: now)),
                .addCredential(try .sample("q", of: alice, named: "", at: now)),
            ])
            try #require(refusal == nil)
            try await stage.store.users.put(User(id: alice, isActive: true))
            let users = try await stage.send(.get, "/console/users", as: .moderator).text
            #expect(users.contains("href=\"/console/users/passkeys?user=alice%26bob\""))
            let empty = try await stage.send(.get, Self.path)
            #expect(empty.status == 200 && !empty.text.contains("<table"))
            let list = Self.path + "?user=alice%26bob"
            let seen = try await stage.send(.get, list, as: .moderator).text
            #expect(seen.contains("My &lt;phone&gt;") && seen.contains("Passkey without a name"))
            #expect(!seen.contains("/remove"))
            let remove = Self.path + "/remove?user=alice%26bob&id=p"
            #expect(try await stage.send(.get, list).text.contains("id=p"))
            let asked = try await stage.send(.get, remove)
            #expect(asked.status == 200 && asked.text.contains("My &lt;phone&gt;"))
            let form = [Field("user", alice.value), Field("id", "p")]
            let path = Self.path + "/remove"
            #expect(try await stage.send(.post, path, as: .moderator, form: form).status == 403)
            let done = try await stage.send(.post, path, form: form)
            #expect(done.status == 303)
            #expect(done.field("location")?.hasPrefix(list) == true)
            #expect(try await stage.store.devices.credential(.named("p")) == nil)
            let events = try await stage.audit().filter { $0.kind == "passkey.removed" }
            #expect(events.map { $0.members["by"]?.string } == ["console admin"])
            #expect(try await stage.send(.post, path, form: form).status == 404)
            #expect(try await stage.send(.get, remove).status == 404)
        }
    }
}
