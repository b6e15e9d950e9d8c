/// A login that a person must approve on another device, from the moment the authorization server
/// hands it over until that server has taken the outcome.
///
/// It owns every rule of what may happen when, and none of the doing: time comes in as a value,
/// and what is owed goes out as values. The only way to change one is `apply(_:at:)`.
public struct PendingLogin: Hashable, Sendable {
    /// What the authorization server told us.
    public struct Details: Hashable, Sendable {
        public var user: UserID
        public var workspace: WorkspaceID?
        public var client: ClientID?
        public var clientName: String?
        /// As strings, in the order they came.
        public var requestedScopes: [String]
        public var acrValues: [String]
        public var bindingMessage: String?
        public var consentID: ConsentID?
        /// The server's anti-forgery value, returned with each report.
        public var state: String?
        /// Members nobody knows, as one JSON object with secrets masked; nil when there were none.
        public var unknownMembers: String?
        /// The call that brought the login; nil when nobody noted it.
        public var origin: Origin?

        public init(
            user: UserID,
            workspace: WorkspaceID? = nil,
            client: ClientID? = nil,
            clientName: String? = nil,
            requestedScopes: [String] = [],
            acrValues: [String] = [],
            bindingMessage: String? = nil,
            consentID: ConsentID? = nil,
            state: String? = nil,
            unknownMembers: String? = nil,
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
            self.unknownMembers = unknownMembers
            self.origin = origin
        }
    }

    /// A call as logs know it, ours and those of others.
    public struct Origin: Hashable, Sendable {
        /// The request's number in the process that took it.
        public var request: Int
        /// A W3C `traceparent` (Trace Context §3.2), opaque to the domain.
        public var trace: String

        public init(request: Int, trace: String) {
            self.request = request
            self.trace = trace
        }
    }

    /// The moments that bind a login, fixed when it arrives.
    public struct Terms: Hashable, Sendable {
        public let receivedAt: Timestamp
        /// When the server ends the login.
        public let expiresAt: Timestamp
        /// When we end the prompt: shortly before, so that the outcome can still be told. A consent
        /// that ends earlier brings it forward.
        public internal(set) var promptEnds: Timestamp
        /// The last moment to tell the server.
        public let reportEnds: Timestamp
        /// Whether the server is told that nobody answered.
        public let reportsExpiry: ExpiryRule

        /// How long before `reportEnds` a report is made once more, whatever speaks against it.
        public static let lastAttempt = Duration.seconds(1)

        /// From here on a report is at its last moment.
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

    /// Whether an expired login is reported as rejected (`reject_on_expiry`) [ST-5].
    public enum ExpiryRule: Hashable, Sendable, CaseIterable {
        case never
        /// When the login is for a consent that was lodged before: that would stay open otherwise.
        /// A plain login is left to expire, so that its client hears just that.
        case lodgedConsents
        case always
    }

    /// A link's secret part, hashed: 32 bytes.
    public typealias TicketDigest = [UInt8]

    /// Links of one login that may be open at once; an older one stops working.
    /// More than one, because a link may have arrived although we never learned so.
    public static let maximumTickets = 4

    public let key: LoginKey
    public internal(set) var terms: Terms
    public let details: Details
    /// What the person is asked, from `waiting` on, until it is erased.
    public internal(set) var question: Question?
    /// The digest of a question that has been erased.
    private let erasedDigest: ConsentDigest?
    public internal(set) var tickets: [TicketDigest]
    public internal(set) var phase: Phase

    /// A login that has just arrived. One that arrives too late to be shown is over at once.
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

    /// A login as a store kept it. Stores only: everyone else applies events.
    public init(
        key: LoginKey,
        terms: Terms,
        details: Details,
        question: Question?,
        erasedDigest: ConsentDigest? = nil,
        tickets: [TicketDigest],
        phase: Phase
    ) {
        self.key = key
        self.terms = terms
        self.details = details
        self.question = question
        self.erasedDigest = erasedDigest
        self.tickets = tickets
        self.phase = phase
    }

    /// The lodged consent it is about, as far as is known: no two live logins are about one.
    public var consentID: ConsentID? { details.consentID ?? question?.consent.id }

    /// Of the consent that the person was asked about; it outlives the question.
    public var consentDigest: ConsentDigest? { question?.digest ?? erasedDigest }

    /// When something is owed next, nil when nothing is. Everything the engine does follows from this.
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

    /// What is owed at `now`, if anything.
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
        /// A deadline went by.
        case end
    }
}
