import Cryptography
import JSON
import TestSupport
import Testing
import WebAuthn

/// What a browser returns of a passkey's registration and of its use.
private struct Ceremonies {
    var id, client, attestation, assertionClient, data, signature: [UInt8]

    /// Made by soft-webauthn.
    init(_ made: JSONValue) throws {
        func bytes(_ value: JSONValue?) throws -> [UInt8] {
            try #require(value?.string.flatMap { Base64URL.decode($0) })
        }
        let used = made["assertion"]
        id = try bytes(made["id"])
        client = try bytes(made["client"])
        attestation = try bytes(made["attestation"])
        assertionClient = try bytes(used?["client"])
        data = try bytes(used?["data"])
        signature = try bytes(used?["signature"])
    }

    /// Made by our own authenticator for tests; `later` is the same when it is used.
    init(_ authenticator: SoftwareAuthenticator, later: SoftwareAuthenticator) throws {
        let made = try authenticator.registration(ForeignLibraryTests.challenge)
        let used = try later.assertion(ForeignLibraryTests.challenge)
        id = made.id
        client = made.clientData
        attestation = made.attestation
        assertionClient = used.clientData
        data = used.authenticatorData
        signature = used.signature
    }

    /// The question to fido2.
    var job: JSONValue {
        func text(_ bytes: [UInt8]) -> JSONValue { .string(Base64URL.encode(bytes)) }
        return .members([
            "action": .string("judge"), "rp": .string(ForeignLibraryTests.party),
            "origin": .string(ForeignLibraryTests.origin),
            "challenge": text(ForeignLibraryTests.challenge), "id": text(id),
            "client": text(client), "attestation": text(attestation),
            "assertion": .members([
                "client": text(assertionClient), "data": text(data), "signature": text(signature),
            ]),
        ])
    }

    /// Our own judgement.
    var isAccepted: Bool {
        let rules = PasskeyRules(
            id: ForeignLibraryTests.party,
            origins: [ForeignLibraryTests.origin]
        )
        let challenge = ForeignLibraryTests.challenge
        let proof = PasskeyProof(
            clientData: assertionClient,
            authenticatorData: data,
            signature: signature
        )
        do {
            let passkey = try rules.register(
                PasskeyRegistration(id: id, clientData: client, attestation: attestation),
                challenge: challenge
            )
            _ = try rules.verify(
                PasskeyAssertion(id: id, userHandle: nil, proof: proof),
                by: passkey,
                of: [1],
                challenge: challenge
            )
            return true
        } catch {
            return false
        }
    }

    // MARK: Changes

    /// A group of bytes, by name.
    typealias Group = (name: String, part: WritableKeyPath<Self, [UInt8]>, range: Range<Int>)

    /// Every byte is in one group.
    func groups() throws -> [Group] {
        let party = SHA256.digest(Array(ForeignLibraryTests.party.utf8))
        let start = try #require(
            attestation.indices.first { attestation[$0...].starts(with: party) }
        )
        var groups: [Group] = [
            ("client data of the registration", \.client, client.indices),
            ("attestation object", \.attestation, 0..<start),
        ]
        var next = start
        for (name, length) in [
            ("relying party", 32), ("flags", 1), ("counter", 4), ("model", 16), ("length", 2),
            ("credential id", id.count), ("key", attestation.count - start - 55 - id.count),
        ] {
            groups.append(("\(name) at registration", \.attestation, next..<next + length))
            next += length
        }
        try #require(next == attestation.count)
        return groups + [
            ("client data of the assertion", \.assertionClient, assertionClient.indices),
            ("relying party", \.data, 0..<32), ("flags", \.data, 32..<33),
            ("counter", \.data, 33..<37), ("signature", \.signature, signature.indices),
        ]
    }

    /// Each byte of each group with another bit, and each flag.
    func changes() throws -> [(name: String, Self)] {
        try groups().flatMap { group in
            group.range.flatMap { index in
                (group.name.hasPrefix("flags") ? 0..<8 : 0..<1).map { bit in
                    var changed = self
                    changed[keyPath: group.part][index] ^= 1 << UInt8(bit)
                    return (group.range.count == 1 ? "\(group.name) \(bit)" : group.name, changed)
                }
            }
        }
    }
}

@Suite(
    "A foreign WebAuthn server",
    .enabled(
        if: ForeignLibrary.isWanted(in: "webauthn"),
        "make interop installs fido2 and runs this"
    )
)
struct ForeignLibraryTests {
    fileprivate static let party = "login.bank.example"
    fileprivate static let origin = "https://login.bank.example"
    fileprivate static let challenge = [UInt8](1...32)

