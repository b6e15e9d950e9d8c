/// One way to notify a user: a webhook, a text message, a push service.
///
/// A channel does not retry: the engine does, after `retries`. It may be called for several logins
/// at once.
public protocol NotificationChannel: Sendable {
    /// The channel's configured name.
    var id: ChannelID { get }
    /// The pauses between attempts on this channel.
    var retries: RetrySchedule { get }
    /// Whether the channel can be used at all. One that fails only rests for a while, which the
    /// engine sees to.
    var isEnabled: Bool { get }

    /// Whether the channel knows where to find the user. Default: yes.
    func reaches(_ user: User) -> Bool

    /// Whether the channel also uses the addresses of users' devices, such as push tokens. Default: no.
    var usesDevices: Bool { get }

    /// Notifies the user. It may be called twice for one login; the receiver recognizes repeats by
    /// the login's key.
    func ask(_ prompt: Prompt) async -> DeliveryAnswer

    /// Tells the user something that needs no answer. It may be called twice for one notice; the
    /// receiver recognizes repeats. Default: refused.
    func tell(_ notice: Notice) async -> DeliveryAnswer

    /// Questions that show whether the channel works, without notifying anybody. Default: none.
    var onlineChecks: [OnlineCheck] { get }
}

/// What a channel delivers: enough to recognize the login, and the link that shows all of it.
public struct Prompt: Hashable, Sendable {
    public let number: LoginNumber
    public let key: LoginKey
    public let user: User
    public let clientName: String?
    /// The requested scopes by their names, in the consent's order.
    public let scopes: [String]
    public let bindingMessage: String?
    /// When the login arrived.
    public let received: Timestamp
    /// When the prompt ends.
    public let ends: Timestamp
    /// `https://…/approve/{ticket}`. Whoever has it may decide. Secret.
    public let link: String
    /// The link's last part. Secret.
    public let ticket: String
    /// The request that brought the login, for logs and traces.
    public let origin: PendingLogin.Origin?
    /// Whether it only shows that the channel works: there is no login, and the link leads nowhere.
    public let isTest: Bool

    public init(
        number: LoginNumber,
        key: LoginKey,
        user: User,
        clientName: String?,
        scopes: [String],
        bindingMessage: String?,
        received: Timestamp,
        ends: Timestamp,
        link: String,
        ticket: String,
        origin: PendingLogin.Origin? = nil,
        isTest: Bool = false
    ) {
        self.number = number
        self.key = key
        self.user = user
        self.clientName = clientName
        self.scopes = scopes
        self.bindingMessage = bindingMessage
        self.received = received
        self.ends = ends
        self.link = link
        self.ticket = ticket
        self.origin = origin
        self.isTest = isTest
    }
}

/// A channel's answer to a prompt.
public enum DeliveryAnswer: Hashable, Sendable {
    /// The receiver accepted it.
    case delivered
    /// Not now: the reason, and the pause that the receiver asked for.
    case later(String, after: Duration?)
    /// This user cannot be reached through the channel any more: the reason. The channel works, and
    /// other users may be reached.
    case gone(String)
    /// Never for this prompt: the reason.
    case refused(String)
}
