import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Trust

/// Requests that must not get a token. Each names what the client is told and what the audit says.
@Suite("An attack on the token endpoint")
struct TokenAttackTests {
    struct Attack: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let status: Int
        let error: String
        /// The beginning of the reason in the audit.
        let reason: String
        let request: @Sendable (TrustStage) async throws -> Request

        init(
            _ name: String,
            _ status: Int,
            _ error: String,
            _ reason: String,
            _ request: @escaping @Sendable (TrustStage) async throws -> Request
        ) {
            testDescription = name
            self.status = status
            self.error = error
            self.reason = reason
            self.request = request
        }
    }

    /// An attack with a wrong assertion of the application.
    private static func assertion(
        _ name: String,
        _ reason: String,
        _ change: @escaping @Sendable (inout TrustStage.Assertion) -> Void
    ) -> Attack {
        Attack(name, 401, "invalid_client", reason) { try $0.opsRequest(change) }
    }

    /// The same of the delegated client.
    private static func robot(
        _ name: String,
        _ status: Int,
        _ error: String,
        _ reason: String,
        _ change: @escaping @Sendable (inout TrustStage.Assertion) -> Void
    ) -> Attack {
        Attack(name, status, error, reason) { try $0.robotRequest(change) }
    }

    /// An attack with another form, by the application with its own certificate.
    private static func form(
        _ name: String,
        _ status: Int,
        _ error: String,
        _ reason: String,
        _ fields: @escaping @Sendable (TrustStage) throws -> [(String, String)]
    ) -> Attack {
        Attack(name, status, error, reason) { stage in
            stage.request(try fields(stage), showing: stage.certificate("ops"))
        }
    }

    private static func assertionFields(_ token: String) -> [(String, String)] {
        [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", TrustStage.assertionType), ("client_assertion", token),
        ]
    }

    /// A token with this header and the payload of a good one.
    private static func token(_ header: String, _ stage: TrustStage, signed: Bool) throws -> String
    {
        let good = try stage.assertion().split(separator: ".")
        let head = Base64URL.encode(Array(header.utf8))
        return "\(head).\(good[1])." + (signed ? good[2] : "")
    }

    static let assertions: [Attack] = [
        assertion("without iss", "no client named") { $0.issuer = nil },
        assertion("with an empty iss", "no client named") { $0.issuer = "" },
        assertion("of an unknown client", "unknown client") { $0.issuer = "nobody" },
        assertion("without sub", "assertion: sub is missing") { $0.subject = nil },
        assertion("for another sub", "assertion: the claim sub") { $0.subject = "tls-tool" },
        assertion("whose sub differs by case", "assertion: the claim sub") {
            $0.subject = "Ops-Tool"
        },
        assertion("without aud", "assertion: aud is missing") { $0.audience = [] },
        assertion("for another aud", "assertion: the claim aud") {
            $0.audience = ["https://other.example"]
        },
        assertion("for an aud with a slash", "assertion: the claim aud") {
            $0.audience = [TrustStage.issuer + "/"]
        },
        assertion("for an aud in capitals", "assertion: the claim aud") {
            $0.audience = ["https://AS.example"]
        },
        assertion("for two auds", "assertion: the claim aud") {
            $0.audience = [TrustStage.issuer, "https://other.example"]
        },
        assertion("without exp", "assertion: exp is missing") { $0.expires = nil },
        assertion("that has expired", "assertion: the claim exp") {
            $0.issued = -400
            $0.expires = -31
        },
        assertion("with eleven minutes of life", "assertion: the claim exp") { $0.expires = 660 },
        assertion("with a year of life and no iat", "assertion: the claim exp") {
            $0.issued = nil
            $0.expires = 31_536_000
        },
        assertion("issued in the future", "assertion: the claim iat") { $0.issued = 60 },
        assertion("not valid yet", "assertion: the claim nbf") {
            $0.notBefore = 60
        },
        assertion("without jti", "assertion: jti is missing") { $0.id = nil },
        assertion("with an empty jti", "assertion: jti is empty") { $0.id = "" },
        assertion("signed by another client's key", "assertion:") { $0.key = "robot-2" },
        assertion("signed by nobody's key", "assertion: no known key fits") {
            $0.key = "stranger"
        },
        assertion("signed with RS256", "assertion: the algorithm") { $0.key = "robot" },
    ]

    static let forged: [Attack] = [
        form("that is not signed", 401, "invalid_client", "assertion:") { stage in
            assertionFields(try token(#"{"alg":"none"}"#, stage, signed: false))
        },
        form("with alg none and a signature", 401, "invalid_client", "assertion: the algorithm") {
            assertionFields(try token(#"{"alg":"none","kid":"ops"}"#, $0, signed: true))
        },
        form("with alg None", 401, "invalid_client", "assertion: the algorithm") {
            assertionFields(try token(#"{"alg":"None","kid":"ops"}"#, $0, signed: true))
        },
        form("with the public key as a secret", 401, "invalid_client", "assertion: the algorithm") {
            stage in
            let key = try #require(try stage.key("ops").verificationKey.jwk).bytes
            var claims = JWT.Claims()
            claims.issuer = "ops-tool"
            claims.subject = "ops-tool"
            claims.audience = [TrustStage.issuer]
            claims.id = "jti"
            claims.expiresAt = JWT.NumericDate(seconds: 1_930_000_100)
            return assertionFields(
                try JWT.sign(claims, key: SigningKey(secret: SharedSecret(key), id: "ops"))
            )
        },
        form("with a key in its header", 401, "invalid_client", "assertion: the signature") {
            stage in
            let jwk = try #require(try stage.key("stranger").verificationKey.jwk)
            let header =
                #"{"alg":"ES256","jwk":"# + String(decoding: jwk.bytes, as: UTF8.self) + "}"
            let payload = try stage.assertion().split(separator: ".")[1]
            let input = Base64URL.encode(Array(header.utf8)) + "." + payload
            // Signed by the stranger, whose key the header has.
            let other = try stage.assertion { $0.key = "stranger" }.split(separator: ".")[2]
            return assertionFields(input + "." + other)
        },
        form("with jku", 401, "invalid_client", "assertion: the signature") {
            assertionFields(
                try token(#"{"alg":"ES256","jku":"https://evil.example"}"#, $0, signed: true)
            )
        },
        form("with a critical extension", 401, "invalid_client", "assertion: it has extensions") {
            assertionFields(try token(#"{"alg":"ES256","crit":["b64"]}"#, $0, signed: true))
        },
        form("whose payload was changed", 401, "invalid_client", "assertion: the signature") {
            stage in
            let parts = try stage.assertion().split(separator: ".")
            let other = try stage.assertion { $0.id = "another" }.split(separator: ".")
            return assertionFields("\(parts[0]).\(other[1]).\(parts[2])")
        },
        form("with an empty signature", 401, "invalid_client", "assertion:") { stage in
            let parts = try stage.assertion().split(separator: ".")
            return assertionFields("\(parts[0]).\(parts[1]).")
        },
        form("with a signature of zeros", 401, "invalid_client", "assertion: the signature") {
            stage in
            let parts = try stage.assertion().split(separator: ".")
            let zeros = Base64URL.encode([UInt8](repeating: 0, count: 64))
            return assertionFields("\(parts[0]).\(parts[1]).\(zeros)")
        },
        form("in four parts", 401, "invalid_client", "no client named") {
            assertionFields(try $0.assertion() + ".x")
        },
        form("in five parts", 401, "invalid_client", "no client named") {
            assertionFields(try $0.assertion() + ".x.y")
        },
        form("that is no token", 401, "invalid_client", "no client named") { _ in
            assertionFields("x")
        },
        form("with padding", 401, "invalid_client", "assertion:") {
            assertionFields(try $0.assertion() + "=")
        },
        form("with a blank", 401, "invalid_client", "assertion:") {
            assertionFields(try $0.assertion() + " ")
        },
        form("that is too long", 401, "invalid_client", "no client named") { _ in
            assertionFields(String(repeating: "a", count: 70_000))
        },
    ]

    static let requests: [Attack] = [
        form("without grant_type", 400, "invalid_request", "grant_type is missing") {
            Array(assertionFields(try $0.assertion()).dropFirst())
        },
        form("with an empty grant_type", 400, "invalid_request", "grant_type is missing") {
            [("grant_type", "")] + assertionFields(try $0.assertion()).dropFirst()
        },
        form("with an unknown grant", 400, "unsupported_grant_type", "unknown grant type") {
            [("grant_type", "password")] + assertionFields(try $0.assertion()).dropFirst()
        },
        form("with the grant in capitals", 400, "unsupported_grant_type", "unknown grant type") {
            [("grant_type", "CLIENT_CREDENTIALS")]
                + assertionFields(try $0.assertion()).dropFirst()
        },
        form("with a grant that is not the client's", 400, "unauthorized_client", "grant type") {
            [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")]
                + assertionFields(try $0.assertion()).dropFirst()
        },
        form("with an unknown scope", 400, "invalid_scope", "unknown scope") {
            assertionFields(try $0.assertion()) + [("scope", "everything")]
        },
        form("with more scope than registered", 400, "invalid_scope", "scope not registered") {
            assertionFields(try $0.assertion()) + [("scope", "admin:read admin:users")]
        },
        form("with a delegated scope", 400, "invalid_scope", "scope not registered") {
            assertionFields(try $0.assertion()) + [("scope", "logins:decide")]
        },
        form("with a tab between scopes", 400, "invalid_scope", "unknown scope") {
            assertionFields(try $0.assertion()) + [("scope", "admin:read\tadmin:clients")]
        },
        form("with two blanks between scopes", 400, "invalid_scope", "unknown scope") {
            assertionFields(try $0.assertion()) + [("scope", "admin:read  admin:clients")]
        },
        form("with two ways to authenticate", 400, "invalid_request", "The client must") {
            assertionFields(try $0.assertion()) + [("client_secret", "x")]
        },
        form("with another client_id", 401, "invalid_client", "client_id names another") {
            assertionFields(try $0.assertion()) + [("client_id", "tls-tool")]
        },
        form("without the type of the assertion", 400, "invalid_request", "client_assertion") {
            [("grant_type", "client_credentials"), ("client_assertion", try $0.assertion())]
        },
        form("with another type of assertion", 400, "invalid_request", "client_assertion_type") {
            [
                ("grant_type", "client_credentials"), ("client_assertion", try $0.assertion()),
                (
                    "client_assertion_type",
                    "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"
                ),
            ]
        },
        form("with the type alone", 400, "invalid_request", "client_assertion") { _ in
            [
                ("grant_type", "client_credentials"),
                ("client_assertion_type", TrustStage.assertionType),
            ]
        },
        form("with a parameter twice", 400, "invalid_request", "The body must be a form") {
            assertionFields(try $0.assertion()) + [("scope", ""), ("scope", "admin:read")]
        },
        form("that names nobody", 401, "invalid_client", "no client named") { _ in
            [("grant_type", "client_credentials")]
        },
        form("of nobody", 401, "invalid_client", "unknown client") { _ in
            [("grant_type", "client_credentials"), ("client_id", "nobody")]
        },
        form("with a control character in client_id", 401, "invalid_client", "no client") { _ in
            [("grant_type", "client_credentials"), ("client_id", "ops-tool\n")]
        },
        form("by certificate for a client of assertions", 401, "invalid_client", "not auth") { _ in
            [("grant_type", "client_credentials"), ("client_id", "ops-tool")]
        },
        form("by secret for a client of assertions", 401, "invalid_client", "not auth") { _ in
            [
                ("grant_type", "client_credentials"), ("client_id", "ops-tool"),
                ("client_secret", "the secret of a tool"),
            ]
        },
        form("with a wrong secret", 401, "invalid_client", "wrong secret") { _ in
            [
                ("grant_type", "client_credentials"), ("client_id", "post-tool"),
                ("client_secret", "the secret of a fool"),
            ]
        },
        form("with the secret of Basic in the body", 401, "invalid_client", "not auth") { _ in
            [
                ("grant_type", "client_credentials"), ("client_id", "basic-tool"),
                ("client_secret", "the secret of a tool"),
            ]
        },
        form("by assertion for a client of certificates", 401, "invalid_client", "not auth") {
            assertionFields(
                try $0.assertion {
                    $0.issuer = "self-tool"
                    $0.subject = "self-tool"
                }
            )
        },
        Attack("that is JSON", 400, "invalid_request", "Content-Type") { stage in
            var request = try stage.opsRequest()
            request = .example(
                .post,
                "/oauth2/token",
                fields: [Field("Content-Type", "application/json")],
                body: Array("{}".utf8),
                peer: request.peer
            )
            return request
        },
        Attack("without a media type", 400, "invalid_request", "Content-Type") { stage in
            let good = try stage.opsRequest()
            return .example(.post, "/oauth2/token", body: Array(good.body), peer: good.peer)
        },
        Attack("with parameters in the query", 400, "invalid_request", "Parameters") { stage in
            let good = try stage.opsRequest()
            return .example(
                .post,
                "/oauth2/token?client_id=ops-tool",
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                body: Array(good.body),
                peer: good.peer
            )
        },
        Attack("with a broken escape", 400, "invalid_request", "The body must be") { stage in
            .example(
                .post,
                "/oauth2/token",
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                body: Array("grant_type=%zz".utf8),
                peer: try stage.opsRequest().peer
            )
        },
    ]

    private static func basic(
        _ name: String,
        _ status: Int,
        _ error: String,
        _ reason: String,
        _ values: [String]
    ) -> Attack {
        Attack(name, status, error, reason) { stage in
            stage.request(
                [("grant_type", "client_credentials")],
                showing: stage.certificate("ops"),
                headers: values.map { Field("Authorization", $0) }
            )
        }
    }

    private static func pair(_ text: String) -> String {
        "Basic " + Base64.encode(Array(text.utf8))
    }

    static let headers: [Attack] = [
        basic("with a wrong password", 401, "invalid_client", "wrong", [pair("basic-tool:x")]),
        basic("with no password", 401, "invalid_client", "wrong", [pair("basic-tool:")]),
        basic("with no colon", 401, "invalid_client", "Authorization", [pair("basic-tool")]),
        basic("with Basic of nobody", 401, "invalid_client", "unknown", [pair("nobody:x")]),
        basic("with broken Base64", 401, "invalid_client", "Authorization", ["Basic ****"]),
        basic("with a bearer token", 401, "invalid_client", "Authorization", ["Bearer abc"]),
        basic(
            "with two Authorization fields",
            400,
            "invalid_request",
            "Authorization must be given once",
            [pair("basic-tool:the+secret+of+a+tool"), pair("basic-tool:x")]
        ),
        basic(
            "with Basic for a client of the body",
            401,
            "invalid_client",
            "not auth",
            [pair("post-tool:the+secret+of+a+tool")]
        ),
    ]

    private static func certificate(
        _ name: String,
        _ id: String,
        _ reason: String,
        _ certificate: @escaping @Sendable (TrustStage) -> PeerCertificate
    ) -> Attack {
        Attack(name, 401, "invalid_client", reason) { stage in
            stage.request(
                [("grant_type", "client_credentials"), ("client_id", id)],
                showing: certificate(stage)
            )
        }
    }

    static let certificates: [Attack] = [
        Attack("without a certificate", 400, "invalid_request", "no certificate") { stage in
            var request = try stage.opsRequest()
            request.peer = Peer(address: TrustStage.clientAddress, isSecure: true)
            return request
        },
        certificate("with another name", "tls-tool", "the certificate is not") {
            $0.certificate("ops", dns: ["other.example"])
        },
        certificate("with no name", "tls-tool", "the certificate is not") {
            $0.certificate("ops")
        },
        certificate("with a name that only begins so", "tls-tool", "the certificate is not") {
            $0.certificate("ops", dns: ["tool.example.evil.example"])
        },
        certificate("with a wildcard", "tls-tool", "the certificate is not") {
            $0.certificate("ops", dns: ["*.example"])
        },
        certificate("that no authority issued", "tls-tool", "the certificate is not") {
            $0.certificate("ops", dns: ["tool.example"], isVerified: false)
        },
        certificate("with a key that is not registered", "self-tool", "the key of the") {
            $0.certificate("stranger", isVerified: false)
        },
        certificate("of an authority with another key", "self-tool", "the key of the") {
            $0.certificate("stranger")
        },
        certificate("without a key", "self-tool", "the key of the") { _ in
            PeerCertificate(thumbprint: [1], subject: "CN=ops")
        },
        Attack("with a foreign certificate", 401, "invalid_client", "the key of the") { stage in
            var request = try stage.robotRequest()
            request.peer = Peer(
                address: TrustStage.clientAddress,
                isSecure: true,
                certificate: stage.certificate("stranger")
            )
            return request
        },
    ]

    static let delegation: [Attack] = [
        robot("that names no user", 401, "invalid_client", "assertion: sub is missing") {
            $0.subject = nil
        },
        robot("that names its client as the user", 400, "invalid_grant", "it names no user") {
            $0.subject = "dc_7Qm2"
        },
        robot("for an unknown user", 400, "invalid_grant", "the user is not known") {
            $0.subject = "nobody"
        },
        robot("for a disabled user", 400, "invalid_grant", "the user is disabled") {
            $0.subject = "disabled"
        },
        robot("for an empty user", 400, "invalid_grant", "sub is no user") { $0.subject = "" },
        robot("for a user with a line break", 400, "invalid_grant", "sub is no user") {
            $0.subject = "user\n4711"
        },
        robot("for a user in capitals", 400, "invalid_grant", "the user is not known") {
            $0.subject = "User-4711"
        },
        robot("for a user who cannot be looked up", 503, "temporarily_unavailable", "the bank") {
            $0.subject = "unreachable"
        },
        robot("without an audience", 401, "invalid_client", "assertion: aud is missing") {
            $0.audience = []
        },
        robot("by another delegated client's key", 401, "invalid_client", "assertion:") {
            $0.key = "robot-2"
        },
        Attack("with an application's scope", 400, "invalid_scope", "scope not reg") { stage in
            let good = try stage.robotRequest()
            let body = Array(good.body) + Array("&scope=admin%3Aread".utf8)
            return .example(
                .post,
                "/oauth2/token",
                fields: [Field("Content-Type", "application/x-www-form-urlencoded")],
                body: body,
                peer: good.peer
            )
        },
        Attack("from elsewhere", 403, "source_address_not_allowed", "source address") { stage in
            var request = try stage.robotRequest()
            request.peer = Peer(
                address: "203.0.113.16",
                isSecure: true,
                certificate: stage.certificate("robot")
            )
            return request
        },
        Attack("from the same address, mapped", 403, "source_address_not_allowed", "source") {
            stage in
            var request = try stage.robotRequest()
            request.peer = Peer(
                address: "::ffff:203.0.113.16",
                isSecure: true,
                certificate: stage.certificate("robot")
            )
            return request
        },
        Attack("as a grant, without one", 400, "invalid_request", "assertion is missing") { stage in
            stage.request(
                [
                    ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                    ("client_id", "dc_7Qm2"),
                ],
                showing: stage.certificate("robot")
            )
        },
        Attack("without a consent", 400, "invalid_grant", "no consent in force") { stage in
            let consents = try await stage.store.consents(ConsentFilter(), after: nil, limit: 9)
            for consent in consents {
                _ = try await stage.store.commit([
                    .withdrawConsent(consent.id, at: stage.clock.now())
                ])
            }
            return try stage.robotRequest()
        },
        Attack("with the jti of before", 401, "invalid_client", "the assertion was used") { stage in
            _ = await stage.endpoint.answer(try stage.robotRequest(id: "again"))
            return try stage.robotRequest(id: "again")
        },
        Attack("with the user's consent to another", 400, "invalid_grant", "no consent") { stage in
            let stored = try #require(try await stage.store.client(.named("dc_other")))
            let client = try stored.client.with(
                sourceAddresses: [#require(AddressRange("203.0.113.9"))]
            )
            _ = try await stage.store.commit([.replaceClient(client, version: stored.version)])
            let assertion = try stage.assertion {
                $0.issuer = "dc_other"
                $0.subject = TrustStage.user
                $0.key = "robot-2"
            }
            return stage.request(
                assertionFields(assertion),
                showing: stage.certificate("robot-2")
            )
        },
    ]

    static let states: [Attack] = [APIClient.Status.pending, .suspended, .revoked]
        .flatMap { status in
            ["ops-tool", "dc_7Qm2"].map { id in
                Attack(
                    "of a client that is \(status): \(id)",
                    401,
                    "invalid_client",
                    "the client is \(status)"
                ) { stage in
                    try await stage.change(id, to: status)
                    return try id == "ops-tool" ? stage.opsRequest() : stage.robotRequest()
                }
            }
        }

    static let keys: [Attack] = [
        Attack("with a key after its overlap", 401, "invalid_client", "assertion:") { stage in
            let stored = try #require(try await stage.store.client(.named("ops-tool")))
            let old = stored.client.keys[0]
            let ended = try APIClientKey(
                id: old.id,
                key: old.key,
                addedAt: old.addedAt,
                notAfter: stage.clock.now()
            )
            let next = try APIClientKey(
                id: "next",
                key: stage.key("robot-2").verificationKey,
                addedAt: stage.clock.now()
            )
            let client = try stored.client.with(keys: [ended, next])
            _ = try await stage.store.commit([.replaceClient(client, version: stored.version)])
            return try stage.opsRequest()
        }
    ]

    /// A sign-in, then a use of its code or refresh token that must not get a token.
    static let users: [Attack] = [
        Attack("with a code twice", 400, "invalid_grant", "the code was used before") { stage in
            let code = try await stage.code()
            _ = await stage.endpoint.answer(stage.exchange(code))
            return stage.exchange(code)
        },
        Attack("without a code", 400, "invalid_request", "code is missing") {
            $0.exchange("")
        },
        Attack("with a code that nobody gave", 400, "invalid_grant", "no such code") {
            $0.exchange(Base64URL.encode([UInt8](repeating: 1, count: 32)))
        },
        Attack("with a code in another case", 400, "invalid_grant", "no such code") { stage in
            stage.exchange(try await stage.code().lowercased() + "x")
        },
        Attack("with an old code", 400, "invalid_grant", "the code has expired") { stage in
            let code = try await stage.code()
            stage.clock.advance(by: .seconds(60))
            return stage.exchange(code)
        },
        Attack("with another's code", 400, "invalid_grant", "a code of another client") { stage in
            stage.exchange(
                try await stage.code(),
                [("client_id", "other-app")],
                showing: stage.certificate("robot-2", isVerified: false)
            )
        },
        Attack("with another verifier", 400, "invalid_grant", "another code_verifier") { stage in
            stage.exchange(
                try await stage.code(),
                [("code_verifier", TrustStage.verifier + "x")]
            )
        },
        Attack("with the challenge as verifier", 400, "invalid_grant", "another code_ver") {
            stage in
            stage.exchange(try await stage.code(), [("code_verifier", TrustStage.challenge)])
        },
        Attack("without a verifier", 400, "invalid_grant", "another code_verifier") { stage in
            stage.exchange(try await stage.code(), [("code_verifier", "")])
        },
        Attack("to another redirect URI", 400, "invalid_grant", "another redirect_uri") { stage in
            stage.exchange(
                try await stage.code(),
                [("redirect_uri", "http://127.0.0.1/signed-in")]
            )
        },
        Attack("without a redirect URI", 400, "invalid_grant", "another redirect_uri") { stage in
            stage.exchange(try await stage.code(), [("redirect_uri", "")])
        },
        Attack("with a code and a stolen certificate", 401, "invalid_client", "the key of") {
            stage in
            stage.exchange(try await stage.code(), showing: stage.certificate("stranger"))
        },
        Attack("with a code for more scope", 400, "invalid_scope", "scope not registered") {
            stage in
            stage.exchange(try await stage.code(), [("scope", "device:logins admin:read")])
        },
        Attack("without a refresh token", 400, "invalid_request", "refresh_token is missing") {
            $0.refresh("")
        },
        Attack("with a made-up refresh token", 400, "invalid_grant", "no refresh token of ours") {
            $0.refresh(Base64URL.encode([UInt8](repeating: 1, count: 64)))
        },
        Attack("with a changed refresh token", 400, "invalid_grant", "no refresh token of ours") {
            stage in
            let token = try await stage.signedIn().object["refresh_token"]?.string ?? ""
            return stage.refresh((token.first == "A" ? "B" : "A") + token.dropFirst())
        },
        Attack("with an access token", 400, "invalid_grant", "no refresh token of ours") { stage in
            stage.refresh(try await stage.signedIn().token)
        },
        Attack("with a code as refresh token", 400, "invalid_grant", "no refresh token") { stage in
            stage.refresh(try await stage.code())
        },
        Attack("with another's refresh token", 400, "invalid_grant", "a refresh token of") {
            stage in
            stage.refresh(
                try await stage.signedIn().object["refresh_token"]?.string ?? "",
                [("client_id", "other-app")],
                showing: stage.certificate("robot-2", isVerified: false)
            )
        },
        Attack("with a refresh token twice", 400, "invalid_grant", "the refresh token was used") {
            stage in
            let token = try await stage.signedIn().object["refresh_token"]?.string ?? ""
            _ = await stage.endpoint.answer(stage.refresh(token))
            stage.clock.advance(by: .seconds(11))
            return stage.refresh(token)
        },
        Attack("with a refresh token after its reuse", 400, "invalid_grant", "the family has") {
            stage in
            let token = try await stage.signedIn().object["refresh_token"]?.string ?? ""
            let next = await stage.endpoint.answer(stage.refresh(token))
            stage.clock.advance(by: .seconds(11))
            _ = await stage.endpoint.answer(stage.refresh(token))
            return stage.refresh(next.object["refresh_token"]?.string ?? "")
        },
        Attack("with an old refresh token", 400, "invalid_grant", "the refresh token has") {
            stage in
            let token = try await stage.signedIn().object["refresh_token"]?.string ?? ""
            stage.clock.advance(by: .seconds(30 * 86_400))
            return stage.refresh(token)
        },
        Attack("with a refresh token for more scope", 400, "invalid_scope", "scope not") { stage in
            stage.refresh(
                try await stage.signedIn().object["refresh_token"]?.string ?? "",
                [("scope", "device:logins admin:read")]
            )
        },
        Attack("with a refresh token of a suspended client", 401, "invalid_client", "the client is")
        {
            stage in
            let token = try await stage.signedIn().object["refresh_token"]?.string ?? ""
            try await stage.change("phone-app", to: .suspended)
            return stage.refresh(token)
        },
    ]

    static let all =
        assertions + forged + requests + headers + certificates + delegation + states + keys + users

    // trust: A-11
    // trust: A-12
    // trust: A-13
    // trust: A-14
    // trust: A-15
    // trust: B-9
    // trust: B-13
    @Test("is refused, and the audit says why", arguments: all)
    func refused(attack: Attack) async throws {
        let stage = try await TrustStage()
        let request = try await attack.request(stage)
        let response = await stage.endpoint.answer(request)
        #expect(response.status == attack.status)
        #expect(response.error == attack.error)
        #expect(response.token.isEmpty)
        #expect(response.fields.first("cache-control") == "no-store")
        let event = try #require(stage.store.events.last)
        #expect(event.kind == "token.refused")
        #expect(event.members["error"]?.string == attack.error)
        let reason = event.members["reason"]?.string ?? ""
        #expect(reason.hasPrefix(attack.reason), "\(reason)")
    }

    @Test("is told the same as every other, if it is not the client's")
    func sameText() async throws {
        var texts: Set<[UInt8]> = []
        for attack in Self.all where attack.error == "invalid_client" {
            let stage = try await TrustStage()
            let response = await stage.endpoint.answer(try await attack.request(stage))
            texts.insert(response.body)
        }
        #expect(texts.count == 1)
    }
}
