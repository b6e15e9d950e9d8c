import Access
import Cryptography
import HTTP
import JSON
import Logins
import TestSupport
import Testing
import Trust

@Suite("An authorization request")
struct AuthorizationRequestTests {
    /// One that must not lead to a question.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let changes: [(String, String)]
        /// `error` that the app gets; nil if nothing may be sent anywhere.
        let error: String?

        init(_ name: String, _ error: String?, _ changes: (String, String)...) {
            testDescription = name
            self.error = error
            self.changes = changes
        }
    }

    static let cases = [
        Case("without client_id", nil, ("client_id", "")),
        Case("of an unknown client", nil, ("client_id", "nobody")),
        Case("of a client of another grant", nil, ("client_id", "ops-tool")),
        Case("without redirect_uri", nil, ("redirect_uri", "")),
        Case("to another host", nil, ("redirect_uri", "https://evil.example/signed-in")),
        Case("to a longer path", nil, ("redirect_uri", TrustStage.redirectURI + "/more")),
        Case("to a shorter path", nil, ("redirect_uri", "https://app.example")),
        Case("with a query added", nil, ("redirect_uri", TrustStage.redirectURI + "?a=b")),
        Case("with a fragment added", nil, ("redirect_uri", TrustStage.redirectURI + "#a")),
        Case("with a slash added", nil, ("redirect_uri", TrustStage.redirectURI + "/")),
        Case("in capitals", nil, ("redirect_uri", "https://APP.example/signed-in")),
        Case("with a port added", nil, ("redirect_uri", "https://app.example:443/signed-in")),
        Case("with a user added", nil, ("redirect_uri", "https://app.example@evil.example/")),
        Case("with dots", nil, ("redirect_uri", "https://app.example/x/../signed-in")),
        Case("to localhost by name", nil, ("redirect_uri", "http://localhost/signed-in")),
        Case("to another loopback path", nil, ("redirect_uri", "http://127.0.0.1:5000/other")),
        Case("to loopback over TLS", nil, ("redirect_uri", "https://127.0.0.1/signed-in")),
        Case("to the other loopback", nil, ("redirect_uri", "http://[::1]:5000/signed-in")),
        Case(
            "to loopback as a user of another host",
            nil,
            ("redirect_uri", "http://127.0.0.1:80@evil.example/signed-in")
        ),
        Case("to a line break", nil, ("redirect_uri", TrustStage.redirectURI + "\r\nX: y")),
        Case("without response_type", "invalid_request", ("response_type", "")),
        Case("for a token", "unsupported_response_type", ("response_type", "token")),
        Case("for two types", "unsupported_response_type", ("response_type", "code id_token")),
        Case("in the fragment", "invalid_request", ("response_mode", "fragment")),
        Case("without a challenge", "invalid_request", ("code_challenge", "")),
        Case("with plain PKCE", "invalid_request", ("code_challenge_method", "plain")),
        Case("without a method of PKCE", "invalid_request", ("code_challenge_method", "")),
        Case(
            "with a method in small letters",
            "invalid_request",
            ("code_challenge_method", "s256")
        ),
        Case("with a short challenge", "invalid_request", ("code_challenge", "abc")),
        Case("with padding", "invalid_request", ("code_challenge", TrustStage.challenge + "=")),
        Case("for an unknown scope", "invalid_scope", ("scope", "everything")),
        Case("for a scope of applications", "invalid_scope", ("scope", "admin:read")),
        Case("for more scope", "invalid_scope", ("scope", "device:logins admin:read")),
        Case("with a request object", "request_not_supported", ("request", "e30.e30.")),
        Case(
            "with a request URI",
            "request_uri_not_supported",
            ("request_uri", "https://evil.example")
        ),
        Case(
            "with a huge state",
            "invalid_request",
            ("state", String(repeating: "s", count: 1025))
        ),
        Case("for a key without DPoP", "invalid_request", ("dpop_jkt", TrustStage.challenge)),
    ]

    // trust: A-15
    @Test(
        "that is wrong goes back to the app only if the redirect URI is the client's",
        arguments: cases
    )
    func refused(wrong: Case) async throws {
        let stage = try await TrustStage()
        let query = stage.authorizationQuery(wrong.changes)
        switch await stage.authorization.judge(query) {
        case .page: #expect(wrong.error == nil)
        case .redirect(let address):
            #expect(address.hasPrefix(TrustStage.redirectURI + "?"))
            let answer = Form(Array(address.utf8.drop { $0 != UInt8(ascii: "?") }.dropFirst()))
            #expect(answer?["error"] == wrong.error)
            #expect(answer?["state"] == query["state"])
            #expect(answer?["iss"] == TrustStage.issuer)
            #expect(answer?["code"] == nil)
        case .ask, .unavailable: Issue.record("it was taken")
        }
    }

    // trust: A-15
    @Test(
        "is taken with the registered URI, and with any port of this machine",
        arguments: [
            TrustStage.redirectURI, "http://127.0.0.1/signed-in",
            "http://127.0.0.1:51004/signed-in",
        ]
    )
    func taken(uri: String) async throws {
        let stage = try await TrustStage()
        let code = try await stage.code([("redirect_uri", uri)])
        let answer = await stage.endpoint.answer(
            stage.exchange(code, [("redirect_uri", uri)])
        )
        #expect(answer.status == 200)
    }

    @Test("with a parameter twice goes nowhere")
    func twice() async throws {
        let stage = try await TrustStage()
        let text = String(decoding: stage.authorizationQuery().bytes, as: UTF8.self)
        guard case .page = await stage.authorization.judge(Form(Array((text + "&state=2").utf8)))
        else {
            Issue.record("it was taken")
            return
        }
    }

    @Test(
        "of a client that is not active goes nowhere",
        arguments: [
            APIClient.Status.pending, .suspended, .revoked,
        ]
    )
    func status(status: APIClient.Status) async throws {
        let stage = try await TrustStage()
        try await stage.change("phone-app", to: status)
        guard case .page = await stage.authorization.judge(stage.authorizationQuery()) else {
            Issue.record("it was taken")
            return
        }
    }

    @Test("gives one code, however often the user answers")
    func answeredTwice() async throws {
        let stage = try await TrustStage()
        guard case .ask(let request) = await stage.authorization.judge(stage.authorizationQuery())
        else {
            Issue.record("it was refused")
            return
        }
        func answer() async throws -> String {
            try await stage.authorization.granted(
                request,
                by: .named(TrustStage.user),
                session: "s",
                address: "192.0.2.7"
            )
        }
        let address = try await answer()
        #expect(address.contains("&state=st-1&iss=https%3A%2F%2Fas.example"))
        await #expect(throws: AuthorizationEndpoint.Refusal.stale) { try await answer() }
    }
}

