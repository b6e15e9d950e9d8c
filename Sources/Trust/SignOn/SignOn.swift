public import Access
import Cryptography
public import HTTP
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
    private var redirectURI: String { publicURL + path + "/callback" }

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
        let begun = Begun(
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

    private static func cookieName(of state: String) -> String {
        stateName + String(Base64URL.encode(SHA256.digest(Array(state.utf8))).prefix(16))
    }

    private var purpose: String { "state-" + application.rawValue }

    private func begun(_ value: String) -> Begun? {
        seal.open(value, for: purpose).flatMap(Begun.init)
    }

    // MARK: The provider's answer

    /// Judges the parameters of the redirect URI; nil if the query cannot be read.
    public func answer(_ parameters: Form?, _ browser: Browser) async -> Answer {
        guard let parameters, let state = parameters["state"], !state.isEmpty else {
            return await failed(SignOnFailure(.callback, .notBegun, "state_missing"), [])
        }
        let name = Self.cookieName(of: state)
        guard let value = browser.cookie(name), let begun = begun(value),
            ConstantTime.equal(Array(begun.state.utf8), Array(state.utf8))
        else { return await failed(SignOnFailure(.callback, .notBegun, "state_unknown"), []) }
        let spent = [Cookie.deleting(name)]
        do throws(SignOnFailure) {
            let signedIn = try await person(parameters, begun)
            return try await self.signIn(signedIn, browser, spent)
        } catch {
            var failure = error
            failure.target = begun.target
            return await failed(failure, spent)
        }
    }

    private func person(
        _ parameters: Form,
        _ begun: Begun
    ) async throws(SignOnFailure) -> SignedInPerson {
        let now = clock.now()
        guard begun.at <= now + .seconds(60), now < begun.at + Self.lifetime else {
            throw SignOnFailure(.callback, .notBegun, "state_expired")
        }
        try await useOnce(
            "sign-in-state|" + begun.state,
            until: begun.at + Self.lifetime,
            "state_used"
        )
        let endpoints: IdentityProviderSettings.Endpoints
        do { endpoints = try await provider.endpoints() } catch {
            throw SignOnFailure(
                .callback,
                .unavailable,
                "provider_unavailable",
                cause: error.reason
            )
        }
        try check(issuer: parameters["iss"], of: endpoints)
        let secrets = [begun.state, begun.nonce, begun.verifier, parameters["code"] ?? ""]
        if let error = parameters["error"] {
            var failure = SignOnFailure(.callback, .refusedByProvider, "provider_error")
            failure.providerError = OAuthErrorWord(error)?.text
            failure.providerText = SignOnFailure.shown(
                parameters["error_description"],
                without: secrets
            )
            failure.cause = failure.providerError
            throw failure
        }
        guard let code = parameters["code"], !code.isEmpty else {
            throw SignOnFailure(.callback, .notBegun, "code_missing")
        }
        let token: String
        do {
            token = try await provider.idToken(
                for: code,
                redirectURI: redirectURI,
                verifier: begun.verifier,
                from: endpoints
            )
        } catch {
            let code = error.status.map { $0 == 200 ? "no_id_token" : "token_refused" }
            // Refused by the provider: trying again would not help if the settings are wrong.
            let isRefused = error.status.map { (200..<500).contains($0) } ?? false
            var failure = SignOnFailure(
                .token,
                isRefused ? .token : .unavailable,
                code ?? "provider_unavailable",
                cause: error.cause
            )
            failure.status = error.status
            failure.providerError = error.error
            failure.providerText = SignOnFailure.shown(error.errorDescription, without: secrets)
            throw failure
        }
        let claims: IDTokenClaims
        do {
            claims = try await provider.claims(of: token, nonce: begun.nonce, from: endpoints)
        } catch {
            switch error {
            case .refused(let refusal): throw SignOnFailure(refusal)
            case .keys(let reason):
                throw SignOnFailure(
                    .idToken,
                    .unavailable,
                    "keys_unavailable",
                    cause: reason.reason
                )
            }
        }
        return SignedInPerson(
            claims,
            provider.settings,
            target: begun.target,
            id: Base64URL.encode(Random.bytes(16)),
            at: now
        )
    }

    /// RFC 9207 §2.4.
    private func check(
        issuer: String?,
        of endpoints: IdentityProviderSettings.Endpoints
    ) throws(SignOnFailure) {
        let isGood = issuer?.isExactly(endpoints.issuer) ?? !endpoints.answersWithIssuer
        guard !isGood else { return }
        var failure = SignOnFailure(.callback, .token, "issuer")
        failure.claim = "iss"
        failure.expected = .string(endpoints.issuer)
        failure.got = .string(issuer == nil ? "absent" : "text")
        throw failure
    }

    private func useOnce(
        _ name: String,
        until: Timestamp,
        _ code: String
    ) async throws(SignOnFailure) {
        let refusal: AccessRefusal?
        do {
            refusal = try await access.commit([
                .use(key: SHA256.digest(Array(name.utf8)), until: until)
            ])
        } catch {
            throw SignOnFailure(.callback, .unavailable, "store_unavailable", cause: "\(error)")
        }
        guard refusal == nil else { throw SignOnFailure(.callback, .notBegun, code) }
    }

    // MARK: Waiting for a new account

    /// Looks again for a person who was not known. `id` is from the address.
    public func wait(_ id: String, _ browser: Browser) async -> Answer {
        let name = Self.waitName + id
        guard let value = browser.cookie(name),
            let person = seal.open(value, for: "wait-" + application.rawValue)
                .flatMap(SignedInPerson.init),
            person.id.isExactly(id)
        else { return await failed(SignOnFailure(.mapping, .notBegun, "wait_unknown"), []) }
        do throws(SignOnFailure) {
            return try await signIn(person, browser, [.deleting(name)])
        } catch {
            var failure = error
            failure.target = person.target
            return await failed(failure, [.deleting(name)])
        }
    }

    // MARK: Signing in

    /// Begins a session if the person may have one, or waits.
    private func signIn(
        _ person: SignedInPerson,
        _ browser: Browser,
        _ spent: [Cookie]
    ) async throws(SignOnFailure) -> Answer {
        let settings = provider.settings
        if let account = settings.account, !account.isExactly(person.account) {
            var failure = SignOnFailure(.mapping, .person, "account")
            failure.claim = settings.accountClaim
            failure.expected = .string(account)
            failure.got = .string("text")
            throw failure
        }
        var user: UserID?
        if application == .inbox {
            user = UserID(person.user)
            guard let user else {
                var failure = SignOnFailure(.mapping, .person, "custom_claim")
                failure.claim = settings.userClaim
                throw failure
            }
            guard let known = try await self.user(user) else {
                return try waiting(for: person, spent)
            }
            guard known.isActive else { throw SignOnFailure(.mapping, .person, "user_inactive") }
        }
        try await useOnce(
            "signed-in|" + person.id,
            until: person.at + Self.lifetime,
            "wait_used"
        )
        let now = clock.now()
        let secret = Random.bytes(32)
        let session = Session(
            id: Base64URL.encode(Random.bytes(16)),
            application: application,
            person: Person(issuer: person.issuer, subject: person.subject),
            user: user,
            account: person.account,
            name: person.name,
            email: person.email,
            address: browser.address,
            agent: browser.agent,
            startedAt: now,
            lastUsedAt: now
        )
        let name = SessionSecret.cookieName(application)
        let previous = browser.cookie(name).flatMap { SessionSecret($0) }?.digest
        do {
            let begun = try await sessions.begin(
                session,
                digest: SHA256.digest(secret),
                replacing: previous,
                controllerEmail: settings.controllerEmail
            )
            try await note(begun)
        } catch {
            throw SignOnFailure(.mapping, .unavailable, "store_unavailable", cause: "\(error)")
        }
        let cookie = Cookie(name: name, value: Base64URL.encode(secret), lifetime: nil)
        return .redirect(to: publicURL + person.target, [cookie] + spent)
    }

    private func user(_ id: UserID) async throws(SignOnFailure) -> User? {
        do { return try await directory.current(id) } catch {
            throw SignOnFailure(
                .mapping,
                .unavailable,
                "directory_unavailable",
                cause: "\(error)"
            )
        }
    }

    private func waiting(
        for person: SignedInPerson,
        _ spent: [Cookie]
    ) throws(SignOnFailure) -> Answer {
        guard clock.now() < person.at + Self.longestWait else {
            var failure = SignOnFailure(.mapping, .unknownPerson, "user_unknown")
            failure.claim = provider.settings.userClaim
            throw failure
        }
        let name = Self.waitName + person.id
        let cookie = Cookie(
            name: name,
            value: seal.seal(person.json, for: "wait-" + application.rawValue),
            lifetime: .seconds(60)
        )
        return .wait(
            at: publicURL + path + "/wait?id=" + person.id,
            [cookie] + spent.filter { $0.name != name }
        )
    }

    // MARK: Noting

    private func note(_ session: Session) async throws(StoreError) {
        let event = AuditEvent(
            "sign_in.accepted",
            at: session.startedAt,
            [
                "application": .string(application.rawValue),
                "issuer": .string(session.person.issuer),
                "subject": .string(session.person.subject), "user": .text(session.user?.value),
                "account": .string(session.account), "role": .text(session.role?.rawValue),
                "session": .string(session.id), "address": .string(session.address),
            ]
        )
        _ = try await access.commit([.audit(event)])
        log.info("sign_in.accepted") {
            $0.member("application", application.rawValue)
            $0.member("session", session.id)
        }
    }

    /// Notes a failure under its reference, and adds what every diagnosis has.
    private func failed(_ failure: SignOnFailure, _ cookies: [Cookie]) async -> Answer {
        var failure = failure
        failure.clientID = provider.settings.clientID
        failure.issuer = provider.settings.issuer
        log.warning("sign_in.refused") {
            $0.member("application", application.rawValue)
            $0.member("reference", failure.reference)
            $0.member("step", failure.step.rawValue)
            $0.member("code", failure.code)
            $0.member("cause", failure.cause)
        }
        // Anybody can send an answer to nothing; the log is enough for these.
        if failure.kind != .notBegun {
            let event = AuditEvent(
                "sign_in.refused",
                at: clock.now(),
                [
                    "application": .string(application.rawValue),
                    "reference": .string(failure.reference),
                    "step": .string(failure.step.rawValue), "code": .string(failure.code),
                    "claim": .text(failure.claim), "cause": .text(failure.cause),
                ]
            )
            do { _ = try await access.commit([.audit(event)]) } catch {
                log.error("audit.failed") { $0.member("cause", "\(error)") }
            }
        }
        return .failed(failure, cookies)
    }
}

