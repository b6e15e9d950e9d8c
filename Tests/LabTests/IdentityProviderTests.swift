import Cryptography
import HTTP
import JOSE
import JSON
import Lab
import TestSupport
import Testing
import Threads

@Suite("The simulated identity provider")
struct IdentityProviderTests {
    /// What a client must write, and how it authenticates.
    enum TokenRequestForm: CaseIterable { case form, json, basic }

    @Test(
        "gives an ID token for a code, its client and its verifier",
        arguments: TokenRequestForm.allCases
    )
    func codeFlow(form: TokenRequestForm) async throws {
        let stage = try ProviderStage()
        let code = try await stage.code(person: "customer-anna", nonce: "n-1")
        let token = try await stage.redeem(code, as: form)
        let claims = try await stage.verify(token)
        #expect(claims["iss"]?.string == ProviderStage.issuer)
        #expect(claims["aud"]?.string == "beckon-inbox")
        #expect(claims["sub"]?.string == "customer-anna")
        #expect(claims["nonce"]?.string == "n-1")
        #expect(claims["email_verified"]?.bool == true)
        #expect(claims["https://bank.example/ciba_user"]?.string == "anna@example.com")
        #expect(claims["https://bank.example/ciba_account"]?.string == "retail")
        #expect(claims["auth_time"]?.integer == Int(StillClock.start / 1000))
        #expect(claims["acr"]?.string == "urn:bank.example:password")
        #expect(claims["sid"]?.string?.isEmpty == false)
        // The code is used up.
        #expect(try await stage.exchange(code).error == "invalid_grant")
    }

    @Test(
        "refuses another secret, verifier, redirect URI, grant and code",
        arguments: [
            ("client_secret", "wrong", "invalid_client"), ("code_verifier", "x", "invalid_grant"),
            ("redirect_uri", "https://evil.example/", "invalid_grant"),
            ("grant_type", "password", "unsupported_grant_type"), ("code", "x", "invalid_grant"),
        ]
    )
    func refused(name: String, value: String, error: String) async throws {
        let stage = try ProviderStage()
        let code = try await stage.code(person: "customer-anna")
        #expect(try await stage.exchange(code, replacing: [name: value]).error == error)
    }

    @Test("answers only to a registered address")
    func redirects() async throws {
        let stage = try ProviderStage()
        for other in [("redirect_uri", "https://evil.example/"), ("client_id", "nobody")] {
            let answer = try await stage.get(
                "/authorize",
                ["redirect_uri": stage.redirectURI]
                    .merging([other.0: other.1]) { $1 }
            )
            #expect(answer.status == 400)
            #expect(answer.field("location") == nil)
        }
    }

    @Test("asks again where the client or the age of the session says so")
    func sessions() async throws {
        let stage = try ProviderStage()
        let none = try await stage.get("/authorize", ["prompt": "none"])
        #expect(none.parameter("error") == "login_required")
        _ = try await stage.code(person: "customer-anna")
        // Signed in already: no page.
        #expect(try await stage.get("/authorize", [:]).parameter("code") != nil)
        for more in [["prompt": "login"], ["max_age": "0"], ["acr_values": "urn:strong"]] {
            #expect(try await stage.get("/authorize", more).status == 200, "\(more)")
        }
        let code = try await stage.code(person: "customer-anna", more: ["acr_values": "urn:strong"])
        let claims = try await stage.verify(try await stage.redeem(code))
        #expect(claims["acr"]?.string == "urn:strong")
        // Customers are no staff.
        let console = [
            "client_id": "beckon-console",
            "redirect_uri": "https://as.example/sso/oidc/console/callback",
        ]
        #expect(try await stage.get("/authorize", console).status == 200)
    }

    @Test("makes the ID token wrong as a knob says, once", arguments: IDTokenFault.allCases)
    func faults(fault: IDTokenFault) async throws {
        let stage = try ProviderStage()
        try await stage.turn(["id_token": .string(fault.rawValue)])
        let bad = try await stage.redeem(try await stage.code(person: "customer-anna", nonce: "n"))
        let good = try await stage.redeem(try await stage.code(person: "customer-anna", nonce: "n"))
        let expected = try await stage.verify(good)
        switch fault {
        case .signature, .unsigned:
            await #expect(throws: (any Error).self) { _ = try await stage.verify(bad) }
        default:
            let claims = try await stage.verify(bad)
            #expect(claims.without(["sid"]) != expected.without(["sid"]))
        }
    }

    @Test("tells the clients of a session that it has ended, by a logout token")
    func logout() async throws {
        let stage = try ProviderStage()
        let token = try await stage.redeem(try await stage.code(person: "customer-anna"))
        let session = try await stage.verify(token)["sid"]
        let answer = try await stage.control(
            "/_sim/logout",
            .members(["person": .string("customer-anna")])
        )
        #expect(answer.status == 200)
        let request = try #require(stage.sent.requests.first)
        #expect(request.url == "https://as.example/sso/oidc/inbox/backchannel-logout")
        let claims = try await stage.verify(try #require(Form(request.body)?["logout_token"]))
        #expect(claims["sid"] == session)
        #expect(claims["nonce"] == nil)
        #expect(
            claims["events"]?["http://schemas.openid.net/event/backchannel-logout"]?.object != nil
        )
        #expect(try await stage.get("/authorize", ["prompt": "none"]).parameter("code") == nil)
    }

    @Test("leads people who sign out to a registered address only")
    func signedOut() async throws {
        let stage = try ProviderStage()
        let token = try await stage.redeem(try await stage.code(person: "customer-anna"))
        let asked = ["id_token_hint": token, "state": "s"]
        let known = asked.merging(["post_logout_redirect_uri": "https://as.example/inbox"]) { $1 }
        #expect(
            try await stage.get("/logout", known).field("location")
                == "https://as.example/inbox?state=s"
        )
        let other = asked.merging(["post_logout_redirect_uri": "https://evil.example/"]) { $1 }
        #expect(try await stage.get("/logout", other).status == 200)
    }
}

