import Access
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

@Suite("An enrolment of a device")
struct DeviceEnrolmentTests {
    // rule: P11, N10
    @Test(
        "binds the key that the request proves to the user of the code",
        arguments: [SignatureAlgorithm.es256, .edDSA]
    )
    func enrolled(kind: SignatureAlgorithm) async throws {
        try await DeviceStage.with { stage in
            let phone = try TestDevice(stage, kind)
            let answer = try await phone.enrol(stage.code(), pin: "4711")
            #expect(answer.status == 201)
            #expect(answer.field("dpop-nonce") != nil)
            let device = answer.json["device"]
            #expect(device?["name"] == .string("Anna's phone"))
            #expect(device?["channels"] == .texts(["push"]) && device?["has_pin"] == .bool(true))
            #expect(answer.json["user"] == .string("cu…11"))
            #expect(answer.json["server_time"] != nil)
            #expect(!answer.text.contains("token-1"), "an address is not given back")
            let read = try await phone.send(.get, "/device/v1/device")
            #expect(read.status == 200 && read.json["device"] == device)
            let stored = try #require(try await stage.store.devices.deviceKey(phone.credential))
            #expect(stored.key.user == DeviceStage.user && stored.key.algorithm == kind)
            #expect(stored.device.channels.first?.address == "token-1")
            let kinds = try await stage.audit().map(\.kind)
            #expect(kinds == ["enrolment.issued", "device.enrolled"])
            // The next login finds the device's channels.
            #expect(stage.people.forgotten.withLock { $0 } == [DeviceStage.user])
        }
    }

