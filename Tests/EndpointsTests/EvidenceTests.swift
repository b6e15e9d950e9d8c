import Consents
import Cryptography
import Endpoints
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Trust
import WebAuthn

/// A decided login, and the keys of whoever decided it.
private struct DecidedLogin {
    static let now = Timestamp(milliseconds: 1_930_000_000_000)

    let service: SigningKey
    let login: PendingLogin

    /// Every method of deciding, with every kind of key that it can have.
    enum Method: String, CaseIterable, Sendable {
        case tap, declined, delegation, signIn, deviceKey, deviceKeyEd25519, deviceKeyAndPIN
        case passkey, passkeyEd25519
    }

    init(_ method: Method) throws {
        service = try SigningKey.generate(.es256, id: "service")
        let consent = Consent(
            kind: Consent.Kind("uk_domestic_payment", .payment),
            clientName: "Café \u{1F6D2} \"Shop\"",
            scopes: [.init(requestedName: "payments", displayName: "Pay")],
            facts: [
                Fact(
                    .known(.amount),
                    .money(try require(Money(amount: "165.88", currency: "GBP")))
                ),
                Fact(.known(.payee), .text("ACME\nInc \u{fffe}")),
            ]
        )
        let question = Question(
            consent: consent,
            digest: ConsentForm.digest(of: consent),
            nonce: Random.bytes(32)
        )
        var login = PendingLogin.arrived(
            "login-1",
            at: Self.now,
            PendingLogin.Details(
                user: .named("alice"),
                client: .named("shop"),
                acrValues: ["urn:gold"],
                bindingMessage: BindingMessage("4711")
            )
        )
        let choice: Decision.Choice = method == .declined ? .deny : .approve
        let selection = Selection(shown: question.digest)
        let grant = choice == .approve ? try question.grant(for: selection) : .nothing
        let challenge = DecisionChallenge.bytes(
            for: choice,
            grant: grant,
            of: question,
            in: login.key.login
        )
        try login.apply(
            .prepared(question, [PendingLogin.Delivery.fixture(at: Self.now)]),
            at: Self.now
        )
        let decision = Decision(
            choice,
            evidence: try Self.evidence(method, challenge),
            at: Self.now + .seconds(5),
            challenge: challenge,
            merit: choice == .approve ? Decision.Merit(rule: "payments", acr: "urn:gold") : nil
        )
        try login.apply(.decided(decision, selection), at: Self.now + .seconds(5))
        self.login = login
    }

    private static func evidence(_ method: Method, _ challenge: [UInt8]) throws -> Evidence {
        let address = "192.0.2.7"
        switch method {
        case .tap, .declined: return Evidence(method: .tap, via: .page, address: address)
        case .delegation:
            return Evidence(
                delegate: Evidence.Delegate(client: .named("robot"), token: "t1"),
                address: address
            )
        case .signIn:
            return Evidence(
                signIn: Evidence.SignIn(
                    issuer: "https://idp.example",
                    at: now + .seconds(4),
                    context: nil,
                    methods: ["pwd"]
                ),
                via: .page,
                address: address
            )
        case .deviceKey, .deviceKeyEd25519, .deviceKeyAndPIN:
            let key = try SigningKey.generate(method == .deviceKeyEd25519 ? .edDSA : .es256)
            let payload = JSONValue.members(["challenge": .string(Base64URL.encode(challenge))])
            let proof = Evidence.Proof(
                credential: .named("phone"),
                publicKey: try require(key.verificationKey.publicKey?.info),
                statement: try JWS.sign(payload: payload.bytes, key: key)
            )
            return Evidence(
                proof: proof,
                method: method == .deviceKeyAndPIN ? .deviceKeyAndPIN : .deviceKey,
                via: .device,
                address: address
            )
        case .passkey, .passkeyEd25519:
            let authenticator = try SoftwareAuthenticator(
                method == .passkey ? .p256 : .ed25519
            )
            let assertion = try authenticator.assertion(challenge)
            let proof = Evidence.Proof(
                credential: .named("key"),
                publicKey: try require(authenticator.key.publicKey.info),
                statement: PasskeyProof(
                    clientData: assertion.clientData,
                    authenticatorData: assertion.authenticatorData,
                    signature: assertion.signature
                ).text
            )
            return Evidence(proof: proof, method: .passkey, via: .page, address: address)
        }
    }

    /// What the admin API answers.
    func document(_ login: PendingLogin? = nil) throws -> JSONValue {
        let document = try EvidenceDocument.document(
            of: login ?? self.login,
            issuer: "https://as.example",
            at: Self.now + .seconds(60),
            key: service
        )
        return try require(document)
    }

    var verifier: EvidenceVerifier { EvidenceVerifier(keys: JWKSet([service.verificationKey])) }

