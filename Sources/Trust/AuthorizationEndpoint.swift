public import Access
import Cryptography
public import HTTP
import JOSE
import JSON
public import Logins
public import Telemetry
import Texts

/// `GET /oauth2/authorize` (RFC 6749 §4.1.1): judges what an app asks a user for, and gives the app a
/// code when the user has agreed. Who the user is and how they agree is not its business.
///
/// Nothing is sent to a redirect URI before the client and the URI are known to belong together.
public struct AuthorizationEndpoint: Sendable {
    /// What to do with a request.
    public enum Verdict: Sendable {
        /// It names no client of ours, or another redirect URI than registered: tell the person. The
        /// reason is for the log.
        case page(String)
        /// Send the browser to the app, with an error.
        case redirect(to: String)
        /// Ask the person.
        case ask(AuthorizationRequest)
        /// The store cannot be read.
        case unavailable
    }

    /// Why there is no code.
    public enum Refusal: Error, Hashable, Sendable {
        /// The client has changed since the request was judged.
        case stale
        case store(StoreError)
    }

    private let settings: TrustSettings
    private let store: any AccessStore
    private let clock: any WallClock
    private let log: Logger

    public init(
        settings: TrustSettings,
        store: any AccessStore,
        clock: any WallClock,
        log: Logger = .silent
    ) {
        self.settings = settings
        self.store = store
        self.clock = clock
        self.log = log
    }

    // MARK: Judging

    /// Judges the parameters of a request; nil if the query cannot be read or has one twice.
    public func judge(_ parameters: Form?) async -> Verdict {
        guard let parameters else { return page("the query has a parameter twice") }
        guard let id = parameters.given("client_id").flatMap({ APIClientID($0) }) else {
            return page("no client_id")
        }
        let client: APIClient
        do {
            guard let found = try await known(id) else { return page("no such client") }
            client = found
        } catch {
            log.error("authorize.unavailable") { $0.member("cause", "\(error)") }
            return .unavailable
        }
        guard let redirect = parameters.given("redirect_uri") else {
            return page("no redirect_uri")
        }
        guard client.allows(redirectURI: redirect) else { return page("another redirect_uri") }
        let state = parameters.given("state")
        do throws(AuthorizationError) {
            return .ask(try request(parameters, of: client, redirect, state))
        } catch {
            log.warning("authorize.refused") {
                $0.member("client", client.id.value)
                $0.member("error", error.code)
                $0.member("reason", error.rule)
            }
            let fields = [
                Field("error", error.code), Field("error_description", error.rule),
            ]
            return .redirect(to: answer(to: redirect, state, fields))
        }
    }

    private func page(_ reason: String) -> Verdict {
        log.warning("authorize.refused") { $0.member("reason", reason) }
        return .page(reason)
    }

    /// An active client that users sign in to.
    private func known(_ id: APIClientID) async throws(StoreError) -> APIClient? {
        guard let client = try await store.client(id)?.client, client.status == .active,
            client.grants.contains(.authorizationCode)
        else { return nil }
        return client
    }

