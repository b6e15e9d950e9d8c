public import Access
public import Cryptography
public import Devices
public import JOSE
import JSON
public import Logins
import Texts

/// Enrols, changes and revokes devices of users, and takes decisions by their keys. Everything that a
/// device claims is judged here, and what is refused is in the audit.
public struct DeviceDesk: Sendable {
    /// Why nothing was enrolled, changed or decided.
    public enum Refusal: Error, Hashable, Sendable {
        /// The code is wrong, was used, has expired, or was tried too often. They look alike.
        case unknownCode
        /// There is no such device, or it was revoked.
        case unknownDevice
        /// The user has no such login.
        case unknownLogin
        /// The key is registered already.
        case taken
        /// The user has as many devices as they may.
        case tooMany
        /// The PIN or the signature is wrong; it never says which (RTS article 4(3)(a)).
        case wrongProof(FailureStanding)
        /// Too many wrong ones: nothing is accepted before the end of the block.
        case blocked(FailureStanding)
        /// As many attempts as are left are being checked.
        case busy
        /// The device has no PIN.
        case noPIN
        /// What was signed is not this decision about what is asked now.
        case otherChallenge
        /// The proof of the request was used before.
        case usedProof
        /// The new key has not signed what it must.
        case wrongKeyProof
        /// Somebody else has changed it meanwhile.
        case changed
        /// The decision.
        case decision(DecisionDesk.Refusal)
        /// The store failed.
        case store(StoreError)
    }

    /// Devices of one user.
    public static let mostOfUser = 20
    /// Algorithms of devices' keys.
    public static let algorithms: Set<SignatureAlgorithm> = [.es256, .edDSA]

    let desk: DecisionDesk
    let devices: any DeviceStore
    let logins: any LoginStore
    let failures: any FailureCounter
    /// The authorization servers, in which a login's identifier is looked for.
    let servers: [AuthorizationServerID]
    let clock: any WallClock
    /// The waiting requests of devices.
    public let connections: DeviceConnections

    public init(
        desk: DecisionDesk,
        devices: any DeviceStore,
        logins: any LoginStore,
        failures: any FailureCounter,
        connections: DeviceConnections,
        servers: [AuthorizationServerID],
        clock: any WallClock
    ) {
        self.desk = desk
        self.devices = devices
        self.logins = logins
        self.failures = failures
        self.connections = connections
        self.servers = servers
        self.clock = clock
    }

    /// The time by which the desk judges.
    public func now() -> Timestamp { clock.now() }

    // MARK: Enrolling

    /// A device's key as a request has proven it.
    public struct Key: Sendable {
        public let publicKey: PublicKey
        public let algorithm: SignatureAlgorithm

        public init(_ publicKey: PublicKey, _ algorithm: SignatureAlgorithm) {
            self.publicKey = publicKey
            self.algorithm = algorithm
        }
    }

    /// What a device says of itself.
    public struct Profile: Sendable {
        public var name: String
        public var platform: Device.Platform
        public var languages: [String]
        public var protection: Device.Protection
        public var channels: [Device.Channel]

        public init(
            name: String,
            platform: Device.Platform,
            languages: [String] = [],
            protection: Device.Protection = .unknown,
            channels: [Device.Channel] = []
        ) {
            self.name = name
            self.platform = platform
            self.languages = languages
            self.protection = protection
            self.channels = channels
        }
    }

    /// A device and its key.
    public struct Enrolled: Hashable, Sendable {
        public let key: Credential
        public let device: Device

        public init(key: Credential, device: Device) {
            self.key = key
            self.device = device
        }
    }

