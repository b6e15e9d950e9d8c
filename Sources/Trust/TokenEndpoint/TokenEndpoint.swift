public import Access
import Cryptography
public import HTTP
import JOSE
import JSON
public import Logins
public import Telemetry
import Texts
import Threads

/// `POST /oauth2/token` (RFC 6749 §3.2): the one front of every grant. `issue` is the order in which
/// a request is judged; each step sees only what the steps before have let through.
public struct TokenEndpoint: Sendable {
    let settings: TrustSettings
    let store: any AccessStore
    let certificates: any CertificateSource
    let keys: SigningKeys
    let clock: any WallClock
    let log: Logger
    let throttle = AttemptThrottle()
    private let budget = RefusalBudget()
    /// The clients that were read last, each with the mark of the store before.
    private let known = Locked(
        RecentValues<APIClientID, (mark: UInt64, client: APIClient)>(capacity: 1024)
    )
    let authenticator: ClientAuthenticator
    let proofs: ProofOfKey
    let refreshTokens: RefreshTokens
    private let handlers: [any GrantHandler]

    /// An endpoint. `users` tells whom a client may act for. `secret` is the key of refresh tokens,
    /// which a restart must keep; nil for a new one.
    public init(
        settings: TrustSettings,
        store: any AccessStore,
        users: any UserDirectory,
        certificates: any CertificateSource,
        keys: SigningKeys,
        secret: [UInt8]? = nil,
        clock: any WallClock,
        log: Logger = .silent
    ) {
        self.settings = settings
        self.store = store
        self.certificates = certificates
        self.keys = keys
        self.clock = clock
        self.log = log
        authenticator = ClientAuthenticator(settings: settings)
        let secret = secret ?? Random.bytes(32)
        proofs = ProofOfKey(settings: settings, store: store, secret: secret)
        refreshTokens = RefreshTokens(secret: secret)
        let delegation = DelegationRule(store: store, users: users, settings: settings)
        // A new grant is one file and one line here.
        handlers = [
            ClientCredentialsGrant(settings: settings, delegation: delegation),
            JWTBearerGrant(authenticator: authenticator, delegation: delegation),
            AuthorizationCodeGrant(
                settings: settings,
                store: store,
                users: users,
                tokens: refreshTokens
            ),
            RefreshTokenGrant(
                settings: settings,
                store: store,
                users: users,
                tokens: refreshTokens
            ),
        ]
    }

    /// The grants that it knows.
    var grantTypes: [GrantType] { handlers.map(\.kind) }

    /// Answers a request.
    public func answer(_ request: Request) async -> Response {
        var trail = TokenTrail(request, at: clock.now())
        do {
            return try await issue(request, &trail)
        } catch {
            return await refuse(error, request, trail)
        }
    }

    private func issue(
        _ request: Request,
        _ trail: inout TokenTrail
    ) async throws(TokenRefusal) -> Response {
        // 1. Token filter: without a usable certificate (or where allowed a proof) nothing else is
        // looked at.
        let certificate = try filter(request, &trail, orProof: ProofOfKey.isCarried(by: request))
        // 2. Form.
        let form = try TokenForm(request)
        let claim = try ClientClaim(request, form)
        trail.claimed = claim.id
        // 3. Client.
        let client = try await self.client(claim, certificate)
        // 4. Source address: before signatures, as soon as the client is known.
        try judgeAddress(of: client, trail.address)
        let proven = try authenticator.check(claim, of: client, certificate, at: trail.now)
        trail.client = client.id
        trail.uses = proven.uses
        let binding = try await binding(of: client, certificate, request, at: trail.now)
        trail.proofKey = binding.proofKey
        // 5. Grant allowed.
        let handler = try handler(form, client)
        trail.grant = handler.kind
        let checked = CheckedTokenRequest(
            client: client,
            form: form,
            proven: proven,
            binding: binding,
            now: trail.now
        )
        // Whoever loses a race for a code or a refresh token finds out what is left of it.
        for _ in 0..<Self.mostRaces {
            // 6. Grant handler.
            let granted = try await handler.grant(checked)
            trail.user = granted.user
            trail.uses = proven.uses + granted.uses
            // 7. Scopes.
            let scopes = try scopes(form, client, granted)
            // 8. Issue.
            let token = AccessToken(
                client: client.id,
                granted: granted,
                scopes: scopes,
                binding: binding,
                issuedAt: trail.now
            )
            let text = try sign(token)
            if try await keep(token, trail) { return token.response(text) }
        }
        throw .unavailable("the grant changes all the time")
    }

