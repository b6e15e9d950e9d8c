import Access
import Consents
import Cryptography
import Devices
import Endpoints
import Engine
import HTTP
import Identity
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport
import Threads
import Trust

/// The interface of enrolled devices over a real store, with a clock that stands still.
struct DeviceStage: Sendable {
    static let publicURL = "https://as.example"
    static let user = UserID.named("customer-4711")

    let clock = ManualClock()
    let changes: LoginChanges
    let store: SQLLoginStore
    let desk: DeviceDesk
    let router: Router
    let log = CapturedLog()
    let people: DevicePeople
    private let path: String

    /// Lends a stage on which these methods are enough.
    static func with(
        _ methods: [ApprovalPolicy.Method] = [.deviceKey, .deviceKeyAndPIN],
        hardwareKeys: Bool = false,
        _ body: (DeviceStage) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let stage = try DeviceStage(directory.file("logins.db"), methods, hardwareKeys)
        do { try await body(stage) } catch {
            await stage.store.close()
            throw error
        }
        await stage.store.close()
    }

    private init(
        _ path: String,
        _ methods: [ApprovalPolicy.Method],
        _ hardwareKeys: Bool
    ) throws {
        let changes = LoginChanges()
        self.changes = changes
        self.path = path
        var options = StoreOptions(path: path, role: .service, clock: clock)
        options.changes = { changes.publish($0) }
        let connections = DeviceConnections(most: 100)
        options.devicesEnded = { for device in $0 { connections.ended(device) } }
        store = try SQLLoginStore(options)
        let people = DevicePeople()
        self.people = people
        let decisions = DecisionDesk(
            store: store,
            changes: changes,
            clock: clock,
            approvers: Approvers(directory: people, plan: EscalationPlan([])),
            policy: ApprovalPolicy(
                fallback: methods.map { ApprovalPolicy.Way($0) },
                demandsHardwareKeys: hardwareKeys
            ),
            usable: Set(ApprovalPolicy.Method.allCases)
        )
        desk = DeviceDesk(
            desk: decisions,
            devices: store.devices,
            logins: store,
            failures: store,
            connections: connections,
            servers: [.named("acp")],
            clock: clock
        )
        let api = DeviceAPI(
            desk: desk,
            proofs: ProofOfKey(
                DeviceAPI.rules(publicURL: Self.publicURL),
                store: store.access,
                secret: Array(repeating: 7, count: 32)
            ),
            decisions: decisions,
            directory: people,
            changes: changes,
            channels: [.named("push")],
            clock: clock,
            log: log.logger
        )
        let tickets = DeviceRoutes(desk: decisions, directory: people, log: log.logger)
        router = Router(api.routes(with: tickets.routes))
    }

    /// The store as another process has it.
    func tool() throws -> SQLLoginStore {
        try SQLLoginStore(StoreOptions(path: path, role: .tool, clock: clock))
    }

    // MARK: Parts

    func code(for user: UserID = user) async throws -> EnrolmentCode {
        try await desk.registry.issueCode(to: user, by: .commandLine, at: clock.now()).code
    }

    /// A phone that is enrolled.
    func phone(
        _ kind: SignatureAlgorithm = .es256,
        pin: String? = nil,
        of user: UserID = user,
        protection: Device.Protection = .hardware
    ) async throws -> TestDevice {
        let phone = try TestDevice(self, kind)
        let answer = try await phone.enrol(code(for: user), pin: pin, protection: protection)
        guard answer.status == 201 else { throw NotThere() }
        return phone
    }

