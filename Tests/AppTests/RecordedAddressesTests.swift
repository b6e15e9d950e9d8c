import Access
import Logins
import Notifications
import TestSupport
import Testing

@testable import App

@Suite("The addresses in a user's record")
struct RecordedAddressesTests {
    @Test("are one text or a list of several, of which an ended one is forgotten alone")
    func several() async throws {
        let users = MemoryUserStore()
        let desk = UserDesk(users: users, access: MemoryAccessStore(users: users))
        let addresses = RecordedAddresses(desk: desk)
        let (push, sms) = (try #require(ChannelID("push")), try #require(ChannelID("sms")))
        let id = try #require(UserID("anna"))
        try await users.put(
            User(
                id: id,
                isActive: true,
                language: "de",
                addresses: [push: #"[{"a":1},{"b":2},{"c":3}]"#, sms: "+44"]
            )
        )
        func user() async throws -> User { try #require(try await users.user(id)) }
        let all = try await addresses.addresses(of: user(), through: push)
        #expect(all == [#"{"a":1}"#, #"{"b":2}"#, #"{"c":3}"#])
        #expect(try await addresses.addresses(of: user(), through: sms) == ["+44"])
        for (ended, rest) in [(all[1], [all[0], all[2]]), (all[0], [all[2]]), (all[2], [])] {
            try await addresses.end(ended, of: user(), through: push)
            #expect(try await addresses.addresses(of: user(), through: push) == rest)
        }
        let left = try await user()
        #expect(left.addresses == [sms: "+44"])
        #expect(left.language == "de")
    }

    @Test("are what the elements of a list of texts say, without the quotes of JSON")
    func texts() async throws {
        let users = MemoryUserStore()
        let desk = UserDesk(users: users, access: MemoryAccessStore(users: users))
        let addresses = RecordedAddresses(desk: desk)
        let push = try #require(ChannelID("push"))
        let id = try #require(UserID("anna"))
        let tokens = ["00ff", "a\u{2F}\"b", "cc33"]
        try await users.put(
            User(id: id, isActive: true, addresses: [push: #"["00ff","a\/\"b","cc33"]"#])
        )
        func user() async throws -> User { try #require(try await users.user(id)) }
        #expect(try await addresses.addresses(of: user(), through: push) == tokens)
        for (ended, rest) in [
            (tokens[1], ["00ff", "cc33"]), (tokens[0], ["cc33"]), (tokens[2], []),
        ] {
            try await addresses.end(ended, of: user(), through: push)
            #expect(try await addresses.addresses(of: user(), through: push) == rest)
        }
    }

    @Test("of a directory elsewhere stay as they are")
    func elsewhere() async throws {
        let channel = try #require(ChannelID("push"))
        let user = User(
            id: try #require(UserID("anna")),
            isActive: true,
            addresses: [channel: "00ff"]
        )
        let addresses = RecordedAddresses(desk: nil)
        try await addresses.end("00ff", of: user, through: channel)
        #expect(try await addresses.addresses(of: user, through: channel) == ["00ff"])
    }
}
