import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import OAuthClient
import TestSupport
import Testing

/// What our own JWS makes is verified by somebody else's, who shares no mistake with it.
@Suite(
    "A client assertion (RFC 7523) to a foreign JOSE library",
    .enabled(if: ForeignLibrary.isWanted, "make interop installs joserfc and runs this")
)
struct ForeignLibraryTests {
    private static let secret: [UInt8] = Array("a secret of the client, long enough to sign".utf8)
    private static let client = "beckon & co"
    private static let issuer = TokenStage.issuer

    /// How long an assertion is good.
    private static let life: Int64 = 300

    /// Ours has none for a secret, so the test writes it by hand (RFC 7518 §6.4).
    private static func jwk(_ secret: [UInt8]) throws -> JSONValue {
        try JSONValue(Array(#"{"kty":"oct","k":"\#(Base64URL.encode(secret))"}"#.utf8))
    }

    /// One token request, as it leaves us, and what its server knows of the client beforehand.
    private struct Sent {
        let algorithm: SignatureAlgorithm
        let assertion: String
        let jwk: JSONValue
        let keyID: String?
        /// Seconds since 1970.
        let moment: Int64

        /// `client_secret_jwt` for HS256, `private_key_jwt` for the others.
        init(_ algorithm: SignatureAlgorithm, isForIssuer: Bool) async throws {
            let key =
                algorithm == .hs256
                ? SigningKey(secret: try SharedSecret(ForeignLibraryTests.secret))
                : try SigningKey.generate(algorithm, id: "k1")
            let stage = TokenStage(ClientCredentials(.assertion(key))) {
                if isForIssuer { $0.assertionAudience = .issuer }
            }
            #expect(await stage.call() == .answered(200))
            let request = try #require(stage.tokenRequests.first)
            self.algorithm = algorithm
            assertion = try #require(Form(request.body)?["client_assertion"])
            jwk =
                try key.verificationKey.jwk ?? ForeignLibraryTests.jwk(ForeignLibraryTests.secret)
            keyID = key.id
            moment = stage.clock.now().milliseconds / 1000
        }

        /// The library's job, as the server with this name at so many seconds after the request.
        func job(audience: String, after seconds: Int64 = 0, key: JSONValue? = nil) -> JSONValue {
            let members: [(String, JSONValue)] = [
                ("action", .string("authenticate")), ("alg", .string(algorithm.rawValue)),
                ("jwk", key ?? jwk), ("token", .string(assertion)),
                ("client", .string(ForeignLibraryTests.client)),
                ("audience", .string(audience)), ("now", .number("\(moment + seconds)")),
            ]
            return .object(JSONObject(members.map { .init(name: $0.0, value: $0.1) }))
        }
    }

    @Test("is valid for its audience, during its lifetime, with the client's key")
    func assertions() async throws {
        var sent: [(Sent, audience: String)] = []
        for algorithm in SignatureAlgorithm.allCases {
            for isForIssuer in [false, true] {
                let audience = Self.issuer + (isForIssuer ? "" : "/token")
                sent.append((try await Sent(algorithm, isForIssuer: isForIssuer), audience))
            }
        }
        var jobs: [JSONValue] = []
        for (one, audience) in sent {
            let stranger = try await Sent(one.algorithm, isForIssuer: false).jwk
            let otherSecret = try Self.jwk(Random.bytes(32))
            jobs += [
                one.job(audience: audience),
                one.job(audience: audience, after: Self.life - 1),
                one.job(audience: audience, after: Self.life + 1),
                one.job(audience: audience + "/"),
                one.job(
                    audience: audience,
                    key: one.algorithm == .hs256 ? otherSecret : stranger
                ),
            ]
        }
        let answers = try ForeignLibrary.ask(jobs)
        try #require(answers.count == jobs.count)
        var ids: Set<String> = []
        for (index, (one, audience)) in sent.enumerated() {
            let answers = answers[(5 * index)..<(5 * index + 5)].map { $0 }
            let result = try ForeignLibrary.result(answers[0])
            _ = try ForeignLibrary.result(answers[1])
            #expect(result["header"]?["alg"]?.string == one.algorithm.rawValue)
            #expect(result["header"]?["kid"]?.string == one.keyID)
            let claims = try #require(result["claims"])
            #expect(claims["iss"]?.string == Self.client)
            #expect(claims["sub"]?.string == Self.client)
            #expect(claims["aud"]?.string == audience)
            #expect(claims["exp"]?.integer == Int(one.moment + Self.life))
            ids.insert(try #require(claims["jti"]?.string))
            let refusals = ["ExpiredTokenError", "InvalidClaimError", "BadSignatureError"]
            for (answer, refusal) in zip(answers[2...], refusals) {
                let error = try #require(answer["error"]?.string)
                #expect(error.hasPrefix(refusal), "\(error)")
            }
        }
        #expect(ids.count == sent.count)
    }
}
