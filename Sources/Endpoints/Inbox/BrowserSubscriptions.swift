public import Access
public import Logins

/// The browsers that show notifications to their users (Web Push).
public protocol BrowserSubscriptions: Sendable {
    /// What browsers subscribe with (`applicationServerKey`), in base64url.
    var key: String { get }

    /// The browsers of a user; nil if the user cannot have any.
    func browsers(of user: UserID) async throws(BrowserRefusal) -> [SubscribedBrowser]?

    /// Adds a browser, or the same once more. `text` is its subscription as JSON, which nobody has
    /// judged yet; `old` is the browser that it replaces.
    func add(
        _ text: String,
        named name: String,
        replacing old: String?,
        of user: UserID,
        by author: AuditAuthor
    ) async throws(BrowserRefusal)

    /// Removes a browser of a user.
    func remove(
        _ id: String,
        of user: UserID,
        by author: AuditAuthor
    ) async throws(BrowserRefusal)
}

/// A browser that shows notifications.
public struct SubscribedBrowser: Hashable, Sendable {
    /// SHA-256 of the endpoint in base64url, by which the browser recognises itself.
    public let id: String
    /// What it calls itself; may be empty.
    public let name: String
    /// Nil if it is not known.
    public let since: Timestamp?

    /// A browser as it is listed.
    public init(id: String, name: String, since: Timestamp?) {
        self.id = id
        self.name = name
        self.since = since
    }
}

/// Why a browser was not added or removed.
public enum BrowserRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// What it sent is no subscription, or one of a service that gets no messages.
    case unusable
    /// The user has as many as they may.
    case tooMany
    /// The user has no such browser, or cannot have any.
    case unknown
    /// The users cannot be read or written now.
    case unavailable(String)

    public var description: String {
        switch self {
        case .unusable: "not a subscription that messages may be sent to"
        case .tooMany: "the user has as many browsers as possible"
        case .unknown: "the user has no such browser"
        case .unavailable(let reason): reason
        }
    }
}
