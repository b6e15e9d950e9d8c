public import Access
import Cryptography
public import HTTP
import JOSE
import JSON
public import Logins
import Texts
import Threads

/// Judges the calls of the admin, the backend and the device API (RFC 6750, RFC 8705 §3, RFC 9449 §7):
/// the token, the certificate or the key that it is bound to, what it allows, and whether it still
/// counts.
public struct ResourceGuard: Sendable {
    let settings: TrustSettings
    let store: any AccessStore
    let certificates: any CertificateSource
    let keys: SigningKeys
    let clock: any WallClock
    /// By the digests of tokens: each is verified once. A table for more would itself be a way to use up
    /// memory.
    private let seen = Locked(RecentValues<BytesKey, SeenToken>(capacity: 10_000))
    /// By the digests of tokens: what `admitsAtOnce` needs of those that were used last.
    private let admissions = PerCore { RecentValues<BytesKey, Admission>(capacity: 1024) }
    private let proofs: ProofOfKey
    private let budget = RefusalBudget()

    /// `secret` is the key of the nonces of proofs, that of the token endpoint; nil for a new one.
    public init(
        settings: TrustSettings,
        store: any AccessStore,
        certificates: any CertificateSource,
        keys: SigningKeys,
        secret: [UInt8]? = nil,
        clock: any WallClock
    ) {
        proofs = ProofOfKey(
            settings: settings,
            store: store,
            secret: secret ?? Random.bytes(32)
        )
        self.settings = settings
        self.store = store
        self.certificates = certificates
        self.keys = keys
        self.clock = clock
    }

    /// Whether a request is let through without waiting, at a mark that the store gave for it: its token
    /// was verified before, and nothing that it depends on has changed since that was read. All else is
    /// checked as `caller` does. False for every other request: for one that `caller` would refuse, for a
    /// token that is bound to no certificate, and for one that is for a user, whose calls are in the audit
    /// before they are answered.
    public func admitsAtOnce(
        _ request: Request,
        _ scopes: [AccessScope],
        at mark: StoreMark
    ) -> Bool {
        guard request.bodyRange.isEmpty,
            request.queryRange.isEmpty || !request.mentionsToken(in: request.queryRange),
            let range = Self.tokenRange(in: request)
        else { return false }
        let now = clock.now()
        let digest = BytesKey(SHA256.digest(request.bytes.span.extracting(range)))
        guard let admission = admission(of: digest, at: mark),
            let certificate = try? certificates.judge(request, at: now)
        else { return false }
        return admission.admits(certificate, from: request.peer.address, scopes, at: now)
    }

    private func admission(of digest: BytesKey, at mark: StoreMark) -> Admission? {
        if let known = admissions.withLock({ $0[digest] }), known.mark == mark.standings {
            return known
        }
        guard let admission = seen.withLock({ $0[digest] })?.admission(at: mark) else { return nil }
        admissions.withLock { $0[digest] = admission }
        return admission
    }

    /// The token in the usual form of an Authorization field.
    private static func tokenRange(in request: Request) -> Range<Int>? {
        let scheme: StaticString = "bearer "
        let length = scheme.utf8CodeUnitCount
        guard let field = request.onlyRange(of: "authorization"), field.count > length,
            field.count <= length + JOSELimits.token
        else { return nil }
        let start = field.lowerBound
        for index in 0..<length {
            let byte = request.bytes[start + index]
            guard byte | 0x20 == scheme.utf8Start[index] else { return nil }
        }
        // With a space in it, it is none that was verified.
        return start + length..<field.upperBound
    }

    /// Judges a request. One of `scopes` is needed; the surface is that of the first.
    ///
    /// - Throws: `ResourceRefusal`, which is in the audit by then.
    public func caller(
        of request: Request,
        _ scopes: AccessScope...
    ) async throws(ResourceRefusal) -> ResourceCaller {
        let now = clock.now()
        var refused: VerifiedToken?
        do {
            return try await judge(request, scopes, at: now, &refused)
        } catch {
            await note(error, request, refused, at: now)
            throw error
        }
    }

