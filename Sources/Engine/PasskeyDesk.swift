public import Access
import Cryptography
public import Devices
import JOSE
import JSON
public import Logins
import Texts
public import WebAuthn

/// Registers passkeys of users, and takes approvals by them. Everything that a browser returns is
/// judged here, and what is refused is in the audit.
public struct PasskeyDesk: Sendable {
    /// Why nothing was registered or approved.
    public enum Refusal: Error, Hashable, Sendable {
        /// The registration or assertion itself.
        case passkey(PasskeyRefusal)
        /// The user has no such passkey.
        case unknown
        /// The registration was not begun in this session, too long ago, or has been used.
        case stale
        /// Somebody has this passkey already.
        case taken
        /// The user has as many as they may.
        case tooMany
        /// The decision.
        case decision(DecisionDesk.Refusal)
        /// The store failed.
        case store(StoreError)
    }

    /// Passkeys of one user.
    public static let mostOfUser = 20
    /// How long a registration may take.
    public static let registrationLifetime = Duration.seconds(600)

    /// What a relying party demands.
    public let rules: PasskeyRules
    private let desk: DecisionDesk
    /// What is registered already.
    public let registered: RegisteredPasskeys
    private let devices: any DeviceStore
    private let access: any AccessStore
    private let key: [UInt8]
    private let clock: any WallClock

    /// `secret` is the key of what browsers keep for us; another one is derived from it.
    public init(
        _ rules: PasskeyRules,
        desk: DecisionDesk,
        devices: any DeviceStore,
        access: any AccessStore,
        secret: [UInt8],
        clock: any WallClock
    ) {
        self.rules = rules
        self.desk = desk
        self.devices = devices
        registered = RegisteredPasskeys(devices, clock: clock)
        self.access = access
        self.clock = clock
        key = HMAC.sha256(key: secret, Array("beckon-passkey-v1".utf8))
    }

    /// The passkeys of a user, in the order of their creation.
    public func passkeys(of user: UserID) async throws(StoreError) -> [Credential] {
        try await registered.passkeys(of: user)
    }

    // MARK: Registering

    /// What a browser needs for a new passkey.
    public struct Offer: Hashable, Sendable {
        /// To be signed, once.
        public let challenge: [UInt8]
        /// Names the user to the authenticator. It tells nothing about them.
        public let userHandle: [UInt8]
        /// The user's passkeys.
        public let known: [Credential]
    }

    /// Begins a registration in a session of the user.
    public func offer(
        to user: UserID,
        session: String
    ) async throws(Refusal) -> Offer {
        let known: [Credential]
        do { known = try await passkeys(of: user) } catch { throw .store(error) }
        guard known.count < Self.mostOfUser else { throw .tooMany }
        let end = clock.now() + Self.registrationLifetime
        let head = Self.bytes(end.milliseconds) + Random.bytes(24)
        return Offer(
            challenge: head + seal(head, user, session),
            userHandle: Self.handle(of: user),
            known: known
        )
    }

    /// Registers a passkey that answers an offer in the same session. An offer works once.
    public func register(
        _ registration: PasskeyRegistration,
        name: String,
        transports: [String],
        of user: UserID,
        session: String
    ) async throws(Refusal) -> Credential {
        do {
            return try await registered(registration, name, transports, user, session)
        } catch {
            switch error {
            case .passkey, .stale, .taken:
                try await note(
                    "passkey.refused",
                    [
                        "user": .string(user.value), "by": .string(session),
                        "reason": .string(error.word),
                    ]
                )
            case .unknown, .tooMany, .decision, .store: break
            }
            throw error
        }
    }