/// The provider with one browser and the client `beckon-inbox`.
private final class ProviderStage: Sendable {
    static let issuer = "http://idp.test"
    static let secret = "a secret between the two"
    static let verifier = "a verifier of at least forty-three characters."
    let redirectURI = "https://as.example/sso/oidc/inbox/callback"
    let sent = SentRequests()
    private let router: Router
    private let controls: Router
    private let cookie = Locked("")

    init() throws {
        let provider = IdentityProviderSimulator(
            .init(
                baseURL: Self.issuer,
                clients: IdentityProviderSimulator.Client.applications(
                    secret: Self.secret,
                    of: "https://as.example"
                )
            ),
            http: sent,
            clock: StillClock()
        )
        router = Router(provider.routes)
        controls = Router(provider.controlRoutes)
    }

    /// With the usual parameters of an authorization request, which `more` replaces.
    func get(_ path: String, _ more: [String: String]) async throws -> Response {
        let usual = [
            "client_id": "beckon-inbox", "redirect_uri": redirectURI, "response_type": "code",
            "scope": "openid email profile", "state": "s",
            "code_challenge": Base64URL.encode(SHA256.digest(Array(Self.verifier.utf8))),
            "code_challenge_method": "S256",
        ]
        let all = path == "/authorize" ? usual.merging(more) { $1 } : more
        let query = String(decoding: Form(all.map { Field($0.key, $0.value) }).bytes, as: UTF8.self)
        let answer = try await send(.example(.get, path + "?" + query, fields: cookies))
        lastQuery.withLock { $0 = query }
        return answer
    }

    private let lastQuery = Locked("")
    private var cookies: [Field] { [Field("Cookie", cookie.withLock { $0 })] }

    private func send(_ request: Request) async throws -> Response {
        try #require(await router.answer(request))
    }

    /// Signs in on the page, whoever is signed in already.
    func code(
        person: String,
        nonce: String = "n",
        more: [String: String] = [:]
    ) async throws -> String {
        let page = try await get(
            "/authorize",
            ["nonce": nonce, "prompt": "login"].merging(more) { $1 }
        )
        #expect(page.status == 200)
        let form = Form([Field("request", lastQuery.withLock { $0 }), Field("person", person)])
        let answer = try await send(.example(.post, "/authorize", body: form.bytes))
        let set = answer.field("set-cookie") ?? ""
        cookie.withLock { $0 = String(set.prefix { $0 != ";" }) }
        return try #require(answer.parameter("code"))
    }

    func exchange(
        _ code: String,
        as kind: IdentityProviderTests.TokenRequestForm = .form,
        replacing: [String: String] = [:]
    ) async throws -> (status: Int, body: JSONValue, error: String?) {
        var members = [
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirectURI,
            "code_verifier": Self.verifier, "client_id": "beckon-inbox",
            "client_secret": Self.secret,
        ].merging(replacing) { $1 }
        var fields = [Field("Content-Type", "application/x-www-form-urlencoded")]
        if kind == .basic {
            members["client_secret"] = nil
            let pair = "beckon-inbox:" + Self.secret.replacing(" ", with: "%20")
            fields.append(Field("Authorization", "Basic " + Base64.encode(Array(pair.utf8))))
        }
        var body = Form(members.map { Field($0.key, $0.value) }).bytes
        if kind == .json {
            fields = [Field("Content-Type", "application/json")]
            let json = members.map { JSONObject.Member(name: $0.key, value: .string($0.value)) }
            body = JSONValue.object(JSONObject(json)).bytes
        }
        let answer = try await send(.example(.post, "/token", fields: fields, body: body))
        let value = try JSONValue(answer.body)
        return (answer.status, value, value["error"]?.string)
    }

    func redeem(
        _ code: String,
        as kind: IdentityProviderTests.TokenRequestForm = .form
    ) async throws -> String {
        let answer = try await exchange(code, as: kind)
        #expect(answer.status == 200)
        return try #require(answer.body["id_token"]?.string)
    }

    /// The claims of a token that one of the published keys has signed.
    func verify(_ token: String) async throws -> JSONValue {
        let keys = try JWKSet(bytes: try await get("/jwks", [:]).body)
        return try JSONValue(JWS.verify(token, keys: keys, allowed: [.es256]).payload)
    }

    func control(_ path: String, _ body: JSONValue) async throws -> Response {
        try #require(await controls.answer(.example(.post, path, body: body.bytes)))
    }

    func turn(_ knobs: KeyValuePairs<String, JSONValue?>) async throws {
        let body = JSONValue.members(["set": .members(knobs), "times": .integer(1)])
        #expect(try await control("/_sim/knobs", body).status == 201)
    }
}

/// Takes every request, and keeps it.
private final class SentRequests: OutboundHTTP {
    private let kept = Locked<[OutboundRequest]>([])
    var requests: [OutboundRequest] { kept.withLock { $0 } }

    func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        kept.withLock { $0.append(request) }
        return OutboundResponse(status: 200)
    }
}

extension Response {
    fileprivate func field(_ name: String) -> String? { fields.first(name) }

    /// A parameter of the address that the response leads to.
    fileprivate func parameter(_ name: String) -> String? {
        field("location").flatMap { location in
            location.split(separator: "?").last.flatMap { Form(Array($0.utf8)) }?[name]
        }
    }
}

extension JSONValue {
    fileprivate func without(_ names: Set<String>) -> JSONValue {
        .object(JSONObject((object?.members ?? []).filter { !names.contains($0.name) }))
    }
}
