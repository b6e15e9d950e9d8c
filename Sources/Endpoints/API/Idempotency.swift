import Access
import Cryptography
import HTTP
import Logins
import Trust

/// `Idempotency-Key` of a POST: a request that is sent again with the same key by the same client
/// within a day changes nothing, and is answered with the current state of what it made.
struct Idempotency: Sendable {
    /// How long a key is remembered.
    static let memory = Duration.seconds(86_400)

    /// What the request uses up. Refused as `used` if the key was used before.
    let uses: [AccessChange]
    /// The use of this very request.
    private let own: AccessChange
    /// 160 bits that follow from client, key and body: an identifier for what the request makes.
    let id: String

    /// Nil if the request has no key.
    ///
    /// - Throws: `invalidHeader`.
    init?(_ call: APICall) throws(Problem) {
        let fields = call.request.fields("idempotency-key")
        guard let key = fields.first else { return nil }
        guard fields.count == 1, (1...255).contains(key.utf8.count) else {
            throw Problem(
                .invalidHeader,
                "Idempotency-Key: must be given once, with 1 to 255 bytes."
            )
        }
        let body = Base64URL.encode(SHA256.digest(Array(call.request.body)))
        let route = "\(call.request.method.name) \(call.request.path)"
        let parts = [call.caller.client.value, route, key]
        let until = call.now + Self.memory
        own = .use(key: Self.digest(parts + [body]), until: until)
        uses = [.use(key: Self.digest(parts), until: until), own]
        id = Base64URL.encode(Array(Self.digest(["id"] + parts + [body]).prefix(20)))
    }

    private static func digest(_ texts: [String]) -> [UInt8] {
        var bytes = Array("beckon-idempotency-v1\n".utf8)
        for text in texts { bytes += "\(text.utf8.count):\(text)".utf8 }
        return SHA256.digest(bytes)
    }

    /// Whether this very request was made before.
    func wasMade(_ call: APICall, _ access: any AccessStore) async throws(Problem) -> Bool {
        do {
            // The second change is always refused, so nothing is written. The first refusal is told.
            let never = AccessChange.withdrawConsent("", at: call.now)
            return try await access.commit([own, never]) == .used
        } catch {
            throw Problem(error)
        }
    }

    /// After a refusal as `used`: requires that it was this request.
    ///
    /// - Throws: `keyReused` if it was another one.
    func requireSame(_ call: APICall, _ access: any AccessStore) async throws(Problem) {
        guard try await wasMade(call, access) else {
            throw Problem(.keyReused, "Idempotency-Key: the earlier request had another body.")
        }
    }

    /// Says that the answer is for a request that was made before.
    static let replayed = Field("Idempotency-Replayed", "true")
}
