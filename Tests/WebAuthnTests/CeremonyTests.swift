import Cryptography
import TestSupport
import Testing
import Texts
import WebAuthn

/// A passkey that is registered, and the rules that it is judged by.
struct Ceremony {
    var authenticator: SoftwareAuthenticator
    var rules = PasskeyRules(
        id: "login.bank.example",
        origins: ["https://login.bank.example"]
    )
    let challenge = [UInt8](repeating: 9, count: 32)
    let handle: [UInt8] = [1, 2, 3]

    init(_ kind: KeyKind = .p256) throws { authenticator = try SoftwareAuthenticator(kind) }

    func register(isSelfAttested: Bool = false) throws -> Passkey {
        try register(authenticator.registration(challenge, isSelfAttested: isSelfAttested))
    }

    func register(_ answer: SoftwareAuthenticator.Registration) throws(PasskeyRefusal) -> Passkey {
        try rules.register(
            PasskeyRegistration(
                id: answer.id,
                clientData: answer.clientData,
                attestation: answer.attestation
            ),
            challenge: challenge
        )
    }

    func assert(_ passkey: Passkey, handle: [UInt8]? = nil) throws -> PasskeyUse {
        try assert(authenticator.assertion(challenge), by: passkey, handle: handle)
    }

    func assert(
        _ answer: SoftwareAuthenticator.Assertion,
        by passkey: Passkey,
        handle: [UInt8]? = nil
    ) throws(PasskeyRefusal) -> PasskeyUse {
        let proof = PasskeyProof(
            clientData: answer.clientData,
            authenticatorData: answer.authenticatorData,
            signature: answer.signature
        )
        return try rules.verify(
            PasskeyAssertion(id: answer.id, userHandle: handle, proof: proof),
            by: passkey,
            of: self.handle,
            challenge: challenge
        )
    }
}

@Suite("A passkey")
struct CeremonyTests {
    static let kinds: [KeyKind] = [.p256, .ed25519, .rsa(bits: 2048)]

    @Test(
        "registers and signs, with each algorithm and attestation",
        arguments: kinds,
        [false, true]
    )
    func works(kind: KeyKind, isSelfAttested: Bool) throws {
        let ceremony = try Ceremony(kind)
        let passkey = try ceremony.register(isSelfAttested: isSelfAttested)
        #expect(passkey.key.key == ceremony.authenticator.key.publicKey)
        #expect(passkey.id == ceremony.authenticator.id)
        let use = try ceremony.assert(passkey, handle: ceremony.handle)
        #expect(use.passkey == passkey && !use.isSuspect)
    }

