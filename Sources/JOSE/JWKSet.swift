public import JSON

/// The keys that tokens may be verified with (RFC 7517 §5).
public struct JWKSet: Sendable {
    /// A member of a set that serves nothing here, and why.
    public struct Unused: Hashable, Sendable {
        /// Its place in `keys`, from zero.
        public let index: Int
        public let reason: JOSEError

        public init(index: Int, reason: JOSEError) {
            self.index = index
            self.reason = reason
        }
    }

    public let keys: [VerificationKey]
    /// What the set has beside them. A set may hold keys for others (RFC 7517 §5).
    public let unused: [Unused]

    public init(_ keys: [VerificationKey]) {
        self.keys = keys
        unused = []
    }

    /// Reads a public set. Keys that are weak, unknown, private or for encryption are left out.
    ///
    /// - Throws: `JOSEError` when it is no set at all, too long, or has too many keys.
    public init(bytes: [UInt8]) throws(JOSEError) {
        guard bytes.count <= JOSELimits.keySet else { throw .tooLong(limit: JOSELimits.keySet) }
        let limits = JSONLimits(depth: JOSELimits.depth)
        guard let value = try? JSONValue(bytes, limits: limits) else { throw .notJSONObject }
        try self.init(value)
    }

    /// The same, of a tree.
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

    /// The public set. Shared secrets are not in it.
    public var json: JSONValue {
        let keys = JSONValue.array(keys.compactMap(\.jwk))
        return .object(JSONObject([.init(name: "keys", value: keys)]))
    }

    /// The keys that may have signed a token with this header. A `kid` rules out keys of other names;
    /// apart from that, each key that fits is tried.
    func candidates(for header: JWS.Header) -> [VerificationKey] {
        keys.filter { key in
            guard key.fits(header.algorithm) else { return false }
            guard let wanted = header.keyID, let id = key.id else { return true }
            return wanted.isExactly(id)
        }
    }
}

extension String {
    /// Whether the bytes are the same. `==` follows Unicode, for which two names can look alike and
    /// differ; RFC 7515 §5.3 compares code points.
    func isExactly(_ other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