    /// How often a request is judged again because another one came first.
    private static let mostRaces = 3

    // MARK: The steps

    /// The token filter. The exceptions that an operator made are looked at only if there are some.
    func filter(
        _ request: Request,
        _ trail: inout TokenTrail,
        orProof isCarried: Bool
    ) throws(TokenRefusal) -> PeerCertificate? {
        let found: PeerCertificate?
        do { found = try certificates.certificate(of: request, at: trail.now) } catch {
            throw .certificate(error.reason)
        }
        trail.thumbprint = found?.thumbprint
        guard
            found != nil || !settings.withoutCertificate.isEmpty
                || settings.allowsProofKeys && isCarried
        else {
            throw .certificate("no certificate")
        }
        if let pause = throttle.pause(of: trail.address, at: trail.now) {
            throw .paused(pause)
        }
        return found
    }

    /// The client, if it exists and is active. Without a certificate only one that an operator made an
    /// exception for, or that proves a key instead.
    func client(
        _ claim: ClientClaim,
        _ certificate: PeerCertificate?
    ) async throws(TokenRefusal) -> APIClient {
        let isExcepted = settings.withoutCertificate.contains(claim.id)
        guard certificate != nil || isExcepted || settings.allowsProofKeys else {
            throw .certificate("no certificate")
        }
        guard let client = try await stored(claim.id) else {
            throw .client("unknown client", challenges: claim.usesBasic)
        }
        guard certificate != nil || isExcepted || client.usesProofKey else {
            throw .certificate("no certificate")
        }
        guard client.status == .active else {
            throw .client("the client is \(client.status.rawValue)", challenges: claim.usesBasic)
        }
        return client
    }

    /// A client as it is now.
    private func stored(_ id: APIClientID) async throws(TokenRefusal) -> APIClient? {
        // Before the store is read: a change in between makes the mark another one.
        let mark = store.mark()?.standings
        if let mark, let known = known.withLock({ $0[id] }), known.mark == mark {
            return known.client
        }
        let client: APIClient?
        do { client = try await store.client(id)?.client } catch {
            throw .unavailable("store: \(error)")
        }
        if let mark, let client { known.withLock { $0[id] = (mark, client) } }
        return client
    }

    /// What the token will be bound to.
    private func binding(
        of client: APIClient,
        _ certificate: PeerCertificate?,
        _ request: Request,
        at now: Timestamp
    ) async throws(TokenRefusal) -> TokenBinding {
        if settings.allowsProofKeys, client.usesProofKey {
            do {
                return .proofKey(try await proofs.thumbprint(of: request, showing: nil, at: now))
            } catch { throw .proof(error) }
        }
        // Ignored, it would leave the client with another kind of token than it asked for.
        guard !ProofOfKey.isCarried(by: request) else {
            throw .proof(.invalid("proof: not of this client"))
        }
        return certificate.map { TokenBinding($0) } ?? .nothing
    }

    func judgeAddress(of client: APIClient, _ address: String) throws(TokenRefusal) {
        guard client.allows(address: address) else { throw .sourceAddress(address) }
    }

    private func handler(
        _ form: TokenForm,
        _ client: APIClient
    ) throws(TokenRefusal) -> any GrantHandler {
        guard let name = form["grant_type"] else { throw .request("grant_type is missing") }
        let handler = handlers.first { $0.kind.rawValue.isExactly(name) }
        guard let handler else { throw .unsupportedGrant }
        guard client.grants.contains(handler.kind) else { throw .unauthorizedClient }
        return handler
    }

    /// None asked for means all that are registered for this kind of token and that the user allowed
    /// (RFC 6749 §3.3).
    private func scopes(
        _ form: TokenForm,
        _ client: APIClient,
        _ granted: Granted
    ) throws(TokenRefusal) -> Set<AccessScope> {
        let registered = client.scopes.filter { $0.kind == granted.kind }
        let allowed = granted.scopes.map(registered.intersection) ?? registered
        guard let text = form["scope"] else {
            guard !allowed.isEmpty else { throw .scope("no scope is left") }
            return allowed
        }
        guard let scopes = AccessScope.list(text) else { throw .scope("unknown scope") }
        guard scopes.isSubset(of: registered) else { throw .scope("scope not registered") }
        guard scopes.isSubset(of: allowed) else { throw .scope("scope not granted") }
        return scopes
    }

