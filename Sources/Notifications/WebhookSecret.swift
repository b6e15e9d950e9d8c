import Cryptography
import HTTP

/// A shared secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. Printing it does not
/// reveal it.
public struct WebhookSecret: Sendable, CustomStringConvertible, CustomReflectable {
    private let key: [UInt8]

    /// Nil when the text is not such a secret.
    public init?(_ text: String) {
        let prefix = "whsec_"
        guard text.hasPrefix(prefix), let key = Base64.decode(String(text.dropFirst(prefix.count))),
            (24...64).contains(key.count)
        else { return nil }
        self.key = key
    }

    public var description: String { "WebhookSecret" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// `v1,` and the HMAC-SHA-256 over `id.timestamp.body`.
    func signature(id: String, seconds: Int64, body: [UInt8]) -> String {
        let signed = Array("\(id).\(seconds).".utf8) + body
        return "v1," + Base64.encode(HMAC.sha256(key: key, signed))
    }
}

extension [WebhookSecret] {
    /// The fields of a message that all of these sign (Standard Webhooks, "Webhook headers").
    func fields(id: String, seconds: Int64, body: [UInt8]) -> [Field] {
        [
            Field("Content-Type", "application/json"),
            Field("webhook-id", id),
            Field("webhook-timestamp", String(seconds)),
            Field(
                "webhook-signature",
                map { $0.signature(id: id, seconds: seconds, body: body) }.joined(separator: " ")
            ),
        ]
    }
}
