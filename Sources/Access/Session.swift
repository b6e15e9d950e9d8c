public import Logins

/// Somebody who signed in, on one browser.
///
/// The browser has a secret of 256 random bits in a cookie; only its digest is stored.
public struct Session: Hashable, Sendable {
    /// What a person of the console may do.
    public enum Role: String, Hashable, Sendable, CaseIterable {
        /// One for each account: manages clients, keys, users, branding and policies.
        case admin
        /// Sees everything and changes nothing.
        case moderator
    }

    /// 128 random bits in base64url; names the session where sessions are listed. Not a secret.
    public let id: String
    public let application: SignInApplication
    public let person: Person
    /// The provider's identifier of its session (`sid`), which a logout of the provider may name; nil
    /// if it gave none.
    public let providerSession: String?
    /// Whose logins the inbox shows; nil for the console.
    public let user: UserID?
    /// The tenant of the person at the bank.
    public let account: String
    /// Nil for the inbox. The store decides it when the session begins.
    public let role: Role?
    /// The given and the family name, and the e-mail address that the provider verified.
    public let name: String
    public let email: String
    /// Where the sign-in came from: the address, and the browser's description of itself, cut to
    /// `longestAgent`.
    public let address: String
    public let agent: String
    public let startedAt: Timestamp
    /// The last request, to the second.
    public let lastUsedAt: Timestamp

    /// Characters of `agent`.
    public static let longestAgent = 200

    public init(
        id: String,
        application: SignInApplication,
        person: Person,
        providerSession: String? = nil,
        user: UserID?,
        account: String,
        role: Role? = nil,
        name: String,
        email: String,
        address: String,
        agent: String,
        startedAt: Timestamp,
        lastUsedAt: Timestamp
    ) {
        self.id = id
        self.application = application
        self.person = person
        self.providerSession = providerSession
        self.user = user
        self.account = account
        self.role = role
        self.name = name
        self.email = email
        self.address = address
        self.agent = String(
            String.UnicodeScalarView(agent.unicodeScalars.prefix(Self.longestAgent))
        )
        self.startedAt = startedAt
        self.lastUsedAt = lastUsedAt
    }

    /// Whether it is in force.
    public func isInForce(at now: Timestamp, within limits: SessionLimits) -> Bool {
        now <= lastUsedAt + limits.idle && now < startedAt + limits.absolute
    }
}

/// A person as an identity provider knows them: never the e-mail address, which can change owners.
public struct Person: Hashable, Sendable {
    public let issuer: String
    public let subject: String

    public init(issuer: String, subject: String) {
        self.issuer = issuer
        self.subject = subject
    }
}

/// How long a session lasts.
public struct SessionLimits: Hashable, Sendable {
    /// Without a request.
    public var idle: Duration
    /// From sign-in on, whatever happens.
    public var absolute: Duration

    public init(idle: Duration, absolute: Duration) {
        self.idle = idle
        self.absolute = absolute
    }
}
