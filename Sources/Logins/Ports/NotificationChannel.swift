/// One way of reaching a person.
public protocol NotificationChannel: Sendable {
    var id: ChannelID { get }
    /// Pauses between attempts on this channel.
    var retries: RetrySchedule { get }
    /// False once the other side has said that it wants no more.
    var isEnabled: Bool { get }

    /// Brings a prompt to its person. May be called twice for one login and must tolerate it:
    /// the receiver tells repeats by the login's key.
    func ask(_ prompt: Prompt) async -> DeliveryAnswer
}

/// What a channel carries: enough to recognise the login, and the link to see it whole.
public struct Prompt: Hashable, Sendable {
    public let number: LoginNumber
    public let key: LoginKey
    public let user: User
    public let clientName: String?
    public let scopes: [String]
    public let bindingMessage: String?
    public let ends: Timestamp
    /// `https://…/approve/{ticket}`: whoever has it may decide. Secret.
    public let link: String
    public let ticket: String
    /// The call that brought the login.
    public let origin: PendingLogin.Origin?

    public init(
        number: LoginNumber,
        key: LoginKey,
        user: User,
        clientName: String?,
        scopes: [String],
        bindingMessage: String?,
        ends: Timestamp,
        link: String,
        ticket: String,
        origin: PendingLogin.Origin? = nil
    ) {
        self.number = number
        self.key = key
        self.user = user
        self.clientName = clientName
        self.scopes = scopes
        self.bindingMessage = bindingMessage
        self.ends = ends
        self.link = link
        self.ticket = ticket
        self.origin = origin
    }
}

public enum DeliveryAnswer: Hashable, Sendable {
    case delivered
    /// Not now: why, and what pause the other side asked for.
    case later(String, after: Duration?)
    /// Never for this prompt.
    case refused(String)
}