    /// The login after retention has erased it.
    var erased: PendingLogin {
        PendingLogin(
            key: login.key,
            terms: login.terms,
            details: PendingLogin.Details(user: .named("redacted")),
            question: nil,
            erasedDigest: login.consentDigest,
            tickets: [],
            phase: login.phase
        )
    }

    /// The document with one member changed, signed again by Beckon.
    func resealed(_ change: (inout [String: JSONValue]) -> Void) throws -> [UInt8] {
        var members: [String: JSONValue] = [:]
        for member in try document().object?.members ?? [] { members[member.name] = member.value }
        members["signature"] = nil
        change(&members)
        let body = JSONObject(
            members.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) }
        )
        let digest = SHA256.digest(
            try CanonicalJSON.bytes(of: .object(body), numbers: .exact, noncharacters: .kept)
        )
        let signature = try JWS.sign(
            payload: JSONValue.members(["sha256": .string(Base64URL.encode(digest))]).bytes,
            header: JSONObject([.init(name: "typ", value: .string("beckon-evidence+jwt"))]),
            key: service
        )
        return JSONValue.object(
            JSONObject(body.members + [.init(name: "signature", value: .string(signature))])
        ).bytes
    }
}

extension JSONValue {
    /// The value with the member at a path replaced.
    fileprivate func replacing(_ path: [String], _ change: (String) -> String) -> JSONValue {
        guard let name = path.first, let object else {
            return string.map { .string(change($0)) } ?? self
        }
        return .object(
            JSONObject(
                object.members.map { member in
                    member.name != name
                        ? member
                        : .init(
                            name: name,
                            value: member.value.replacing(Array(path.dropFirst()), change)
                        )
                }
            )
        )
    }
}

@Suite("The evidence of a decision", .timeLimit(.minutes(5)))
struct EvidenceTests {
    private typealias Method = DecidedLogin.Method

    /// Method and what is said of it.
    static let words: [(String, String)] = [
        ("tap", "No key of the user signed"),
        ("declined", "alice declined login login-1"),
        ("delegation", "never the user's authentication"),
        ("signIn", "signed in at https://idp.example"),
        ("deviceKey", "device key phone"),
        ("deviceKeyEd25519", "device key phone"),
        ("deviceKeyAndPIN", "Beckon checked the user's PIN"),
        ("passkey", "at https://login.bank.example after it verified the user"),
        ("passkeyEd25519", "credential key"),
    ]

    @Test("verifies, and states the decision and the evidence for it in words", arguments: words)
    func verifies(method: String, says: String) throws {
        let decided = try DecidedLogin(try #require(Method(rawValue: method)))
        let text = try decided.verifier.verify(try decided.document().bytes)
            .joined(separator: "\n")
        #expect(text.contains(says), "\(text)")
        #expect(text.contains("amount: 165.88 GBP"))
        #expect(text.contains("Recorded and signed by Beckon at https://as.example, key service."))
        #expect(text.contains("rule \"payments\", with acr urn:gold") == (method != "declined"))
    }

    // rule: P8
    @Test("does not verify with any byte changed", arguments: words.map(\.0))
    func mutated(method: String) throws {
        let decided = try DecidedLogin(try #require(Method(rawValue: method)))
        let verifier = decided.verifier
        let document = try decided.document()
        let bytes = document.bytes
        var tried = 0
        for position in stride(from: 0, to: bytes.count, by: 2) {
            var changed = bytes
            changed[position] ^= 1 << UInt8(position / 2 % 7)
            // Another way to write the same.
            if (try? JSONValue(changed)) == document { continue }
            tried += 1
            #expect(throws: EvidenceVerifier.Fault.self, "byte \(position)") {
                _ = try verifier.verify(changed)
            }
        }
        #expect(tried > 600)
    }

    /// Shown text, challenge, key, signature and time; of decisions without a key what they have.
    static let members: [[String]] = [
        ["shown", "consent"], ["challenge"], ["proof", "public_key"], ["proof", "statement"],
        ["signature"], ["decision", "decided_at"],
    ]

    /// 9 methods × 112 decisions, each with 10 changes.
    @Test(
        "of a thousand decisions verifies, and with ten thousand changes of a byte it does not",
        arguments: words.map(\.0)
    )
    func many(method: String) throws {
        let method = try #require(Method(rawValue: method))
        let seed = UInt64.random(in: .min ... .max)
        var random = SeededGenerator(seed: seed)
        for number in 0..<112 {
            let decided = try DecidedLogin(method)
            let verifier = decided.verifier
            let document = try decided.document()
            #expect(try verifier.verify(document.bytes).count > 3)
            let paths = Self.members.filter { path in
                path.reduce(document) { $0[$1] ?? .null }.string != nil
            }
            for step in 0..<10 {
                let path = paths[step % paths.count]
                let changed = document.replacing(path) { text in
                    var bytes = Array(text.utf8)
                    let position = Int.random(in: bytes.indices, using: &random)
                    // A letter, so that it stays text; another one than was there.
                    let letter = UInt8.random(in: 0x61...0x79, using: &random)
                    bytes[position] = bytes[position] == letter ? letter + 1 : letter
                    return String(decoding: bytes, as: UTF8.self)
                }
                #expect(throws: EvidenceVerifier.Fault.self, "seed \(seed), \(number) \(path)") {
                    _ = try verifier.verify(changed.bytes)
                }
            }
        }
    }