    /// Enrols the device whose key the request has proven, for the user of the code, which was waiting
    /// (`requireWaiting`).
    public func enrol(
        _ code: EnrolmentCode,
        _ key: Key,
        _ profile: Profile,
        pin: String?,
        address: String
    ) async throws(Refusal) -> Enrolled {
        let now = clock.now()
        guard let id = Credential.id(ofDeviceKey: key.publicKey),
            let deviceID = DeviceID(Base64URL.encode(Random.bytes(16)))
        else { throw .unknownCode }
        let hash: PINHash?
        if let pin {
            guard let made = await PINChecks.hash(pin) else { throw .busy }
            hash = made
        } else {
            hash = nil
        }
        @Sendable func enrolled(_ user: UserID) -> Enrolled {
            Enrolled(
                key: Credential(
                    id: id,
                    user: user,
                    device: deviceID,
                    kind: .deviceKey(pin: hash),
                    publicKey: key.publicKey,
                    algorithm: key.algorithm,
                    name: profile.name,
                    createdAt: now
                ),
                device: Device(
                    id: deviceID,
                    user: user,
                    name: profile.name,
                    platform: profile.platform,
                    languages: profile.languages,
                    protection: profile.protection,
                    channels: profile.channels,
                    createdAt: now,
                    lastSeenAt: now
                )
            )
        }
        let redemption: Redemption
        do {
            redemption = try await devices.redeem(code, at: now) { enrolment in
                let new = enrolled(enrolment.user)
                let event = AuditEvent(
                    "device.enrolled",
                    at: now,
                    [
                        "user": .string(enrolment.user.value),
                        "device": .string(deviceID.value),
                        "credential": .string(id.value),
                        "platform": .string(profile.platform.rawValue),
                        "protection": .string(profile.protection.rawValue),
                        "pin": .bool(hash != nil),
                        "address": .string(address),
                    ]
                )
                return [.addDevice(new.device), .addCredential(new.key), .audit(event)]
            }
        } catch {
            throw .store(error)
        }
        switch redemption {
        case .done(let enrolment): return enrolled(enrolment.user)
        case .refused:
            try await note(
                "device.refused",
                ["reason": .string("key_taken"), "credential": .string(id.value)]
            )
            throw .taken
        case .unknown: throw .unknownCode
        }
    }

    /// Judges a code before anything is stored or hashed for whoever sends it: a wrong one counts and is
    /// refused here.
    public func requireWaiting(_ code: EnrolmentCode) async throws(Refusal) {
        let now = clock.now()
        let isWaiting = try await read { () throws(StoreError) in
            try await devices.isWaiting(code, at: now)
        }
        if isWaiting { return }
        // One that was issued in this very moment is void now.
        _ = try await read { () throws(StoreError) in
            try await devices.redeem(code, at: now) { _ in [] }
        }
        throw .unknownCode
    }

    // MARK: Reading

    /// What a request by a key is judged by, read at one moment: its device, the logins of the device's
    /// user with that identifier, and the failed proofs of the user. `key` is the key as it was proven.
    public func reading(
        of id: CredentialID,
        proven key: PublicKey,
        login: LoginID?
    ) async throws(StoreError) -> DeviceReading? {
        var question = DeviceQuestion(proven: key)
        if let login {
            question.logins = servers.map { LoginKey(server: $0, tenant: nil, login: login) }
        }
        return try await devices.deviceKey(id, question)
    }

    /// The device with a key, as it is now; nil if it was never enrolled or was revoked.
    public func device(of key: CredentialID) async throws(StoreError) -> Enrolled? {
        try await devices.deviceKey(key).map { Enrolled(key: $0.key, device: $0.device) }
    }

    /// Notes a request of a device, to the minute. A store that fails does not matter.
    public func noteSeen(_ enrolled: Enrolled) async {
        guard wasAway(enrolled) else { return }
        let now = clock.now()
        _ = try? await devices.commit([
            .noteSeen(enrolled.device.id, at: now), .noteUse(enrolled.key.id, at: now),
        ])
    }

    /// Whether a device has not been seen for a minute.
    public func wasAway(_ enrolled: Enrolled) -> Bool {
        clock.now() >= enrolled.device.lastSeenAt + .seconds(60)
    }

    // MARK: Changing

    /// Replaces what can change of a device.
    public func change(
        _ device: Device,
        by enrolled: Enrolled
    ) async throws(Refusal) {
        let event = AuditEvent(
            "device.changed",
            at: clock.now(),
            ["user": .string(device.user.value), "device": .string(device.id.value)]
        )
        guard try await commit([.changeDevice(device), .audit(event)]) == nil else {
            throw .unknownDevice
        }
    }