    private func registered(
        _ registration: PasskeyRegistration,
        _ name: String,
        _ transports: [String],
        _ user: UserID,
        _ session: String
    ) async throws(Refusal) -> Credential {
        let now = clock.now()
        guard let challenge = ClientData(registration.clientData)?.challenge else {
            throw .passkey(.clientData)
        }
        guard let end = end(of: challenge, user, session), now < end else { throw .stale }
        let passkey: Passkey
        do { passkey = try rules.register(registration, challenge: challenge) } catch {
            throw .passkey(error)
        }
        guard let id = Credential.id(ofPasskey: passkey.id) else { throw .passkey(.credential) }
        do {
            guard try await passkeys(of: user).count < Self.mostOfUser else {
                throw Refusal.tooMany
            }
            let use = AccessChange.use(key: SHA256.digest(challenge), until: end)
            guard try await access.commit([use]) == nil else { throw Refusal.stale }
            let credential = Credential(
                id: id,
                user: user,
                device: nil,
                kind: .passkey(
                    Credential.Passkey(
                        rawID: passkey.id,
                        counter: passkey.counter,
                        isBackupEligible: passkey.isBackupEligible,
                        isBackedUp: passkey.isBackedUp,
                        transports: transports
                    )
                ),
                publicKey: passkey.key.key,
                algorithm: passkey.key.algorithm.signature,
                name: name,
                createdAt: now
            )
            let event = AuditEvent(
                "passkey.registered",
                at: now,
                [
                    "user": .string(user.value), "credential": .string(id.value),
                    "by": .string(session),
                    "backup_eligible": .bool(passkey.isBackupEligible),
                ]
            )
            let refusal = try await devices.commit([.addCredential(credential), .audit(event)])
            guard refusal == nil else { throw Refusal.taken }
            return credential
        } catch let error as StoreError {
            throw .store(error)
        } catch let error as Refusal {
            throw error
        } catch {
            throw .stale
        }
    }

    // MARK: Approving

    /// What a browser needs for an approval by passkey.
    public struct ApprovalOffer: Sendable {
        /// To be signed: the digest of the decision (`DecisionChallenge`).
        public let challenge: [UInt8]
        /// The user's passkeys.
        public let known: [Credential]
    }

    /// Whether a user could approve by passkey, as far as is known. A failure of the store is no.
    public func isOffered(for login: PendingLogin) async -> Bool {
        guard desk.methods(for: login).contains(.passkey) else { return false }
        return (try? await passkeys(of: login.details.user))?.isEmpty == false
    }

    /// Judges an approval that a passkey is to confirm. Nothing changes.
    public func offer(
        _ opening: DecisionDesk.Opening,
        selecting: (StoredLogin) throws(DecisionDesk.Refusal) -> Selection
    ) async throws(Refusal) -> ApprovalOffer {
        let approval: DecisionDesk.Confirmable
        do {
            approval = try await desk.confirmable(opening, by: .passkey, selecting: selecting)
        } catch {
            throw .decision(error)
        }
        let known: [Credential]
        do { known = try await passkeys(of: approval.stored.login.details.user) } catch {
            throw .store(error)
        }
        guard !known.isEmpty else { throw .unknown }
        return ApprovalOffer(challenge: approval.challenge, known: known)
    }

    /// Records an approval that a passkey of the login's user has signed. What was signed covers the
    /// login, the consent as it is now and the selection: if any of them changes, it is refused.
    public func approve(
        _ opening: DecisionDesk.Opening,
        by assertion: PasskeyAssertion,
        via: Evidence.Via,
        address: String?,
        agent: String? = nil,
        selecting: @Sendable @escaping (StoredLogin) throws(DecisionDesk.Refusal) -> Selection
    ) async throws(Refusal) -> StoredLogin {
        let approval: DecisionDesk.Confirmable
        do {
            approval = try await desk.confirmable(opening, by: .passkey, selecting: selecting)
        } catch {
            throw .decision(error)
        }
        let stored = approval.stored
        let user = stored.login.details.user
        let proof: Evidence.Proof
        do {
            proof = try await judge(assertion, of: user, challenge: approval.challenge)
        } catch {
            if case .store = error { throw error }
            try await note(
                "passkey.refused",
                [
                    "login": .integer(stored.number.rawValue),
                    "credential": .text(Credential.id(ofPasskey: assertion.id)?.value),
                    "reason": .string(error.word),
                ]
            )
            throw error
        }
        do {
            return try await desk.approve(
                stored.number,
                of: user,
                by: Evidence(proof: proof, method: .passkey, via: via, address: address),
                challenge: approval.challenge,
                agent: agent,
                key: proof.credential,
                selecting: selecting
            )
        } catch {
            if case .key = error { throw .unknown }
            throw .decision(error)
        }
    }