    private func judge(
        _ request: Request,
        _ scopes: [AccessScope],
        at now: Timestamp,
        _ noted: inout VerifiedToken?
    ) async throws(ResourceRefusal) -> ResourceCaller {
        let (scheme, text) = try Self.token(of: request)
        let certificate: PeerCertificate?
        do { certificate = try certificates.certificate(of: request, at: now) } catch {
            throw ResourceRefusal(.certificate, error.reason)
        }
        let digest = BytesKey(SHA256.digest(Array(text.utf8)))
        let known: SeenToken
        do throws(JOSEError) { known = try self.known(text, digest, at: now) } catch {
            throw ResourceRefusal(.invalidToken, "\(error)")
        }
        let token = known.token
        noted = token
        // On every call (RFC 8705 §3).
        if let objection = token.objection(to: certificate) {
            throw ResourceRefusal(.invalidToken, objection)
        }
        try await judgeProof(of: token, text, scheme, request, at: now)
        let standing = try await standing(of: known, digest)
        switch standing.refusal(of: token, from: request.peer.address) {
        case .invalid(let reason): throw ResourceRefusal(.invalidToken, reason)
        case .address(let address):
            throw ResourceRefusal(.sourceAddress(address), "source address")
        case nil: break
        }
        guard let surface = scopes.first?.surface, known.surfaces.contains(surface) else {
            throw ResourceRefusal(.insufficientScope(scopes), "another audience")
        }
        guard known.allows(scopes) else {
            throw ResourceRefusal(.insufficientScope(scopes), "scope")
        }
        return known.caller(standing, from: request.peer.address)
    }

    private func known(
        _ text: String,
        _ digest: BytesKey,
        at now: Timestamp
    ) throws(JOSEError) -> SeenToken {
        if let known = seen.withLock({ $0[digest] }), known.token.expiresAt > now { return known }
        let token = try VerifiedToken(text, keys: keys.published(at: now), settings, at: now)
        let known = SeenToken(token, settings)
        seen.withLock { $0[digest] = known }
        return known
    }

    /// What the token depends on: as it was read last, if nothing has changed since.
    private func standing(
        of known: SeenToken,
        _ digest: BytesKey
    ) async throws(ResourceRefusal) -> Standing {
        // Before the store is read: a change in between makes the mark another one.
        let mark = store.mark()
        if let mark, let standing = known.standing(at: mark) { return standing }
        let standing: Standing
        do { standing = try await store.standing(known.token.question) } catch {
            throw ResourceRefusal(.unavailable, "store: \(error)")
        }
        if let mark {
            let known = known.with(standing, at: mark)
            seen.withLock { $0[digest] = known }
        }
        return standing
    }

    /// A token that is bound to a key of proofs counts only with one, and no other token by that scheme
    /// (RFC 9449 §7.2).
    private func judgeProof(
        of token: VerifiedToken,
        _ text: String,
        _ scheme: Scheme,
        _ request: Request,
        at now: Timestamp
    ) async throws(ResourceRefusal) {
        switch (scheme, token.proofKey) {
        case (.bearer, nil): return
        case (.bearer, _?):
            throw ResourceRefusal(.invalidProof(nil), "a token of proofs as a bearer token")
        case (.proof, nil):
            throw ResourceRefusal(.invalidToken, "a token that is bound to no key of proofs")
        case (.proof, let bound?):
            let shown: String
            do throws(ProofOfKey.Objection) {
                shown = try await proofs.thumbprint(of: request, showing: text, at: now)
            } catch {
                switch error {
                case .invalid(let reason): throw ResourceRefusal(.invalidProof(nil), reason)
                case .nonce(let nonce):
                    throw ResourceRefusal(.invalidProof(nonce), "proof: no nonce of ours")
                case .unavailable(let reason): throw ResourceRefusal(.unavailable, reason)
                }
            }
            guard shown.isExactly(bound) else {
                throw ResourceRefusal(.invalidProof(nil), "proof: another key")
            }
        }
    }

    /// How a token is shown.
    private enum Scheme { case bearer, proof }

    /// The token of the Authorization field. One in the query or the body is refused (RFC 9700 §4.3.2).
    private static func token(
        of request: Request
    ) throws(ResourceRefusal) -> (Scheme, String) {
        if !request.queryRange.isEmpty, request.mentionsToken(in: request.queryRange) {
            throw ResourceRefusal(.tokenElsewhere, "a token in the query")
        }
        if request.contentType == "application/x-www-form-urlencoded",
            request.mentionsToken(in: request.bodyRange)
        {
            throw ResourceRefusal(.tokenElsewhere, "a token in the body")
        }
        let fields = request.fields("authorization")
        guard let field = fields.first else {
            throw ResourceRefusal(.noToken, "no token")
        }
        let parts = field.split(byte: " ")
        guard fields.count == 1, parts.count == 2, parts[1].utf8.count <= JOSELimits.token else {
            throw ResourceRefusal(.noToken, "Authorization is not one token")
        }
        switch String(parts[0]).lowercased().exact {
        case "bearer": return (.bearer, String(parts[1]))
        case "dpop": return (.proof, String(parts[1]))
        default: throw ResourceRefusal(.noToken, "Authorization is not one token")
        }
    }