    /// Replaces the PIN of a device that has one; a wrong old one counts as a failure. A device without
    /// a PIN gets none here: whoever has taken it could otherwise give it a second factor.
    public func changePIN(
        of enrolled: Enrolled,
        from old: String,
        to new: String
    ) async throws(Refusal) {
        guard let current = enrolled.key.pin else { throw .noPIN }
        try await check(old, current, of: enrolled)
        guard let hash = await PINChecks.hash(new) else { throw .busy }
        let event = AuditEvent(
            "device.pin_changed",
            at: clock.now(),
            [
                "user": .string(enrolled.key.user.value),
                "device": .string(enrolled.device.id.value),
                "credential": .string(enrolled.key.id.value),
            ]
        )
        switch try await commit([
            .changePIN(enrolled.key.id, to: hash, over: current), .audit(event),
        ]) {
        case nil: break
        case .changed: throw .changed
        case .missing, .exists, .used: throw .unknownDevice
        }
    }

    /// Replaces the key of a device. `proof` is a token by the new key over the device and the
    /// thumbprint of the old one. From then on only the new key counts. The PIN stays.
    public func rotate(
        _ enrolled: Enrolled,
        proof: String,
        newKey: (String) throws(JOSEError) -> VerificationKey
    ) async throws(Refusal) -> Enrolled {
        let now = clock.now()
        let old = enrolled.key
        let publicKey: PublicKey
        let algorithm: SignatureAlgorithm
        do {
            let key = try newKey(proof)
            let jws = try JWS.verify(proof, keys: JWKSet([key]), allowed: Self.algorithms)
            let payload = try JSONValue(jws.payload, limits: JSONLimits(depth: 4))
            guard jws.header.isType("beckon-key+jwt"), let found = key.publicKey,
                payload["device"]?.string?.isExactly(enrolled.device.id.value) ?? false,
                payload["old"]?.string?.isExactly(old.id.value) ?? false
            else { throw Refusal.wrongKeyProof }
            (publicKey, algorithm) = (found, jws.header.algorithm)
        } catch {
            throw .wrongKeyProof
        }
        guard let id = Credential.id(ofDeviceKey: publicKey), id != old.id else {
            throw .wrongKeyProof
        }
        let new = Credential(
            id: id,
            user: old.user,
            device: old.device,
            kind: old.kind,
            publicKey: publicKey,
            algorithm: algorithm,
            name: old.name,
            createdAt: now
        )
        let event = AuditEvent(
            "device.key_rotated",
            at: now,
            [
                "user": .string(old.user.value), "device": .string(enrolled.device.id.value),
                "from": .string(old.id.value), "to": .string(id.value),
            ]
        )
        switch try await commit([.replaceKey(old.id, by: new), .audit(event)]) {
        case nil: break
        case .exists, .used: throw .taken
        case .changed, .missing: throw .changed
        }
        return Enrolled(key: new, device: enrolled.device)
    }

    /// Revokes a device at once and for good; its waiting requests end.
    public func revoke(
        _ device: DeviceID,
        of user: UserID,
        by author: AuditAuthor
    ) async throws(Refusal) {
        try await registry.revoke(device, of: user, by: author, at: clock.now())
    }

    /// The same devices for operators, backends and users.
    public var registry: DeviceRegistry { DeviceRegistry(devices) }

    // MARK: Parts

    func read<Value>(
        _ body: () async throws(StoreError) -> Value
    ) async throws(Refusal) -> Value {
        do { return try await body() } catch { throw .store(error) }
    }

    func commit(_ changes: [DeviceChange]) async throws(Refusal) -> AccessRefusal? {
        do { return try await devices.commit(changes) } catch { throw .store(error) }
    }

    func note(
        _ kind: String,
        _ details: KeyValuePairs<String, JSONValue?>
    ) async throws(Refusal) {
        _ = try await commit([.audit(AuditEvent(kind, at: clock.now(), details))])
    }
}

extension DeviceDesk.Refusal: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .unknownCode: "no enrolment waits for this code"
        case .unknownDevice: "there is no such device"
        case .unknownLogin: "the user has no such login"
        case .taken: "the key is registered already"
        case .tooMany: "the user has as many devices as they may"
        case .wrongProof: "the PIN or the signature is wrong"
        case .blocked: "the user is blocked after too many failures"
        case .busy: "other attempts are being checked"
        case .noPIN: "the device has no PIN"
        case .otherChallenge: "the signature is over something else"
        case .usedProof: "the proof was used before"
        case .wrongKeyProof: "the new key has not signed what it must"
        case .changed: "it was changed meanwhile"
        case .decision(let refusal): refusal.description
        case .store(let error): error.description
        }
    }
}
