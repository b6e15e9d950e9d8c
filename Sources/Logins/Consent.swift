/// What a person is asked to approve, made for display: the authorization server's words, never
/// what a client says beside them.
///
/// Text in it is whatever the server sent; making it harmless is the business of whoever shows it.
public struct Consent: Hashable, Sendable {
    /// One thing asked for.
    public struct Scope: Hashable, Sendable {
        /// The name as it was requested; this is echoed when it is granted (`cloudentity.md` CB-1).
        public let requestedName: String
        /// What the server calls it for people, if it does.
        public let displayName: String?
        public let explanation: String?

        public init(requestedName: String, displayName: String? = nil, explanation: String? = nil) {
            self.requestedName = requestedName
            self.displayName = displayName
            self.explanation = explanation
        }
    }

    public let clientName: String?
    public let scopes: [Scope]

    public init(clientName: String?, scopes: [Scope]) {
        self.clientName = clientName
        self.scopes = scopes
    }
}
