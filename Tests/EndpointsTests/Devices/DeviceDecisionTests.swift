import Access
import Consents
import Cryptography
import Devices
import Endpoints
import Engine
import HTTP
import JOSE
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("A decision by a device's key", .timeLimit(.minutes(5)))
struct DeviceDecisionTests {
    // rule: P1, P7, W1
    @Test(
        "is recorded with its signature, which anyone can verify",
        arguments: [SignatureAlgorithm.es256, .edDSA],
        [nil, "4711"]
    )
    func approved(kind: SignatureAlgorithm, pin: String?) async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone(kind, pin: pin)
            let number = try await stage.prompt("one")
            let shown = try await phone.document("one")
            let methods = ["device_key"] + (pin == nil ? [] : ["device_key_pin"])
            #expect(shown["methods"] == .texts(methods))
            #expect(shown["allowed_decisions"]?.strings?.contains("approve") == true)
            let canonical = shown["consent_canonical"]?.string ?? ""
            let digest = Base64URL.encode(SHA256.digest(Array(canonical.utf8)))
            #expect(shown["consent"]?["digest"] == .string(digest))
            let answer = try await phone.decide("approve", "one", pin: pin)
            #expect(answer.status == 200)
            #expect(answer.json["decision"] == .string("approve"))
            #expect(answer.json["answered_elsewhere"] == .bool(false))
            let decision = try #require(try await stage.outcome(number)?.decision)
            #expect(decision.evidence.method == (pin == nil ? .deviceKey : .deviceKeyAndPIN))
            #expect(decision.evidence.via == .device)
            #expect(decision.evidence.address == "192.0.2.7")
            let proof = try #require(decision.evidence.proof)
            let key = VerificationKey(try PublicKey(info: proof.publicKey))
            let jws = try JWS.verify(proof.statement, keys: JWKSet([key]), allowed: [kind])
            let signed = try JSONValue(jws.payload)["challenge"]?.string
            #expect(signed.flatMap(Base64URL.decode) == decision.challenge)
            // The same again has the same receipt; the opposite is refused with it.
            let again = try await phone.decide("approve", "one", pin: pin, as: shown)
            #expect(again.status == 200)
            let other = try await phone.send(
                .post,
                "/device/v1/logins/one/decision",
                .members([
                    "decision": .string("approve"), "digest": shown["consent"]?["digest"],
                    "scopes": .array([]), "signature": .string(proof.statement),
                ])
            )
            #expect(other.status == 409 && other.json["login"] != nil)
            let denied = try await phone.decide("deny", "one", signed: false)
            #expect(denied.status == 409)
            #expect(denied.json["login"]?["decision"] == .string("approve"))
            #expect(denied.json["login"]?["answered_elsewhere"] == .bool(false))
        }
    }

    @Test("is refused once its user may not approve any more", arguments: [nil, "4711"])
    func disabled(pin: String?) async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone(.es256, pin: pin)
            let number = try await stage.prompt("one")
            stage.people.areActive.withLock { $0 = false }
            #expect(try await phone.decide("approve", "one", pin: pin).status == 403)
            #expect(try await stage.outcome(number) == nil)
            stage.people.areActive.withLock { $0 = true }
            #expect(try await phone.decide("approve", "one", pin: pin).status == 200)
            #expect(try await stage.outcome(number)?.isApproval == true)
        }
    }

    typealias Change = @Sendable (inout JSONValue) -> Void

    /// What is wrong with what was signed, and the reason in the audit.
    static let wrongs: [(String, String, Int, Change)] = [
        (
            "another challenge", "challenge", 422,
            { $0 = $0.replacing("challenge", .string(Base64URL.encode(Random.bytes(32)))) }
        ),
        ("no challenge", "challenge", 422, { $0 = $0.replacing("challenge", .null) }),
        ("another login", "challenge", 422, { $0 = $0.replacing("login", .string("two")) }),
        ("another decision", "challenge", 422, { $0 = $0.replacing("decision", .string("deny")) }),
        (
            "another digest", "challenge", 422,
            { $0 = $0.replacing("digest", .string(Base64URL.encode(Random.bytes(32)))) }
        ),
    ]

    // rule: P7, A8, F10
    @Test("is refused for what is wrong with what was signed", arguments: wrongs.indices)
    func wrong(index: Int) async throws {
        let (name, reason, status, change) = Self.wrongs[index]
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let number = try await stage.prompt("one")
            try await stage.prompt("two")
            let answer = try await phone.decide("approve", "one", change)
            #expect(answer.status == status, "\(name)")
            #expect(try await stage.outcome(number) == nil)
            #expect(try await stage.refusals() == [reason])
            // What is signed is no secret that could be guessed.
            #expect(try await stage.store.failures(of: DeviceStage.user).failures == 0)
        }
    }

    // rule: P3, P7, R3
    @Test("is refused over another consent than the current one, which another login has")
    func otherConsent() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let number = try await stage.prompt("one")
            let other = Consent(
                clientName: "Kiosk 12",
                scopes: [.init(requestedName: "payments", displayName: "Pay")]
            )
            try await stage.prompt("two", other)
            let shown = try await phone.document("two").replacing("id", .string("one"))
            let answer = try await phone.decide("approve", "one", as: shown)
            #expect(answer.status == 422)
            // The digest in the request is right, what was signed is not.
            let right = try await phone.document("one")
            let signature = try phone.signature("approve", shown)
            let mixed = try await phone.send(
                .post,
                "/device/v1/logins/one/decision",
                .members([
                    "decision": .string("approve"), "digest": right["consent"]?["digest"],
                    "signature": .string(signature),
                ])
            )
            #expect(mixed.status == 422)
            #expect(try await stage.outcome(number) == nil)
        }
    }

    // rule: P2, P3, N7
    @Test("with a bad signature looks like one with a wrong PIN, and both count together")
    func badSignature() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone(pin: "4711")
            let number = try await stage.prompt("one")
            let stranger = try SigningKey.generate(.es256)
            var bodies: [JSONValue] = []
            for attempt in 0..<4 {
                let answer =
                    attempt.isMultiple(of: 2)
                    ? try await phone.decide("approve", "one", pin: "4711", by: stranger)
                    : try await phone.decide("approve", "one", pin: "0000")
                #expect(answer.status == 403)
                #expect(answer.json["attempts_left"] == .integer(4 - attempt))
                bodies.append(answer.json.replacing("attempts_left", .null))
            }
            #expect(Set(bodies).count == 1)
            let typed = try await phone.decide("approve", "one", pin: "4711", type: "JWT")
            #expect(typed.json["type"] == .string("urn:beckon:problem:user-blocked"))
            #expect(try await stage.outcome(number) == nil)
            #expect(
                try await stage.refusals() == ["signature", "pin", "signature", "pin", "signature"]
            )
        }
    }

    /// What there is against an approval before its signature is looked at, and the status.
    static let before: [(String, Int)] = [
        ("denied", 409), ("approved and voided", 409), ("prompt over", 410),
        ("user not active", 403), ("unknown scope, user not active", 422), ("no number", 422),
    ]

    @Test(
        "is refused for what comes before the signature, and a wrong one does not count then",
        arguments: before.indices,
        [true, false]
    )
    func first(index: Int, isRight: Bool) async throws {
        let (name, status) = Self.before[index]
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let matched = BindingMessage(
                "Till 7: 842017",
                NumberRule(.enter, try NumberPattern("######"))
            )
            let number = try await stage.prompt(
                "one",
                message: name == "no number" ? matched : .none
            )
            let shown = try await phone.document("one")
            switch name {
            case "denied": _ = try await phone.decide("deny", "one", signed: false)
            case "approved and voided":
                #expect(try await phone.decide("approve", "one").status == 200)
                try await stage.apply(.consentChanged, to: number)
            case "prompt over": stage.clock.set(stage.clock.now() + .minutes(60))
            case "no number": break
            default: stage.people.areActive.withLock { $0 = false }
            }
            let outcome = try await stage.outcome(number)
            let signature = try phone.signature(
                "approve",
                shown,
                by: isRight ? nil : SigningKey.generate(.es256)
            )
            let answer = try await phone.send(
                .post,
                "/device/v1/logins/one/decision",
                .members([
                    "decision": .string("approve"), "digest": shown["consent"]?["digest"],
                    "signature": .string(signature),
                    "scopes": name.hasPrefix("unknown") ? .array([.string("payments")]) : nil,
                ])
            )
            #expect(answer.status == status, "\(name)")
            #expect(try await stage.outcome(number) == outcome)
            #expect(try await stage.store.failures(of: DeviceStage.user).failures == 0)
            #expect(try await stage.refusals() == [])
        }
    }

    /// Requests to decide, each with the status that it gets, how often its failure counts, and its
    /// entries in the audit.
    static let sent: [(String, Int, Int, Int)] = [
        ("approve", 200, 0, 0), ("approve with a PIN", 200, 0, 0), ("deny", 200, 0, 0),
        ("deny unsigned", 200, 0, 0), ("another challenge", 422, 0, 1), ("wrong key", 403, 1, 1),
        ("wrong PIN", 403, 1, 1), ("wrong digest", 422, 0, 0), ("unknown login", 404, 0, 0),
        ("no JSON", 415, 0, 0),
    ]

    // rule: D1
    @Test("uses up its proof, also if it is refused", arguments: sent.indices)
    func replayed(index: Int) async throws {
        let (name, status, failures, entries) = Self.sent[index]
        try await DeviceStage.with { stage in
            let phone = try await stage.phone(pin: "4711")
            let number = try await stage.prompt("one")
            let shown = try await phone.document("one")
            let stranger = try SigningKey.generate(.es256)
            let id = name == "unknown login" ? "two" : "one"
            let target = "/device/v1/logins/\(id)/decision"
            let decision = name.hasPrefix("deny") ? "deny" : "approve"
            let digest = name == "wrong digest" ? Base64URL.encode(Random.bytes(32)) : nil
            let pins = ["approve with a PIN": "4711", "wrong PIN": "0000"]
            let signature = try phone.signature(
                decision,
                shown,
                {
                    guard name == "another challenge" else { return }
                    $0 = $0.replacing("challenge", .string(Base64URL.encode(Random.bytes(32))))
                },
                by: name == "wrong key" ? stranger : nil
            )
            let body = JSONValue.members([
                "decision": .string(decision),
                "digest": digest.map(JSONValue.string) ?? shown["consent"]?["digest"],
                "signature": name == "deny unsigned" ? nil : .string(signature),
                "pin": .text(pins[name]),
            ])
            let type = name == "no JSON" ? "text/plain" : "application/json"
            let request = Request.example(
                .post,
                target,
                fields: [
                    Field("DPoP", try phone.proof(.post, target)), Field("Content-Type", type),
                ],
                body: body.bytes,
                peer: Peer(address: "192.0.2.7")
            )
            let first = try #require(await stage.router.answer(request))
            #expect(first.status == status)
            let outcome = try await stage.outcome(number)
            #expect((outcome != nil) == (status == 200))
            for _ in 0..<2 {
                let again = try #require(await stage.router.answer(request))
                #expect(again.status == 401)
                #expect(again.json["type"] == .string("urn:beckon:problem:invalid-dpop-proof"))
                #expect(again.field("dpop-nonce") != nil)
            }
            #expect(try await stage.outcome(number) == outcome)
            let standing = try await stage.store.failures(of: DeviceStage.user)
            #expect(standing.failures == failures)
            #expect(try await stage.refusals().count == entries)
        }
    }

    // rule: D1
    @Test("counts once of many of the same at the same time", arguments: ["approve", "deny"])
    func replayedAtOnce(decision: String) async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let number = try await stage.prompt("one")
            let shown = try await phone.document("one")
            let target = "/device/v1/logins/one/decision"
            let body = JSONValue.members([
                "decision": .string(decision), "digest": shown["consent"]?["digest"],
                "signature": .string(try phone.signature(decision, shown)),
            ])
            let field = Field("DPoP", try phone.proof(.post, target))
            let statuses = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask { await stage.send(.post, target, [field], body).status }
                }
                return await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + Array(repeating: 401, count: 19))
            #expect(try await stage.outcome(number) != nil)
        }
    }

    // rule: P3, P4, N7
    @Test(
        "with a PIN: four wrong and a right one approve; the fifth wrong one blocks on every device until it is lifted"
    )
    func pins() async throws {
        try await DeviceStage.with([.deviceKeyAndPIN]) { stage in
            let phones = [
                try await stage.phone(pin: "4711"), try await stage.phone(.edDSA, pin: "0815"),
            ]
            let first = try await stage.prompt("one")
            for attempt in 0..<4 {
                let answer = try await phones[attempt % 2].decide("approve", "one", pin: "9999")
                #expect(answer.status == 403)
                #expect(answer.json["attempts_left"] == .integer(4 - attempt))
            }
            #expect(try await phones[0].decide("approve", "one", pin: "4711").status == 200)
            #expect(try await stage.outcome(first)?.isApproval == true)

            let second = try await stage.prompt("two")
            for attempt in 0..<4 {
                // Each of another login: a new one does not reset the count.
                try await stage.prompt("new-\(attempt)")
                let answer = try await phones[attempt % 2].decide(
                    "approve",
                    "new-\(attempt)",
                    pin: "9999"
                )
                #expect(answer.json["attempts_left"] == .integer(4 - attempt))
            }
            let fifth = try await phones[1].decide("approve", "two", pin: "9999")
            #expect(fifth.json["type"] == .string("urn:beckon:problem:user-blocked"))
            let until = stage.clock.now() + FailureStanding.firstBlock
            let text = RFC3339.format(milliseconds: until.milliseconds)
            #expect(fifth.json["blocked_until"] == .string(text))
            for (phone, pin) in zip(phones, ["4711", "0815"]) {
                let blocked = try await phone.decide("approve", "two", pin: pin)
                #expect(blocked.status == 403)
                #expect(blocked.json["blocked_until"] == .string(text))
            }
            let event = AuditEvent("user.unblocked", at: stage.clock.now())
            #expect(try await stage.store.unblock(DeviceStage.user, event))
            #expect(try await phones[1].decide("approve", "two", pin: "0815").status == 200)
            #expect(try await stage.outcome(second)?.isApproval == true)
            let kinds = try await stage.audit().map(\.kind)
            #expect(kinds.contains("user.blocked") && kinds.contains("user.unblocked"))
        }
    }

    // rule: P3
    @Test("with wrong PINs in parallel on two devices blocks exactly at the fifth")
    func parallelPINs() async throws {
        try await DeviceStage.with([.deviceKeyAndPIN]) { stage in
            let phones = [
                try await stage.phone(pin: "4711"), try await stage.phone(pin: "0815"),
            ]
            try await stage.prompt("one")
            let shown = try await phones[0].document("one")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<12 {
                    group.addTask {
                        let answer = try await phones[index % 2].decide(
                            "approve",
                            "one",
                            pin: "9999",
                            as: shown
                        )
                        #expect(answer.status == 403 || answer.status == 503)
                    }
                }
                try await group.waitForAll()
            }
            let standing = try await stage.store.failures(of: DeviceStage.user)
            let checked = try await stage.refusals().count { $0 == "pin" }
            #expect(checked <= 5)
            #expect(standing.isBlocked(at: stage.clock.now()) == (checked == 5))
        }
    }

    // rule: P11
    @Test("needs the new PIN after it was changed, and a wrong old one counts")
    func changedPIN() async throws {
        try await DeviceStage.with([.deviceKeyAndPIN]) { stage in
            let phone = try await stage.phone(pin: "4711")
            func change(_ old: String, _ new: String) async throws -> Response {
                try await phone.send(
                    .patch,
                    "/device/v1/device",
                    .members(["pin": .members(["old": .string(old), "new": .string(new)])])
                )
            }
            let wrong = try await change("0000", "1234")
            #expect(wrong.status == 403 && wrong.json["attempts_left"] == .integer(4))
            #expect(try await change("4711", "1234").status == 200)
            try await stage.prompt("one")
            #expect(try await phone.decide("approve", "one", pin: "4711").status == 403)
            #expect(try await phone.decide("approve", "one", pin: "1234").status == 200)
            #expect(try await stage.audit().contains { $0.kind == "device.pin_changed" })
            // A device without a PIN cannot give itself one.
            let other = try await stage.phone()
            let body = JSONValue.members([
                "pin": .members(["old": .string("0000"), "new": .string("1234")])
            ])
            #expect(try await other.send(.patch, "/device/v1/device", body).status == 409)
        }
    }

    // rule: F4, P1
    @Test("counts by the policy only: without the PIN that it asks for nothing is approved")
    func policy() async throws {
        try await DeviceStage.with([.deviceKeyAndPIN]) { stage in
            let bare = try await stage.phone()
            let number = try await stage.prompt("one")
            let shown = try await bare.document("one")
            #expect(shown["methods"] == .array([]))
            #expect(shown["allowed_decisions"]?.strings?.contains("approve") == false)
            #expect(try await bare.decide("approve", "one").status == 403)
            #expect(try await bare.decide("approve", "one", pin: "4711").status == 409)
            let phone = try await stage.phone(pin: "4711")
            #expect(try await phone.decide("approve", "one").status == 403)
            #expect(
                try await phone.decide("approve", "one", pin: "4711", signed: false).status == 403
            )
            #expect(try await stage.outcome(number) == nil)
        }
        try await DeviceStage.with([.deviceKey]) { stage in
            let phone = try await stage.phone(pin: "4711")
            let number = try await stage.prompt("one")
            #expect(try await phone.decide("approve", "one", pin: "4711").status == 200)
            let method = try await stage.outcome(number)?.decision?.evidence.method
            #expect(method == .deviceKey)
        }
    }

    // rule: X4, X6
    @Test(
        "that is no approval needs no signature, but one that is there must hold",
        arguments: ["deny", "cancel", "fraud"]
    )
    func declined(decision: String) async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let bad = try await stage.prompt("bad")
            let stranger = try SigningKey.generate(.es256)
            #expect(try await phone.decide(decision, "bad", by: stranger).status == 403)
            let other = try await phone.document("bad")
                .replacing("challenge_nonce", .string(Base64URL.encode(Random.bytes(32))))
            #expect(try await phone.decide(decision, "bad", as: other).status == 422)
            #expect(try await stage.outcome(bad) == nil)
            for signed in [false, true] {
                let number = try await stage.prompt("signed-\(signed)")
                let answer = try await phone.decide(decision, "signed-\(signed)", signed: signed)
                #expect(answer.status == 200)
                #expect(answer.json["answered_elsewhere"] == .bool(false))
                let evidence = try #require(try await stage.outcome(number)?.decision?.evidence)
                #expect(evidence.via == .device)
                #expect((evidence.proof != nil) == signed)
                #expect(evidence.credential == (try phone.credential))
            }
        }
    }

    // rule: N-6
    @Test("that declines without a signature is recorded with the device that sent it")
    func declinedBy() async throws {
        try await DeviceStage.with { stage in
            let phones = [try await stage.phone(), try await stage.phone(.edDSA)]
            let number = try await stage.prompt("one")
            #expect(try await phones[1].decide("deny", "one", signed: false).status == 200)
            let credential = try phones[1].credential
            let login = try #require(try await stage.store.login(number)?.login)
            #expect(login.phase.outcome?.decision?.evidence.device == credential)
            let decided = try await stage.audit().filter { $0.kind == "login.decided" }
            #expect(decided.map { $0.members["credential"]?.string } == [credential.value])
            // The other device hears that it was not this one.
            let other = try await phones[0].document("one")
            #expect(other["answered_elsewhere"] == .bool(true))
            let own = try await phones[1].document("one")
            #expect(own["answered_elsewhere"] == .bool(false))
            let lines = try verified(login, at: stage.clock.now())
            let line = try #require(lines.first { $0.hasPrefix("Method tap") })
            #expect(line.contains("enrolled device \(credential.value)"))
            #expect(line.contains("did not sign"))
            // With the ticket alone nobody knows which device it was.
            let byTicket = try await stage.prompt("two")
            let evidence = Evidence(method: .tap, via: .device, address: nil)
            let decision = Decision(.deny, evidence: evidence, at: stage.clock.now())
            try await stage.apply(.decided(decision, Selection()), to: byTicket)
            let document = try await phones[0].document("two")
            #expect(document["decision"] == .string("deny"))
            #expect(document["answered_elsewhere"] == nil)
        }
    }

    /// The words for a decision's evidence, which is signed and read again.
    private func verified(_ login: PendingLogin, at now: Timestamp) throws -> [String] {
        let key = try SigningKey.generate(.es256, id: "k1")
        let document = try EvidenceDocument.document(
            of: login,
            issuer: DeviceStage.publicURL,
            at: now,
            key: key
        )
        let verifier = EvidenceVerifier(keys: JWKSet([key.verificationKey]))
        return try verifier.verify(try #require(document).bytes)
    }

    // rule: C14
    @Test(
        "of two devices at the same instant: one outcome each, and the loser hears it with the receipt"
    )
    func race() async throws {
        try await DeviceStage.with { stage in
            let phones = [try await stage.phone(), try await stage.phone(.edDSA)]
            for round in 0..<1_000 {
                let id = "race-\(round)"
                let number = try await stage.prompt(id)
                let shown = try await phones[0].document(id)
                // In turn: both approve; one approves and one denies.
                let words = round.isMultiple(of: 2) ? ["approve", "approve"] : ["approve", "deny"]
                let answers = try await withThrowingTaskGroup(of: (Int, Response).self) { group in
                    for index in 0..<2 {
                        group.addTask {
                            let answer = try await phones[index].decide(
                                words[index],
                                id,
                                as: shown
                            )
                            return (index, answer)
                        }
                    }
                    return try await group.reduce(into: [Int: Response]()) { $0[$1.0] = $1.1 }
                }
                let statuses = answers.values.map(\.status).sorted()
                #expect(statuses == [200, 409], "round \(round)")
                let winner = try #require(answers.first { $0.value.status == 200 }?.key)
                let outcome = try #require(try await stage.outcome(number))
                let credential = try phones[winner].credential
                #expect(outcome.decision?.evidence.proof?.credential == credential)
                #expect(outcome.isApproval == (words[winner] == "approve"))
                let loser = try #require(answers[1 - winner])
                #expect(loser.json["login"]?["answered_elsewhere"] == .bool(true))
                #expect(loser.json["login"]?["decision"] == .string(words[winner]))
                #expect(answers[winner]?.json["answered_elsewhere"] == .bool(false))
            }
        }
    }

    /// How a device decides, and the words for it.
    static let proofs: [(String, String?, String)] = [
        ("approve", nil, "Method device_key: device key "),
        ("approve", "4711", "Method device_key_pin: device key "),
        ("deny", nil, "Method device_key: device key "),
    ]

    // rule: P1
    @Test("has evidence that is verified without Beckon", arguments: proofs.indices)
    func evidence(index: Int) async throws {
        let (decision, pin, words) = Self.proofs[index]
        try await DeviceStage.with { stage in
            let phone = try await stage.phone(index == 0 ? .edDSA : .es256, pin: pin)
            let number = try await stage.prompt("one")
            #expect(try await phone.decide(decision, "one", pin: pin).status == 200)
            let login = try #require(try await stage.store.login(number)?.login)
            let lines = try verified(login, at: stage.clock.now())
            let line = try #require(lines.first { $0.hasPrefix(words) })
            #expect(line.contains("The signature holds."))
            #expect(line.hasSuffix("Beckon checked the user's PIN.") == (pin != nil))
        }
    }

    // rule: N-6
    @Test("reaches its own login of two that wait")
    func twoLogins() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let (one, two) = (try await stage.prompt("one"), try await stage.prompt("two"))
            let list = try await phone.send(.get, "/device/v1/logins").json
            #expect(list["logins"]?.array?.map { $0["id"]?.string } == ["two", "one"])
            #expect(list["server_time"] != nil)
            #expect(try await phone.decide("approve", "two").status == 200)
            #expect(try await phone.decide("deny", "one").status == 200)
            #expect(try await stage.outcome(one)?.isApproval == false)
            #expect(try await stage.outcome(two)?.isApproval == true)
            let rest = try await phone.send(.get, "/device/v1/logins").json
            #expect(rest["logins"] == .array([]))
        }
    }
}
