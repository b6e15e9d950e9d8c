import Access
import Cryptography
import Devices
import JOSE
import Logins
import Notifications
import SQLStore
import Telemetry
import TestSupport
import Testing

@testable import App

@Suite("The addresses of users' devices")
struct DirectoryWithDevicesTests {
    private static let push = ChannelID.named("push")
    private static let other = ChannelID.named("other")
    private static let noon = Timestamp(milliseconds: 1_795_176_000_000)
    private static let anna = UserID.named("anna")

    /// A store with a user who has two devices for the channel `push`, and a third one for another
    /// channel.
    private func withStore(
        _ body: (SQLLoginStore, RecordedAddresses, any UserDirectory) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLLoginStore(
            StoreOptions(path: directory.file("beckon.db"), role: .service, clock: ManualClock())
        )
        try await store.users.put(User(id: Self.anna, isActive: true))
        for (name, channel) in [("a", Self.push), ("b", Self.push), ("c", Self.other)] {
            let device = Device(
                id: try #require(DeviceID(name)),
                user: Self.anna,
                name: name,
                platform: .ios,
                channels: [.init(channel: channel, address: "token-\(name)")],
                createdAt: Self.noon,
                lastSeenAt: Self.noon
            )
            #expect(try await store.devices.commit([.addDevice(device)]) == nil)
        }
        let desk = UserDesk(users: store.users, access: store.access)
        try await body(
            store,
            RecordedAddresses(desk: desk, devices: store.devices),
            DirectoryWithDevices.extending(
                store.users,
                store.devices,
                for: [try Self.channel(RecordedAddresses(desk: desk))]
            )
        )
        await store.close()
    }

    private static func channel(_ addresses: any ChannelAddresses) throws -> WebPushChannel {
        let key = try SigningKey(PrivateKey.generate(.p256))
        return WebPushChannel(
            id: push,
            settings: .init(vapid: try #require(VAPID(key, contact: "mailto:ops@bank.example"))),
            brand: "Bank",
            subscriptions: addresses,
            client: NoHTTP(),
            clock: ManualClock(),
            log: .silent
        )
    }

    @Test("let a channel reach a user whose record has no address")
    func reached() async throws {
        try await withStore { store, addresses, directory in
            let user = try #require(try await directory.user(Self.anna))
            #expect(user.deviceChannels == [Self.push, Self.other])
            let reaches = try Self.channel(addresses).reaches(user)
            #expect(reaches)
            #expect(try await directory.current(Self.anna) == user)
            let all = try await addresses.addresses(of: user, through: Self.push)
            #expect(all == ["token-a", "token-b"])
            let recorded = user.with(addresses: [Self.push: "token-b"])
            // The user's record has one of them, too: it is notified once.
            let once = try await addresses.addresses(of: recorded, through: Self.push)
            #expect(once == ["token-b", "token-a"])
        }
    }

    @Test("end for one device when the service behind the channel says so")
    func ended() async throws {
        try await withStore { store, addresses, directory in
            let user = try #require(try await directory.user(Self.anna))
            try await addresses.end("token-a", of: user, through: Self.push)
            #expect(try await addresses.addresses(of: user, through: Self.push) == ["token-b"])
            let third = try await addresses.addresses(of: user, through: Self.other)
            #expect(third == ["token-c"])
            // The same text at another channel is another address.
            try await addresses.end("token-c", of: user, through: Self.push)
            #expect(try await addresses.addresses(of: user, through: Self.other) == third)
            let left = try await store.devices.devices(of: Self.anna)
            #expect(left.map(\.channels.count) == [0, 1, 1])
        }
    }

    @Test("are gone with a revoked device, also for a user who was looked up before")
    func revoked() async throws {
        try await withStore { store, addresses, directory in
            let user = try #require(try await directory.user(Self.anna))
            for name in ["a", "b"] {
                let id = try #require(DeviceID(name))
                _ = try await store.devices.commit([.removeDevice(id, of: Self.anna)])
            }
            #expect(try await addresses.addresses(of: user, through: Self.push) == [])
            let after = try #require(try await directory.user(Self.anna))
            #expect(after.deviceChannels == [Self.other])
            let reaches = try Self.channel(addresses).reaches(after)
            #expect(!reaches)
        }
    }

    @Test("are not read where no channel uses them")
    func unused() async throws {
        try await withStore { store, _, _ in
            let plain = DirectoryWithDevices.extending(store.users, store.devices, for: [])
            let user = try #require(try await plain.user(Self.anna))
            #expect(user.deviceChannels == [])
        }
    }

    /// Knows the user whatever becomes of the store.
    private struct Elsewhere: UserDirectory {
        func user(_ id: UserID) async throws(DirectoryError) -> User? {
            User(id: id, isActive: true)
        }
    }

    @Test("make the directory unavailable while they cannot be read")
    func unavailable() async throws {
        try await withStore { store, addresses, _ in
            let channel = try Self.channel(addresses)
            let directory = DirectoryWithDevices.extending(
                Elsewhere(),
                store.devices,
                for: [channel]
            )
            #expect(try await directory.user(Self.anna)?.isFound(by: Self.push) == true)
            await store.close()
            let closed = DirectoryError.unavailable(
                "the devices cannot be read: \(StoreError.closed)"
            )
            await #expect(throws: closed) { try await directory.user(Self.anna) }
            await #expect(throws: closed) { try await directory.current(Self.anna) }
            // A message is sent again later.
            await #expect(throws: StoreError.closed) {
                let user = User(id: Self.anna, isActive: true)
                return try await addresses.addresses(of: user, through: Self.push)
            }
        }
    }
}