@Suite("An authorization code")
struct AuthorizationCodeTests {
    // trust
    @Test("gives the app a user's token that is bound to its certificate, and a refresh token")
    func exchange() async throws {
        let stage = try await TrustStage()
        let answer = try await stage.signedIn()
        #expect(answer.object["token_type"]?.string == "Bearer")
        #expect(answer.object["refresh_token"]?.string?.isEmpty == false)
        let claims = payload(answer.token)
        #expect(claims["sub"]?.string == TrustStage.user)
        #expect(claims["client_id"]?.string == "phone-app")
        #expect(claims["act"] == nil)
        #expect(claims["exp"]?.integer == 1_930_000_600)
        let thumbprint = Base64URL.encode(stage.certificate("phone").thumbprint)
        #expect(claims["cnf"]?["x5t#S256"]?.string == thumbprint)
        let seen = await stage.endpoint.introspect(
            stage.request(
                [("client_id", "phone-app"), ("token", answer.token)],
                showing: stage.certificate("phone", isVerified: false)
            )
        )
        #expect(seen.object["cnf"]?["x5t#S256"]?.string == thumbprint)
    }

    // trust: A-15
    @Test("that is used again ends what it gave")
    func replay() async throws {
        let stage = try await TrustStage()
        let code = try await stage.code()
        let first = await stage.endpoint.answer(stage.exchange(code))
        #expect(first.status == 200)
        let second = await stage.endpoint.answer(stage.exchange(code))
        #expect(second.error == "invalid_grant")
        #expect(
            stage.store.events.suffix(2).map(\.kind) == ["token.family_ended", "token.refused"]
        )
        let refresh = stage.refresh(first.object["refresh_token"]?.string ?? "")
        #expect(await stage.endpoint.answer(refresh).error == "invalid_grant")
        let call = stage.call(first.token, showing: stage.certificate("phone"))
        await #expect(throws: ResourceRefusal.self) {
            try await stage.resources.caller(of: call, .deviceLogins)
        }
    }

    // trust: A-15
    @Test("gives tokens once, however many exchange it at the same time")
    func race() async throws {
        let stage = try await TrustStage()
        let code = try await stage.code()
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask { await stage.endpoint.answer(stage.exchange(code)).status }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(statuses.filter { $0 == 200 }.count == 1)
        #expect(statuses.filter { $0 == 400 }.count == 19)
    }

    // trust: A-15
    @Test("lasts a minute", arguments: [(59, 200), (60, 400)])
    func life(seconds: Int, status: Int) async throws {
        let stage = try await TrustStage()
        let code = try await stage.code()
        stage.clock.advance(by: .seconds(seconds))
        #expect(await stage.endpoint.answer(stage.exchange(code)).status == status)
    }

    @Test("that somebody else tried still counts for its client")
    func tried() async throws {
        let stage = try await TrustStage()
        let code = try await stage.code()
        for change in [("code_verifier", String(repeating: "x", count: 43)), ("redirect_uri", "x")]
        {
            let wrong = await stage.endpoint.answer(stage.exchange(code, [change]))
            #expect(wrong.error == "invalid_grant")
        }
        let other = await stage.endpoint.answer(
            stage.exchange(
                code,
                [("client_id", "other-app")],
                showing: stage.certificate("robot-2", isVerified: false)
            )
        )
        #expect(other.error == "invalid_grant")
        #expect(await stage.endpoint.answer(stage.exchange(code)).status == 200)
    }

    @Test("gives no refresh token to a client without that grant")
    func withoutRefresh() async throws {
        let stage = try await TrustStage()
        let stored = try #require(try await stage.store.client(.named("phone-app")))
        let client = try stored.client.with(grants: [.authorizationCode])
        _ = try await stage.store.commit([.replaceClient(client, version: stored.version)])
        let answer = try await stage.signedIn()
        #expect(answer.object["refresh_token"] == nil)
        let call = stage.call(answer.token, showing: stage.certificate("phone"))
        #expect(
            try await stage.resources.caller(of: call, .deviceLogins).user?.value == TrustStage.user
        )
    }

    /// A kind of token and the interfaces that take it.
    static let matrix: [(TokenKind, AccessScope)] = [
        (.application, .adminRead), (.user, .deviceLogins), (.delegated, .loginsRead),
    ]

    // trust: A-3
    @Test(
        "and all other grants give tokens that count only on their own interfaces",
        arguments: matrix
    )
    func kinds(kind: TokenKind, allowed: AccessScope) async throws {
        let stage = try await TrustStage()
        let (token, name): (String, String)
        switch kind {
        case .application:
            (token, name) = (await stage.endpoint.answer(try stage.opsRequest()).token, "ops")
        case .delegated:
            (token, name) = (await stage.endpoint.answer(try stage.robotRequest()).token, "robot")
        case .user: (token, name) = (try await stage.signedIn().token, "phone")
        }
        let call = stage.call(token, showing: stage.certificate(name))
        for scope in [AccessScope.adminRead, .backendUsers, .loginsRead, .deviceLogins] {
            do {
                let caller = try await stage.resources.caller(of: call, scope)
                #expect(scope == allowed && caller.kind == kind)
            } catch {
                #expect(scope != allowed)
                #expect(error.response.status == 403)
            }
        }
    }
}
