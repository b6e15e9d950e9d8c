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
        /// The person confirmed a decision. Nothing has been decided yet.
        case confirmed(Confirmation, [Cookie])
        /// The person is not known yet: ask again at this address in two seconds.
        case wait(at: String, [Cookie])
        /// The person must accept the terms first: a form with this identifier and token.
        case terms(id: String, token: String, [Cookie])
        case failed(SignOnFailure, [Cookie])
    }

    /// A fresh sign-in of the user whom it was demanded of.
    public struct Confirmation: Sendable {
        public let fresh: FreshSignIn
        public let signIn: Evidence.SignIn
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
    /// The `acr` that confirms a decision; empty for any.
    let contexts: [String]
    let seal: SealedValue
    let access: any AccessStore
    let sessions: any SessionStore
    let directory: any UserDirectory
    let clock: any WallClock
    let log: Logger

    /// `publicURL` is what all addresses begin with, without a slash at its end. `contexts` are the
    /// values of `acr` of which a sign-in that confirms a decision must have one; empty for any.
    public init(
        at provider: IdentityProvider,
        publicURL: String,
        contexts: [String] = [],
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
        self.contexts = contexts
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
        return await visit(target, nil, browser)
    }

    /// Sends a person to the provider to confirm a decision: the provider must ask who they are
    /// again, whether or not they are signed in there.
    public func begin(_ fresh: FreshSignIn, _ browser: Browser) async -> Answer {
        await visit(fresh.page, fresh, browser)
    }

    private func visit(
        _ target: String,
        _ fresh: FreshSignIn?,
        _ browser: Browser
    ) async -> Answer {
        let endpoints: IdentityProviderSettings.Endpoints
        do { endpoints = try await provider.endpoints() } catch {
            var failure = SignOnFailure(
                .authorize,
                .unavailable,
                "provider_unavailable",
                cause: error.reason
            )
            failure.target = target
            failure.login = fresh?.login
            return await failed(failure, [])
        }
        let random = Base64URL.encode(Random.bytes(32))
        let begun = BegunSignIn(
            state: Base64URL.encode(Random.bytes(32)),
            nonce: fresh.map { random + "." + Base64URL.encode($0.challenge) } ?? random,
            verifier: Base64URL.encode(Random.bytes(32)),
            target: target,
            at: clock.now(),
            fresh: fresh
        )
        let query = Form(request(begun))
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

    /// The parameters of the authorization request (OpenID Connect Core 1.0 §3.1.2.1).
    private func request(_ begun: BegunSignIn) -> [Field] {
        let challenge = Base64URL.encode(SHA256.digest(Array(begun.verifier.utf8)))
        var fields = [
            Field("response_type", "code"), Field("client_id", provider.settings.clientID),
            Field("redirect_uri", redirectURI), Field("scope", "openid email profile"),
            Field("state", begun.state), Field("nonce", begun.nonce),
            Field("code_challenge", challenge), Field("code_challenge_method", "S256"),
        ]
        if begun.fresh != nil {
            fields += [Field("prompt", "login"), Field("max_age", "0")]
            if !contexts.isEmpty {
                fields.append(Field("acr_values", contexts.joined(separator: " ")))
            }
        }
        return fields
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
