public import JOSE

/// Everything the simulated authorization server and its surroundings are told beforehand.
public struct SimulatorConfiguration: Sendable {
    /// `{tid}` of every path.
    public var tenant = "bank"
    /// The workspaces, each an issuer with rules of its own. All have the same clients.
    public var workspaces = [Workspace("retail")]
    /// Scheme, host and port under which the authorization server is reached, without a slash at
    /// the end; nil takes them from each request's `Host`.
    public var baseURL: String?
    /// Where the authentication service is, and what it is called with.
    public var service: ServiceAccess
    /// The client in the system workspace with which the authentication service comes back.
    public var systemClient = SimulatedClient(
        id: "beckon",
        secret: "beckon-system-client-secret",
        name: "Authentication service"
    )
    /// The subject (RFC 4514) of the certificate by which `systemClient` proves itself instead of
    /// its secret. Needs a proxy in front that speaks mutual TLS and sets `X-Client-Certificate` and
    /// `X-Client-Subject`, and that nobody can go around.
    public var systemClientSubject: String?
    /// SHA-256 over the DER encoding of the only certificate by which `systemClient` proves itself,
    /// whoever signed it (RFC 8705 §2.2). Needs such a proxy too, which takes any certificate.
    public var systemClientThumbprint: [UInt8]?
    /// The keys by which `systemClient` signs assertions instead of telling its secret. With a
    /// subject besides, its tokens are bound to the certificate all the same.
    public var systemClientKeys: JWKSet?
    /// The OAuth clients of the workspace.
    public var clients: [SimulatedClient]
    /// The ids of each person's accounts; whoever is not listed may have any.
    public var accounts: [String: [String]] = [:]
    /// Seconds that a login lives when its client asks for nothing else.
    public var defaultTTL = 120
    /// Seconds that a login lives at most.
    public var maximumTTL = 600
    /// Seconds between polls, at first.
    public var interval = 5
    /// Seconds that the tokens of the system client live.
    public var systemTokenTTL = 3600
    /// When the start is sent, relative to the client's request.
    public var startOrder = StartOrder.inside
    /// Whether an accept or reject must carry `login_state`.
    public var requiresLoginState = true
    /// Behind every random choice of the knobs.
    public var seed: UInt64 = 1

    /// A configuration with the usual settings.
    public init(service: ServiceAccess, clients: [SimulatedClient]) {
        self.service = service
        self.clients = clients
    }

    /// An issuer: `{wid}` of its paths, `server_id` of its logins.
    public struct Workspace: Hashable, Sendable {
        /// `{wid}`.
        public var id: String
        /// Its rules.
        public var profile: Profile

        /// A workspace with the rules of the standard unless told otherwise.
        public init(_ id: String, profile: Profile = .core) {
            self.id = id
            self.profile = profile
        }
    }

    /// A set of rules of the client side.
    public enum Profile: String, Hashable, Sendable {
        /// OpenID CIBA Core 1.0.
        case core
        /// FAPI-CIBA: requests are signed, and say what they are about.
        case fapi
        /// Open Banking UK: the same, and about a consent always.
        case obuk
        /// Open Finance Brasil: pending, pacing and denial answer 403 at the token endpoint.
        case ofb
    }

    /// When the start is sent.
    public enum StartOrder: String, Hashable, Sendable {
        case beforeAnswer = "before_answer"
        case afterAnswer = "after_answer"
        /// The client's request waits for the first delivery, as seen with a real server.
        case inside
    }

    /// Where the authentication service is, and what it is called with.
    public struct ServiceAccess: Sendable {
        /// `https://host/path`, to which `/user/verify` and `/authentication/start` are appended.
        public var baseURL: String
        /// The user name of HTTP Basic.
        public var user: String
        /// The password of HTTP Basic.
        public var password: String
        /// What the knob `basic` set to `old` sends instead of `password`.
        public var oldPassword: String

        /// Access to an authentication service.
        public init(baseURL: String, user: String, password: String, oldPassword: String = "") {
            self.baseURL = baseURL
            self.user = user
            self.password = password
            self.oldPassword = oldPassword
        }
    }
}

/// An OAuth client as it is registered.
public struct SimulatedClient: Sendable {
    /// How its logins end up with it (OpenID CIBA Core §5). There is no push.
    public enum DeliveryMode: String, Hashable, Sendable, CaseIterable { case poll, ping }

    /// `client_id`.
    public var id: String
    /// `client_secret`, for `client_secret_basic` and `client_secret_post`.
    public var secret: String
    /// `client_name`, shown to the person.
    public var name: String
    /// Nil for a client that may not use CIBA.
    public var mode: DeliveryMode?
    /// What it may ask for; `name:*` stands for every dynamic scope of that name.
    public var scopes: [String]
    /// Where pings go.
    public var notificationEndpoint: String?
    /// What the person's user code must be; nil when the client is not registered for one.
    public var userCode: String?
    /// Its public keys, with which its request objects and hint tokens are verified.
    public var keys: JWKSet?
    /// `backchannel_authentication_request_signing_alg`; unsigned requests are refused when it is
    /// registered.
    public var requestAlgorithm: SignatureAlgorithm?

    /// A client as it is registered.
    public init(
        id: String,
        secret: String,
        name: String,
        mode: DeliveryMode? = nil,
        scopes: [String] = Self.allScopes,
        notificationEndpoint: String? = nil,
        userCode: String? = nil,
        keys: JWKSet? = nil,
        requestAlgorithm: SignatureAlgorithm? = nil
    ) {
        self.id = id
        self.secret = secret
        self.name = name
        self.mode = mode
        self.scopes = scopes
        self.notificationEndpoint = notificationEndpoint
        self.userCode = userCode
        self.keys = keys
        self.requestAlgorithm = requestAlgorithm
    }

    /// What a client may ask for unless it is told otherwise.
    public static let allScopes = [
        "openid", "profile", "email", "accounts", "payments", "fundsconfirmations", "consent:*",
        "consents", "bank:accounts.basic:read", "bank:transactions:read", "fdx:accounts",
    ]

    func mayAsk(for scope: String) -> Bool {
        scopes.contains { allowed in
            guard allowed.hasSuffix(":*") else { return allowed == scope }
            return scope.hasPrefix(allowed.dropLast()) && scope.count >= allowed.count
        }
    }
}
