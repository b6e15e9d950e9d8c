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
        guard let text = user.addresses[channel] else { return user }
        let rest = elements(of: text).filter {
            !self.address(of: $0).utf8.elementsEqual(address.utf8)
        }
        var addresses = user.addresses
        addresses[channel] =
            rest.count > 1
            ? String(decoding: JSONValue.array(rest).bytes, as: UTF8.self)
            : rest.first.map(self.address(of:))
        return User(
            id: user.id,
            isActive: user.isActive,
            channels: user.channels,
            language: user.language,
            timeZone: user.timeZone,
            documents: user.documents,
            addresses: addresses
        )
    }

    private static func parts(of text: String) -> [String] { elements(of: text).map(address(of:)) }

    private static func elements(of text: String) -> [JSONValue] {
        guard text.hasPrefix("["), let elements = (try? JSONValue(Array(text.utf8)))?.array else {
            return [.string(text)]
        }
        return elements
    }

    /// A token is a string of the array, a subscription an object.
    private static func address(of element: JSONValue) -> String {
        element.string ?? String(decoding: element.bytes, as: UTF8.self)
    }
}
