import Texts

/// A login that a user must approve on another device, from its arrival until the authorization
/// server has accepted the outcome.
///
/// It has all rules of what may happen when, and performs nothing itself. The only way to change one
/// is `apply(_:at:)`; `dueAt` and `duty(at:)` say what it owes.
public struct PendingLogin: Hashable, Sendable {
    /// What the authorization server said about the login.
    public struct Details: Hashable, Sendable {
        /// `nobody` if the server did not name a user in a form that can be used.
        public var user: UserID
        public var workspace: WorkspaceID?
        public var client: ClientID?
        public var clientName: String?
        /// In the order in which they were received.
        public var requestedScopes: [String]
        /// The requested authentication context classes, in the order in which they were received.
        public var acrValues: [String]
        /// The text that the user compares on both devices, and its number.
        public var bindingMessage: BindingMessage
        /// The lodged consent, if the server named it.
        public var consentID: ConsentID?
        /// The server's anti-forgery value. It is returned with each report.
        public var state: String?
        /// `authorization_details` of the start (RFC 9396) as JSON text, well-formed or not; nil if there
        /// were none.
        public var authorizationDetails: String?
        /// Unknown members, as one JSON object with secrets masked; nil if there were none.
        public var unknownMembers: String?
        /// From where the client says that the request comes; nil if that is not known.
        public var context: RequestContext?
        /// The request that brought the login, if known.
        public var origin: Origin?

        public init(
            user: UserID,
            workspace: WorkspaceID? = nil,
            client: ClientID? = nil,
            clientName: String? = nil,
            requestedScopes: [String] = [],
            acrValues: [String] = [],
            bindingMessage: BindingMessage = .none,
            consentID: ConsentID? = nil,
            state: String? = nil,
            authorizationDetails: String? = nil,
            unknownMembers: String? = nil,
            context: RequestContext? = nil,
            origin: Origin? = nil
        ) {
            self.user = user
            self.workspace = workspace
            self.client = client
            self.clientName = clientName
            self.requestedScopes = requestedScopes
            self.acrValues = acrValues
            self.bindingMessage = bindingMessage
            self.consentID = consentID
            self.state = state
            self.authorizationDetails = authorizationDetails
            self.unknownMembers = unknownMembers
            self.context = context
            self.origin = origin
        }

        /// Stands for the user of a login that names none. Such a login has failed.
        public static let nobody = UserID(plain: "(nobody)")
    }

    /// A request as logs and traces identify it.
    public struct Origin: Hashable, Sendable {
        /// The request's number in the process that received it.
        public var request: Int
        /// A W3C `traceparent`, opaque to the domain (Trace Context §3.2).
        public var trace: String

        public init(request: Int, trace: String) {
            self.request = request
            self.trace = trace
        }
    }

    /// The deadlines of a login, set when it arrives.
    public struct Terms: Hashable, Sendable {
        public let receivedAt: Timestamp
        /// When the server ends the login.
        public let expiresAt: Timestamp
        /// When the prompt ends: shortly before `expiresAt`, so that the outcome can still be
        /// reported. A consent that ends earlier brings it forward.
        public internal(set) var promptEnds: Timestamp
        /// After this nothing is reported.
        public let reportEnds: Timestamp
        /// Whether an expiry is reported.
        public let reportsExpiry: ExpiryRule

        /// How long before `reportEnds` a report is sent once more, even if the server's circuit breaker
        /// is open.
        public static let lastAttempt = Duration.seconds(1)

        /// From this time on a report is at its last moment.
        public var lastReport: Timestamp { reportEnds - Self.lastAttempt }

        public init(
            receivedAt: Timestamp,
            expiresAt: Timestamp,
            promptEnds: Timestamp,
            reportEnds: Timestamp,
            reportsExpiry: ExpiryRule
        ) {
            self.receivedAt = receivedAt
            self.expiresAt = expiresAt
            self.promptEnds = promptEnds
            self.reportEnds = reportEnds
            self.reportsExpiry = reportsExpiry
        }
    }

    /// Whether the server is told that nobody decided (`reject_on_expiry`) [ST-5].
    public enum ExpiryRule: Hashable, Sendable, CaseIterable {
        case never
        /// Only for lodged consents, which would stay open otherwise. A plain login is left to
        /// expire, so that its client gets `expired_token`.
        case lodgedConsents
        case always
    }

    /// The hash of a link's secret part: 32 bytes.
    public typealias TicketDigest = [UInt8]

