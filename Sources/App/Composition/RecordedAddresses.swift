import Access
import Devices
import Engine
import JSON
import Logins
import Notifications

/// The addresses in users' records: of one channel a text, or several as a JSON array, such as the
/// subscriptions of several browsers. Those of users' devices follow.
struct RecordedAddresses: ChannelAddresses {
    /// Changes local users; nil where a directory elsewhere has them, which then has to forget ended
    /// addresses itself.
    let desk: UserDesk?
    /// Nil where no devices are at hand.
    var devices: (any DeviceStore)?

    func addresses(
        of user: User,
        through channel: ChannelID
    ) async throws(StoreError) -> [String] {
        let recorded = user.addresses[channel].map(Self.parts(of:)) ?? []
        let others = try await devicesReached(by: channel, of: user)
            .map(\.channel.address)
            .filter { address in
                !recorded.contains { $0.utf8.elementsEqual(address.utf8) }
            }
        return recorded + others
    }

    /// The devices of a user that a channel reaches, as they are now: a revoked one gets nothing.
    private func devicesReached(
        by channel: ChannelID,
        of user: User
    ) async throws(StoreError) -> [(id: DeviceID, channel: Device.Channel)] {
        guard let devices else { return [] }
        return try await devices.devices(of: user.id).flatMap { device in
            device.channels.filter { $0.channel == channel }.map { (device.id, $0) }
        }
    }

    func end(
        _ address: String,
        of user: User,
        through channel: ChannelID
    ) async throws(StoreError) {
        let ended = Device.Channel(channel: channel, address: address)
        let changes = try await devicesReached(by: channel, of: user)
            .filter { $0.channel.isExactly(ended) }
            .map { DeviceChange.endChannel($0.id, ended) }
        if !changes.isEmpty { _ = try await devices?.commit(changes) }
        guard let desk, user.addresses[channel] != nil else { return }
        do throws(UserDesk.Refusal) {
            _ = try await desk.put(user.id, by: .service, at: SystemTime.now()) {
                (before) throws(UserDesk.Refusal) in
                guard let before else { throw .missing }
                return Self.without(address, before, channel)
            }
        } catch {
            if case .store(let error) = error { throw error }
        }
    }

    private static func without(_ address: String, _ user: User, _ channel: ChannelID) -> User {
        user.changing(channel) { parts in
            parts.filter { !$0.utf8.elementsEqual(address.utf8) }
        }
    }

    /// The addresses in one text of a user: the text itself, or the elements of the array that it is. A
    /// token is a string there, a subscription an object.
    static func parts(of text: String) -> [String] {
        guard text.hasPrefix("["), let elements = (try? JSONValue(Array(text.utf8)))?.array else {
            return [text]
        }
        return elements.map { $0.string ?? String(decoding: $0.bytes, as: UTF8.self) }
    }

    /// The text that `parts` reads these from.
    static func text(of parts: [String]) -> String? {
        guard parts.count > 1 else { return parts.first }
        let elements = parts.map { part in
            guard part.hasPrefix("{"), let object = try? JSONValue(Array(part.utf8)) else {
                return JSONValue.string(part)
            }
            return object
        }
        return String(decoding: JSONValue.array(elements).bytes, as: UTF8.self)
    }
}

extension User {
    /// The same user with other addresses of a channel.
    func changing(_ channel: ChannelID, _ change: ([String]) -> [String]) -> User {
        let parts = change(addresses[channel].map(RecordedAddresses.parts(of:)) ?? [])
        var all = addresses
        all[channel] = RecordedAddresses.text(of: parts)
        return with(addresses: all)
    }
}