    private func request(
        _ parameters: Form,
        of client: APIClient,
        _ redirect: String,
        _ state: String?
    ) throws(AuthorizationError) -> AuthorizationRequest {
        for name in ["request", "request_uri"] where parameters.given(name) != nil {
            throw AuthorizationError("\(name)_not_supported", "\(name) is not supported")
        }
        guard let type = parameters.given("response_type") else {
            throw .request("response_type is missing")
        }
        guard type.isExactly("code") else {
            throw AuthorizationError("unsupported_response_type", "response_type must be code")
        }
        guard parameters.given("response_mode")?.isExactly("query") ?? true else {
            throw .request("response_mode must be query")
        }
        guard state?.utf8.count ?? 0 <= AuthorizationRequest.longestState else {
            throw .request("state is too long")
        }
        guard let challenge = parameters.given("code_challenge") else {
            throw .request("code_challenge is missing")
        }
        // Left out, the method would be plain (RFC 7636 §4.3).
        guard parameters.given("code_challenge_method")?.isExactly("S256") ?? false else {
            throw .request("code_challenge_method must be S256")
        }
        guard challenge.utf8.count == 43, Base64URL.decode(challenge)?.count == 32 else {
            throw .request("code_challenge must be a SHA-256 in base64url")
        }
        let key = parameters.given("dpop_jkt")
        if let key {
            guard settings.allowsProofKeys, client.usesProofKey else {
                throw .request("dpop_jkt is not for this client")
            }
            guard key.utf8.count == 43, Base64URL.decode(key)?.count == 32 else {
                throw .request("dpop_jkt must be a SHA-256 in base64url")
            }
        }
        return AuthorizationRequest(
            id: Base64URL.encode(Random.bytes(12)),
            client: client.id,
            redirectURI: redirect,
            state: state,
            challenge: challenge,
            scopes: try scopes(parameters.given("scope"), of: client),
            proofKey: key,
            at: clock.now()
        )
    }

    /// None asked for means all that are registered for tokens of users.
    private func scopes(
        _ text: String?,
        of client: APIClient
    ) throws(AuthorizationError) -> Set<AccessScope> {
        let registered = client.scopes.filter { $0.kind == .user }
        guard let text else { return registered }
        guard let scopes = AccessScope.list(text), scopes.isSubset(of: registered) else {
            throw AuthorizationError("invalid_scope", "scope is not registered for this client")
        }
        return scopes
    }

    // MARK: Answering

    /// The client of a request that was judged before, if it may still have what it asks for.
    public func client(of request: AuthorizationRequest) async throws(Refusal) -> APIClient {
        let client: APIClient?
        do { client = try await known(request.client) } catch { throw .store(error) }
        guard let client, client.allows(redirectURI: request.redirectURI),
            request.scopes.isSubset(of: client.scopes), request.isLive(at: clock.now())
        else { throw .stale }
        return client
    }

    /// Gives a code for a user, and says where the browser takes it. `session` is that of the user.
    public func granted(
        _ request: AuthorizationRequest,
        by user: UserID,
        session: String,
        address: String
    ) async throws(Refusal) -> String {
        _ = try await client(of: request)
        let code = Base64URL.encode(Random.bytes(32))
        let now = clock.now()
        let stored = AuthorizationCode(
            digest: SHA256.digest(Array(code.utf8)),
            client: request.client,
            user: user,
            redirectURI: request.redirectURI,
            challenge: request.challenge,
            scopes: request.scopes,
            proofKey: request.proofKey,
            endsAt: now + AuthorizationCodeGrant.codeLife
        )
        let refusal: AccessRefusal?
        do {
            refusal = try await store.commit([
                // One question, one answer, however often the button is pressed.
                .use(
                    key: ClientAuthenticator.digest("authorize", request.id, request.challenge),
                    until: request.at + AuthorizationRequest.life
                ),
                .addCode(stored),
                .audit(request.event("authorization.granted", session, address, at: now)),
            ])
        } catch {
            throw .store(error)
        }
        guard refusal == nil else { throw .stale }
        return answer(to: request.redirectURI, request.state, [Field("code", code)])
    }

    /// Says where the browser goes when the user declines.
    public func declined(
        _ request: AuthorizationRequest,
        session: String,
        address: String
    ) async throws(Refusal) -> String {
        _ = try await client(of: request)
        let event = request.event("authorization.declined", session, address, at: clock.now())
        do { _ = try await store.commit([.audit(event)]) } catch { throw .store(error) }
        let fields = [
            Field("error", "access_denied"), Field("error_description", "The user declined"),
        ]
        return answer(to: request.redirectURI, request.state, fields)
    }

    /// With the state as it was sent, and with our issuer (RFC 9207 §2).
    private func answer(to redirect: String, _ state: String?, _ fields: [Field]) -> String {
        var all = fields
        if let state { all.append(Field("state", state)) }
        all.append(Field("iss", settings.issuer))
        let separator = redirect.utf8.contains(UInt8(ascii: "?")) ? "&" : "?"
        return redirect + separator + String(decoding: Form(all).bytes, as: UTF8.self)
    }
}

