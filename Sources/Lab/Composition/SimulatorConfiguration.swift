public import JOSE

/// The configuration of the simulated authorization server, its service and its clients.
public struct SimulatorConfiguration: Sendable {
    /// `{tid}` of every path.
    public var tenant = "bank"
    /// The workspaces. Each is an issuer with its own rules; all have the same clients.
    public var workspaces = [Workspace("retail")]
    /// The public scheme, host and port without a trailing slash; nil to use the `Host` of each
    /// request.
    public var baseURL: String?
    /// The address and credentials of the authentication service.
    public var service: ServiceAccess
    /// The authentication service's client in the system workspace.
    public var systemClient = SimulatedClient(
        id: "beckon",
        secret: "beckon-system-client-secret",
        name: "Authentication service"
    )
    /// The subject (RFC 4514) of the certificate that authenticates `systemClient` instead of its
    /// secret. Requires a proxy for mutual TLS that sets `X-Client-Certificate` and
    /// `X-Client-Subject`, and that cannot be bypassed.
    public var systemClientSubject: String?
    /// SHA-256 of the DER encoding of the self-signed certificate that authenticates `systemClient`
    /// (RFC 8705 §2.2). Requires the same proxy, which must accept any certificate.
    public var systemClientThumbprint: [UInt8]?
    /// The keys with which `systemClient` signs assertions instead of sending its secret. If the
    /// subject is set too, its tokens are bound to the certificate.
    public var systemClientKeys: JWKSet?
    /// The OAuth clients of the workspace.
    public var clients: [SimulatedClient]
    /// The account ids of each user. Users who are not listed can have any.
    public var accounts: [String: [String]] = [:]
    /// Default lifetime of a login, in seconds.
    public var defaultTTL = 120
    /// Maximum lifetime of a login, in seconds.
    public var maximumTTL = 600
    /// Initial polling interval, in seconds.
    public var interval = 5
    /// Lifetime of the system client's tokens, in seconds.
    public var systemTokenTTL = 3600
    /// When the start is sent, relative to the client's request.
    public var startOrder = StartOrder.inside
    /// Whether an accept or reject must contain `login_state`.
    public var requiresLoginState = true
    /// The random seed of the knobs.
    public var seed: UInt64 = 1

    /// A configuration with default settings.
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

        /// A workspace, by default with the rules of CIBA Core.
        public init(_ id: String, profile: Profile = .core) {
            self.id = id
            self.profile = profile
        }
    }

    /// A set of rules for clients.
    public enum Profile: String, Hashable, Sendable {
        /// OpenID CIBA Core 1.0.
        case core
        /// FAPI-CIBA: requests are signed, and have a consent or a message.
        case fapi
        /// Open Banking UK: the same, and a consent is required.
        case obuk
        /// Open Finance Brasil: the token endpoint responds with 403 to pending, early and denied
        /// requests.
        case ofb
    }

    /// When the start is sent.
    public enum StartOrder: String, Hashable, Sendable {
        case beforeAnswer = "before_answer"
        case afterAnswer = "after_answer"
        /// The client's request waits for the first delivery, as a real server was seen to do.
        case inside
    }

    /// The address and credentials of the authentication service.
    public struct ServiceAccess: Sendable {
        /// The base URL for `/user/verify` and `/authentication/start`.
        public var baseURL: String
        /// The user name of HTTP Basic.
        public var user: String
        /// The password of HTTP Basic.
        public var password: String
        /// The password that the knob `basic` sends with the value `old`.
        public var oldPassword: String
        /// A PEM file of the authority of the service's certificate; nil for those of the system.
        public var authorities: String?

        /// The address and credentials of an authentication service.
        public init(baseURL: String, user: String, password: String, oldPassword: String = "") {
            self.baseURL = baseURL
            self.user = user
            self.password = password
            self.oldPassword = oldPassword
        }
    }
}

/// A registered OAuth client.
public struct SimulatedClient: Sendable {
    /// How it gets its tokens (OpenID CIBA Core §5). Push is not supported.
    public enum DeliveryMode: String, Hashable, Sendable, CaseIterable { case poll, ping }

    /// `client_id`.
    public var id: String
    /// `client_secret`, for `client_secret_basic` and `client_secret_post`.
    public var secret: String
    /// `client_name`, shown to the user.
    public var name: String
    /// Nil for a client without CIBA.
    public var mode: DeliveryMode?
    /// Its allowed scopes; `name:*` allows every dynamic scope of that name.
    public var scopes: [String]
    /// Where pings are sent.
    public var notificationEndpoint: String?
    /// The required user code; nil if the client is not registered for one.
    public var userCode: String?
    /// Its public keys, for its request objects and hint tokens.
    public var keys: JWKSet?
    /// `backchannel_authentication_request_signing_alg`; if set, unsigned requests are refused.
    public var requestAlgorithm: SignatureAlgorithm?

    /// A registered client.
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

    /// The default scopes of a client.
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
