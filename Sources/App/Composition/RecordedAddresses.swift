import Access
import Engine
import JSON
import Logins
import Notifications

/// The addresses in users' records: of one channel a text, or several as a JSON array, such as the
/// subscriptions of several browsers.
struct RecordedAddresses: ChannelAddresses {
    /// Changes local users; nil where a directory elsewhere has them, which then has to forget ended
    /// addresses itself.
    let desk: UserDesk?

    func addresses(
        of user: User,
        through channel: ChannelID
    ) async throws(StoreError) -> [String] {
        user.addresses[channel].map(Self.parts(of:)) ?? []
    }

    func end(
        _ address: String,
        of user: User,
        through channel: ChannelID
    ) async throws(StoreError) {
        guard let desk else { return }
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
