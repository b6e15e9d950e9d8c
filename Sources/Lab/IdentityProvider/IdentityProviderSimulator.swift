public import HTTP
import Cryptography
import JOSE
import JSON
import Threads

/// A small OpenID Connect provider of a demo bank: authorization code flow with PKCE, sessions,
/// logout. Its people sign in by a click, without a password.
///
/// It follows the standards. `ProviderKnob` lists how it can be made to break them.
public final class IdentityProviderSimulator: Sendable {
    /// The provider's clients and people.
    public struct Configuration: Sendable {
        /// The issuer: scheme, host and port without a trailing slash; nil to use the `Host` of each
        /// request.
        public var baseURL: String?
        /// Custom claims are named `https://DOMAIN/…`.
        public var domain: String
        public var clients: [Client]
        public var people: [Person]
        /// A PEM file of the authority of the applications' certificate, for logout tokens; nil for
        /// those of the system.
        public var serviceAuthorities: String?

        /// A provider with these clients, by default for the people of the demo.
        public init(
            baseURL: String? = nil,
            domain: String = "bank.example",
            clients: [Client],
            people: [Person] = Person.demo,
            serviceAuthorities: String? = nil
        ) {
            self.baseURL = baseURL
            self.domain = domain
            self.clients = clients
            self.people = people
            self.serviceAuthorities = serviceAuthorities
        }
    }

    /// An application at which people sign in.
    public struct Client: Sendable {
        public var id: String
        /// For `client_secret_basic` and `client_secret_post`.
        public var secret: String
        /// The only people who can sign in.
        public var group: Person.Group
        public var redirectURIs: [String]
        /// Where people may go after they have signed out.
        public var logoutRedirectURIs: [String]
        /// Gets a logout token when a session ends (OpenID Connect Back-Channel Logout 1.0).
        public var backChannelLogoutURI: String?

        public init(
            id: String,
            secret: String,
            group: Person.Group,
            redirectURIs: [String],
            logoutRedirectURIs: [String] = [],
            backChannelLogoutURI: String? = nil
        ) {
            self.id = id
            self.secret = secret
            self.group = group
            self.redirectURIs = redirectURIs
            self.logoutRedirectURIs = logoutRedirectURIs
            self.backChannelLogoutURI = backChannelLogoutURI
        }

        /// The inbox and the console of Beckon, with the addresses that Beckon has for them.
        public static func applications(
            inbox: String = "beckon-inbox",
            console: String = "beckon-console",
            secret: String,
            of serviceURL: String
        ) -> [Client] {
            [
                application("inbox", id: inbox, secret, .customers, serviceURL),
                application("console", id: console, secret, .staff, serviceURL),
            ]
        }

        private static func application(
            _ name: String,
            id: String,
            _ secret: String,
            _ group: Person.Group,
            _ serviceURL: String
        ) -> Client {
            let base = serviceURL + "/sso/oidc/" + name
            return Client(
                id: id,
                secret: secret,
                group: group,
                redirectURIs: [base + "/callback"],
                logoutRedirectURIs: [serviceURL + "/" + name],
                backChannelLogoutURI: base + "/backchannel-logout"
            )
        }
    }

    /// Somebody who is signed in at the provider, in one browser.
    struct Session: Sendable {
        /// `sid`.
        let id: String
        let person: Person
        /// In milliseconds.
        let authenticatedAt: Int64
        let acr: String
        /// The clients that have a token of it.
        var clients: Set<String> = []
    }

    /// What a code stands for.
    struct Grant: Sendable {
        let request: AuthorizationRequest
        let session: Session
        /// In milliseconds.
        let issuedAt: Int64
    }

    struct State: Sendable {
        /// By the cookie of the browser.
        var sessions: [String: Session] = [:]
        var grants: [String: Grant] = [:]
        var knobs = ProviderKnobs()
        var configuration: Configuration
    }

    /// The life of a code, in milliseconds.
    static let codeLife: Int64 = 60_000
    /// The life of an ID token, in seconds.
    static let tokenLife: Int64 = 3600
    /// More sessions push out others, so that a long run does not grow.
    static let mostSessions = 1000

    let state: Locked<State>
    let signer: SigningKey
    let http: any OutboundHTTP
    let clock: any SimulatorClock

