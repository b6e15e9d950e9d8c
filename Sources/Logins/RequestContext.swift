import Texts

/// Where a request comes from, as the client told the authorization server (FAPI-CIBA §5.3). It is a
/// claim of the client's: text for people, and never trusted as anything else.
public struct RequestContext: Hashable, Sendable {
    /// Bytes of each value.
    public static let longest = 256

    /// The numeric IP address of the consumption device.
    public let address: String?
    /// The `User-Agent` of the consumption device.
    public let agent: String?
    /// The place in words.
    public let place: String?

    /// Nil if nothing is known.
    public init?(address: String?, agent: String?, place: String?) {
        guard address != nil || agent != nil || place != nil else { return nil }
        self.address = address
        self.agent = agent
        self.place = place
    }

    /// Whether somebody with this address and `User-Agent` seems to use the device on which the request
    /// was started. Not known is no.
    public func isDevice(at address: String?, agent: String?) -> Bool {
        guard let ownAddress = self.address, let ownAgent = self.agent, let address, let agent
        else { return false }
        // An agent is kept as far as it fits.
        return ownAddress.isExactly(address)
            && ownAgent.isExactly(agent.firstBytes(Self.longest))
    }
}