    @discardableResult
    func prompt(
        _ id: String,
        of user: UserID = user,
        message: BindingMessage = .none,
        context: RequestContext? = nil,
        _ consent: Consent? = nil
    ) async throws -> LoginNumber {
        let now = clock.now()
        let login = PendingLogin.arrived(
            id,
            tenant: nil,
            at: now,
            PendingLogin.Details(
                user: user,
                client: ClientID("kiosk"),
                bindingMessage: message,
                context: context,
                origin: .fixture
            )
        )
        guard case .inserted(let stored) = try await store.insert(login, limits: .none) else {
            throw NotThere()
        }
        let consent =
            consent
            ?? Consent(
                clientName: "Kiosk 12",
                scopes: [.init(requestedName: "openid", displayName: "Sign you in")]
            )
        let question = Question(
            consent: consent,
            digest: ConsentForm.digest(of: consent),
            nonce: Random.bytes(32)
        )
        try await apply(
            .prepared(
                question,
                [
                    PendingLogin.Delivery(
                        channel: .named("app"),
                        state: .delivered(at: now)
                    )
                ]
            ),
            to: stored.number
        )
        return stored.number
    }

    func apply(_ event: PendingLogin.Event, to number: LoginNumber) async throws {
        let now = clock.now()
        let result = try await store.update(number) { (login) throws(PendingLogin.Refusal) in
            try login.apply(event, at: now)
        }
        _ = try require(result).get()
    }

    func outcome(_ number: LoginNumber) async throws -> Outcome? {
        try await store.login(number)?.login.phase.outcome
    }

    func audit() async throws -> [AuditEvent] {
        try await store.access.audit(after: 0, limit: 5000).map(\.event)
    }

    /// The reasons in the audit why devices were refused.
    func refusals() async throws -> [String] {
        try await audit().filter { $0.kind == "device.refused" }
            .compactMap { $0.members["reason"]?.string }
    }

    func send(
        _ method: HTTP.Method,
        _ target: String,
        _ fields: [Field] = [],
        _ body: JSONValue? = nil
    ) async -> Response {
        let type = body == nil ? [] : [Field("Content-Type", "application/json")]
        let response = await router.answer(
            .example(
                method,
                target,
                fields: fields + type,
                body: body?.bytes ?? [],
                peer: Peer(address: "192.0.2.7")
            )
        )
        return response ?? Response(status: 404)
    }
}

final class DevicePeople: UserDirectory {
    /// Whether users may approve.
    let areActive = Locked(true)
    /// Whom the directory was told to forget.
    let forgotten = Locked<[UserID]>([])

    func forget(_ id: UserID) { forgotten.withLock { $0.append(id) } }

    func user(_ id: UserID) async throws(DirectoryError) -> User? {
        User(id: id, isActive: areActive.withLock { $0 }, language: "en")
    }
}

/// A phone as its maker would write it: what it signs is computed from what it was shown.
struct TestDevice: Sendable {
    let stage: DeviceStage
    var key: SigningKey
    /// How far its clock is off.
    var drift = Duration.zero

    init(_ stage: DeviceStage, _ kind: SignatureAlgorithm = .es256) throws {
        self.stage = stage
        key = try SigningKey.generate(kind)
    }

    var credential: CredentialID {
        get throws {
            try require(key.verificationKey.publicKey.flatMap(Credential.id(ofDeviceKey:)))
        }
    }

    /// What a proof says, and what a test changes of it.
    struct Proof: Sendable {
        var type = "dpop+jwt"
        var method: String
        var address: String
        var issued: Int64?
        var id: String? = Base64URL.encode(Random.bytes(12))
        var nonce: String?
        var jwk: JSONValue?
        var key: SigningKey
    }

    func proof(
        _ method: HTTP.Method,
        _ target: String,
        _ change: (inout Proof) -> Void = { _ in }
    ) throws -> String {
        let path = String(target.prefix { $0 != "?" })
        var proof = Proof(
            method: method.name,
            address: DeviceStage.publicURL + path,
            issued: (stage.clock.now() + drift).milliseconds / 1000,
            jwk: key.verificationKey.publicKey.flatMap { VerificationKey($0).jwk },
            key: key
        )
        change(&proof)
        let header = JSONValue.members(["typ": .string(proof.type), "jwk": proof.jwk])
        let payload = JSONValue.members([
            "htm": .string(proof.method), "htu": .string(proof.address),
            "iat": proof.issued.map { .integer($0) }, "jti": .text(proof.id),
            "nonce": .text(proof.nonce),
        ])
        return try JWS.sign(
            payload: payload.bytes,
            header: header.object ?? JSONObject(),
            key: proof.key
        )
    }