    /// How many links of one login are valid at once; older ones stop working. There can be several,
    /// because a link may have arrived although its delivery failed.
    public static let maximumTickets = 4

    public let key: LoginKey
    public internal(set) var terms: Terms
    public let details: Details
    /// What the user is asked, from `waiting` on until retention erases it.
    public internal(set) var question: Question?
    /// The consent digest of an erased question.
    private let erasedDigest: ConsentDigest?
    /// The digests of the valid tickets, oldest first, at most `maximumTickets`.
    public internal(set) var tickets: [TicketDigest]
    public internal(set) var phase: Phase
    /// How often the user gave a wrong number.
    public internal(set) var wrongCodes: Int
    /// What is left of the report of an abandoned login.
    public internal(set) var history: History?
    /// The deliveries of a login that no longer asks.
    private var pastDeliveries: [Delivery]

    /// Wrong numbers that end a login.
    public static let mostWrongCodes = 5

    /// How many wrong numbers it takes until the login ends.
    public var codesLeft: Int { max(0, Self.mostWrongCodes - wrongCodes) }

    /// A login that has just arrived. If it is too late to show it, it is settled as expired.
    public init(key: LoginKey, terms: Terms, details: Details) {
        let tooLate = terms.receivedAt >= terms.promptEnds
        self.init(
            key: key,
            terms: terms,
            details: details,
            question: nil,
            tickets: [],
            phase: tooLate
                ? .settled(.expired, .leftToExpire, at: terms.receivedAt)
                : .preparing(Attempts(), next: terms.receivedAt)
        )
    }

    /// A login as a store kept it. Only for stores; everyone else applies events.
    public init(
        key: LoginKey,
        terms: Terms,
        details: Details,
        question: Question?,
        erasedDigest: ConsentDigest? = nil,
        tickets: [TicketDigest],
        phase: Phase,
        wrongCodes: Int = 0,
        history: History? = nil,
        pastDeliveries: [Delivery] = []
    ) {
        self.key = key
        self.terms = terms
        self.details = details
        self.question = question
        self.erasedDigest = erasedDigest
        self.tickets = tickets
        self.phase = phase
        self.wrongCodes = wrongCodes
        self.history = history
        self.pastDeliveries = pastDeliveries
    }

    /// How the user was notified, until retention erases it.
    public var deliveries: [Delivery] {
        if case .waiting(let deliveries) = phase { deliveries } else { pastDeliveries }
    }

    /// Keeps how the user was notified, before the login no longer asks.
    mutating func keepDeliveries() { pastDeliveries = deliveries }

    /// The lodged consent, once it is known. No two live logins have the same one.
    public var consentID: ConsentID? { details.consentID ?? question?.consent.id }

    /// The client's name for people: the server's in the consent, else the one in the start, else its
    /// identifier. Nil if all of them read as empty.
    public var clientName: String? {
        [question?.consent.clientName, details.clientName, details.client?.value]
            .lazy.compactMap { $0?.unlessEmpty }.first
    }

    /// The digest of the consent that was shown. It is kept when the question is erased.
    public var consentDigest: ConsentDigest? { question?.digest ?? erasedDigest }

    /// When the next duty is due; nil if the login owes nothing. All work of the engine follows from it.
    public var dueAt: Timestamp? {
        switch phase {
        case .preparing(_, let next):
            min(next, terms.promptEnds)
        case .waiting(let deliveries):
            deliveries.reduce(terms.promptEnds) { earliest, delivery in
                if case .due(let at) = delivery.state { min(earliest, at) } else { earliest }
            }
        case .reporting(_, let report):
            min(report.next, terms.reportEnds)
        case .settled, .stranded:
            nil
        }
    }

    /// When the current phase ends by itself; nil if the login owes nothing.
    public var endAt: Timestamp? {
        switch phase {
        case .preparing, .waiting: terms.promptEnds
        case .reporting: terms.reportEnds
        case .settled, .stranded: nil
        }
    }

    /// The duty that is due at `now`, if any.
    public func duty(at now: Timestamp) -> Duty? {
        guard let dueAt, dueAt <= now else { return nil }
        switch phase {
        case .preparing: return now >= terms.promptEnds ? .end : .prepare
        case .waiting: return now >= terms.promptEnds ? .end : .notify
        case .reporting: return now >= terms.reportEnds ? .end : .report
        case .settled, .stranded: return nil
        }
    }

    /// The kinds of work a login can owe. At most one of each kind is under way for a login.
    public enum Duty: Hashable, Sendable, CaseIterable {
        case prepare, notify, report
        /// A deadline passed.
        case end
    }
}
