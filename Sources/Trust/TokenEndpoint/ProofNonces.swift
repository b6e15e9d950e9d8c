import Cryptography
import Logins
import Threads

/// The nonces of proofs. Each follows from its minute and our key, so that none is stored; those of the
/// current minutes are kept, because each proof is compared with them.
final class ProofNonces: Sendable {
    /// Minutes that a nonce counts.
    static let life = 5

    private struct Current {
        var minute = Int64.min
        /// The newest first.
        var nonces: [String] = []
    }

    private let key: [UInt8]
    private let current = Locked(Current())

    /// The nonces follow from `secret`.
    init(secret: [UInt8]) {
        key = HMAC.sha256(key: secret, Array("beckon-proof-nonce-v1".utf8))
    }

    /// The nonce of this minute.
    func nonce(at now: Timestamp) -> String { nonces(at: now)[0] }

    /// Whether a nonce is one of the last minutes.
    func isFresh(_ nonce: String, at now: Timestamp) -> Bool {
        let given = Array(nonce.utf8)
        return nonces(at: now).contains { ConstantTime.equal(Array($0.utf8), given) }
    }

    private func nonces(at now: Timestamp) -> [String] {
        let minute = now.milliseconds / 60_000
        return current.withLock { current in
            if current.minute != minute {
                current = Current(
                    minute: minute,
                    nonces: (0..<Self.life).map { nonce(of: minute - Int64($0)) }
                )
            }
            return current.nonces
        }
    }

    private func nonce(of minute: Int64) -> String {
        let hash = HMAC.sha256(key: key, Array("\(minute)".utf8))
        return Base64URL.encode(Array(hash.prefix(16)))
    }
}