    /// What we refuse and fido2 does not look at. Everything else is judged alike.
    private static let stricter: Set<String> = [
        // A format of attestation that nobody asked for.
        "attestation object",
        // A passkey that cannot be backed up and is, or that can be later.
        "flags at registration 3", "flags at registration 4",
        // A counter that does not grow with the first use.
        "counter at registration",
        // A key whose members contradict each other.
        "key at registration",
    ]

    private func ask(_ jobs: [JSONValue]) throws -> [JSONValue] {
        let answers = try ForeignLibrary.ask(jobs, script: "fido.py", in: "webauthn")
        try #require(answers.count == jobs.count)
        return answers
    }

    /// What soft-webauthn makes, and our own authenticator with each kind of key.
    private func ceremonies() throws -> [(name: String, Ceremonies)] {
        let job = JSONValue.members([
            "action": .string("make"), "rp": .string(Self.party), "origin": .string(Self.origin),
            "challenge": .string(Base64URL.encode(Self.challenge)),
        ])
        let made = try ForeignLibrary.result(try #require(try ask([job]).first))
        let own = try [KeyKind.p256, .ed25519, .rsa(bits: 2048)].map { kind in
            let authenticator = try SoftwareAuthenticator(kind)
            return ("\(kind)", try Ceremonies(authenticator, later: authenticator))
        }
        return [("soft-webauthn", try Ceremonies(made))] + own
    }

    // rule: W2, W4
    @Test("agrees with ours on passkeys, and on every changed byte of them")
    func bytes() throws {
        var refused: Set<String> = []
        for (maker, good) in try ceremonies() {
            let changes = try good.changes()
            let answers = try ask([good.job] + changes.map(\.1.job))
            #expect(good.isAccepted && answers[0]["ok"] == .bool(true), "\(maker): \(answers[0])")
            var accepted = 0
            for ((name, changed), answer) in zip(changes, answers.dropFirst()) {
                let theirs = answer["ok"] != nil
                if theirs, !changed.isAccepted { refused.insert(name) }
                #expect(theirs || !changed.isAccepted, "\(maker), \(name): \(answer)")
                if theirs, changed.isAccepted { accepted += 1 }
            }
            // Nobody signs the model at registration.
            #expect(accepted >= 16, "\(maker)")
        }
        #expect(refused == Self.stricter)
    }

    typealias Change = @Sendable (inout SoftwareAuthenticator) -> Void

    /// Wrong, but signed.
    private static let signed: [(String, Change)] = [
        ("another origin", { $0.origin = "https://login.bank.example.evil" }),
        ("a port", { $0.origin = "https://login.bank.example:8443" }),
        ("plain http", { $0.origin = "http://login.bank.example" }),
        ("another relying party", { $0.relyingParty = "bank.example" }),
        ("another type", { $0.type = "payment.get" }),
        ("nobody present", { $0.flags = [.verified] }),
        ("nobody verified", { $0.flags = [.present] }),
        ("no flags", { $0.flags = [] }),
    ]

    @Test("agrees with ours on what is signed but wrong", arguments: signed.indices)
    func wrong(index: Int) throws {
        let (name, change) = Self.signed[index]
        for kind in [KeyKind.p256, .ed25519, .rsa(bits: 2048)] {
            let right = try SoftwareAuthenticator(kind)
            var wrong = right
            change(&wrong)
            let cases = [
                try Ceremonies(right, later: wrong), try Ceremonies(wrong, later: right),
            ]
            for (ceremonies, answer) in zip(cases, try ask(cases.map(\.job))) {
                #expect(!ceremonies.isAccepted && answer["ok"] == nil, "\(kind), \(name)")
            }
        }
    }

    @Test("agrees with ours on counters, extensions and backups", arguments: [0, 1, 2, 3, 4])
    func fine(index: Int) throws {
        var first = try SoftwareAuthenticator(.p256)
        if index == 1 { first.counter = 7 }
        if index == 2 { first.flags.insert(.backupEligible) }
        if index == 3 { first.more = #","crossOrigin":false,"other":[1]"# }
        if index == 4 {
            first.flags.insert(.extended)
            first.extensions = CBORText.map([(CBORText.text("uvm"), [0x80])])
        }
        var later = first
        if index == 1 { later.counter = 8 }
        if index == 2 { later.flags.insert(.backedUp) }
        let ceremonies = try Ceremonies(first, later: later)
        let answer = try #require(try ask([ceremonies.job]).first)
        #expect(ceremonies.isAccepted && answer["ok"] == .bool(true), "\(answer)")
    }
}
