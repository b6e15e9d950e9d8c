public import Access
public import HTTP
public import Logins

/// Finds out who sends a request to an application, by the cookie of the session.
public struct SessionGuard: Sendable {
    /// Somebody who is signed in.
    public struct Caller: Sendable {
        public let session: Session
        /// Makes the token that each form must have.
        public let secret: SessionSecret
    }

    /// Why the caller is not known.
    public enum Refusal: Error, Hashable, Sendable, CustomStringConvertible {
        /// No session, or one that has ended.
        case notSignedIn
        case store(StoreError)

        public var description: String {
            switch self {
            case .notSignedIn: "nobody is signed in"
            case .store(let error): "\(error)"
            }
        }
    }

    public let application: SignInApplication
    public let limits: SessionLimits
    private let store: any SessionStore
    private let clock: any WallClock
    private let publicOrigin: String?

    /// `publicURL` is what addresses begin with; forms must come from its origin.
    public init(
        _ application: SignInApplication,
        store: any SessionStore,
        limits: SessionLimits,
        clock: any WallClock,
        publicURL: String
    ) {
        self.application = application
        self.store = store
        self.limits = limits
        self.clock = clock
        publicOrigin = SameOrigin.origin(of: publicURL)
    }

    /// The caller of a request, which counts as a use of the session.
    public func caller(of request: Request) async throws(Refusal) -> Caller {
        let name = SessionSecret.cookieName(application)
        guard let secret = RequestCookies(request)[name].flatMap({ SessionSecret($0) }) else {
            throw .notSignedIn
        }
        let session: Session?
        do { session = try await store.use(secret.digest, at: clock.now(), within: limits) } catch {
            throw .store(error)
        }
        guard let session, session.application == application else { throw .notSignedIn }
        return Caller(session: session, secret: secret)
    }

    /// The same for what a page asks for by itself, which is no use of the session.
    public func watcher(of request: Request) async throws(Refusal) -> Caller {
        let name = SessionSecret.cookieName(application)
        guard let secret = RequestCookies(request)[name].flatMap({ SessionSecret($0) }) else {
            throw .notSignedIn
        }
        let session: Session?
        do { session = try await renewed(secret) } catch { throw .store(error) }
        guard let session, session.application == application else { throw .notSignedIn }
        return Caller(session: session, secret: secret)
    }

    /// The session of a secret as it is now; nil if it has ended. No use of it.
    public func renewed(_ secret: SessionSecret) async throws(StoreError) -> Session? {
        try await store.session(secret.digest, at: clock.now(), within: limits)
    }

    /// The form of a request, if it was sent from a page of the caller's session: it has the token,
    /// and the browser does not say that it comes from elsewhere.
    /// Only fields in `repeating` may be there several times.
    public func form(
        of request: Request,
        from caller: Caller,
        repeating: Set<String> = []
    ) -> Form? {
        guard SameOrigin.allows(request, publicOrigin: publicOrigin),
            request.contentType == "application/x-www-form-urlencoded",
            let form = Form(request.body, repeating: repeating), let token = form["token"],
            caller.secret.isFormToken(token)
        else { return nil }
        return form
    }
}
