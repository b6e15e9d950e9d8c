import HTTP
import JSON
import Logins

/// Whoever looks at a prompt in a browser.
struct Viewer: Hashable, Sendable {
    let address: String
    let agent: String?

    init(_ request: Request) {
        address = request.peer.address
        agent = request.field("user-agent")
    }
}

extension RequestContext {
    /// Place, browser and address in one line, as far as they are known.
    var text: String {
        [place, agent.map(AgentName.text), address].compactMap { $0 }.joined(separator: ", ")
    }

    /// In documents.
    var document: JSONValue { document(isSameNetwork: nil) }

    /// For an app, whose network may be that of the request.
    func document(isSameNetwork: Bool?) -> JSONValue {
        .members([
            "address": .text(address), "user_agent": .text(agent), "place": .text(place),
            "same_network": isSameNetwork.map { .bool($0) },
        ])
    }

    /// Whether an address is in the network of the request: the first 24 bits of IPv4, 48 of IPv6. Nil
    /// if that cannot be told.
    func isNetwork(of address: String?) -> Bool? {
        guard let own = self.address.flatMap({ InternetAddress($0) })?.bytes,
            let other = address.flatMap({ InternetAddress($0) })?.bytes, own.count == other.count
        else { return nil }
        let count = own.count == 4 ? 3 : 6
        return own.prefix(count) == other.prefix(count)
    }
}
