import Access
import Cryptography
import HTTP
import JSON
import Logins
import SQLStore
import TestSupport
import Testing
import Threads

@Suite("An approval by a fresh sign-in")
struct ApprovalBySignInTests {
    typealias Methods = SignOnStage.Methods

    /// Where a person answers.
    enum Place: String, CaseIterable, Sendable { case page, inbox }

    /// A login, a browser at its place, and the addresses of both.
    struct Scene: Sendable {
        let stage: SignOnStage
        let browser: Browser
        let number: LoginNumber
        let page: String
        let decision: String
        let via: Evidence.Via

        init(_ stage: SignOnStage, at place: Place = .page) async throws {
            self.stage = stage
            let login = try await stage.prompt("one")
            number = login.number
            browser = stage.browser()
            switch place {
            case .page:
                page = "/approve/" + login.ticket
                decision = page
                via = .page
            case .inbox:
                page = "/inbox/requests/\(number.rawValue)"
                decision = page + "/decision"
                via = .inbox
                _ = try await browser.signIn()
            }
        }

        /// The fields of the form on the page, as a browser sends them with a button.
        func form(_ choice: String) async throws -> [Field] {
            let text = try await browser.send(.get, page).text
            let hidden = text.matches(
                of: /<input type="hidden" name="([^"]+)" value="([^"]*)">/
            ).map { Field(String($0.1), String($0.2)) }
            return hidden + [Field("decision", choice)]
        }

        func choose(_ choice: String) async throws -> Response {
            try await browser.send(.post, decision, form: try await form(choice))
        }

        /// The authorization request that the page leads to.
        func leave() async throws -> Form {
            let answer = try await choose("sign-in")
            #expect(answer.status == 200)
            let found = try require(answer.text.firstMatch(of: /content="0; url=([^"]+)"/))
            let address = found.1.split(separator: "&amp;").joined(separator: "&")
            // Without the refresh, a link goes there.
            #expect(answer.text.contains("href=\"\(found.1)\""))
            let encoded = String(address.split(separator: "?").last ?? "")
            let form: Form = try require(Form(Array(encoded.utf8)))
            stage.provider.change { $0.nonce = form["nonce"] ?? "" }
            return form
        }

        func comeBack(_ request: Form) async throws -> Response {
            try await browser.comeBack([
                Field("code", "code-secret-1"), Field("state", request["state"] ?? ""),
            ])
        }

        func stored() async throws -> PendingLogin {
            try require(try await stage.store.login(number)).login
        }

        var decided: Decision? {
            get async throws { try await stored().phase.outcome?.decision }
        }
    }

    /// The provider says how and when the person authenticated.
    static func authenticate(
        _ stage: SignOnStage,
        secondsAgo: Int = 0,
        acr: JSONValue? = .string("two-factors"),
        _ change: @escaping @Sendable (JSONValue) -> JSONValue = { $0 }
    ) {
        let now = Int(stage.clock.now().milliseconds / 1000)
        stage.provider.change { state in
            state.claims = {
                change(
                    $0.with("iat", .integer(now))
                        .with("auth_time", .integer(now - secondsAgo)).with("acr", acr)
                        .with("amr", .array([.string("pwd"), .string("otp")]))
                )
            }
        }
    }