/// What an app asks a user for, once it is judged.
public struct AuthorizationRequest: Hashable, Sendable {
    /// How long the person has.
    public static let life = Duration.seconds(600)
    /// Bytes of `state`. A request must fit into a cookie.
    static let longestState = 1_024

    /// 96 random bits in base64url; names the request in addresses.
    public let id: String
    public let client: APIClientID
    public let redirectURI: String
    let state: String?
    let challenge: String
    public let scopes: Set<AccessScope>
    let proofKey: String?
    let at: Timestamp

    func isLive(at now: Timestamp) -> Bool { at <= now + .seconds(60) && now < at + Self.life }

    fileprivate func event(
        _ kind: String,
        _ session: String,
        _ address: String,
        at now: Timestamp
    ) -> AuditEvent {
        AuditEvent(
            kind,
            at: now,
            [
                "client": .string(client.value), "scope": .string(AccessScope.text(scopes)),
                "session": .string(session), "address": .string(address),
            ]
        )
    }

    // MARK: While the person signs in

    private static let purpose = "authorize"

    /// The cookie that keeps a request while the person signs in and reads.
    public static func cookieName(of id: String) -> String { "__Host-beckon-authorize-" + id }

    /// The request as a cookie, which the browser cannot change.
    public func cookie(_ seal: SealedValue) -> SignOn.Cookie {
        let value = JSONValue.members([
            "id": .string(id), "client": .string(client.value),
            "redirect": .string(redirectURI), "state": .text(state),
            "challenge": .string(challenge), "scope": .string(AccessScope.text(scopes)),
            "jkt": .text(proofKey), "at": .integer(at.milliseconds),
        ])
        return SignOn.Cookie(
            name: Self.cookieName(of: id),
            value: seal.seal(value, for: Self.purpose),
            lifetime: Self.life
        )
    }

    /// Reads a cookie; nil for anything that is none of ours, or of another request.
    public init?(cookie: String, of id: String, _ seal: SealedValue) {
        guard let value = seal.open(cookie, for: Self.purpose), value["id"]?.string == id,
            let client = value["client"]?.string.flatMap(APIClientID.init),
            let redirect = value["redirect"]?.string, let challenge = value["challenge"]?.string,
            let scopes = value["scope"]?.string.flatMap(AccessScope.list),
            let at = value["at"]?.integer
        else { return nil }
        self.init(
            id: id,
            client: client,
            redirectURI: redirect,
            state: value["state"]?.string,
            challenge: challenge,
            scopes: scopes,
            proofKey: value["jkt"]?.string,
            at: Timestamp(milliseconds: Int64(at))
        )
    }

    init(
        id: String,
        client: APIClientID,
        redirectURI: String,
        state: String?,
        challenge: String,
        scopes: Set<AccessScope>,
        proofKey: String?,
        at: Timestamp
    ) {
        self.id = id
        self.client = client
        self.redirectURI = redirectURI
        self.state = state
        self.challenge = challenge
        self.scopes = scopes
        self.proofKey = proofKey
        self.at = at
    }
}

/// An error that the app is told (RFC 6749 §4.1.2.1).
private struct AuthorizationError: Error {
    let code: String
    /// `error_description`.
    let rule: String

    init(_ code: String, _ rule: String) {
        self.code = code
        self.rule = rule
    }

    static func request(_ rule: String) -> Self { Self("invalid_request", rule) }
}

extension Form {
    /// A parameter without a value counts as left out (RFC 6749 §3.1).
    fileprivate func given(_ name: String) -> String? {
        self[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension APIClient {
    fileprivate func allows(redirectURI: String) -> Bool {
        redirectURIs.contains { RedirectURI($0)?.allows(redirectURI) ?? false }
    }
}
