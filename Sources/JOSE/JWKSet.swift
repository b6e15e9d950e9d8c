public import JSON
import Texts

/// The keys that may verify tokens (RFC 7517 §5).
public struct JWKSet: Sendable {
    /// A key of a set that is not used, and why.
    public struct Unused: Hashable, Sendable {
        /// Its position in `keys`, from zero.
        public let index: Int
        /// Why it is not used.
        public let reason: JOSEError

        /// A key that is not used.
        public init(index: Int, reason: JOSEError) {
            self.index = index
            self.reason = reason
        }
    }

    /// The usable keys, in their order.
    public let keys: [VerificationKey]
    /// All other keys. A set may contain keys for other purposes (RFC 7517 §5).
    public let unused: [Unused]

    /// A set of these keys.
    public init(_ keys: [VerificationKey]) {
        self.keys = keys
        unused = []
    }

    /// Parses a public set. Keys that are weak, unknown, private or for encryption are not used.
    ///
    /// - Throws: `JOSEError` when it is not a set, is too long, or has too many keys.
    public init(bytes: [UInt8]) throws(JOSEError) {
        guard bytes.count <= JOSELimits.keySet else { throw .tooLong(limit: JOSELimits.keySet) }
        let limits = JSONLimits(depth: JOSELimits.depth)
        guard let value = try? JSONValue(bytes, limits: limits) else { throw .notJSONObject }
        try self.init(value)
    }

    /// The same from a tree.
    ///
    /// - Throws: `JOSEError`.
    public init(_ value: JSONValue) throws(JOSEError) {
        guard value.object != nil else { throw .notJSONObject }
        guard let member = value["keys"] else { throw .missing("keys") }
        guard let values = member.array, values.count <= JOSELimits.keys else {
            throw .malformed("keys")
        }
        var keys: [VerificationKey] = []
        var unused: [Unused] = []
        for (index, value) in values.enumerated() {
            do throws(JOSEError) {
                let jwk = try JWK(value)
                guard jwk.isForSignatures else { throw .unsupportedKey }
                keys.append(try jwk.verificationKey())
            } catch {
                unused.append(Unused(index: index, reason: error))
            }
        }
        self.keys = keys
        self.unused = unused
    }

    /// The public set, without shared secrets.
    public var json: JSONValue {
        let keys = JSONValue.array(keys.compactMap(\.jwk))
        return .members(["keys": keys])
    }

    /// The keys that may have signed a token with this header: those with its `kid`, if it has one,
    /// that fit its algorithm.
    func candidates(for header: JWS.Header) -> [VerificationKey] {
        keys.filter { key in
            guard key.fits(header.algorithm) else { return false }
            guard let wanted = header.keyID, let id = key.id else { return true }
            return wanted.isExactly(id)
        }
    }
}
