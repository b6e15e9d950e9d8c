import Cryptography
import JOSE
import JSON
import TestSupport
import Testing

@Suite(
    "A foreign JOSE library",
    .enabled(if: ForeignLibrary.isWanted, "make interop installs joserfc and runs this")
)
struct ForeignLibraryTests {
    private func object(_ members: [(String, JSONValue)]) -> JSONValue {
        .object(JSONObject(members.map { .init(name: $0.0, value: $0.1) }))
    }

    /// `oct` is not in our sets, so the test writes it by hand.
    private func jwks(_ key: SigningKey, secret: [UInt8]) -> JSONValue {
        let jwk =
            key.verificationKey.jwk
            ?? object([
                ("kty", .string("oct")), ("k", .string(Base64URL.encode(secret))),
                ("kid", .string(key.id ?? "")),
            ])
        return object([("keys", .array([jwk]))])
    }

    @Test("verifies our signature of each algorithm, and refuses changed tokens")
    func ours() throws {
        let secret = Random.bytes(32)
        let payload = Array(#"{"sub":"é","n":1.50}"#.utf8)
        var jobs: [JSONValue] = []
        for algorithm in SignatureAlgorithm.allCases {
            let key =
                algorithm == .hs256
                ? SigningKey(secret: try SharedSecret(secret), id: "mac")
                : try SigningKey.generate(algorithm, id: "name of \(algorithm.rawValue)")
            let header = JSONObject([.init(name: "typ", value: .string("JWT"))])
            let token = try JWS.sign(payload: payload, header: header, key: key)
            let parts = token.split(separator: ".")
            let changed = "\(parts[0]).\(Base64URL.encode(payload + [0x20])).\(parts[2])"
            for text in [token, changed] {
                jobs.append(
                    object([
                        ("action", .string("verify")), ("alg", .string(algorithm.rawValue)),
                        ("jwks", jwks(key, secret: secret)), ("token", .string(text)),
                    ])
                )
            }
        }
        let answers = try ForeignLibrary.ask(jobs)
        try #require(answers.count == 2 * SignatureAlgorithm.allCases.count)
        for (index, algorithm) in SignatureAlgorithm.allCases.enumerated() {
            let result = try ForeignLibrary.result(answers[2 * index])
            #expect(result["payload"]?.string.flatMap(Base64.decode) == payload)
            #expect(result["header"]?["alg"]?.string == algorithm.rawValue)
            let refusal = try #require(answers[2 * index + 1]["error"]?.string)
            #expect(refusal.hasPrefix("BadSignatureError"), "\(refusal)")
        }
    }

    @Test("signs tokens that we verify, with keys that we can sign with too")
    func theirs() throws {
        let algorithms = SignatureAlgorithm.allCases
        let made = try ForeignLibrary.ask(
            algorithms.map { algorithm in
                object([
                    ("action", .string("generate")), ("alg", .string(algorithm.rawValue)),
                ])
            }
        ).map(ForeignLibrary.result)
        try #require(made.count == algorithms.count)

        let claims = try JSONValue(json: #"{"iss":"foreign","aud":["us"],"exp":1800000060}"#)
        var jobs: [JSONValue] = []
        for (algorithm, key) in zip(algorithms, made) {
            let jwk = try #require(key["jwk"])
            jobs.append(
                object([
                    ("action", .string("sign")), ("alg", .string(algorithm.rawValue)),
                    ("kid", .string("their key")), ("jwk", jwk), ("claims", claims),
                ])
            )
            guard algorithm != .hs256 else { continue }
            let text = String(decoding: jwk.bytes, as: UTF8.self)
            let pem = try #require(key["pem"]?.string)
            let fromJWK = try SigningKey(text: text, algorithm: algorithm)
            let fromPEM = try SigningKey(text: pem, algorithm: algorithm)
            #expect(fromJWK.verificationKey.publicKey == fromPEM.verificationKey.publicKey)
            let publicKey = try #require(fromPEM.verificationKey.publicKey)
            #expect(Thumbprint.sha256(of: publicKey) == key["thumbprint"]?.string)
            let token = try JWS.sign(payload: Array("ours".utf8), key: fromPEM)
            jobs.append(
                object([
                    ("action", .string("verify")), ("alg", .string(algorithm.rawValue)),
                    ("jwks", JWKSet([fromPEM.verificationKey]).json), ("token", .string(token)),
                ])
            )
        }
        let answers = try ForeignLibrary.ask(jobs).map(ForeignLibrary.result)
        var rest = answers[...]
        for (algorithm, key) in zip(algorithms, made) {
            let token = try #require(rest.popFirst()?.string)
            let verifier: VerificationKey
            if algorithm == .hs256 {
                verifier = VerificationKey(secret: try JWK(try #require(key["jwk"])).secret())
            } else {
                let publicKey = try JWK(try #require(key["public"])).verificationKey().publicKey
                verifier = VerificationKey(try #require(publicKey), id: "their key")
            }
            var expected = JWT.Expectations()
            expected.issuers = ["foreign"]
            expected.audiences = ["us"]
            let read = try JWT.verify(
                token,
                keys: JWKSet([verifier]),
                allowed: [algorithm],
                expecting: expected,
                at: JWT.NumericDate(seconds: 1_800_000_000)
            )
            #expect(read.issuer == "foreign")
            if algorithm != .hs256 {
                let payload = rest.popFirst()?["payload"]?.string.flatMap(Base64.decode)
                #expect(payload == Array("ours".utf8))
            }
        }
        #expect(rest.isEmpty)
    }
}
