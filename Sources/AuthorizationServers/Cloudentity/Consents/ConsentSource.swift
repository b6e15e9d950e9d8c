import Cryptography
import JSON

/// The digest of everything a server says of what is to be approved.
enum ConsentSource {
    /// Lower-case hexadecimal SHA-256 of the canonical form (RFC 8785) of the substantive part.
    ///
    /// Left out is what may change without what is approved changing, and nothing else:
    /// - of the envelope `status`, `created_at`, `subject`, `account_ids`,
    ///   `authentication_context`, `tenant_id` and `server_id`: they say how far the login is,
    ///   whose and where it is;
    /// - of the consent itself its status and the moment of its last change;
    /// - of a scope everything but its names, texts, parameters and whether it is implicit: the
    ///   rest describes the server's own catalogue;
    /// - of the client everything but its name, for the same reason.
    static func digest(
        of answer: JSONValue,
        _ address: ConsentAddress
    ) throws(ConsentProblem) -> String {
        var members: [JSONObject.Member] = []
        func keep(_ name: String, _ value: JSONValue?) {
            if let value, !value.isNull { members.append(.init(name: name, value: value)) }
        }
        for name in ["client_id", "consent_id", "type"] { keep(name, answer[name]) }
        keep("client_name", answer["client_info"]?["client_name"])
        let scopes = (answer["requested_scopes"]?.array ?? []).map { scope in
            kept(scope) { scopeMembers.contains($0) }
        }
        keep("requested_scopes", .array(scopes))
        for name in [address.member, "previous_cdr_arrangement", "requested_claims_to_consent"] {
            keep(name, answer[name].map { kept($0) { !progressMembers.contains($0) } })
        }
        do {
            let bytes = try CanonicalJSON.bytes(of: .object(JSONObject(members)), numbers: .exact)
            return SHA256.digest(bytes).map { byte in
                String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }.joined()
        } catch {
            throw .incomplete(address.member)
        }
    }

    private static let scopeMembers: Set = [
        "name", "requested_name", "display_name", "description", "params", "implicit_grant",
    ]

    private static let progressMembers: Set = [
        "Status", "StatusUpdateDateTime", "status", "statusUpdateDateTime", "updatedTime",
        "updated_at",
    ]

    private static func kept(_ value: JSONValue, where isKept: (String) -> Bool) -> JSONValue {
        guard let object = value.object else { return value }
        return .object(JSONObject(object.members.filter { isKept($0.name) }))
    }
}
