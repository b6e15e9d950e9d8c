import Cryptography
import JSON

/// Values that a browser keeps for us and cannot change: JSON with a keyed hash (RFC 2104). Whoever
/// has the browser can read them.
public struct SealedValue: Sendable {
    private let key: [UInt8]

    /// The key is derived from one that is used for other things too.
    public init(secret: [UInt8]) {
        key = HMAC.sha256(key: secret, Array("beckon-sign-on-v1".utf8))
    }

    /// `purpose` keeps values of one kind from being taken for another.
    func seal(_ value: JSONValue, for purpose: String) -> String {
        let bytes = value.bytes
        return Base64URL.encode(bytes) + "." + Base64URL.encode(hash(bytes, purpose))
    }

    /// Nil for anything that `seal` did not make for this purpose.
    func open(_ text: String, for purpose: String) -> JSONValue? {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 8192,
            let bytes = Base64URL.decode(String(decoding: Array(parts[0]), as: UTF8.self)),
            let seal = Base64URL.decode(String(decoding: Array(parts[1]), as: UTF8.self)),
            ConstantTime.equal(seal, hash(bytes, purpose))
        else { return nil }
        return try? JSONValue(bytes)
    }

    private func hash(_ bytes: [UInt8], _ purpose: String) -> [UInt8] {
        HMAC.sha256(key: key, Array(purpose.utf8) + [0] + bytes)
    }
}