    func send(
        _ method: HTTP.Method,
        _ target: String,
        _ body: JSONValue? = nil,
        _ fields: [Field] = [],
        _ change: (inout Proof) -> Void = { _ in }
    ) async throws -> Response {
        let field = Field("DPoP", try proof(method, target, change))
        return await stage.send(method, target, [field] + fields, body)
    }

    func enrol(
        _ code: EnrolmentCode,
        pin: String? = nil,
        protection: Device.Protection = .hardware,
        _ change: (inout Proof) -> Void = { _ in }
    ) async throws -> Response {
        try await send(
            .post,
            "/device/v1/enrolments",
            .members([
                "code": .string(code.text), "name": .string("Anna's phone"),
                "platform": .string("android"), "languages": .texts(["pt-BR"]),
                "protection": .string(protection.rawValue), "pin": .text(pin),
                "channels": .array([
                    .members(["channel": .string("push"), "address": .string("token-1")])
                ]),
            ]),
            [],
            change
        )
    }

    /// What the device signs for a login that it was shown.
    func signature(
        _ decision: String,
        _ document: JSONValue,
        accounts: [String] = [],
        _ change: (inout JSONValue) -> Void = { _ in },
        by other: SigningKey? = nil,
        type: String = "beckon-decision+jwt"
    ) throws -> String {
        let id = document["id"]?.string ?? ""
        let scopes =
            decision == "approve"
            ? (document["scopes"]?.array ?? []).compactMap { $0["name"]?.string } : []
        let grant = JSONValue.members(["accounts": .texts(accounts), "scopes": .texts(scopes)])
        let digest = Base64URL.decode(document["consent"]?["digest"]?.string ?? "") ?? []
        let nonce = Base64URL.decode(document["challenge_nonce"]?.string ?? "") ?? []
        let challenge = SHA256.digest(
            Array("beckon-decision-v1".utf8) + Array(id.utf8) + Array(decision.utf8)
                + SHA256.digest(grant.bytes) + digest + nonce
        )
        var payload = JSONValue.members([
            "challenge": .string(Base64URL.encode(challenge)), "login": .string(id),
            "decision": .string(decision), "digest": .string(Base64URL.encode(digest)),
        ])
        change(&payload)
        let header = JSONValue.members(["typ": .string(type)])
        return try JWS.sign(
            payload: payload.bytes,
            header: header.object ?? JSONObject(),
            key: other ?? key
        )
    }

    func document(_ id: String) async throws -> JSONValue {
        try await send(.get, "/device/v1/logins/\(id)").json
    }

    /// Decides a login as it is shown now.
    func decide(
        _ decision: String,
        _ id: String,
        pin: String? = nil,
        code: String? = nil,
        signed: Bool = true,
        as document: JSONValue? = nil,
        _ change: (inout JSONValue) -> Void = { _ in },
        by other: SigningKey? = nil,
        type: String = "beckon-decision+jwt"
    ) async throws -> Response {
        let shown = if let document { document } else { try await self.document(id) }
        let signature =
            signed ? try signature(decision, shown, change, by: other, type: type) : nil
        return try await send(
            .post,
            "/device/v1/logins/\(id)/decision",
            .members([
                "decision": .string(decision),
                "digest": decision == "approve" ? shown["consent"]?["digest"] : nil,
                "signature": .text(signature), "pin": .text(pin), "code": .text(code),
            ])
        )
    }
}

extension JSONValue {
    /// The same object with another value of a member.
    func replacing(_ name: String, _ value: JSONValue) -> JSONValue {
        let others = (object?.members ?? []).filter { $0.name != name }
        return .object(JSONObject(others + [.init(name: name, value: value)]))
    }
}
