import Logins
import SQLStore
import TestSupport
import Testing

@Suite("The SQLite user store", .timeLimit(.minutes(10)))
struct UserTests {
    private func id(_ name: String) throws -> UserID { try #require(UserID(name)) }

    @Test("returns stored users until they are removed", arguments: StoreKind.allCases)
    func roundTrip(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let first = try place.open()
        let channel = try #require(ChannelID("push"))
        let users = [
            User(id: try id("alice"), isActive: true),
            User(id: try id("bob"), isActive: false, channels: [], language: "de-CH"),
            User(id: try id("e\u{301}"), isActive: true, channels: [channel], language: "fr"),
            User(id: try id("\u{E9}"), isActive: true, channels: [channel]),
            User(
                id: try id("dora"),
                isActive: true,
                addresses: [
                    channel: "+441632960961", try #require(ChannelID("mail")): "d@e.example",
                ]
            ),
            User(
                id: try id("caio"),
                isActive: true,
                documents: [
                    try #require(IdentityDocument("111.444.777-35")),
                    try #require(IdentityDocument("12.ABC.345/01DE-35")),
                ]
            ),
        ]
        for user in users { try await first.users.put(user) }
        await first.close()
        let second = try place.open()
        for user in users { #expect(try await second.users.user(user.id) == user) }
        #expect(try await second.users.user(try id("nobody")) == nil)
        #expect(try await second.users.remove(users[0].id))
        #expect(try await second.users.remove(users[0].id) == false)
        #expect(try await second.users.user(users[0].id) == nil)
        await second.close()
    }

    @Test("disables, enables and replaces users", arguments: StoreKind.allCases)
    func active(_ kind: StoreKind) async throws {
        let store = try StorePlace(kind).open()
        let alice = try id("alice")
        #expect(try await store.users.setActive(false, alice) == false)
        try await store.users.put(User(id: alice, isActive: true, language: "en"))
        #expect(try await store.users.setActive(false, alice))
        #expect(
            try await store.users.user(alice) == User(id: alice, isActive: false, language: "en")
        )
        #expect(try await store.users.setActive(true, alice))
        #expect(try await store.users.user(alice)?.isActive == true)
        try await store.users.put(User(id: alice, isActive: false))
        #expect(try await store.users.user(alice) == User(id: alice, isActive: false))
        await store.close()
    }

    @Test("takes two spellings of a name for two users", arguments: StoreKind.allCases)
    func spellings(_ kind: StoreKind) async throws {
        let store = try StorePlace(kind).open()
        let (composed, decomposed) = (try id("zo\u{EB}"), try id("zoe\u{308}"))
        try await store.users.put(User(id: composed, isActive: true, language: "nl"))
        #expect(try await store.users.user(decomposed) == nil)
        #expect(try await store.users.setActive(false, decomposed) == false)
        try await store.users.put(User(id: decomposed, isActive: false))
        #expect(try await store.users.user(composed)?.isActive == true)
        #expect(
            try await store.users.users(after: nil, limit: 9).map(\.id) == [decomposed, composed]
        )
        #expect(try await store.users.remove(decomposed))
        #expect(try await store.users.user(composed)?.language == "nl")
        await store.close()
    }

    @Test("lists users by name in pages", arguments: StoreKind.allCases)
    func list(_ kind: StoreKind) async throws {
        let store = try StorePlace(kind).open()
        let names = try ["Zoe", "alice", "bob", "\u{FF21}", "\u{1F600}", "a b"].map { try id($0) }
        for name in names { try await store.users.put(User(id: name, isActive: true)) }
        var listed: [UserID] = []
        while true {
            let page = try await store.users.users(after: listed.last, limit: 4)
            if page.isEmpty { break }
            #expect(page.count <= 4)
            listed += page.map(\.id)
        }
        #expect(listed == names.sorted())
        await store.close()
    }

    @Test(
        "shares users and logins between a service and a tool",
        arguments: StoreKind.allCases
    )
    func beside(_ kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        let service = try place.open()
        let tool = try place.open(.tool)
        let alice = User(id: try id("alice"), isActive: true)
        try await tool.users.put(alice)
        #expect(try await service.users.user(alice.id) == alice)
        #expect(try await service.users.setActive(false, alice.id))
        #expect(try await tool.users.user(alice.id)?.isActive == false)
        let stored = try await service.logins.insertNew(.inPhase(.stranded, fixture("one")))
        #expect(try await tool.logins.login(stored.login.key) == stored)
        try await tool.logins.apply(.retried, to: stored.number, at: noon)
        #expect(
            try await service.logins.claim(at: noon, within: Slots(9)).map(\.duty) == [.report]
        )
        await tool.close()
        await service.close()
    }
}
