import Cryptography
import HTTP
import JOSE
import JSON
import OAuthClient
import TestSupport
import Testing
import Trust

@Suite("An identity provider")
struct IdentityProviderTests {
    // trust: C-1
    @Test("is found by its metadata and gives a person's claims")
    func discovered() async throws {
        let stage = try ProviderStage()
        let claims = try await stage.signIn()
        #expect(claims.subject == "24400320")
        #expect(claims.custom[ScriptedProvider.userClaim] == "customer-4711")
        #expect(stage.http.requests.count == 3)
    }

    // trust: C-7
    @Test(
        "gets the token request as a form or as JSON, with the secret in the body or in the header",
        arguments: ["form", "json"],
        ["client_secret_post", "client_secret_basic"]
    )
    func tokenRequest(encoding: String, method: String) async throws {
        let stage = try ProviderStage([
            "token_request": "\"\(encoding)\"", "client_authentication": "\"\(method)\"",
        ])
        _ = try await stage.signIn()
        let request = try #require(stage.http.requests(to: "/token").first)
        #expect(request.method == .post)
        var sent: [String: String] = [:]
        if encoding == "json" {
            #expect(request.fields.first("content-type") == "application/json")
            for member in try JSONValue(request.body).object?.members ?? [] {
                sent[member.name] = member.value.string
            }
        } else {
            #expect(request.fields.first("content-type") == "application/x-www-form-urlencoded")
            for field in try #require(Form(request.body)).fields { sent[field.name] = field.value }
        }
        var expected = [
            "grant_type": "authorization_code", "code": "code-1", "code_verifier": "verifier-1",
            "redirect_uri": "https://as.example/sso/oidc/inbox/callback",
        ]
        if method == "client_secret_post" {
            expected["client_id"] = ScriptedProvider.clientID
            expected["client_secret"] = ScriptedProvider.clientSecret
            #expect(request.fields.first("authorization") == nil)
        } else {
            #expect(request.fields.first("authorization")?.hasPrefix("Basic ") == true)
        }
        #expect(sent == expected)
    }

    @Test("is asked for its keys once more for a thousand tokens of an unknown key")
    func unknownKey() async throws {
        let stage = try ProviderStage()
        _ = try await stage.signIn()
        let foreign = try SigningKey.generate(.es256, id: "unknown")
        stage.http.change { state in
            state.published = JWKSet([state.key.verificationKey])
            state.key = foreign
        }
        let endpoints = try await stage.provider.endpoints()
        let token = try JWS.sign(payload: stage.http.claims(nonce: "n").bytes, key: foreign)
        let provider = stage.provider
        await withTaskGroup { group in
            for _ in 0..<1000 {
                group.addTask {
                    _ = try? await provider.claims(of: token, nonce: "n", from: endpoints)
                }
            }
        }
        #expect(stage.http.requests(to: "/jwks").count == 2)
        stage.clock.advance(by: .seconds(60))
        await #expect(throws: IdentityProvider.ClaimsFailure.self) {
            try await provider.claims(of: token, nonce: "n", from: endpoints)
        }
        #expect(stage.http.requests(to: "/jwks").count == 3)
    }

    @Test("may replace its key at any time")
    func rotation() async throws {
        let stage = try ProviderStage()
        _ = try await stage.signIn()
        let next = try SigningKey.generate(.es256, id: "k2")
        stage.http.change { $0.key = next }
        _ = try await stage.signIn()
        #expect(stage.http.requests(to: "/jwks").count == 2)
    }

    @Test("stays usable while its keys cannot be fetched again")
    func keysUnavailable() async throws {
        let stage = try ProviderStage()
        _ = try await stage.signIn()
        stage.http.change { $0.keysStatus = 503 }
        stage.clock.advance(by: .seconds(3601))
        _ = try await stage.signIn()
    }

    @Test("may sign by HMAC only if that was chosen", arguments: [true, false])
    func hmac(isChosen: Bool) async throws {
        let stage = try ProviderStage(isChosen ? ["algorithms": "[\"HS256\"]"] : [:])
        let secret = try SharedSecret(Array(ScriptedProvider.clientSecret.utf8))
        stage.http.change { $0.key = SigningKey(secret: secret) }
        if isChosen {
            #expect(try await stage.signIn().subject == "24400320")
        } else {
            await #expect(throws: IdentityProvider.ClaimsFailure.self) { try await stage.signIn() }
        }
    }

    @Test("is refused if its metadata are another issuer's or have no endpoint for people")
    func metadata() async throws {
        for change in [
            ("issuer", JSONValue.string("https://login.bank.example/")),
            ("jwks_uri", .string("http://login.bank.example/jwks")),
            ("authorization_endpoint", nil),
        ] as [(String, JSONValue?)] {
            let stage = try ProviderStage()
            stage.http.change { state in
                state.metadata = { $0.with(change.0, change.1) }
            }
            await #expect(throws: OAuthFailure.self) { try await stage.provider.endpoints() }
        }
    }
}