    private func sign(_ token: AccessToken) throws(TokenRefusal) -> String {
        do { return try token.signed(by: keys.signer(at: token.issuedAt), settings) } catch {
            throw .unavailable("signing: \(error)")
        }
    }

    /// Makes what was used and changed and the audit durable before the token leaves. False if another
    /// request has changed what the grant is about.
    private func keep(
        _ token: AccessToken,
        _ trail: TokenTrail
    ) async throws(TokenRefusal) -> Bool {
        let changes =
            trail.uses + token.granted.changes + [
                .noteUse(token.client, at: trail.now), .audit(trail.issued(token)),
            ]
        let refusal: AccessRefusal?
        do { refusal = try await store.commit(changes) } catch {
            throw .unavailable("store: \(error)")
        }
        switch refusal {
        case nil: return true
        case .used: throw .client("the assertion was used before")
        case .exists, .missing, .changed: return false
        }
    }

    // MARK: Refusals

    func refuse(
        _ refusal: TokenRefusal,
        _ request: Request,
        _ trail: TokenTrail
    ) async -> Response {
        let reference = AuditReference.new()
        log.warning("token.refused") {
            $0.member("id", Int(clamping: request.id))
            $0.member("error", refusal.error)
            $0.member("reason", refusal.reason)
            $0.member("reference", reference)
        }
        guard refusal.status != 429 else { return refusal.response(reference: reference) }
        // What ends because of the request ends before it is answered.
        if !refusal.changes.isEmpty {
            do { _ = try await store.commit(refusal.changes) } catch {
                return TokenRefusal.unavailable("store: \(error)").response(reference: reference)
            }
        }
        if refusal.isFailedAuthentication {
            _ = throttle.failed(trail.address, at: trail.now)
        }
        // An assertion that was used for a refused request is used up as well. If the store fails, the
        // refusal stands.
        var event = [AccessChange.audit(trail.refused(refusal, reference))]
        if trail.client == nil {
            let verdict = budget.admit(at: trail.now)
            if verdict.omitted > 0 { event.insert(.audit(trail.omitted(verdict.omitted)), at: 0) }
            guard verdict.isNoted else { return refusal.response(reference: reference) }
        }
        if (try? await store.commit(trail.uses + event)) != nil {
            _ = try? await store.commit(event)
        }
        return refusal.response(reference: reference)
    }
}

extension APIClient {
    /// Whether the client may call from an address. A delegated client without a list may call from
    /// nowhere.
    func allows(address: String) -> Bool {
        allowsEveryAddress || sourceAddresses.contains { $0.contains(address) }
    }

    var allowsEveryAddress: Bool { kind == .user && sourceAddresses.isEmpty }
}

/// What is known of a token request while it is judged, for the audit.
struct TokenTrail: Sendable {
    let now: Timestamp
    let address: String
    var thumbprint: [UInt8]?
    /// As claimed; not proven.
    var claimed: APIClientID?
    /// Proven.
    var client: APIClientID?
    var grant: GrantType?
    var user: UserID?
    var proofKey: String?
    var uses: [AccessChange] = []

    init(_ request: Request, at now: Timestamp) {
        self.now = now
        address = request.peer.address
    }

    func issued(_ token: AccessToken) -> AuditEvent {
        AuditEvent(
            "token.issued",
            at: now,
            [
                "client": .string(token.client.value),
                "grant": .text(grant?.rawValue),
                "user": .text(token.granted.user?.value),
                "scope": .string(token.scope),
                "jti": .string(token.id),
                "family": .text(token.granted.family),
                "assertion_jti": .text(token.granted.assertionID),
                "address": .string(address),
                "x5t#S256": .text(thumbprint.map { Base64URL.encode($0) }),
                "jkt": .text(proofKey),
            ]
        )
    }

    /// Refusals of unproven callers that were counted only (`RefusalBudget`).
    func omitted(_ count: Int) -> AuditEvent {
        AuditEvent("token.refusals_omitted", at: now, ["count": .integer(count)])
    }

    func refused(_ refusal: TokenRefusal, _ reference: String) -> AuditEvent {
        AuditEvent(
            "token.refused",
            at: now,
            [
                "reference": .string(reference),
                "claimed": .text(claimed?.value),
                "client": .text(client?.value),
                "grant": .text(grant?.rawValue),
                "user": .text(user?.value),
                "error": .string(refusal.error),
                "reason": .string(refusal.reason),
                "address": .string(address),
                "x5t#S256": .text(thumbprint.map { Base64URL.encode($0) }),
                "jkt": .text(proofKey),
            ]
        )
    }
}
