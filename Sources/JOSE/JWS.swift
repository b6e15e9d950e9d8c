public import JSON
import Cryptography

/// A JSON Web Signature whose signature holds, in the compact form (RFC 7515 §7.1).
///
/// A value of this type was verified: there is no other way to get one. Nothing that a token says
/// of where its key is (`jku`, `x5u`, `jwk`, `x5c`) is followed or trusted.
public struct JWS: Sendable {
    public let header: Header
    public let payload: [UInt8]
    /// The key that it was verified with.
    public let key: VerificationKey

    /// A JOSE header (RFC 7515 §4).
    public struct Header: Sendable {
        public let algorithm: SignatureAlgorithm
        /// `kid`.
        public let keyID: String?
        /// `typ`.
        public let type: String?
        /// All of it, for what a profile adds.
        public let members: JSONObject

        /// Whether `typ` names this media type; `application/` may be left out, and case does not
        /// count (RFC 7515 §4.1.9).
        public func isType(_ name: String) -> Bool {
            func short(_ name: String) -> String {
                let name = name.lowercased()
                let rest = name.hasPrefix("application/") ? name.dropFirst(12) : name[...]
                return rest.contains("/") ? name : String(rest)
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
            guard let algorithm = SignatureAlgorithm(rawValue: name) else { throw .algorithm }
            // No extension is known here, so whatever must be understood is not. `b64` (RFC 7797)
            // changes which bytes were signed, even where it is not said to be critical.
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

    /// Signs `payload`. `header` is what stands in the header beside `alg` and `kid`, such as `typ`; a
    /// member with one of these two names is left out.
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
        let parts = [JSONValue.object(JSONObject(members)).bytes, payload]
        let input = parts.map(Base64URL.encode).joined(separator: ".")
        return input + "." + Base64URL.encode(try key.sign(Array(input.utf8)))
    }

    /// Verifies a token. Only `keys` count, and only the algorithms in `allowed`, which the caller
    /// expects and never takes from the token.
    ///
    /// - Throws: `JOSEError`.
    public static func verify(
        _ token: String,
        keys: JWKSet,
        allowed: Set<SignatureAlgorithm>
    ) throws(JOSEError) -> JWS {
        let token = Array(token.utf8)
        guard token.count <= JOSELimits.token else { throw .tooLong(limit: JOSELimits.token) }
        let parts = token.split(
            separator: UInt8(ascii: "."),
            maxSplits: 5,
            omittingEmptySubsequences: false
        )
        guard parts.count != 5 else { throw .encrypted }
        guard parts.count == 3, !parts[0].isEmpty, !parts[2].isEmpty else { throw .notCompact }
        guard let head = Base64URL.decode(token.span.extracting(parts[0].indices)),
            let payload = Base64URL.decode(token.span.extracting(parts[1].indices)),
            let signature = Base64URL.decode(token.span.extracting(parts[2].indices))
        else { throw .notBase64URL }
        let header = try Header(bytes: head)
        guard allowed.contains(header.algorithm) else { throw .algorithm }
        let candidates = keys.candidates(for: header)
        guard !candidates.isEmpty else { throw .noKey }
        let input = Array(token[..<parts[1].endIndex])
        let signer = candidates.first { key in
            key.verify(signature, of: input, by: header.algorithm)
        }
        guard let signer else { throw .signature }
        return JWS(header: header, payload: payload, key: signer)
    }
}
