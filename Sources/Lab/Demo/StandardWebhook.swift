import Cryptography
import HTTP

/// Verifies a webhook's headers, timestamp and signature (Standard Webhooks 1.0).
struct StandardWebhook: Sendable {
    /// Why a webhook is refused.
    enum Refusal: Error, Hashable { case missingHeader, wrongTime, wrongSignature }

    /// Tolerated clock difference, in seconds.
    private static let tolerance: Int64 = 300
    private let keys: [[UInt8]]

    /// Each secret is `whsec_` and base 64; nil if one is not.
    init?(secrets: [String]) {
        var keys: [[UInt8]] = []
        for secret in secrets {
            guard secret.hasPrefix("whsec_"), let key = Base64.decode(String(secret.dropFirst(6))),
                !key.isEmpty
            else { return nil }
            keys.append(key)
        }
        self.keys = keys
    }

    /// The webhook's id, the same for each retry.
    func verified(_ request: Request, at now: Int64) throws(Refusal) -> String {
        guard let id = request.field("webhook-id"),
            let timestamp = request.field("webhook-timestamp"), let sent = Int64(timestamp),
            let signatures = request.field("webhook-signature")
        else { throw .missingHeader }
        guard abs(now / 1000 - sent) <= Self.tolerance else { throw .wrongTime }
        let signed = Array("\(id).\(timestamp).".utf8) + request.body
        let given = signatures.split(separator: " ")
            .filter { $0.hasPrefix("v1,") }
            .compactMap { Base64.decode(String($0.dropFirst(3))) }
        for key in keys {
            let wanted = HMAC.sha256(key: key, signed)
            if given.contains(where: { ConstantTime.equal($0, wanted) }) { return id }
        }
        throw .wrongSignature
    }
}
