public import Access
import Cryptography
import HTTP
import JSON
public import Logins
import OAuthClient
public import Telemetry
import Texts

/// The sign-in of people to one application at the bank's identity provider: OpenID Connect's
/// authorization code flow with PKCE, state and nonce.
///
/// It keeps nothing in memory. What a sign-in needs until the provider's answer is in a cookie of its
/// own, so that several tabs can sign in at once, and an answer counts once.
public struct SignOn: Sendable {
    /// A cookie to set, for this host and all paths.
    public struct Cookie: Hashable, Sendable {
        public let name: String
        /// Empty to delete it.
        public let value: String
        /// Nil until the browser is closed.
        public let lifetime: Duration?

        /// Makes the browser forget a cookie.
        public static func deleting(_ name: String) -> Cookie {
            Cookie(name: name, value: "", lifetime: .zero)
        }
    }

    /// Who sends a request.
    public struct Browser: Sendable {
        public var address: String
        public var agent: String
        /// The value of a cookie; nil if there is none or there are several.
        public var cookie: @Sendable (String) -> String?
        /// The names of all cookies.
        public var cookieNames: [String]

        public init(
            address: String,
            agent: String,
            cookieNames: [String],
            cookie: @escaping @Sendable (String) -> String?
        ) {
            self.address = address
            self.agent = agent
            self.cookieNames = cookieNames
            self.cookie = cookie
        }
    }

    /// What to answer to a browser.
    public enum Answer: Sendable {
        /// To the provider, or to the page that the person wanted to see.
        case redirect(to: String, [Cookie])
        /// The person is not known yet: ask again at this address in two seconds.
        case wait(at: String, [Cookie])
        case failed(SignOnFailure, [Cookie])
    }

    /// How long the provider and the person have.
    static let lifetime = Duration.seconds(600)
    /// How long a new account may take to be known here.
    static let longestWait = Duration.seconds(10)
    /// Sign-ins under way in one browser. More cookies could be more than a request may have.
    static let mostStates = 8
    static let stateName = "__Host-beckon-sign-in-"
    static let waitName = "__Host-beckon-wait-"

    public let application: SignInApplication
    let provider: IdentityProvider
    let publicURL: String
    let seal: SealedValue
    let access: any AccessStore
    let sessions: any SessionStore
    let directory: any UserDirectory
    let clock: any WallClock
    let log: Logger

    /// `publicURL` is what all addresses begin with, without a slash at its end.
    public init(
        at provider: IdentityProvider,
        publicURL: String,
        seal: SealedValue,
        access: any AccessStore,
        sessions: any SessionStore,
        directory: any UserDirectory,
        clock: any WallClock,
        log: Logger
    ) {
        application = provider.settings.application
        self.provider = provider
        self.publicURL = publicURL
        self.seal = seal
        self.access = access
        self.sessions = sessions
        self.directory = directory
        self.clock = clock
        self.log = log
    }

    /// The path of the start URL.
    public var path: String { "/sso/oidc/" + application.rawValue }
    var redirectURI: String { publicURL + path + "/callback" }

    // MARK: Beginning

    /// Sends a person to the provider. `target` is the page to see afterwards; one that is none of
    /// the application is replaced by its first page.
    public func begin(to target: String?, _ browser: Browser) async -> Answer {
        let target = target.flatMap { application.isPage($0) ? $0 : nil } ?? application.root
        let endpoints: IdentityProviderSettings.Endpoints
        do { endpoints = try await provider.endpoints() } catch {
            var failure = SignOnFailure(
                .authorize,
                .unavailable,
                "provider_unavailable",
                cause: error.reason
            )
            failure.target = target
            return await failed(failure, [])
        }
        let begun = BegunSignIn(
            state: Base64URL.encode(Random.bytes(32)),
            nonce: Base64URL.encode(Random.bytes(32)),
            verifier: Base64URL.encode(Random.bytes(32)),
            target: target,
            at: clock.now()
        )
        let challenge = Base64URL.encode(SHA256.digest(Array(begun.verifier.utf8)))
        let query = Form([
            Field("response_type", "code"), Field("client_id", provider.settings.clientID),
            Field("redirect_uri", redirectURI), Field("scope", "openid email profile"),
            Field("state", begun.state), Field("nonce", begun.nonce),
            Field("code_challenge", challenge), Field("code_challenge_method", "S256"),
        ])
        let separator = endpoints.authorization.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        let cookie = Cookie(
            name: Self.cookieName(of: begun.state),
            value: seal.seal(begun.json, for: purpose),
            lifetime: Self.lifetime
        )
        return .redirect(
            to: endpoints.authorization + separator + String(decoding: query.bytes, as: UTF8.self),
            [cookie] + excess(browser)
        )
    }

    /// Deletes cookies of sign-ins that the browser has too many of, whichever are the oldest.
    private func excess(_ browser: Browser) -> [Cookie] {
        let names = browser.cookieNames.filter { $0.startsExactly(with: Self.stateName) }
        guard names.count >= Self.mostStates else { return [] }
        let byAge = names.map { name in
            (name, browser.cookie(name).flatMap { begun($0) }?.at ?? Timestamp(milliseconds: 0))
        }.sorted { $0.1 < $1.1 }
        return byAge.prefix(names.count - Self.mostStates + 1).map { .deleting($0.0) }
    }

    static func cookieName(of state: String) -> String {
        stateName + String(Base64URL.encode(SHA256.digest(Array(state.utf8))).prefix(16))
    }

    private var purpose: String { "state-" + application.rawValue }

    func begun(_ value: String) -> BegunSignIn? {
        seal.open(value, for: purpose).flatMap(BegunSignIn.init)
    }
}
