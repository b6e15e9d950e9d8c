import Cryptography
public import JOSE
import JSON
public import Logins

/// A signed head of the audit: an entry with a signature over the entry before it. Whoever changes
/// the chain before it and recomputes the rest cannot sign again.
public enum AuditSeal {
    /// The kind of the event; its member `jws` has the signature, in compact form.
    public static let kind = "audit.head"
    /// `typ` of its header.
    public static let type = "beckon-audit-head+jwt"

    /// An event that signs the end of the chain, for `AccessStore.sealAudit`.
    ///
    /// - Throws: `JOSEError` with `.key`.
    public static func event(
        over mark: AuditMark,
        at now: Timestamp,
        key: SigningKey
    ) throws(JOSEError) -> AuditEvent {
        let header = JSONObject([JSONObject.Member(name: "typ", value: .string(type))])
        let jws = try JWS.sign(payload: payload(mark).bytes, header: header, key: key)
        return AuditEvent(kind, at: now, ["jws": .string(jws)])
    }

    /// Whether the signature in an entry is by one of the keys and over the entry before it. Nil if
    /// the entry is no signed head.
    public static func isValid(
        _ record: AuditRecord,
        after mark: AuditMark,
        keys: JWKSet
    ) -> Bool? {
        guard let (_, event) = AuditChain.event(of: record.bytes), event.kind == kind else {
            return nil
        }
        let allowed: Set<SignatureAlgorithm> = [.es256, .ps256, .rs256, .edDSA]
        guard let text = event.members["jws"]?.string,
            let jws = try? JWS.verify(text, keys: keys, allowed: allowed), jws.header.isType(type)
        else { return false }
        return jws.payload == payload(mark).bytes
    }

    private static func payload(_ mark: AuditMark) -> JSONValue {
        .members(["number": .integer(mark.number), "hash": .string(Base64URL.encode(mark.hash))])
    }
}
