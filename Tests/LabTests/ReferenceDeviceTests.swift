import Consents
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Threads

@testable import Lab

@Suite("The reference device")
struct ReferenceDeviceTests {
    static let login = "login/1 é"

    /// A login as the device API shows it.
    static func document(
        of question: Question,
        choice: String = "none",
        changes: (inout [String: JSONValue]) -> Void = { _ in }
    ) -> JSONValue {
        var members: [String: JSONValue] = [
            "id": .string(login), "phase": .string("waiting"),
            "consent": .members([
                "digest": .string(Base64URL.encode(question.digest.bytes)),
                "account_choice": .string(choice),
                "accounts": .array(question.accounts.map { .members(["id": .string($0.id)]) }),
            ]),
            "consent_canonical": .string(
                String(decoding: ConsentForm.bytes(of: question.consent), as: UTF8.self)
            ),
            "challenge_nonce": .string(Base64URL.encode(question.nonce)),
            "methods": .texts(["device_key"]),
            "expires_at": .string("2031-03-04T10:02:00Z"),
            "server_time": .string("2031-03-04T10:00:30Z"),
        ]
        changes(&members)
        return .object(
            JSONObject(
                members.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) }
            )
        )
    }

    static func question(
        _ scopes: [Consent.Scope],
        accounts: [BankAccount] = [],
        choice: Consent.AccountChoice = .none
    ) -> Question {
        let consent = Consent(
            clientName: "Shop \u{202E}<b>",
            scopes: scopes,
            facts: [Fact(.further("To"), .text("Anna\u{7}"))],
            accounts: choice
        )
        return Question(
            consent: consent,
            accounts: accounts,
            digest: ConsentForm.digest(of: consent),
            nonce: Random.bytes(32)
        )
    }

    static func account(_ id: String) -> BankAccount {
        BankAccount(id: id, name: "Current", display: "•• 1", kind: .current)
    }

    // MARK: What is signed

    /// Names whose canonical form needs care, and one that is requested twice.
    static let names = [
        "openid", "a\"b\\c/d", "\u{1}\u{8}\u{9}\u{A}\u{C}\u{D}\u{1F}\u{7F}", "é", "e\u{301}",
        "\u{1F600}\u{2028}", "openid",
    ]

    @Test("signs the challenge that the service computes, whatever is granted")
    func challenge() throws {
        let scopes = Self.names.enumerated().map { index, name in
            Consent.Scope(requestedName: name, isOptional: index % 2 == 1, isImplicit: index == 4)
        }
        let several = Self.question(
            scopes,
            accounts: ["b", "a", "c"].map(Self.account),
            choice: .several(preselected: ["c"])
        )
        let none = Self.question([.init(requestedName: "openid")])
        let fixed = Self.question(
            [.init(requestedName: "payments")],
            accounts: [Self.account("own")],
            choice: .payer(named: Consent.NamedAccount(identification: "1"))
        )
        let fewer = Array(Self.names[..<3]) + ["e\u{301}"]
        let cases: [(Question, String, DeviceDecision.Selection)] = [
            (none, "none", .init()),
            (several, "several", .init(accounts: ["c", "b"])),
            (several, "several", .init(accounts: ["a"], scopes: fewer)),
            (fixed, "fixed", .init()),
            (fixed, "fixed", .init(accounts: ["own"])),
        ]
        let id = try #require(LoginID(Self.login))
        for (question, choice, selection) in cases {
            let shown = try ShownLogin(Self.document(of: question, choice: choice))
            for (word, decision) in [
                (DeviceDecision.Choice.approve, Decision.Choice.approve), (.deny, .deny),
                (.cancel, .cancel), (.fraud, .reportAsFraud),
            ] {
                let grant =
                    word == .approve
                    ? try question.grant(
                        for: Selection(
                            accounts: selection.accounts,
                            scopes: selection.scopes,
                            shown: question.digest
                        )
                    ) : .nothing
                let theirs = DecisionChallenge.bytes(
                    for: decision,
                    grant: grant,
                    of: question,
                    in: id
                )
                #expect(DeviceDecision(word, shown, selection).challenge == theirs)
            }
        }
    }

    @Test("shows what it signs, and signs nothing whose digest is another one")
    func shows() throws {
        let question = Self.question([.init(requestedName: "openid", displayName: "Sign in")])
        let lines = try ShownLogin(Self.document(of: question)).lines
        #expect(lines.contains("from: Shop \\u{202E}<b>"))
        #expect(lines.contains("To: Anna\\u{7}"))
        #expect(lines.contains("permission: Sign in (openid)"))
        #expect(lines.contains("ends in: 90 s"))
        let other = Self.question([.init(requestedName: "payments")])
        #expect(throws: ReferenceDevice.Failure.self) {
            try ShownLogin(
                Self.document(of: question) {
                    $0["consent_canonical"] = .string(
                        String(decoding: ConsentForm.bytes(of: other.consent), as: UTF8.self)
                    )
                }
            )
        }
        let ended = Self.document(of: question) {
            $0["consent_canonical"] = nil
            $0["phase"] = .string("settled")
        }
        let failure = #expect(throws: ReferenceDevice.Failure.self) { try ShownLogin(ended) }
        #expect(failure?.description.hasSuffix("it is settled") == true)
    }

    // MARK: Calling

    private func claims(_ request: OutboundRequest) throws -> (header: JSONObject, JSONValue) {
        let text = try #require(request.fields.first("dpop"))
        let part = try #require(
            text.split(separator: ".").first.flatMap { Base64URL.decode(String($0)) }
        )
        let jwk = try JWK(try #require(JSONValue(part)["jwk"])).verificationKey()
        let jws = try JWS.verify(text, keys: JWKSet([jwk]), allowed: [.es256, .edDSA])
        return (jws.header.members, try JSONValue(jws.payload))
    }

    @Test(
        "proves its key in each request, and once more with the nonce that it is asked for",
        arguments: [SignatureAlgorithm.es256, .edDSA]
    )
    func proofs(_ algorithm: SignatureAlgorithm) async throws {
        let server = ScriptedServer { request, number in
            .success(
                OutboundResponse(
                    status: number == 1 ? 401 : 200,
                    fields: [
                        Field("DPoP-Nonce", "nonce-\(number)"),
                        Field("WWW-Authenticate", #"DPoP error="use_dpop_nonce""#),
                    ],
                    body: Array(#"{"logins":[]}"#.utf8)
                )
            )
        }
        let registration = try ReferenceDevice.Registration(
            service: "https://bank.example/",
            algorithm: algorithm
        )
        let device = ReferenceDevice(registration, http: server, offset: -600_000)
        let before = MachineClock().now() / 1000
        #expect(try await device.logins().isEmpty)
        #expect(try await device.logins().isEmpty)
        let all = try server.requests.map(claims)
        #expect(all.map { $0.1["nonce"]?.string } == [nil, "nonce-1", "nonce-2"])
        #expect(Set(all.compactMap { $0.1["jti"]?.string }).count == 3)
        for (header, claims) in all {
            #expect(header["typ"] == .string("dpop+jwt"))
            #expect(header["jwk"]?["d"] == nil)
            #expect(claims["htm"]?.string == "GET")
            #expect(claims["htu"]?.string == "https://bank.example/device/v1/logins")
            // Ten minutes slow.
            #expect(
                claims["iat"]?.integer.map { (Int(before)...Int(before) + 60).contains($0 + 600) }
                    == true
            )
        }
    }

    @Test("sends a signed decision, and tells what the service says")
    func decides() async throws {
        let question = Self.question([.init(requestedName: "openid")])
        let server = ScriptedServer { _, number in
            .success(
                number == 1
                    ? OutboundResponse(status: 200, body: Array(#"{"phase":"reporting"}"#.utf8))
                    : OutboundResponse(
                        status: 403,
                        body: Array(#"{"detail":"wrong","attempts_left":1}"#.utf8)
                    )
            )
        }
        let registration = try ReferenceDevice.Registration(
            service: "https://bank.example",
            algorithm: .es256
        )
        let device = ReferenceDevice(registration, http: server)
        let shown = try ShownLogin(Self.document(of: question))
        _ = try await device.decide(.approve, shown, pin: "2468", code: "123456")
        let request = try #require(server.requests.first)
        #expect(request.url.hasSuffix("/device/v1/logins/login%2F1%20%C3%A9/decision"))
        let body = try JSONValue(request.body)
        #expect(body["pin"]?.string == "2468" && body["code"]?.string == "123456")
        #expect(body["digest"]?.string == shown.digest)
        let jws = try JWS.verify(
            try #require(body["signature"]?.string),
            keys: JWKSet([registration.key.verificationKey]),
            allowed: [.es256]
        )
        #expect(jws.header.isType("beckon-decision+jwt"))
        let payload = try JSONValue(jws.payload)
        #expect(payload["login"]?.string == Self.login)
        #expect(payload["decision"]?.string == "approve")
        #expect(
            payload["challenge"]?.string
                == Base64URL.encode(DeviceDecision(.approve, shown, .init()).challenge)
        )
        let failure = await #expect(throws: ReferenceDevice.Failure.self) {
            try await device.decide(.deny, shown)
        }
        #expect(failure?.status == 403 && failure?.problem?["attempts_left"]?.integer == 1)
    }

    @Test("comes back from its file as it was")
    func file() throws {
        for algorithm in [SignatureAlgorithm.es256, .edDSA] {
            let registration = try ReferenceDevice.Registration(
                service: "https://bank.example/",
                algorithm: algorithm
            )
            let text = try registration.text()
            let read = try #require(ReferenceDevice.Registration(Array(text.utf8)))
            #expect(read.service == "https://bank.example")
            #expect(read.key.algorithm == algorithm)
            #expect(read.key.verificationKey.jwk == registration.key.verificationKey.jwk)
        }
        #expect(ReferenceDevice.Registration(Array("{}".utf8)) == nil)
    }
}