    /// Judges an assertion, and notes the passkey's counter before anything is decided by it: of two
    /// assertions with one counter at most one counts.
    private func judge(
        _ assertion: PasskeyAssertion,
        of user: UserID,
        challenge: [UInt8]
    ) async throws(Refusal) -> Evidence.Proof {
        do {
            guard let id = Credential.id(ofPasskey: assertion.id),
                let credential = try await devices.credential(id), credential.user == user,
                let known = credential.passkey, known.rawID == assertion.id,
                let info = credential.publicKey.info
            else { throw Refusal.unknown }
            let passkey = Passkey(
                id: known.rawID,
                key: CredentialKey(credential.publicKey),
                counter: known.counter,
                isBackupEligible: known.isBackupEligible,
                isBackedUp: known.isBackedUp
            )
            let use: PasskeyUse
            do {
                use = try rules.verify(
                    assertion,
                    by: passkey,
                    of: Self.handle(of: user),
                    challenge: challenge
                )
            } catch {
                throw Refusal.passkey(error)
            }
            let now = clock.now()
            var changes: [DeviceChange] = [
                .usePasskey(
                    id,
                    counter: use.passkey.counter,
                    over: known.counter,
                    isBackedUp: use.passkey.isBackedUp,
                    at: now
                )
            ]
            if use.isSuspect {
                changes.append(
                    .audit(
                        AuditEvent(
                            "passkey.suspect",
                            at: now,
                            ["credential": .string(id.value), "reason": .string("counter")]
                        )
                    )
                )
            }
            switch try await devices.commit(changes) {
            case nil: break
            case .changed:
                throw Refusal.passkey(
                    .counter(stored: use.passkey.counter, received: use.passkey.counter)
                )
            case .missing, .exists, .used: throw Refusal.unknown
            }
            return Evidence.Proof(
                credential: id,
                publicKey: info,
                statement: assertion.proof.text
            )
        } catch let error as StoreError {
            throw .store(error)
        } catch let error as Refusal {
            throw error
        } catch {
            throw .unknown
        }
    }

    // MARK: Parts

    /// Must not change: authenticators keep it. At most 64 bytes (WebAuthn §5.4.3).
    static func handle(of user: UserID) -> [UInt8] {
        SHA256.digest(Array("beckon-user-handle-v1".utf8) + Array(user.value.utf8))
    }

    private func seal(_ head: [UInt8], _ user: UserID, _ session: String) -> [UInt8] {
        let names = [session, user.value].flatMap { Self.bytes(Int64($0.utf8.count)) + $0.utf8 }
        return HMAC.sha256(key: key, head + names)
    }

    /// When the registration of a challenge ends; nil if it is not of this user's session.
    private func end(of challenge: [UInt8], _ user: UserID, _ session: String) -> Timestamp? {
        guard challenge.count == 64 else { return nil }
        let head = Array(challenge[..<32])
        guard ConstantTime.equal(Array(challenge[32...]), seal(head, user, session)) else {
            return nil
        }
        return Timestamp(milliseconds: head[..<8].reduce(0) { $0 << 8 | Int64($1) })
    }

    private static func bytes(_ number: Int64) -> [UInt8] {
        (0..<8).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * Int64($0))) }
    }

    private func note(
        _ kind: String,
        _ details: KeyValuePairs<String, JSONValue?>
    ) async throws(Refusal) {
        do {
            _ = try await access.commit([.audit(AuditEvent(kind, at: clock.now(), details))])
        } catch {
            throw .store(error)
        }
    }
}

extension CredentialAlgorithm {
    /// Its name in JOSE.
    fileprivate var signature: SignatureAlgorithm {
        switch self {
        case .es256: .es256
        case .edDSA: .edDSA
        case .rs256: .rs256
        }
    }
}

extension PasskeyDesk.Refusal: CustomStringConvertible {
    /// A word for the audit.
    public var word: String {
        switch self {
        case .passkey(let refusal): refusal.word
        case .unknown: "unknown"
        case .stale: "stale"
        case .taken: "taken"
        case .tooMany: "too_many"
        case .decision: "decision"
        case .store: "store"
        }
    }

    /// Half a sentence.
    public var description: String {
        switch self {
        case .passkey(let refusal): refusal.description
        case .unknown: "the user has no such passkey"
        case .stale: "the registration has ended, or was begun elsewhere"
        case .taken: "the passkey is registered already"
        case .tooMany: "the user has as many passkeys as they may"
        case .decision(let refusal): refusal.description
        case .store(let error): error.description
        }
    }
}