    private func note(
        _ refusal: ResourceRefusal,
        _ request: Request,
        _ token: VerifiedToken?,
        at now: Timestamp
    ) async {
        // Without a token of ours anybody could fill the audit, and with a stolen one a thief.
        guard let token else { return }
        let verdict = budget.admit(at: now)
        guard verdict.isNoted else { return }
        let omitted =
            verdict.omitted == 0
            ? []
            : [AuditEvent("api.refusals_omitted", at: now, ["count": .integer(verdict.omitted)])]
        let event = AuditEvent(
            "api.refused",
            at: now,
            [
                "reference": .string(refusal.reference),
                "client": .string(token.client.value),
                "user": .text(token.user?.value),
                "jti": .string(token.id),
                "reason": .string(refusal.reason),
                "address": .string(request.peer.address),
            ]
        )
        _ = try? await store.commit((omitted + [event]).map { .audit($0) })
    }
}

extension Request {
    /// Whether a form has a parameter `access_token`.
    fileprivate func mentionsToken(in range: Range<Int>) -> Bool {
        let name: StaticString = "access_token="
        let names = bytes[range].split(separator: UInt8(ascii: "&"))
        return names.contains { part in
            part.count >= name.utf8CodeUnitCount
                && name.withUTF8Buffer { part.prefix($0.count).elementsEqual($0) }
        }
    }
}

/// Who calls, once everything is checked.
public struct ResourceCaller: Hashable, Sendable {
    public let client: APIClientID
    /// The client's name.
    public let name: String
    public let kind: TokenKind
    /// The user that the token is for; nil for an application.
    public let user: UserID?
    public let scopes: Set<AccessScope>
    /// `jti` of the token.
    public let tokenID: String
    /// Of the certificate that the token is bound to.
    public let thumbprint: [UInt8]?
    public let address: String

    public init(
        client: APIClientID,
        name: String,
        kind: TokenKind? = nil,
        user: UserID?,
        scopes: Set<AccessScope>,
        tokenID: String,
        thumbprint: [UInt8]?,
        address: String
    ) {
        self.client = client
        self.name = name
        self.kind = kind ?? (user == nil ? .application : .delegated)
        self.user = user
        self.scopes = scopes
        self.tokenID = tokenID
        self.thumbprint = thumbprint
        self.address = address
    }
}

/// Why a call is refused.
public struct ResourceRefusal: Error, Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// 401 without an error code (RFC 6750 §3.1).
        case noToken
        /// 400: the token is in the query or the body.
        case tokenElsewhere
        /// 400: the certificate cannot be used.
        case certificate
        /// 401.
        case invalidToken
        /// 401: of the scheme DPoP; with the nonce that a proof must have, if that is why.
        case invalidProof(String?)
        /// 403.
        case insufficientScope([AccessScope])
        /// 403.
        case sourceAddress(String)
        /// 503.
        case unavailable
    }

    public let kind: Kind
    /// For the audit.
    public let reason: String
    /// Finds the reason in the audit.
    public let reference: String

    init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
        reference = AuditReference.new()
    }

    /// The answer (RFC 9457, RFC 6750 §3).
    public var response: Response {
        switch kind {
        case .noToken:
            problem(401, "unauthorized", "An access token is required.", challenge: "Bearer")
        case .tokenElsewhere:
            problem(
                400,
                "invalid-request",
                "The access token must be in the Authorization field only."
            )
        case .certificate:
            problem(400, "invalid-request", "The client certificate cannot be used.")
        case .invalidToken:
            problem(
                401,
                "invalid-token",
                "The access token is not valid here.",
                challenge: "Bearer error=\"invalid_token\""
            )
        case .invalidProof(let nonce):
            problem(
                401,
                nonce == nil ? "invalid-dpop-proof" : "use-dpop-nonce",
                nonce == nil
                    ? "The access token needs a valid DPoP proof."
                    : "The DPoP proof must have the nonce of the field DPoP-Nonce.",
                challenge: "DPoP error=\""
                    + (nonce == nil ? "invalid_dpop_proof" : "use_dpop_nonce")
                    + "\", algs=\"" + ProofOfKey.clientAlgorithmNames.joined(separator: " ") + "\"",
                nonce: nonce
            )
        case .insufficientScope(let scopes):
            problem(
                403,
                "insufficient-scope",
                "The access token does not allow this.",
                challenge: "Bearer error=\"insufficient_scope\", scope=\""
                    + scopes.map(\.rawValue).joined(separator: " ") + "\""
            )
        case .sourceAddress(let address):
            problem(
                403,
                "source-address-not-allowed",
                "The client may not call from this address.",
                address: address
            )
        case .unavailable:
            problem(503, "unavailable", "The store is unavailable.", retryAfter: 1)
        }
    }

    private func problem(
        _ status: Int,
        _ type: String,
        _ title: String,
        challenge: String? = nil,
        address: String? = nil,
        nonce: String? = nil,
        retryAfter: Int? = nil
    ) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "urn:beckon:problem:" + type)
            json.member("title", title)
            json.member("status", status)
            if let address {
                json.member("error", "source_address_not_allowed")
                json.member("source_address", address)
            }
            json.member("reference", reference)
        }
        var fields = [Field.noStore]
        if let challenge { fields.append(Field("WWW-Authenticate", challenge)) }
        if let nonce { fields.append(Field("DPoP-Nonce", nonce)) }
        if let retryAfter { fields.append(Field("Retry-After", "\(retryAfter)")) }
        return Response(
            status: status,
            contentType: "application/problem+json",
            fields: fields,
            body: json.bytes
        )
    }
}