    // trust: C-18
    @Test(
        "is recorded with what the provider said, and shown on the receipt",
        arguments: Place.allCases
    )
    func approved(place: Place) async throws {
        let methods = Methods(signIn: true, contexts: ["two-factors", "three-factors"])
        try await SignOnStage.with(approving: methods) { stage in
            let scene = try await Scene(stage, at: place)
            let request = try await scene.leave()
            #expect(request["prompt"] == "login")
            #expect(request["max_age"] == "0")
            #expect(request["acr_values"] == "two-factors three-factors")
            #expect(request["redirect_uri"] == "https://as.example/sso/oidc/inbox/callback")
            #expect(try await scene.decided == nil)
            stage.clock.advance(by: .seconds(90))
            Self.authenticate(stage, secondsAgo: 60)
            let answer = try await scene.comeBack(request)
            #expect(answer.status == 303)
            #expect(answer.field("location") == scene.page)
            let decision = try await #require(try scene.decided)
            #expect(decision.choice == .approve)
            #expect(decision.evidence.method == .signIn && decision.evidence.via == scene.via)
            let signIn = try #require(decision.evidence.signIn)
            #expect(signIn.issuer == ScriptedProvider.issuer)
            #expect(signIn.context == "two-factors" && signIn.methods == ["pwd", "otp"])
            #expect(signIn.at == stage.clock.now() - .seconds(60))
            // The provider signed what the decision is bound to.
            let challenge = Base64URL.encode(try #require(decision.challenge))
            #expect(request["nonce"]?.hasSuffix("." + challenge) == true)
            let receipt = try await scene.browser.send(.get, scene.page).text
            #expect(
                receipt.contains(
                    "Sign-in at <bdi dir=\"ltr\"><bdi dir=\"auto\">\(ScriptedProvider.issuer)"
                )
            )
            let events = try await stage.audit()
            let event = try #require(events.first { $0.kind == "login.decided" })
            #expect(event.members["method"]?.string == "sign_in")
            #expect(event.members["acr"]?.string == "two-factors")
            // No session begins.
            #expect((scene.browser.session != nil) == (place == .inbox))
        }
    }