    // rule: X3, A3
    @Test("works once; wrong, used, expired and tried too often look alike")
    func once() async throws {
        try await DeviceStage.with { stage in
            let code = try await stage.code()
            #expect(try await TestDevice(stage).enrol(code).status == 201)
            let used = try await TestDevice(stage).enrol(code)
            let late = try await stage.code()
            stage.clock.advance(by: Enrolment.lifetime)
            let expired = try await TestDevice(stage).enrol(late)
            let wrong = try await TestDevice(stage).enrol(EnrolmentCode())
            let tried = try await stage.code()
            let text = tried.text
            let other = try #require(
                EnrolmentCode(text.dropLast() + (text.hasSuffix("0") ? "1" : "0"))
            )
            for _ in 0..<Enrolment.mostTries {
                #expect(try await TestDevice(stage).enrol(other, pin: "1234").status == 404)
            }
            let ended = try await TestDevice(stage).enrol(tried)
            for answer in [used, expired, wrong, ended] {
                #expect(answer.status == 404 && answer.body == used.body)
            }
            let kinds = try await stage.audit().map(\.kind)
            #expect(kinds.count { $0 == "enrolment.blocked" } == 1)
            #expect(kinds.count { $0 == "device.enrolled" } == 1)
        }
    }

    // rule: P11
    @Test("of a key that is registered is a conflict, and the code still works")
    func taken() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let code = try await stage.code(for: .named("bob"))
            #expect(try await phone.enrol(code).status == 409)
            #expect(try await stage.refusals() == ["key_taken"])
            #expect(try await TestDevice(stage).enrol(code).status == 201)
        }
    }

    static let wrongMembers: [(String, JSONValue)] = [
        ("name", .string("")), ("name", .string("a\u{202E}b")), ("name", .integer(1)),
        ("name", .string(String(repeating: "n", count: 101))), ("name", .string("\u{200B}")),
        ("platform", .string("fridge")), ("protection", .string("prayer")),
        ("languages", .texts(Array(repeating: "en", count: 9))), ("languages", .texts(["!"])),
        ("pin", .string("123")), ("pin", .string(String(repeating: "1", count: 65))),
        ("channels", .array([.members(["channel": .string("other"), "address": .string("a")])])),
        ("channels", .array([.members(["channel": .string("push")])])),
        ("channels", .array([.members(["channel": .string("push"), "address": .string("a b")])])),
        ("surplus", .bool(true)), ("code", .integer(7)),
    ]

    @Test("names the member that is wrong", arguments: wrongMembers.indices)
    func members(index: Int) async throws {
        let (name, value) = Self.wrongMembers[index]
        try await DeviceStage.with { stage in
            let phone = try TestDevice(stage)
            let body = JSONValue.members([
                "code": .string(try await stage.code().text), "name": .string("Phone"),
                "platform": .string("ios"),
            ])
            let answer = try await phone.send(
                .post,
                "/device/v1/enrolments",
                body.replacing(name, value)
            )
            #expect(answer.status == 400 && answer.detail.hasPrefix(name), "\(answer.detail)")
        }
    }

    @Test(
        "of any body and any proof gets an answer below 500, and strangers make nothing be stored"
    )
    func bodies() async throws {
        try await DeviceStage.with { stage in
            let phone = try TestDevice(stage)
            let before = try await stage.audit().count
            let body = JSONValue.members([
                "code": .string(EnrolmentCode().text), "name": .string("Anna's phone"),
                "platform": .string("android"), "languages": .texts(["pt-BR"]),
                "protection": .string("hardware"), "pin": .string("4711"),
                "channels": .array([
                    .members(["channel": .string("push"), "address": .string("token-1")])
                ]),
            ]).bytes
            var random = SystemRandomNumberGenerator()
            for round in 0..<400 {
                var bytes = body
                for _ in 0...Int.random(in: 0..<4, using: &random) {
                    let place = Int.random(in: 0..<bytes.count, using: &random)
                    switch round % 3 {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.remove(at: place)
                    default: bytes.insert(bytes[bytes.count - 1 - place], at: place)
                    }
                }
                var proof = Array(try phone.proof(.post, "/device/v1/enrolments").utf8)
                if round.isMultiple(of: 4) {
                    proof[Int.random(in: 0..<proof.count, using: &random)] ^= 1
                }
                let request = Request.example(
                    .post,
                    "/device/v1/enrolments",
                    fields: [
                        Field("DPoP", String(decoding: proof, as: UTF8.self)),
                        Field("Content-Type", "application/json"),
                    ],
                    body: bytes
                )
                let status = try #require(await stage.router.answer(request)).status
                #expect((400..<500).contains(status), "\(String(decoding: bytes, as: UTF8.self))")
            }
            #expect(try await stage.audit().count == before)
        }
    }

    // rule: P11
    @Test("can be changed by the device, and ended by it")
    func changes() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let changed = try await phone.send(
                .patch,
                "/device/v1/device",
                .members(["name": .string("Old phone"), "channels": .null])
            )
            #expect(changed.status == 200)
            #expect(changed.json["device"]?["name"] == .string("Old phone"))
            #expect(changed.json["device"]?["channels"] == .array([]))
            let read = try await phone.send(.get, "/device/v1/device")
            #expect(read.json["device"] == changed.json["device"])
            #expect(try await phone.send(.delete, "/device/v1/device").status == 204)
            let gone = try await phone.send(.get, "/device/v1/device")
            #expect(gone.status == 401)
            #expect(gone.json["type"] == .string("urn:beckon:problem:unknown-device"))
            let stranger = try await TestDevice(stage).send(.get, "/device/v1/device")
            #expect(gone.body == stranger.body)
            let kinds = try await stage.audit().map(\.kind)
            #expect(kinds.suffix(2) == ["device.changed", "device.revoked"])
        }
    }

    // rule: P11
    @Test("gets another key by the old one, from when on only the new one counts and the PIN stays")
    func rotation() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone(pin: "4711")
            let id = try await phone.send(.get, "/device/v1/device").json["device"]?["id"]
            let next = try TestDevice(stage, .edDSA)
            func proof(
                by key: SigningKey,
                showing shown: SigningKey? = nil,
                type: String = "beckon-key+jwt",
                device: JSONValue? = id,
                old: String? = nil
            ) throws -> JSONValue {
                let publicKey = try #require((shown ?? key).verificationKey.publicKey)
                let header = JSONValue.members([
                    "typ": .string(type), "jwk": VerificationKey(publicKey).jwk,
                ])
                let payload = JSONValue.members([
                    "device": device, "old": .string(try old ?? phone.credential.value),
                    "iat": .integer(1),
                ])
                let text = try JWS.sign(
                    payload: payload.bytes,
                    header: header.object ?? JSONObject(),
                    key: key
                )
                return .members(["proof": .string(text)])
            }
            let wrongs = [
                try proof(by: phone.key), try proof(by: next.key, type: "dpop+jwt"),
                try proof(by: next.key, device: .string("another")),
                try proof(by: next.key, old: "another"),
                try proof(by: next.key, showing: phone.key),
                .members(["proof": .string("nonsense")]),
            ]
            for wrong in wrongs {
                let answer = try await phone.send(.post, "/device/v1/device/key", wrong)
                #expect(answer.status == 400)
            }
            let right = try proof(by: next.key)
            let answer = try await phone.send(.post, "/device/v1/device/key", right)
            #expect(answer.status == 200 && answer.json["device"]?["id"] == id)
            #expect(try await phone.send(.get, "/device/v1/device").status == 401)
            let read = try await next.send(.get, "/device/v1/device")
            #expect(read.status == 200 && read.json["device"]?["has_pin"] == .bool(true))
            let number = try await stage.prompt("one")
            #expect(try await next.decide("approve", "one", pin: "4711").status == 200)
            #expect(try await stage.outcome(number)?.isApproval == true)
            #expect(try await stage.audit().contains { $0.kind == "device.key_rotated" })
        }
    }
}

@Suite("A proof of a device's key")
struct DeviceProofTests {
    /// A proof that must not count.
    struct Wrong: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (DeviceStage, inout TestDevice.Proof) -> Void

