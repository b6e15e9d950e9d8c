public import Cryptography

/// The salted hash of a client's secret, and the surety that the client may have one.
///
/// There is no other way to register a secret, so each call site says that it allows it.
public struct ClientSecret: Hashable, Sendable {
    public let hash: SecretHash

    public init(allowed hash: SecretHash) { self.hash = hash }
}
