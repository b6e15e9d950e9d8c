import Cryptography
public import JSON
import Texts

/// A verified JSON Web Signature in compact form (RFC 7515 §7.1).
///
/// Only verification makes a value of this type. Header members that name a key (`jku`, `x5u`,
/// `jwk`, `x5c`) are ignored.
public struct JWS: Sendable {
    /// The header.
    public let header: Header
    /// The signed bytes.
    public let payload: [UInt8]
    /// The key that verified the signature.
    public let key: VerificationKey

    /// A JOSE header (RFC 7515 §4).
    public struct Header: Sendable {
        /// `alg`.
        public let algorithm: SignatureAlgorithm
        /// `kid`.
        public let keyID: String?
        /// `typ`.
        public let type: String?
        /// All members, including those of profiles.
        public let members: JSONObject

        /// Whether `typ` is this media type, compared without case. `application/` may be omitted
        /// (RFC 7515 §4.1.9).
        public func isType(_ name: String) -> Bool {
            func short(_ name: String) -> ExactText {
                let name = name.lowercased()
                let start = "application/"
                guard name.startsExactly(with: start) else { return name.exact }
                let rest = name.utf8.dropFirst(start.utf8.count)
                return rest.contains(UInt8(ascii: "/")) ? name.exact : String(rest)?.exact ?? ""
            }
            return type.map { short($0) == short(name) } ?? false
        }

        init(bytes: [UInt8]) throws(JOSEError) {
            guard bytes.count <= JOSELimits.header else {
                throw .tooLong(limit: JOSELimits.header)
            }
            let limits = JSONLimits(depth: JOSELimits.depth)
            guard let object = (try? JSONValue(bytes, limits: limits))?.object else {
                throw .notJSONObject
            }
            guard let name = try object.text("alg") else { throw .missing("alg") }
            guard let algorithm = SignatureAlgorithm(exactly: name) else { throw .algorithm }
            // No extension is supported, so every critical one is refused. `b64` (RFC 7797) changes
            // which bytes are signed, even if it is not marked as critical.
            guard object["crit"] == nil, object["b64"] ?? .bool(true) == .bool(true) else {
                throw .critical
            }
            self.algorithm = algorithm
            keyID = try object.text("kid")
            guard keyID?.utf8.count ?? 0 <= JOSELimits.keyID else { throw .malformed("kid") }
            type = try object.text("typ")
            members = object
        }
    }

    /// Signs `payload`. `header` has the members of the header besides `alg` and `kid`, such as
    /// `typ`; members with these two names are ignored.
    ///
    /// - Throws: `JOSEError` with `.key`.
    public static func sign(
        payload: [UInt8],
        header: JSONObject = JSONObject(),
        key: SigningKey
    ) throws(JOSEError) -> String {
        var members = [
            JSONObject.Member(name: "alg", value: .string(key.algorithm.rawValue))
        ]
        if let id = key.id { members.append(.init(name: "kid", value: .string(id))) }
        members += header.members.filter { $0.name != "alg" && $0.name != "kid" }
        let head = JSONValue.object(JSONObject(members)).bytes
        let input = Base64URL.encode(head) + "." + Base64URL.encode(payload)
        return input + "." + Base64URL.encode(try key.sign(Array(input.utf8)))
    }

    /// Verifies a token with one of `keys` and one of the algorithms in `allowed`, which must not
    /// be taken from the token.
    ///
    /// - Throws: `JOSEError`.
    public static func verify(
        _ token: String,
        keys: JWKSet,
        allowed: Set<SignatureAlgorithm>
    ) throws(JOSEError) -> JWS {
        try verify(token, allowed: allowed) { keys.candidates(for: $0) }
    }

    /// Verifies a token with the key that `key` finds in its header: whoever has signed it has that key,
    /// and nothing more is known of them.
    ///
    /// - Throws: `JOSEError`.
    public static func verify(
        _ token: String,
        allowed: Set<SignatureAlgorithm>,
        keyOf key: (Header) throws(JOSEError) -> VerificationKey
    ) throws(JOSEError) -> JWS {
        try verify(token, allowed: allowed) { (header) throws(JOSEError) in
            let key = try key(header)
            return key.fits(header.algorithm) ? [key] : []
        }
    }

    private static func verify(
        _ token: String,
        allowed: Set<SignatureAlgorithm>,
        candidates: (Header) throws(JOSEError) -> [VerificationKey]
    ) throws(JOSEError) -> JWS {
        let token = Array(token.utf8)
        guard token.count <= JOSELimits.token else { throw .tooLong(limit: JOSELimits.token) }
        let parts = CompactParts(token)
        guard parts.count != 5 else { throw .encrypted }
        guard parts.count == 3, !parts[0].isEmpty, !parts[2].isEmpty else { throw .notCompact }
        guard let head = Base64URL.decode(token.span.extracting(parts[0])),
            let payload = Base64URL.decode(token.span.extracting(parts[1])),
            let signature = Base64URL.decode(token.span.extracting(parts[2]))
        else { throw .notBase64URL }
        let header = try Header(bytes: head)
        guard allowed.contains(header.algorithm) else { throw .algorithm }
        let candidates = try candidates(header)
        guard !candidates.isEmpty else { throw .noKey }
        let input = Array(token[..<parts[1].upperBound])
        let signer = candidates.first { key in
            key.verify(signature, of: input, by: header.algorithm)
        }
        guard let signer else { throw .signature }
        return JWS(header: header, payload: payload, key: signer)
    }
}

/// Where the parts of a compact form are (RFC 7515 §7.1).
struct CompactParts {
    private var ranges: [Range<Int>] = []

    /// At most six parts of a token: no form has more than five.
    init(_ token: [UInt8]) {
        ranges.reserveCapacity(6)
        var start = 0
        let bytes = token.span
        for index in bytes.indices where bytes[index] == UInt8(ascii: ".") && ranges.count < 5 {
            ranges.append(start..<index)
            start = index + 1
        }
        ranges.append(start..<bytes.count)
    }

    var count: Int { ranges.count }

    subscript(index: Int) -> Range<Int> { ranges[index] }
}