    /// `http` sends logout tokens.
    public init(
        _ configuration: Configuration,
        http: any OutboundHTTP,
        clock: any SimulatorClock = MachineClock()
    ) {
        guard let signer = try? SigningKey.generate(.es256, id: "idp-1") else {
            preconditionFailure("OpenSSL makes a key on P-256")
        }
        self.signer = signer
        self.http = http
        self.clock = clock
        state = Locked(State(configuration: configuration))
    }

    /// Sets the issuer and the clients once all addresses are known. Call it before any request.
    public func connect(baseURL: String, clients: [Client]) {
        state.withLock {
            $0.configuration.baseURL = baseURL
            $0.configuration.clients = clients
        }
    }

    var configuration: Configuration { state.withLock { $0.configuration } }

    /// The routes for browsers and clients.
    public var routes: [Route] {
        [
            Route(.get, "/.well-known/openid-configuration") { [self] in metadata($0) },
            Route(.get, "/jwks") { [self] _ in keys() },
            Route(.get, "/authorize") { [self] in authorize($0) },
            Route(.post, "/authorize") { [self] in signIn($0) },
            Route(.post, "/token") { [self] in await token($0) },
            Route(.get, "/logout", deadline: .seconds(60)) { [self] in await logOut($0) },
            Route(.post, "/logout", deadline: .seconds(60)) { [self] in await logOut($0) },
            Route(.get, "/style.css") { _ in ProviderPages.stylesheet },
        ]
    }

    /// The control interface, for a listener that only this machine can reach.
    public var controlRoutes: [Route] {
        [
            Route(.post, "/_sim/knobs") { [self] in turn($0) },
            Route(.delete, "/_sim/knobs/{id}") { [self] request in
                let id = request.parameters["id"] ?? ""
                return state.withLock { $0.knobs.remove(id) }
                    ? Response(status: 204) : Self.problem(404, "no such knob")
            },
            Route(.post, "/_sim/logout", deadline: .seconds(60)) { [self] in
                await endSessions($0)
            },
        ]
    }

    func issuer(_ request: Request) -> String {
        configuration.baseURL ?? "http://" + request.host
    }

    func take(_ knob: ProviderKnob) -> JSONValue? {
        state.withLock { $0.knobs.take(knob) }
    }

    private func metadata(_ request: Request) -> Response {
        let issuer = issuer(request)
        let fault = take(.discovery)
        if let status = fault?.integer { return Self.problem(status, "the knob discovery is set") }
        return .json(
            200,
            .members([
                "issuer": .string(fault?.string == "issuer" ? issuer + "/other" : issuer),
                "authorization_endpoint": .string(issuer + "/authorize"),
                "token_endpoint": .string(issuer + "/token"),
                "jwks_uri": .string(issuer + "/jwks"),
                "end_session_endpoint": .string(issuer + "/logout"),
                "response_types_supported": .texts(["code"]),
                "grant_types_supported": .texts(["authorization_code"]),
                "subject_types_supported": .texts(["public"]),
                "scopes_supported": .texts(["openid", "email", "profile"]),
                "id_token_signing_alg_values_supported": .texts(["ES256"]),
                "code_challenge_methods_supported": .texts(["S256"]),
                "token_endpoint_auth_methods_supported": .texts([
                    "client_secret_basic", "client_secret_post",
                ]),
                "prompt_values_supported": .texts(["login", "none"]),
                "authorization_response_iss_parameter_supported": .bool(true),
                "backchannel_logout_supported": .bool(true),
                "backchannel_logout_session_supported": .bool(true),
            ])
        )
    }

    private func keys() -> Response {
        if let status = take(.keys)?.integer {
            return Self.problem(status, "the knob jwks is set")
        }
        return .json(200, JWKSet([signer.verificationKey]).json)
    }

    private func turn(_ request: Request) -> Response {
        guard let body = try? JSONValue(Array(request.body)), let set = body["set"]?.object else {
            return Self.problem(400, "the body is {\"set\":{},\"times\":1}")
        }
        for member in set.members where ProviderKnob(rawValue: member.name) == nil {
            return Self.problem(400, "there is no knob \(member.name)")
        }
        let times = body["times"]?.integer
        let id = state.withLock { $0.knobs.set(set, times: times) }
        return .json(201, .members(["id": .string(id)]))
    }

    static func problem(_ status: Int, _ text: String) -> Response {
        .json(status, .members(["error": .string(text)]))
    }

    static func newSecret() -> String { Base64URL.encode(Random.bytes(24)) }
}
