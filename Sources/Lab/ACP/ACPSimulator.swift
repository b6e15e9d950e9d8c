import Cryptography
public import HTTP
import JSON
import Threads

/// A simulated Cloudentity authorization server. For clients, it is an OpenID provider with CIBA in
/// poll and ping mode; for the authentication service, it is the caller and the System API.
///
/// It answers every mistake of the authentication service with an error, and adds it to
/// `violations`. Any other unusual behaviour is a knob. Everything is kept in memory.
public final class ACPSimulator: Sendable {
    struct State: Sendable {
        var logins: [String: SimulatedLogin] = [:]
        var order: [String] = []
        var byAuthReqID: [String: String] = [:]
        var consents: [String: SimulatedConsent] = [:]
        var consentOrder: [String] = []
        var clientTokens: [String: ClientToken] = [:]
        var systemTokens: [String: SystemToken] = [:]
        /// Tokens that got a 401, and when.
        var refusedTokens: [String: Int64] = [:]
        /// `jti` of every assertion of the system client.
        var assertionIDs: Set<String> = []
        /// When each pending token request arrived.
        var tokenRequests: [Int: Int64] = [:]
        var lastTokenRequest = 0
        /// When the next system token may be requested.
        var tokenNotBefore: Int64 = 0
        /// `jti` of every request object.
        var requestIDs: Set<String> = []
        var baseURL: String?
        var serviceURL: String
        var notificationEndpoint: String?
        var seed: UInt64
    }

    struct SystemToken: Sendable {
        let scopes: Set<String>
        let expires: Int64
        /// The thumbprint of the certificate it is bound to; nil for none.
        var certificate: [UInt8]?
        var uses = 0
    }

    /// The oldest logins are removed first, so that memory does not grow.
    static let keptLogins = 200_000
    static let keptTokens = 20_000

    /// The simulator's time; it can be moved.
    public let clock: AdjustableClock
    /// All exchanges.
    public let journal: Journal
    /// The knobs.
    public let knobs: KnobBoard
    /// The errors of the authentication service.
    public let violations: ViolationList
    let configuration: SimulatorConfiguration
    let http: any OutboundHTTP
    let work = BackgroundWork()
    let signer: IDTokenSigner
    let state: Locked<State>

    /// An authorization server without logins. `http` sends its calls to the authentication service
    /// and its pings.
    public init(
        _ configuration: SimulatorConfiguration,
        http: any OutboundHTTP,
        clock: any SimulatorClock = MachineClock()
    ) {
        let adjustable = AdjustableClock(clock)
        self.configuration = configuration
        self.http = http
        self.clock = adjustable
        journal = Journal(clock: adjustable)
        knobs = KnobBoard(seed: configuration.seed)
        violations = ViolationList(journal: journal, clock: adjustable)
        signer = IDTokenSigner()
        state = Locked(
            State(
                baseURL: configuration.baseURL,
                serviceURL: configuration.service.baseURL,
                seed: configuration.seed
            )
        )
    }

    /// Sets the addresses once the listeners are bound. Nil changes nothing.
    /// - Parameters:
    ///   - baseURL: under which this server is reached.
    ///   - serviceURL: the base of the authentication service.
    ///   - notificationEndpoint: where pings go for clients registered without an endpoint.
    public func connect(
        baseURL: String? = nil,
        serviceURL: String? = nil,
        notificationEndpoint: String? = nil
    ) {
        state.withLock { state in
            state.baseURL = baseURL ?? state.baseURL
            state.serviceURL = serviceURL ?? state.serviceURL
            state.notificationEndpoint = notificationEndpoint ?? state.notificationEndpoint
        }
    }

    /// Delivers starts, repeats and pings until the task is cancelled. Call it once.
    public func run() async { await work.run() }

    /// The routes for clients and the authentication service.
    public var routes: [Route] {
        discoveryRoutes + clientRoutes + systemRoutes + scopeGrantRoutes + decoyRoutes
            + consentRoutes
    }

    /// Scheme, host and port as the sender of this request sees them.
    func base(for request: Request) -> String {
        if let base = state.withLock({ $0.baseURL }) { return base }
        return (request.peer.isSecure ? "https://" : "http://")
            + (request.field("host") ?? "localhost")
    }

    func issuer(_ base: String, _ workspace: String) -> String {
        "\(base)/\(configuration.tenant)/\(workspace)"
    }

    static func identifier(_ bytes: Int = 16) -> String {
        Random.bytes(bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// A route that records its exchanges in the journal.
    func route(
        _ method: Method,
        _ pattern: String,
        from peer: String,
        _ handler: @escaping @Sendable (Request) async -> Response
    ) -> Route {
        // Longer than the slowest knob.
        Route(method, pattern, deadline: .seconds(90)) { [self] request in
            watchQuery(of: request)
            let turn = journal.takeTurn()
            let began = ContinuousClock.now
            let response = await handler(request)
            record(request, response, from: peer, turn, took: ContinuousClock.now - began)
            return response
        }
    }

    private func watchQuery(of request: Request) {
        let secrets = [
            "access_token", "client_secret", "client_assertion", "password", "token",
        ]
        for name in secrets where request.query(name) != nil {
            violations.record(.secretInQuery, "\(name) in the query of \(request.path)")
        }
    }

    private func record(
        _ request: Request,
        _ response: Response,
        from: String,
        _ turn: Int,
        took: Duration
    ) {
        let fields = request.fieldRanges.map { range in
            Field(text(range.name, request), text(range.value, request))
        }
        journal.append(
            "exchange",
            turn: turn,
            [
                "from": .string(from), "to": .string("acp"),
                "login_id": .text(request.parameters["login"]),
                "method": .string(request.method.name),
                "path": .string(Masking.path(of: request)),
                "fields": Masking.fields(fields),
                "body": Masking.body(request.body, contentType: request.contentType),
                "status": .integer(response.status),
                "answer": Masking.body(response.body, contentType: "application/json"),
                "broken": response.lineFault == nil ? nil : .bool(true),
                "ms": .integer(took.wholeMilliseconds),
            ]
        )
    }

    private func text(_ range: Range<Int32>, _ request: Request) -> String {
        let bytes = request.bytes[Int(range.lowerBound)..<Int(range.upperBound)]
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
