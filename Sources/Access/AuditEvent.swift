public import JSON
public import Logins

/// One line of the audit: what happened, to whom, by whom. Append-only.
public struct AuditEvent: Hashable, Sendable {
    public let at: Timestamp
    /// What happened, such as `token.issued`: two or three words joined by dots, in lower case.
    public let kind: String
    /// The details, in their order. Never a secret or a token. At most `longest` bytes as JSON.
    public let members: JSONObject

    /// Bytes of the members as JSON. Longer ones are replaced by a note that says so.
    public static let longest = 16_384

    public init(_ kind: String, at: Timestamp, _ members: KeyValuePairs<String, JSONValue?> = [:]) {
        self.at = at
        self.kind = kind
        self.members = JSONValue.members(members).object ?? JSONObject()
    }

    public init(_ kind: String, at: Timestamp, members: JSONObject) {
        self.at = at
        self.kind = kind
        self.members = members
    }
}

/// An event of the audit as it is stored. Each one's hash covers the one before, so that a change of
/// any of them is found.
public struct AuditEntry: Hashable, Sendable {
    /// Ascending by one, from one.
    public let number: Int64
    public let event: AuditEvent
    /// SHA-256 over the previous hash and the entry (`AuditChain`).
    public let hash: [UInt8]

    public init(number: Int64, event: AuditEvent, hash: [UInt8]) {
        self.number = number
        self.event = event
        self.hash = hash
    }
}