/// A token that was verified, and what it depended on when that was read last.
private final class SeenToken: Sendable {
    let token: VerifiedToken
    /// The interfaces that it is for.
    let surfaces: [AccessScope.Surface]
    private let standing: Standing?
    /// Of the store when `standing` was read.
    private let mark: UInt64

    convenience init(_ token: VerifiedToken, _ settings: TrustSettings) {
        let surfaces = AccessScope.Surface.allCases.filter { surface in
            token.audience.contains(where: settings.audience(surface).isExactly)
        }
        self.init(token, surfaces, nil, 0)
    }

    private init(
        _ token: VerifiedToken,
        _ surfaces: [AccessScope.Surface],
        _ standing: Standing?,
        _ mark: UInt64
    ) {
        self.token = token
        self.surfaces = surfaces
        self.standing = standing
        self.mark = mark
    }

    func with(_ standing: Standing, at mark: StoreMark) -> SeenToken {
        SeenToken(token, surfaces, standing, mark.standings)
    }

    /// What it depends on, if that is current at a mark of the store.
    func standing(at mark: StoreMark) -> Standing? {
        mark.standings == self.mark ? standing : nil
    }

    /// What lets its calls through at once; nil if they must wait, or are refused whoever calls.
    func admission(at mark: StoreMark) -> Admission? {
        guard let standing = standing(at: mark), let client = standing.client,
            standing.refusal(of: token, from: nil) == nil,
            token.user == nil, let thumbprint = token.thumbprint
        else { return nil }
        return Admission(
            mark: mark.standings,
            expiresAt: token.expiresAt,
            // Copied, so that cores do not share them.
            thumbprint: thumbprint.map { $0 },
            scopes: AccessScope.allCases.filter { allows([$0]) },
            addresses: client.allowsEveryAddress ? nil : client.sourceAddresses.map { $0 }
        )
    }

    /// One of `scopes` is needed, for the interface of the first.
    func allows(_ scopes: [AccessScope]) -> Bool {
        guard let surface = scopes.first?.surface, surfaces.contains(surface) else { return false }
        // A scope of another kind of token is no scope of this one.
        return scopes.contains { token.scopes.contains($0) && $0.kind == token.kind }
    }

    func caller(_ standing: Standing, from address: String) -> ResourceCaller {
        ResourceCaller(
            client: token.client,
            name: standing.client?.name ?? "",
            kind: token.kind,
            user: token.user,
            scopes: token.scopes,
            tokenID: token.id,
            thumbprint: token.thumbprint,
            address: address
        )
    }
}

/// What lets the calls of a token through at once, as long as its client, its consent and its revocation
/// are as they were. Each core has its own, because counting references to one that all cores use costs
/// more than the rest of the judgement.
private final class Admission: Sendable {
    /// Of the store, as `StoreMark.standings`.
    let mark: UInt64
    private let expiresAt: Timestamp
    private let thumbprint: [UInt8]
    /// Those that count, at the interface of each.
    private let scopes: [AccessScope]
    /// Nil for every address.
    private let addresses: [AddressRange]?

    init(
        mark: UInt64,
        expiresAt: Timestamp,
        thumbprint: [UInt8],
        scopes: [AccessScope],
        addresses: [AddressRange]?
    ) {
        self.mark = mark
        self.expiresAt = expiresAt
        self.thumbprint = thumbprint
        self.scopes = scopes
        self.addresses = addresses
    }

    /// As the whole judgement does (RFC 8705 §3). One of `scopes` is needed, for the interface of the
    /// first.
    func admits(
        _ certificate: PeerCertificate,
        from address: String,
        _ wanted: [AccessScope],
        at now: Timestamp
    ) -> Bool {
        guard let surface = wanted.first?.surface, now < expiresAt,
            ConstantTime.equal(certificate.thumbprint, thumbprint),
            addresses?.contains(where: { $0.contains(address) }) ?? true
        else { return false }
        return wanted.contains { $0.surface == surface && scopes.contains($0) }
    }
}