    /// What a provider's token says that does not confirm the approval.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: String
        var contexts = ["two-factors"]
        var secondsAgo = 0
        var acr: JSONValue? = .string("two-factors")
        var change: @Sendable (JSONValue) -> JSONValue = { $0 }
    }

    static let faults: [Fault] = [
        Fault(
            testDescription: "another person",
            code: "other_person",
            change: { $0.with(ScriptedProvider.userClaim, .string("customer-9")) }
        ),
        Fault(
            testDescription: "a person whose identifier differs in case",
            code: "other_person",
            change: { $0.with(ScriptedProvider.userClaim, .string("CUSTOMER-4711")) }
        ),
        Fault(testDescription: "an older session", code: "auth_time", secondsAgo: 93),
        Fault(testDescription: "a session of yesterday", code: "auth_time", secondsAgo: 86_400),
        Fault(
            testDescription: "no auth_time",
            code: "auth_time",
            change: { $0.with("auth_time", nil) }
        ),
        Fault(
            testDescription: "auth_time as a text",
            code: "auth_time",
            change: { $0.with("auth_time", .string("\(2_000_000_000)")) }
        ),
        Fault(testDescription: "auth_time in the future", code: "auth_time", secondsAgo: -61),
        Fault(testDescription: "no acr", code: "acr", acr: nil),
        Fault(testDescription: "a weaker acr", code: "acr", acr: .string("one-factor")),
        Fault(testDescription: "acr as a list", code: "acr", acr: .array([.string("two-factors")])),
        Fault(testDescription: "acr in other case", code: "acr", acr: .string("Two-Factors")),
        Fault(
            testDescription: "the nonce of another decision",
            code: "nonce",
            change: { claims in
                let random = (claims["nonce"]?.string ?? "").split(separator: ".")[0]
                let other = Base64URL.encode(Array(repeating: 9, count: 32))
                return claims.with("nonce", .string(random + "." + other))
            }
        ),
        Fault(
            testDescription: "the random part of the nonce alone",
            code: "nonce",
            change: { claims in
                let random = (claims["nonce"]?.string ?? "").split(separator: ".")[0]
                return claims.with("nonce", .string(String(random)))
            }
        ),
    ]

    // trust: C-18
    @Test(
        "needs the login's own user, just now, and as strongly as demanded",
        arguments: faults
    )
    func refused(fault: Fault) async throws {
        let methods = Methods(signIn: true, contexts: fault.contexts)
        try await SignOnStage.with(approving: methods) { stage in
            let scene = try await Scene(stage)
            let request = try await scene.leave()
            stage.clock.advance(by: .seconds(90))
            Self.authenticate(stage, secondsAgo: fault.secondsAgo, acr: fault.acr, fault.change)
            let before = try await scene.stored()
            let answer = try await scene.comeBack(request)
            #expect(answer.status == 403)
            #expect(answer.diagnosis?["code"]?.string == fault.code)
            #expect(try await scene.stored() == before)
            let event = try #require(try await stage.audit().last)
            #expect(event.kind == "approval.refused")
            #expect(event.members["code"]?.string == fault.code)
            #expect(event.members["reference"] == answer.diagnosis?["reference"])
            // The way back leads to the request, where it can still be answered.
            #expect(answer.text.contains("href=\"\(scene.page)\""))
            #expect(!answer.text.contains("customer-9"))
            let declined = try await scene.choose("deny")
            #expect(declined.status == 303)
            #expect(try await scene.decided?.choice == .deny)
        }
    }

    // trust: C-18
    @Test("counts once: the answer of the provider cannot be sent again")
    func replayed() async throws {
        try await SignOnStage.with(approving: Methods(signIn: true)) { stage in
            let scene = try await Scene(stage)
            let request = try await scene.leave()
            let kept = scene.browser.cookies.withLock { $0 }
            Self.authenticate(stage)
            #expect(try await scene.comeBack(request).status == 303)
            let first = try await scene.stored()
            for cookies in [scene.browser.cookies.withLock { $0 }, kept] {
                scene.browser.cookies.withLock { $0 = cookies }
                #expect(try await scene.comeBack(request).status == 400)
            }
            #expect(try await scene.stored() == first)
            #expect(stage.provider.requests(to: "/token").count == 1)
        }
    }

    // trust: C-18
    @Test("works in two tabs for two logins, in any order")
    func tabs() async throws {
        try await SignOnStage.with(approving: Methods(signIn: true)) { stage in
            let browser = stage.browser()
            var requests: [(page: String, request: Form)] = []
            for id in ["a", "b"] {
                let login = try await stage.prompt(id)
                let page = "/approve/" + login.ticket
                let shown = try await browser.send(.get, page).text
                let digest = try require(shown.firstMatch(of: /name="shown" value="([^"]+)"/))
                let answer = try await browser.send(
                    .post,
                    page,
                    form: [Field("shown", String(digest.1)), Field("decision", "sign-in")]
                )
                let found = try require(answer.text.firstMatch(of: /content="0; url=([^"]+)"/))
                let query = found.1.split(separator: "?")[1].split(separator: "&amp;")
                requests.append((page, try require(Form(query.joined(separator: "&").utf8))))
            }
            for (page, request) in requests.reversed() {
                stage.provider.change { $0.nonce = request["nonce"] ?? "" }
                Self.authenticate(stage)
                let answer = try await browser.comeBack([
                    Field("code", "c"), Field("state", request["state"] ?? ""),
                ])
                #expect(answer.field("location") == page)
            }
            let live = try await stage.store.liveLogins(of: .named("customer-4711"), limit: 9)
            #expect(live.isEmpty)
        }
    }

    /// What happens to a login while its user signs in.
    enum Meanwhile: String, CaseIterable, Sendable {
        case declined, expired, stateExpired, userBlocked, replaced
    }

    // trust: C-18
    @Test(
        "explains what became of the login meanwhile, and changes nothing",
        arguments: Meanwhile.allCases
    )
    func meanwhile(_ event: Meanwhile) async throws {
        try await SignOnStage.with(approving: Methods(signIn: true)) { stage in
            let scene = try await Scene(stage)
            let request = try await scene.leave()
            let status: Int
            switch event {
            case .declined:
                _ = try await scene.choose("deny")
                status = 409
            case .expired:
                let ends = try await scene.stored().terms.promptEnds
                stage.clock.advance(by: ends - stage.clock.now())
                status = 410
            case .stateExpired:
                stage.clock.advance(by: .seconds(600))
                status = 400
            case .userBlocked:
                stage.users.set(false)
                status = 403
            case .replaced:
                try await stage.apply(.unusable(.superseded), to: scene.number)
                status = 409
            }
            let before = try await scene.stored()
            Self.authenticate(stage)
            let answer = try await scene.comeBack(request)
            #expect(answer.status == status)
            #expect(answer.text.contains("href=\"\(scene.page)\""))
            #expect(try await scene.stored() == before)
        }
    }

    // trust: C-18
    @Test("is not possible by a session or a link alone", arguments: Place.allCases, [true, false])
    func stepUp(place: Place, offersSignIn: Bool) async throws {
        try await SignOnStage.with(approving: Methods(signIn: offersSignIn)) { stage in
            let scene = try await Scene(stage, at: place)
            for choice in ["approve"] + (offersSignIn ? [] : ["sign-in"]) {
                let answer = try await scene.choose(choice)
                #expect(answer.status == 403)
                if place == .inbox {
                    let problem = try JSONValue(answer.body)
                    #expect(problem["error"]?.string == "step_up_required")
                }
                #expect(try await scene.decided == nil)
            }
            let page = try await scene.browser.send(.get, scene.page).text
            #expect(page.contains("value=\"sign-in\"") == offersSignIn)
            #expect(!page.contains("value=\"approve\""))
            let declined = try await scene.choose("fraud")
            #expect(declined.status == 303)
            #expect(
                declined.field("location")?.hasSuffix(scene.page.dropFirst("/approve/".count))
                    == true
            )
            #expect(try await scene.decided?.evidence.via == scene.via)
        }
    }

    @Test("is one way of two where the link is enough too")
    func both() async throws {
        try await SignOnStage.with(approving: Methods(tap: true, signIn: true)) { stage in
            let scene = try await Scene(stage)
            #expect(try await scene.choose("approve").status == 303)
            #expect(try await scene.decided?.evidence.method == .tap)
        }
    }

    /// What is wrong with the form that begins it.
    enum Forgery: String, CaseIterable, Sendable { case noDigest, otherDigest, crossSite }

    @Test("begins only for what was shown, from our own page", arguments: Forgery.allCases)
    func forged(_ forgery: Forgery) async throws {
        try await SignOnStage.with(approving: Methods(signIn: true)) { stage in
            let scene = try await Scene(stage)
            var form = try await scene.form("sign-in")
            var fields: [Field] = []
            switch forgery {
            case .noDigest: form.removeAll { $0.name == "shown" }
            case .otherDigest:
                form = form.map { field in
                    field.name == "shown"
                        ? Field("shown", Base64URL.encode(Array(repeating: 3, count: 32))) : field
                }
            case .crossSite: fields = [Field("Sec-Fetch-Site", "cross-site")]
            }
            let answer = try await scene.browser.send(
                .post,
                scene.decision,
                form: form,
                fields: fields
            )
            #expect(answer.status == (forgery == .crossSite ? 403 : 422))
            #expect(scene.browser.cookies.withLock { $0.isEmpty })
        }
    }

    // trust: C-17
    @Test("shows a request of the inbox to its own user alone")
    func foreign() async throws {
        try await SignOnStage.with(approving: Methods(signIn: true)) { stage in
            let other = try await stage.prompt("two", user: .named("somebody-else"))
            let browser = stage.browser()
            let path = "/inbox/requests/\(other.number.rawValue)"
            #expect(try await browser.send(.get, path).status == 401)
            _ = try await browser.signIn()
            #expect(try await browser.send(.get, path).status == 404)
            let token = try await browser.formToken()
            for choice in ["deny", "approve", "sign-in"] {
                let answer = try await browser.send(
                    .post,
                    path + "/decision",
                    form: [Field("decision", choice), token]
                )
                #expect(answer.status == 404)
            }
            for id in ["0", "-1", "x", "99999999999999999999"] {
                #expect(try await browser.send(.get, "/inbox/requests/" + id).status == 404)
            }
        }
    }

    // trust: C-12
    @Test("shows no secret on any page that fails")
    func secrets() async throws {
        let methods = Methods(signIn: true, contexts: ["two-factors"])
        try await SignOnStage.with(approving: methods) { stage in
            let scene = try await Scene(stage)
            let request = try await scene.leave()
            var secrets = [
                ScriptedProvider.clientSecret, "code-secret-1", "access-token-of-the-provider",
                "person@bank.example", "24400320", "customer-4711", "Given",
                request["state"] ?? "", request["nonce"] ?? "",
            ]
            secrets += scene.browser.cookies.withLock { Array($0.values) }
            Self.authenticate(stage, acr: .string("one-factor"))
            let answer = try await scene.comeBack(request)
            let token = try require(stage.provider.requests(to: "/token").first)
            secrets.append(Form(token.body)?["code_verifier"] ?? "")
            let shown = answer.text + answer.fields.map { $0.name + $0.value }.joined()
            for secret in secrets where !secret.isEmpty { #expect(!shown.contains(secret)) }
            // Nor does the console know the link.
            let ticket = scene.page.dropFirst("/approve/".count)
            let console = try String(decoding: require(answer.diagnosis).bytes, as: UTF8.self)
            #expect(!console.contains(ticket))
        }
    }
}
