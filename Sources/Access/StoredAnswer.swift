public import HTTP
public import Logins

/// The answer to a request with an `Idempotency-Key`, stored with what the request did: the same
/// request gets it again and does nothing, also after a restart.
///
/// It is stored as it was sent. No answer of the admin or the backend API has a secret: clients
/// register public keys, and the hash of a secret.
public struct StoredAnswer: Hashable, Sendable {
    /// How many are kept of each client; the oldest are forgotten first.
    public static let mostOfClient: Int64 = 100_000

    /// SHA-256 over what the key is unique for: caller, method, path and key.
    public let key: [UInt8]
    /// SHA-256 over the rest of the request.
    public let request: [UInt8]
    /// Who sent it.
    public let client: APIClientID
    /// When it was given. One whose time is over by then is replaced.
    public let at: Timestamp
    /// When it is forgotten.
    public let until: Timestamp
    /// The status, the header fields and the content.
    public let status: Int
    public let fields: [Field]
    public let body: [UInt8]

    public init(
        key: [UInt8],
        request: [UInt8],
        client: APIClientID,
        at: Timestamp,
        until: Timestamp,
        status: Int,
        fields: [Field],
        body: [UInt8]
    ) {
        self.key = key
        self.request = request
        self.client = client
        self.at = at
        self.until = until
        self.status = status
        self.fields = fields
        self.body = body
    }
}
