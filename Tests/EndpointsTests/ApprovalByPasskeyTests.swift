import Access
import Cryptography
import Devices
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads
import WebAuthn

/// A person with a passkey in a browser, signed in to the inbox.
struct PasskeyScene: Sendable {
    let stage: SignOnStage
    let browser: Browser
    var authenticator: SoftwareAuthenticator
    static let user = UserID.named("customer-4711")

    init(_ stage: SignOnStage) async throws {
        self.stage = stage
        browser = stage.browser()
        _ = try await browser.signIn()
        authenticator = try SoftwareAuthenticator(.p256)
        authenticator.relyingParty = "as.example"
        authenticator.origin = SignOnStage.publicURL
    }

    static func with(
        _ methods: SignOnStage.Methods = .passkey,
        _ body: (PasskeyScene) async throws -> Void
    ) async throws {
        try await SignOnStage.with(approving: methods) { stage in
            try await body(try await PasskeyScene(stage))
        }
    }

    /// What the inbox wants to be signed for a new passkey.
    func registrationChallenge() async throws -> [UInt8] {
        let answer = try await browser.send(
            .post,
            "/inbox/passkeys/options",
            form: [try await browser.formToken()]
        )
        #expect(answer.status == 200)
        return try Self.challenge(answer)
    }

    static func challenge(_ answer: Response) throws -> [UInt8] {
        let text = try require(try JSONValue(answer.body)["challenge"]?.string)
        return try require(Base64URL.decode(text))
    }

    static func field(_ name: String, _ bytes: [UInt8]) -> Field {
        Field(name, Base64URL.encode(bytes))
    }

    func register(_ answer: SoftwareAuthenticator.Registration) async throws -> Response {
        try await browser.send(
            .post,
            "/inbox/passkeys",
            form: [
                try await browser.formToken(), Self.field("passkey_id", answer.id),
                Self.field("client_data", answer.clientData),
                Self.field("attestation", answer.attestation),
                Field("transports", "internal,made-up,hybrid"), Field("name", "My <phone>"),
            ]
        )
    }

    /// Registers the passkey.
    func register() async throws {
        let challenge = try await registrationChallenge()
        let answer = try await register(authenticator.registration(challenge))
        #expect(answer.status == 303)
    }

    var passkeys: [Credential] {
        get async throws { try await stage.store.devices.credentials(of: Self.user, limit: 99) }
    }

    /// The hidden fields of a page's form.
    func form(_ page: String) async throws -> [Field] {
        let text = try await browser.send(.get, page).text
        #expect(text.contains("data-passkey=\"get\""))
        return text.matches(of: /<input type="hidden" name="([^"]+)" value="([^"]*)">/)
            .map { Field(String($0.1), String($0.2)) } + [Field("decision", "passkey")]
    }

    static func parts(_ assertion: SoftwareAuthenticator.Assertion) -> [Field] {
        [
            field("passkey_id", assertion.id), field("client_data", assertion.clientData),
            field("authenticator_data", assertion.authenticatorData),
            field("signature", assertion.signature),
        ]
    }

    func decision(_ number: LoginNumber) async throws -> Decision? {
        try await stage.store.login(number)?.login.phase.outcome?.decision
    }

    /// The reasons in the audit why a passkey was refused.
    func refusals() async throws -> [String] {
        try await stage.audit().filter { $0.kind == "passkey.refused" }
            .compactMap { $0.members["reason"]?.string }
    }
}