/// What a sign-in needs until the provider answers.
private struct Begun {
    let state: String
    let nonce: String
    let verifier: String
    let target: String
    let at: Timestamp

    init(state: String, nonce: String, verifier: String, target: String, at: Timestamp) {
        self.state = state
        self.nonce = nonce
        self.verifier = verifier
        self.target = target
        self.at = at
    }

    init?(_ json: JSONValue) {
        guard let state = json["state"]?.string, let nonce = json["nonce"]?.string,
            let verifier = json["verifier"]?.string, let target = json["to"]?.string,
            let at = json["at"]?.integer
        else { return nil }
        self.init(
            state: state,
            nonce: nonce,
            verifier: verifier,
            target: target,
            at: Timestamp(milliseconds: Int64(at))
        )
    }

    var json: JSONValue {
        .members([
            "state": .string(state), "nonce": .string(nonce), "verifier": .string(verifier),
            "to": .string(target), "at": .integer(at.milliseconds),
        ])
    }
}

/// A person whose ID token was accepted.
private struct SignedInPerson {
    let id: String
    let issuer: String
    let subject: String
    /// Empty for the console.
    let user: String
    let account: String
    let name: String
    let email: String
    let target: String
    let at: Timestamp

    init(
        _ claims: IDTokenClaims,
        _ settings: IdentityProviderSettings,
        target: String,
        id: String,
        at now: Timestamp
    ) {
        self.id = id
        issuer = claims.issuer
        subject = claims.subject
        user = claims.custom[settings.userClaim] ?? ""
        account = claims.custom[settings.accountClaim] ?? ""
        let name = claims.givenName + " " + claims.familyName
        self.name = String(String.UnicodeScalarView(name.unicodeScalars.prefix(160)))
        email = claims.email
        self.target = target
        at = now
    }

    init?(_ json: JSONValue) {
        func text(_ name: String) -> String? { json[name]?.string }
        guard let id = text("id"), let issuer = text("iss"), let subject = text("sub"),
            let user = text("user"), let account = text("account"), let name = text("name"),
            let email = text("email"), let target = text("to"), let at = json["at"]?.integer
        else { return nil }
        self.id = id
        self.issuer = issuer
        self.subject = subject
        self.user = user
        self.account = account
        self.name = name
        self.email = email
        self.target = target
        self.at = Timestamp(milliseconds: Int64(at))
    }

    var json: JSONValue {
        .members([
            "id": .string(id), "iss": .string(issuer), "sub": .string(subject),
            "user": .string(user), "account": .string(account), "name": .string(name),
            "email": .string(email), "to": .string(target), "at": .integer(at.milliseconds),
        ])
    }
}
