import Cryptography
import JSON
public import Logins

/// A browser's subscription with what its user recognises it by, as it is stored among the addresses
/// of the user.
public struct RecordedSubscription: Hashable, Sendable {
    /// A digest of the endpoint, which itself is a secret.
    public let id: String
    /// What the browser calls itself; may be empty.
    public let name: String
    /// Nil if somebody else stored it.
    public let since: Timestamp?
    /// As it is stored.
    public let address: String

    /// Scalars of a name.
    public static let longestName = 200

    /// Reads a stored one; nil for what is not a subscription.
    public init?(address: String) {
        guard let subscription = PushSubscription(address),
            let value = try? JSONValue(Array(address.utf8))
        else { return nil }
        id = Self.id(of: subscription)
        name = value["name"]?.string ?? ""
        since = value["since"]?.integer.map { Timestamp(milliseconds: Int64($0)) }
        self.address = address
    }

    /// A new one, without what the browser says besides.
    init(_ subscription: PushSubscription, name: String, since: Timestamp) {
        var scalars = String.UnicodeScalarView()
        scalars.append(contentsOf: name.unicodeScalars.prefix(Self.longestName))
        id = Self.id(of: subscription)
        self.name = String(scalars)
        self.since = since
        let point = PushEncryption.point(subscription.key) ?? []
        let value = JSONValue.members([
            "endpoint": .string(subscription.endpoint),
            "keys": .members([
                "p256dh": .string(Base64URL.encode(point)),
                "auth": .string(Base64URL.encode(subscription.secret)),
            ]),
            "name": .string(self.name),
            "since": .integer(since.milliseconds),
        ])
        address = String(decoding: value.bytes, as: UTF8.self)
    }

    private static func id(of subscription: PushSubscription) -> String {
        Base64URL.encode(SHA256.digest(Array(subscription.endpoint.utf8)))
    }
}

extension WebPushChannel {
    /// The key that browsers subscribe with (`applicationServerKey`), in base64url.
    public var applicationServerKey: String { settings.vapid.publicKey }

    /// Judges what a browser returned for a subscription (`PushSubscription.toJSON()`); nil unless
    /// messages may be sent there. What a name resolves to is judged again with each message.
    public func subscription(
        _ text: String,
        named name: String,
        at now: Timestamp
    ) -> RecordedSubscription? {
        guard let subscription = PushSubscription(text), settings.accepts(subscription) else {
            return nil
        }
        return RecordedSubscription(subscription, name: name, since: now)
    }
}