@Suite("An approval by a passkey")
struct ApprovalByPasskeyTests {
    // rule: F10
    @Test(
        "is recorded with its signature, which can be verified later, and shown on the receipt",
        arguments: ApprovalBySignInTests.Place.allCases
    )
    func approved(place: ApprovalBySignInTests.Place) async throws {
        try await PasskeyScene.with { scene in
            try await scene.register()
            let login = try await scene.stage.prompt("one")
            let page =
                place == .page
                ? "/approve/" + login.ticket : "/inbox/requests/\(login.number.rawValue)"
            let form = try await scene.form(page)
            let offer = try await scene.browser.send(.post, page + "/passkey", form: form)
            let options = try JSONValue(offer.body)
            #expect(options["userVerification"] == .string("required"))
            #expect(options["rpId"] == .string("as.example"))
            let allowed = options["allowCredentials"]?.array ?? []
            #expect(
                allowed.map { $0["id"]?.string } == [
                    Base64URL.encode(scene.authenticator.id)
                ]
            )
            #expect(allowed.first?["transports"]?.strings == ["hybrid", "internal"])
            let assertion = try scene.authenticator.assertion(PasskeyScene.challenge(offer))
            let target = place == .page ? page : page + "/decision"
            let answer = try await scene.browser.send(
                .post,
                target,
                form: form + PasskeyScene.parts(assertion)
            )
            #expect(answer.status == 303)
            let decision = try await #require(try scene.decision(login.number))
            #expect(decision.choice == .approve && decision.evidence.method == .passkey)
            #expect(decision.evidence.via == (place == .page ? .page : .inbox))
            let proof = try #require(decision.evidence.proof)
            let key = CredentialKey(try PublicKey(info: proof.publicKey))
            let statement = try #require(PasskeyProof(text: proof.statement))
            #expect(statement.proves(try #require(decision.challenge), by: key))
            #expect(try await scene.browser.send(.get, page).text.contains("Your passkey"))
            // The same again is no second approval.
            let again = try await scene.browser.send(
                .post,
                target,
                form: form + PasskeyScene.parts(assertion)
            )
            #expect(again.status == 409)
        }
    }

    typealias Change = @Sendable (inout PasskeyScene, inout [UInt8]) async throws -> Void

    /// What is wrong, and the reason in the audit. It may change the authenticator and what it signs.
    static let wrongs: [(String, String, Change)] = [
        (
            "no user verification", "user_not_verified",
            { s, _ in s.authenticator.flags = [.present] }
        ),
        ("nobody present", "user_not_present", { s, _ in s.authenticator.flags = [.verified] }),
        ("another site", "origin", { s, _ in s.authenticator.origin = "https://as.example.evil" }),
        ("an app", "origin", { s, _ in s.authenticator.origin = "android:apk-key-hash:abc" }),
        (
            "another relying party", "relying_party",
            { s, _ in s.authenticator.relyingParty = "example" }
        ),
        ("a frame", "top_origin", { s, _ in s.authenticator.more = #","crossOrigin":true"# }),
        ("eligible now", "backup", { s, _ in s.authenticator.flags.insert(.backupEligible) }),
        ("a registration", "type", { s, _ in s.authenticator.type = "webauthn.create" }),
        ("random bytes", "challenge", { _, challenge in challenge = Random.bytes(32) }),
        (
            "another login's challenge", "challenge",
            { s, challenge in
                let other = try await s.stage.prompt("two")
                let page = "/approve/" + other.ticket
                let offer = try await s.browser.send(.post, page + "/passkey", form: s.form(page))
                challenge = try PasskeyScene.challenge(offer)
            }
        ),
        ("another passkey", "unknown", { s, _ in s.authenticator.id = [1, 2, 3] }),
        (
            "a passkey that was removed", "unknown",
            { s, _ in
                let id = try await require(s.passkeys.first?.id)
                let answer = try await s.browser.send(
                    .post,
                    "/inbox/passkeys/\(id.value)/remove",
                    form: [try await s.browser.formToken()]
                )
                #expect(answer.status == 303)
                #expect(try await s.stage.audit().contains { $0.kind == "passkey.removed" })
            }
        ),
    ]

    // rule: P1
    @Test(
        "is refused for what is wrong with the assertion, and the audit says why",
        arguments: wrongs.indices
    )
    func refused(index: Int) async throws {
        let (name, reason, change) = Self.wrongs[index]
        try await PasskeyScene.with { scene in
            var scene = scene
            try await scene.register()
            let login = try await scene.stage.prompt("one")
            let page = "/approve/" + login.ticket
            let form = try await scene.form(page)
            let offer = try await scene.browser.send(.post, page + "/passkey", form: form)
            var challenge = try PasskeyScene.challenge(offer)
            try await change(&scene, &challenge)
            let answer = try await scene.browser.send(
                .post,
                page,
                form: form + PasskeyScene.parts(scene.authenticator.assertion(challenge))
            )
            #expect(answer.status == 403, "\(name)")
            #expect(try await scene.decision(login.number) == nil)
            #expect(try await scene.refusals() == [reason])
        }
    }

    /// The counter of the first and the second use, and whether the second one counts.
    static let counters: [(UInt32, UInt32, Bool)] = [
        (0, 0, true), (5, 6, true), (5, 5, false), (5, 0, false),
    ]

    @Test("needs a counter that grows or is always zero", arguments: counters)
    func counter(first: UInt32, second: UInt32, counts: Bool) async throws {
        try await PasskeyScene.with { scene in
            var scene = scene
            try await scene.register()
            for (id, counter, counts) in [("one", first, true), ("two", second, counts)] {
                let login = try await scene.stage.prompt(id)
                let page = "/approve/" + login.ticket
                let form = try await scene.form(page)
                let offer = try await scene.browser.send(.post, page + "/passkey", form: form)
                scene.authenticator.counter = counter
                let challenge = try PasskeyScene.challenge(offer)
                let answer = try await scene.browser.send(
                    .post,
                    page,
                    form: form + PasskeyScene.parts(scene.authenticator.assertion(challenge))
                )
                #expect(answer.status == (counts ? 303 : 403))
            }
            #expect(try await scene.refusals() == (counts ? [] : ["counter"]))
        }
    }

    // rule: P7
    @Test("is refused when the page showed another consent, before and after it is signed")
    func otherConsent() async throws {
        try await PasskeyScene.with { scene in
            try await scene.register()
            let login = try await scene.stage.prompt("one")
            let page = "/approve/" + login.ticket
            let form = try await scene.form(page)
            let offer = try await scene.browser.send(.post, page + "/passkey", form: form)
            let other = form.map { field in
                field.name == "shown"
                    ? PasskeyScene.field("shown", [UInt8](repeating: 1, count: 32)) : field
            }
            let refused = try await scene.browser.send(.post, page + "/passkey", form: other)
            #expect(refused.status == 422)
            let assertion = try scene.authenticator.assertion(PasskeyScene.challenge(offer))
            let answer = try await scene.browser.send(
                .post,
                page,
                form: other + PasskeyScene.parts(assertion)
            )
            #expect(answer.status == 422)
            #expect(try await scene.decision(login.number) == nil)
        }
    }

    @Test("is not offered to a user without a passkey, and not where it is off")
    func notOffered() async throws {
        for methods in [SignOnStage.Methods.passkey, SignOnStage.Methods(tap: true)] {
            try await PasskeyScene.with(methods) { scene in
                let login = try await scene.stage.prompt("one")
                let page = "/approve/" + login.ticket
                let text = try await scene.browser.send(.get, page).text
                #expect(!text.contains("data-passkey") && !text.contains("passkeys."))
                let answer = try await scene.browser.send(
                    .post,
                    page,
                    form: [Field("decision", "passkey")]
                )
                #expect(answer.status == (methods.tap ? 403 : 422))
                #expect(try await scene.decision(login.number) == nil)
            }
        }
    }
}

@Suite("Passkeys in the inbox")
struct InboxPasskeyTests {
    @Test("are listed by name, which is shown as text, with what was registered")
    func listed() async throws {
        try await PasskeyScene.with { scene in
            try await scene.register()
            let page = try await scene.browser.send(.get, "/inbox").text
            #expect(page.contains("My &lt;phone&gt;") && page.contains("data-passkey=\"create\""))
            let passkey = try await #require(try scene.passkeys.first)
            #expect(passkey.passkey?.rawID == scene.authenticator.id)
            #expect(passkey.publicKey == scene.authenticator.key.publicKey)
            #expect(try await scene.stage.audit().contains { $0.kind == "passkey.registered" })
        }
    }

    @Test("are renamed by their user, and by nobody else")
    func renamed() async throws {
        try await PasskeyScene.with { scene in
            try await scene.register()
            let id = try await #require(try scene.passkeys.first).id
            let path = "/inbox/passkeys/\(id.value)/rename"
            let token = try await scene.browser.formToken()
            let long = String(repeating: "ä", count: 999)
            for (name, kept) in [
                ("Work <laptop>", "Work <laptop>"), (long, String(long.prefix(100))),
                ("\u{200B}", ""),
            ] {
                let answer = try await scene.browser.send(
                    .post,
                    path,
                    form: [token, Field("name", name)]
                )
                #expect(answer.status == 303)
                #expect(try await scene.passkeys.map(\.name) == [kept])
            }
            let events = try await scene.stage.audit().filter { $0.kind == "passkey.renamed" }
            #expect(events.count == 3)
            let unknown = try await scene.browser.send(
                .post,
                "/inbox/passkeys/unknown/rename",
                form: [token, Field("name", "x")]
            )
            #expect(unknown.status == 404)
            let untrue = try await scene.browser.send(.post, path, form: [Field("name", "x")])
            #expect(untrue.status == 403)
            #expect(try await scene.passkeys.map(\.name) == [""])
        }
    }

    typealias Change = @Sendable (inout PasskeyScene, inout [UInt8]) async throws -> Void

    /// What is wrong with a registration, the status and the reason in the audit.
    static let wrongs: [(String, Int, String, Change)] = [
        (
            "no user verification", 422, "user_not_verified",
            { s, _ in s.authenticator.flags = [.present] }
        ),
        (
            "another site", 422, "origin",
            { s, _ in s.authenticator.origin = "https://evil.example" }
        ),
        ("an assertion", 422, "type", { s, _ in s.authenticator.type = "webauthn.get" }),
        ("made-up challenge", 422, "stale", { _, challenge in challenge = Random.bytes(64) }),
        (
            "another session's challenge", 422, "stale",
            { s, challenge in
                challenge = try await PasskeyScene(s.stage).registrationChallenge()
            }
        ),
        (
            "too late", 422, "stale",
            { s, _ in
                // The session goes on, the registration does not.
                for _ in 0..<3 {
                    s.stage.clock.advance(by: .seconds(201))
                    _ = try await s.browser.send(.get, "/inbox")
                }
            }
        ),
        (
            "a challenge twice", 422, "stale",
            { s, challenge in
                _ = try await s.register(s.authenticator.registration(challenge))
                s.authenticator.id = [4, 5, 6]
            }
        ),
        (
            "a passkey that is registered", 409, "taken",
            { s, challenge in
                try await s.register()
            }
        ),
    ]

    @Test("are refused for what is wrong, and the audit says why", arguments: wrongs.indices)
    func refused(index: Int) async throws {
        let (name, status, reason, change) = Self.wrongs[index]
        try await PasskeyScene.with { scene in
            var scene = scene
            var challenge = try await scene.registrationChallenge()
            try await change(&scene, &challenge)
            let before = try await scene.passkeys.count
            let answer = try await scene.register(scene.authenticator.registration(challenge))
            #expect(answer.status == status, "\(name)")
            #expect(try await scene.passkeys.count == before)
            #expect(try await scene.refusals() == [reason])
        }
    }

    @Test("are changed only by forms of the session's own pages, and are nobody else's")
    func protected() async throws {
        try await PasskeyScene.with { scene in
            try await scene.register()
            let id = try await #require(try scene.passkeys.first?.id.value)
            let paths = [
                "/inbox/passkeys/options", "/inbox/passkeys", "/inbox/passkeys/\(id)/remove",
            ]
            for path in paths {
                let forged = try await scene.browser.send(.post, path, form: [Field("a", "b")])
                #expect(forged.status == 403, "\(path)")
                let nobody = try await scene.stage.browser().send(.post, path, form: [])
                #expect(nobody.status == 401, "\(path)")
            }
            let missing = try await scene.browser.send(
                .post,
                "/inbox/passkeys/made-up/remove",
                form: [try await scene.browser.formToken()]
            )
            #expect(missing.status == 404)
            #expect(try await scene.passkeys.count == 1)
        }
    }
}
