import Cryptography
import JSON

/// The digest of everything that the server says about what is approved.
enum ConsentSource {
    /// SHA-256, in lower-case hexadecimal, of the canonical form (RFC 8785) of the relevant part.
    /// `approved` are the members of the envelope that contain the consent.
    ///
    /// Only what may change while the same thing is approved is left out [CD-3]:
    /// - `status`, `created_at`, `subject`, `account_ids`, `authentication_context`, `tenant_id` and
    ///   `server_id` of the envelope, which describe the login;
    /// - status and time of last change of the consent itself;
    /// - everything about a scope except its names, texts, parameters and whether it is implicit;
    ///   the rest describes the server's catalogue;
    /// - everything about the client except its name.
    ///
    /// A number that a double cannot hold counts by its digits: two amounts never have one digest.
    static func digest(
        of answer: JSONValue,
        _ approved: [String]
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
        for name in approved {
            keep(name, answer[name].map { kept($0) { !progressMembers.contains($0) } })
        }
        do {
            return SHA256.digest(try bytes(of: .object(JSONObject(members)))).map { byte in
                String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
            }.joined()
        } catch {
            let malformed = members.first { (try? bytes(of: $0.value)) == nil }
            throw .incomplete(malformed?.name ?? "")
        }
    }

    private static func bytes(of value: JSONValue) throws(CanonicalJSONError) -> [UInt8] {
        try CanonicalJSON.bytes(of: value, numbers: .written)
    }

    private static let scopeMembers: Set = [
        "name", "requested_name", "display_name", "description", "params", "implicit_grant",
    ]

    private static let progressMembers: Set = [
        "Status", "StatusReason", "StatusReasonCode", "StatusReasonDescription",
        "StatusUpdateDateTime", "status", "statusUpdateDateTime", "updatedTime", "updated_at",
        "rejection", "rejectionReason",
    ]

    private static func kept(_ value: JSONValue, where isKept: (String) -> Bool) -> JSONValue {
        guard let object = value.object else { return value }
        return .object(JSONObject(object.members.filter { isKept($0.name) }))
    }
}