        init(
            _ name: String,
            _ change: @escaping @Sendable (DeviceStage, inout TestDevice.Proof) -> Void
        ) {
            testDescription = name
            self.change = change
        }
    }

    static let wrongs = [
        Wrong("of another type") { $1.type = "JWT" },
        Wrong("for another method") { $1.method = "POST" },
        Wrong("for another path") { $1.address = DeviceStage.publicURL + "/device/v1/logins" },
        Wrong("for another host") { $1.address = "https://other.example/device/v1/device" },
        Wrong("for plain http") { $1.address = "http://as.example/device/v1/device" },
        Wrong("without a time") { $1.issued = nil },
        Wrong("without jti") { $1.id = nil },
        Wrong("with an empty jti") { $1.id = "" },
        Wrong("with a huge jti") { $1.id = String(repeating: "j", count: 257) },
        Wrong("without a key") { $1.jwk = nil },
        Wrong("with a private key") { $1.jwk = $1.jwk?.replacing("d", .string("AAAA")) },
        Wrong("with another key") { _, proof in
            let other = try? SigningKey.generate(.es256).verificationKey.publicKey
            proof.jwk = other.flatMap { VerificationKey($0).jwk }
        },
        Wrong("signed with PS256") { _, proof in
            guard let key = try? SigningKey.generate(.ps256) else { return }
            proof.key = key
            proof.jwk = key.verificationKey.publicKey.flatMap { VerificationKey($0).jwk }
        },
    ]

    // rule: D1, F10
    @Test("that is wrong opens nothing", arguments: wrongs)
    func refused(wrong: Wrong) async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let answer = try await phone.send(.get, "/device/v1/device") {
                wrong.change(stage, &$0)
            }
            #expect(answer.status == 401)
            #expect(answer.json["type"] == .string("urn:beckon:problem:invalid-dpop-proof"))
            #expect(
                answer.field("www-authenticate")?.hasPrefix("DPoP error=\"invalid_dpop_proof\"")
                    == true
            )
            #expect(answer.field("dpop-nonce") != nil)
        }
    }

    // rule: D1
    @Test("counts once, alone, and only beside no other authorization")
    func once() async throws {
        try await DeviceStage.with { stage in
            let phone = try await stage.phone()
            let proof = Field("DPoP", try phone.proof(.get, "/device/v1/device"))
            #expect(await stage.send(.get, "/device/v1/device", [proof]).status == 200)
            #expect(await stage.send(.get, "/device/v1/device", [proof]).status == 401)
            let two = try (0..<2).map { _ in
                Field("DPoP", try phone.proof(.get, "/device/v1/device"))
            }
            #expect(await stage.send(.get, "/device/v1/device", two).status == 401)
            #expect(await stage.send(.get, "/device/v1/device").status == 401)
            // With a ticket it is a request of the ticket's interface.
            try await stage.prompt("one")
            let fields = [
                Field("DPoP", try phone.proof(.get, "/device/v1/logins/one")),
                Field("Authorization", "Bearer nonsense"),
            ]
            let answer = await stage.send(.get, "/device/v1/logins/one", fields)
            #expect(answer.status == 401)
            #expect(answer.json["type"] == .string("urn:beckon:problem:unauthorized"))
        }
    }

    // rule: D3, N10
    @Test(
        "of a device whose clock is ten minutes off works with a nonce",
        arguments: [-600, 600, -61, 31, -86_400]
    )
    func drift(seconds: Int64) async throws {
        try await DeviceStage.with { stage in
            var phone = try await stage.phone()
            phone.drift = .seconds(seconds)
            let first = try await phone.send(.get, "/device/v1/device")
            #expect(first.status == 401)
            #expect(first.json["type"] == .string("urn:beckon:problem:use-dpop-nonce"))
            #expect(first.field("www-authenticate")?.contains("use_dpop_nonce") == true)
            let nonce = try #require(first.field("dpop-nonce"))
            let second = try await phone.send(.get, "/device/v1/device") { $0.nonce = nonce }
            #expect(second.status == 200 && second.json["server_time"] != nil)
            // A proof with a nonce counts once, too.
            let proof = Field(
                "DPoP",
                try phone.proof(.get, "/device/v1/device") { $0.nonce = nonce }
            )
            #expect(await stage.send(.get, "/device/v1/device", [proof]).status == 200)
            stage.clock.advance(by: .seconds(200))
            #expect(await stage.send(.get, "/device/v1/device", [proof]).status == 401)
            stage.clock.advance(by: .seconds(300))
            let old = try await phone.send(.get, "/device/v1/device") { $0.nonce = nonce }
            #expect(old.status == 401)
        }
    }

    // rule: N10, X9
    @Test("of a device of another user does not open this user's logins")
    func otherUser() async throws {
        try await DeviceStage.with { stage in
            let stranger = try await stage.phone(of: .named("bob"))
            let number = try await stage.prompt("one")
            #expect(try await stranger.send(.get, "/device/v1/logins/one").status == 404)
            let list = try await stranger.send(.get, "/device/v1/logins").json
            #expect(list["logins"] == .array([]))
            let decided = try await stranger.decide("deny", "one", signed: false)
            #expect(decided.status == 404)
            #expect(try await stage.outcome(number) == nil)
        }
    }
}
