internal import COpenSSL

/// The stored form of a PIN: `scrypt:<log2 N>:<r>:<p>:<salt>:<hash>` (RFC 7914), salt and hash in
/// base64url. Slow on purpose, some 50 ms: call it where that may block.
@safe public struct PINHash: Hashable, Sendable {
    private static let cost = (log2N: 14, r: 8, p: 1)
    private static let saltBytes = 16
    private static let hashBytes = 32

    private let cost: [Int]
    private let salt: [UInt8]
    private let hash: [UInt8]

    /// Hashes a PIN with a new random salt; nil only if OpenSSL fails, as without memory.
    public init?(of pin: String) {
        cost = [Self.cost.log2N, Self.cost.r, Self.cost.p]
        salt = Random.bytes(Self.saltBytes)
        guard let hash = Self.hash(pin, salt, cost) else { return nil }
        self.hash = hash
    }

    /// Reads the stored form; nil for anything else.
    public init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "scrypt", let log2N = Int(parts[1]),
            (10...20).contains(log2N), let r = Int(parts[2]), (1...16).contains(r),
            let p = Int(parts[3]), (1...4).contains(p),
            let salt = Base64URL.decode(String(parts[4])),
            (8...64).contains(salt.count), let hash = Base64URL.decode(String(parts[5])),
            hash.count == Self.hashBytes
        else { return nil }
        cost = [log2N, r, p]
        self.salt = salt
        self.hash = hash
    }

    /// The stored form.
    public var text: String {
        let numbers = cost.map(String.init).joined(separator: ":")
        return "scrypt:\(numbers):\(Base64URL.encode(salt)):\(Base64URL.encode(hash))"
    }

    /// Whether this is the PIN. False also if OpenSSL fails.
    public func matches(_ pin: String) -> Bool {
        guard let found = Self.hash(pin, salt, cost) else { return false }
        return ConstantTime.equal(found, hash)
    }

    private static func hash(_ pin: String, _ salt: [UInt8], _ cost: [Int]) -> [UInt8]? {
        let secret = Array(pin.utf8)
        var hash = [UInt8](repeating: 0, count: hashBytes)
        // 128 · N · r bytes, and some more.
        let memory = UInt64(256 * cost[1]) << UInt64(cost[0])
        let code = unsafe secret.withUnsafeBytes { secret in
            unsafe hash.withUnsafeMutableBufferPointer { room in
                unsafe EVP_PBE_scrypt(
                    secret.baseAddress?.assumingMemoryBound(to: CChar.self),
                    secret.count,
                    salt,
                    salt.count,
                    1 << UInt64(cost[0]),
                    UInt64(cost[1]),
                    UInt64(cost[2]),
                    memory,
                    room.baseAddress,
                    room.count
                )
            }
        }
        return code == 1 ? hash : nil
    }
}

extension PINHash: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "the hash of a PIN" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