    @Test("is refused if any byte of a registration differs", arguments: kinds)
    func registrationBytes(kind: KeyKind) throws {
        let ceremony = try Ceremony(kind)
        let good = try ceremony.authenticator.registration(ceremony.challenge, isSelfAttested: true)
        _ = try ceremony.register(good)
        for index in good.attestation.indices {
            var answer = good
            answer.attestation = good.attestation.flipped(at: index)
            #expect(throws: PasskeyRefusal.self, "attestation \(index)") {
                try ceremony.register(answer)
            }
        }
        for index in good.clientData.indices {
            var answer = good
            answer.clientData = good.clientData.flipped(at: index)
            #expect(throws: PasskeyRefusal.self, "client data \(index)") {
                try ceremony.register(answer)
            }
        }
    }

    // rule: W2
    @Test("is refused if any byte of an assertion differs", arguments: kinds)
    func assertionBytes(kind: KeyKind) throws {
        let ceremony = try Ceremony(kind)
        let passkey = try ceremony.register()
        let good = try ceremony.authenticator.assertion(ceremony.challenge)
        _ = try ceremony.assert(good, by: passkey)
        let groups: [WritableKeyPath<SoftwareAuthenticator.Assertion, [UInt8]>] = [
            \.clientData, \.authenticatorData, \.signature,
        ]
        for group in groups {
            for index in good[keyPath: group].indices {
                var answer = good
                answer[keyPath: group] = good[keyPath: group].flipped(at: index)
                #expect(throws: PasskeyRefusal.self, "\(group) \(index)") {
                    try ceremony.assert(answer, by: passkey)
                }
            }
            var answer = good
            answer[keyPath: group] += [0]
            #expect(throws: PasskeyRefusal.self, "\(group)") {
                try ceremony.assert(answer, by: passkey)
            }
        }
    }

    typealias Change = @Sendable (inout SoftwareAuthenticator) -> Void

    /// What is wrong for a registration and for an assertion; the signature is always good.
    static let both: [(String, PasskeyRefusal, Change)] = [
        (
            "another site", .origin("https://login.bank.example.evil"),
            { $0.origin = "https://login.bank.example.evil" }
        ),
        (
            "upper case", .origin("https://Login.bank.example"),
            { $0.origin = "https://Login.bank.example" }
        ),
        (
            "a port", .origin("https://login.bank.example:443"),
            { $0.origin = "https://login.bank.example:443" }
        ),
        ("http", .origin("http://login.bank.example"), { $0.origin = "http://login.bank.example" }),
        ("an app", .origin("android:apk-key-hash:abc"), { $0.origin = "android:apk-key-hash:abc" }),
        ("no origin", .origin(""), { $0.origin = "" }),
        ("another relying party", .relyingParty, { $0.relyingParty = "bank.example" }),
        ("not present", .userNotPresent, { $0.flags = [.verified] }),
        ("not verified", .userNotVerified, { $0.flags = [.present] }),
        ("backed up, not eligible", .backup, { $0.flags = [.present, .verified, .backedUp] }),
        (
            "extensions missing", .authenticatorData(.notCBOR(CBORError(.unexpectedEnd, at: 0))),
            { $0.flags = [.present, .verified, .extended] }
        ),
        (
            "extensions no map", .authenticatorData(.extensions),
            {
                $0.flags = [.present, .verified, .extended]; $0.extensions = [0x80]
            }
        ),
        (
            "trailing bytes", .authenticatorData(.trailingBytes),
            {
                $0.flags = [.present, .verified, .extended]; $0.extensions = [0xA0, 0x00]
            }
        ),
        ("a type of the other", .type, { $0.type = "payment.get" }),
        ("in a frame", .topOrigin(nil), { $0.more = #","crossOrigin":true"# }),
        (
            "in another's frame", .topOrigin("https://evil.example"),
            { $0.more = #","crossOrigin":true,"topOrigin":"https://evil.example""# }
        ),
        (
            "a top origin without a frame", .topOrigin("https://top.example"),
            { $0.more = #","topOrigin":"https://top.example""# }
        ),
        ("crossOrigin a text", .clientData, { $0.more = #","crossOrigin":"false""# }),
        ("a member twice", .clientData, { $0.more = #","type":"webauthn.get""# }),
    ]

    // rule: W4
    @Test("is refused for what is signed but wrong, when it registers", arguments: both.indices)
    func wrongRegistration(index: Int) throws {
        let (name, expected, change) = Self.both[index]
        var ceremony = try Ceremony()
        change(&ceremony.authenticator)
        let refusal = #expect(throws: PasskeyRefusal.self, "\(name)") { try ceremony.register() }
        #expect(refusal?.word == expected.word, "\(name)")
    }

    // rule: W2
    @Test("is refused for what is signed but wrong, when it signs", arguments: both.indices)
    func wrongAssertion(index: Int) throws {
        let (name, expected, change) = Self.both[index]
        var ceremony = try Ceremony()
        let passkey = try ceremony.register()
        change(&ceremony.authenticator)
        let refusal = #expect(throws: PasskeyRefusal.self, "\(name)") {
            try ceremony.assert(passkey)
        }
        #expect(refusal?.word == expected.word, "\(name)")
    }

    @Test("may come from an app or a frame that the rules name")
    func allowedOrigins() throws {
        var ceremony = try Ceremony()
        ceremony.rules.origins.insert("android:apk-key-hash:abc")
        ceremony.rules.topOrigins = ["https://top.example"]
        ceremony.authenticator.origin = "android:apk-key-hash:abc"
        let passkey = try ceremony.register()
        ceremony.authenticator.more = #","crossOrigin":true,"topOrigin":"https://top.example""#
        _ = try ceremony.assert(passkey)
    }

    @Test("may come with client data of members that nobody knows, and with extensions")
    func unknownMembers() throws {
        var ceremony = try Ceremony()
        ceremony.authenticator.more =
            #","crossOrigin":false,"tokenBinding":{"status":"x"},"new":[1]"#
        ceremony.authenticator.flags.insert(.extended)
        ceremony.authenticator.extensions = CBORText.map([(CBORText.text("uvm"), [0x80])])
        let passkey = try ceremony.register(isSelfAttested: true)
        _ = try ceremony.assert(passkey)
    }

    @Test("is refused with a byte order mark before its client data")
    func byteOrderMark() throws {
        let ceremony = try Ceremony()
        let passkey = try ceremony.register()
        var answer = try ceremony.authenticator.assertion(ceremony.challenge)
        answer.clientData = [0xEF, 0xBB, 0xBF] + answer.clientData
        answer.signature = try ceremony.authenticator.sign(
            answer.authenticatorData + SHA256.digest(answer.clientData)
        )
        #expect(throws: PasskeyRefusal.clientData) { try ceremony.assert(answer, by: passkey) }
    }

    /// The stored counter, the next one, and whether it grew as it must.
    static let counters: [(UInt32, UInt32, Bool)] = [
        (0, 0, true), (0, 5, true), (5, 6, true), (5, .max, true),
        (5, 5, false), (5, 4, false), (5, 0, false), (.max, 0, false),
    ]

    // rule: W3
    @Test("has a counter that grows, or always zero", arguments: counters)
    func counter(stored: UInt32, received: UInt32, grows: Bool) throws {
        var ceremony = try Ceremony()
        ceremony.authenticator.counter = stored
        let passkey = try ceremony.register()
        #expect(passkey.counter == stored)
        ceremony.authenticator.counter = received
        if grows {
            #expect(try ceremony.assert(passkey).passkey.counter == received)
        } else {
            #expect(throws: PasskeyRefusal.counter(stored: stored, received: received)) {
                try ceremony.assert(passkey)
            }
        }
        ceremony.rules.counter = .mark
        let use = try ceremony.assert(passkey)
        #expect(use.isSuspect == !grows && use.passkey.counter == max(stored, received))
    }

    /// Whether it was eligible and backed up at registration, and then; and whether that may be.
    static let backups: [(SoftwareAuthenticator.Flags, SoftwareAuthenticator.Flags, Bool)] = [
        ([], [], true), ([.backupEligible], [.backupEligible, .backedUp], true),
        ([.backupEligible, .backedUp], [.backupEligible], true),
        ([], [.backupEligible], false), ([.backupEligible], [], false),
    ]

    @Test("may be backed up later, but not become eligible", arguments: backups.indices)
    func backup(index: Int) throws {
        let (before, after, isAccepted) = Self.backups[index]
        var ceremony = try Ceremony()
        ceremony.authenticator.flags.formUnion(before)
        let passkey = try ceremony.register()
        ceremony.authenticator.flags = [.present, .verified, after]
        if isAccepted {
            #expect(
                try ceremony.assert(passkey).passkey.isBackedUp == after.contains(.backedUp)
            )
        } else {
            #expect(throws: PasskeyRefusal.backup) { try ceremony.assert(passkey) }
        }
    }

    @Test("signs for its own user and under its own id")
    func owner() throws {
        var ceremony = try Ceremony()
        let passkey = try ceremony.register()
        #expect(throws: PasskeyRefusal.user) { try ceremony.assert(passkey, handle: [1, 2]) }
        ceremony.authenticator.id = [5]
        #expect(throws: PasskeyRefusal.credential) { try ceremony.assert(passkey) }
        ceremony.authenticator.id = passkey.id
        ceremony.authenticator.flags.insert(.attested)
        #expect(throws: PasskeyRefusal.credential) { try ceremony.assert(passkey) }
    }

    // rule: W1
    @Test("is refused for another challenge, also one that its own begins with")
    func challenge() throws {
        let ceremony = try Ceremony()
        let passkey = try ceremony.register()
        for challenge in [[], Array(ceremony.challenge[1...]), ceremony.challenge + [9]] {
            let answer = try ceremony.authenticator.assertion(challenge)
            #expect(throws: PasskeyRefusal.challenge) { try ceremony.assert(answer, by: passkey) }
        }
    }

    /// A format and a statement, and what the strict and the lenient rules say.
    static let statements: [(String, [UInt8], PasskeyRefusal?, PasskeyRefusal?)] = [
        ("none", [0xA0], nil, nil),
        (
            "none", CBORText.map([(CBORText.text("sig"), [0x40])]), .attestationStatement,
            .attestationStatement
        ),
        ("packed", [0xA0], .attestationStatement, .attestationStatement),
        (
            "packed", CBORText.map([(CBORText.text("x5c"), [0x80])]), .attestationFormat("packed"),
            nil
        ),
        ("tpm", [0xA0], .attestationFormat("tpm"), nil),
        ("fido-u2f", [0xA0], .attestationFormat("fido-u2f"), nil),
        ("made-up", [0xA0], .attestationFormat("made-up"), nil),
        ("None", [0xA0], .attestationFormat("None"), nil),
        ("none", [0x80], .attestationObject, .attestationObject),
        ("none", [0xF6], .attestationObject, .attestationObject),
    ]

    // rule: W4
    @Test("has an attestation as the rules take it", arguments: statements.indices)
    func statement(index: Int) throws {
        let (format, statement, strict, lenient) = Self.statements[index]
        var ceremony = try Ceremony()
        let authenticator = ceremony.authenticator
        var answer = try authenticator.registration(ceremony.challenge)
        answer.attestation = SoftwareAuthenticator.attestationObject(
            format,
            statement,
            authenticator.authenticatorData(
                authenticator.flags.union(.attested),
                authenticator.attestedCredential
            )
        )
        for (attestation, expected) in [
            (PasskeyRules.Attestation.noneOrSelf, strict), (.ignored, lenient),
        ] {
            ceremony.rules.attestation = attestation
            let outcome = Result { () throws(PasskeyRefusal) in try ceremony.register(answer) }
            switch outcome {
            case .success: #expect(expected == nil)
            case .failure(let refusal): #expect(refusal == expected)
            }
        }
    }

    @Test("has an id of 1 to 1023 bytes")
    func longID() throws {
        for (count, isTaken) in [(0, false), (1, true), (1023, true), (1024, false)] {
            var ceremony = try Ceremony()
            ceremony.authenticator.id = [UInt8](repeating: 3, count: count)
            let answer = try ceremony.authenticator.registration(ceremony.challenge)
            let isRegistered = (try? ceremony.register(answer)) != nil
            #expect(isRegistered == isTaken, "\(count)")
        }
    }
}