    /// The paths of members that the user's key or the challenge covers.
    static let covered: [[String]] = [
        ["shown", "consent"], ["shown", "digest"], ["shown", "nonce"], ["challenge"],
        ["login", "id"], ["decision", "choice"], ["proof", "statement"], ["proof", "public_key"],
    ]

    @Test(
        "does not verify with what the user signed changed, even if Beckon signs it again",
        arguments: covered,
        ["deviceKey", "deviceKeyEd25519", "deviceKeyAndPIN", "passkey", "passkeyEd25519"]
    )
    func resealed(path: [String], method: String) throws {
        let decided = try DecidedLogin(try #require(Method(rawValue: method)))
        let verifier = decided.verifier
        // As it is, it holds.
        _ = try verifier.verify(try decided.resealed { _ in })
        let original = path.reduce(try decided.document()) { $0[$1] ?? .null }.string ?? ""
        #expect(!original.isEmpty)
        for step in 1...8 {
            let position = original.utf8.count * step / 9
            let bytes = try decided.resealed { members in
                members[path[0]] = members[path[0]]?.replacing(Array(path.dropFirst())) { text in
                    var bytes = Array(text.utf8)
                    bytes[position] = bytes[position] == 0x41 ? 0x42 : 0x41
                    return String(decoding: bytes, as: UTF8.self)
                }
            }
            #expect(throws: EvidenceVerifier.Fault.self, "\(path) \(position)") {
                _ = try verifier.verify(bytes)
            }
        }
    }

    @Test("does not verify with the keys of somebody else")
    func otherKeys() throws {
        let decided = try DecidedLogin(.tap)
        let other = EvidenceVerifier(
            keys: JWKSet([try SigningKey.generate(.es256, id: "service").verificationKey])
        )
        #expect(throws: EvidenceVerifier.Fault.self) {
            _ = try other.verify(try decided.document().bytes)
        }
    }

    @Test(
        "outlives the login's erasure as digest, challenge and signature",
        arguments: ["tap", "passkey", "deviceKey"]
    )
    func erased(method: String) throws {
        let decided = try DecidedLogin(try #require(Method(rawValue: method)))
        let document = try decided.document(decided.erased)
        let bytes = document.bytes
        let digest = try #require(decided.login.consentDigest)
        #expect(document["shown"]?["digest"]?.string == Base64URL.encode(digest.bytes))
        #expect(document["challenge"] != nil)
        let text = String(decoding: bytes, as: UTF8.self)
        for personal in ["alice", "165.88", "ACME", "4711", "shop"] {
            #expect(!text.contains(personal))
        }
        let words = try decided.verifier.verify(bytes).joined(separator: "\n")
        #expect(words.contains("What was shown has been erased"))
        #expect(words.contains("The signature holds") == (method != "tap"))
    }
}

@Suite("The evidence of a login in the admin API", .timeLimit(.minutes(3)))
struct EvidenceRouteTests {
    @Test("is exported signed, and only of a login that somebody decided")
    func exported() async throws {
        try await Stage.with { stage in
            let waits = try await stage.prompt(id: "waits")
            let denied = try await stage.prompt(id: "denied")
            _ = await stage.choose("deny", denied.ticket)
            let api = try await APIStage(logins: stage.store, clock: stage.clock)
            func get(_ id: String) async throws -> Response {
                try await api.send(.get, "/admin/v1/logins/acp/\(id)/evidence", as: "reader")
            }
            let answer = try await get("denied")
            #expect(answer.status == 200, "\(answer.text)")
            let verifier = EvidenceVerifier(keys: api.keys.published(at: stage.clock.now()))
            let words = try verifier.verify(Array(answer.text.utf8)).joined(separator: "\n")
            #expect(words.contains("declined login denied"))
            #expect(try await get(waits.id).status == 404)
            #expect(try await get("none").status == 404)
            let path = "/admin/v1/logins/acp/denied/evidence"
            #expect(try await api.send(.get, path, as: "bank").status == 403)
        }
    }
}
