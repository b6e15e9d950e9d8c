import Cryptography
import JOSE
import JSON
import Testing

@Suite("A JSON Web Key")
struct JWKTests {
    /// RFC 7638 §3.1.
    static let rsa = #"""
        {"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}
        """#
    /// RFC 8037 A.1 and A.2.
    static let edX = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    static let edD = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"

    @Test("has the thumbprint of RFC 7638 §3.1 and of RFC 8037 A.3")
    func thumbprints() throws {
        let rsa = try JWK(JSONValue(json: Self.rsa)).verificationKey()
        #expect(
            Thumbprint.sha256(of: try #require(rsa.publicKey))
                == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        )
        #expect(rsa.id == "2011-04-29")
        #expect(rsa.algorithm == .rs256)
        let ed = try JWK(
            JSONValue(json: #"{"kty":"OKP","crv":"Ed25519","x":"\#(Self.edX)"}"#)
        ).verificationKey()
        #expect(
            Thumbprint.sha256(of: try #require(ed.publicKey))
                == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        )
    }

    @Test("has a private part that matches the public one (RFC 8037 A.1)")
    func ed25519() throws {
        let text = #"{"kty":"OKP","crv":"Ed25519","d":"\#(Self.edD)","x":"\#(Self.edX)"}"#
        let key = try SigningKey(text: text)
        #expect(key.algorithm == .edDSA)
        #expect(key.id == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
        #expect(key.verificationKey.jwk?["x"]?.string == Self.edX)
        #expect(try key.secretJWK()["d"]?.string == Self.edD)
    }

    @Test(
        "is restored from its private form, the only one with a secret",
        arguments: SignatureAlgorithm.asymmetric
    )
    func roundTrip(_ algorithm: SignatureAlgorithm) throws {
        let key = try TestKeys.key(algorithm)
        let secret = try key.secretJWK()
        let again = try SigningKey(text: String(decoding: secret.bytes, as: UTF8.self))
        #expect(again.algorithm == algorithm)
        #expect(again.id == key.id)
        #expect(again.verificationKey == key.verificationKey)
        let token = try JWS.sign(payload: [1], key: again)
        #expect(throws: Never.self) {
            try JWS.verify(token, keys: TestKeys.all(), allowed: [algorithm])
        }
        let jwk = try #require(key.verificationKey.jwk)
        #expect(try !JWK(jwk).isPrivate)
        #expect(try JWK(secret).isPrivate)
        #expect(try JWK(jwk).verificationKey() == key.verificationKey)
        #expect(throws: JOSEError.privateKey) { try JWK(secret).verificationKey() }
        #expect(throws: JOSEError.missing("d")) { try JWK(jwk).privateKey() }
        #expect(!"\(key) \(again)".contains(secret["d"]?.string ?? "d is missing"))
    }

    static let bad: [(String, JOSEError)] = [
        (#"[]"#, .notJSONObject), (#"{"kty":"RSA","kty":"RSA"}"#, .notJSONObject),
        (#"{}"#, .missing("kty")), (#"{"kty":1}"#, .malformed("kty")),
        (#"{"kty":"oct","k":"AAAA"}"#, .privateKey), (#"{"kty":"DSA"}"#, .unsupportedKey),
        (#"{"kty":"EC","crv":"P-384","x":"AA","y":"AA"}"#, .unsupportedKey),
        (#"{"kty":"OKP","crv":"X25519","x":"AA"}"#, .unsupportedKey),
        (#"{"kty":"RSA","crv":"P-256","n":"AQAB"}"#, .missing("e")),
        (#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#, .key(.rsaBits(17))),
        (#"{"kty":"RSA","n":"AQAB==","e":"AQAB"}"#, .malformed("n")),
        (#"{"kty":"RSA","n":"AAEAAQ","e":"AQAB"}"#, .malformed("n")),
        (#"{"kty":"RSA","n":"AQAB","e":"AAEAAQ"}"#, .malformed("e")),
        (#"{"kty":"RSA","n":"","e":"AQAB"}"#, .malformed("n")),
        (#"{"kty":"RSA","n":"AQAB","e":65537}"#, .malformed("e")),
        (#"{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}"#, .malformed("x")),
        (#"{"kty":"OKP","crv":"Ed25519","x":"AQAB"}"#, .malformed("x")),
        (#"{"kty":"OKP","crv":"Ed25519","x":"\#(edX)","alg":"ES256"}"#, .algorithm),
        (#"{"kty":"OKP","crv":"Ed25519","x":"\#(edX)","alg":"HS256"}"#, .algorithm),
        (#"{"kty":"OKP","crv":"Ed25519","x":"\#(edX)","alg":"none"}"#, .unsupportedKey),
        (#"{"kty":"OKP","crv":"Ed25519","x":"\#(edX)","d":null}"#, .privateKey),
        (#"{"kty":"OKP","crv":"Ed25519","x":"\#(edX)","kid":""}"#, .malformed("kid")),
    ]

    @Test("is refused as a public key when it is malformed or has private parts", arguments: bad)
    func refusals(_ text: String, expected: JOSEError) {
        #expect(throws: expected) {
            try JWK(bytes: Array(text.utf8)).verificationKey()
        }
    }

    @Test("signs only with its own algorithm and for its own use")
    func signing() throws {
        let jwk = String(decoding: try TestKeys.key(.ps256).secretJWK().bytes, as: UTF8.self)
        #expect(try SigningKey(text: jwk, algorithm: .ps256, id: "pss").algorithm == .ps256)
        #expect(throws: JOSEError.algorithm) { try SigningKey(text: jwk, algorithm: .rs256) }
        #expect(throws: JOSEError.malformed("kid")) { try SigningKey(text: jwk, id: "other") }
        let pem = try PrivateKey.generate(.p256).secretPEM()
        #expect(try SigningKey(text: pem).algorithm == .es256)
        for algorithm in SignatureAlgorithm.allCases where algorithm != .es256 {
            #expect(throws: JOSEError.algorithm) { try SigningKey(text: pem, algorithm: algorithm) }
        }
        #expect(throws: JOSEError.algorithm) { try SigningKey.generate(.hs256) }
        for id in ["", String(repeating: "k", count: JOSELimits.keyID + 1)] {
            #expect(throws: JOSEError.malformed("kid")) { try SigningKey.generate(.es256, id: id) }
        }
        #expect(throws: JOSEError.key(.rsaBits(1024))) {
            try SigningKey.generate(.rs256, rsaBits: 1024)
        }
    }

    @Test("with more than two primes is refused")
    func severalPrimes() throws {
        let members = try #require(try TestKeys.key(.rs256).secretJWK().object).members
        let more = JSONObject(members + [.init(name: "oth", value: .array([]))])
        #expect(throws: JOSEError.unsupportedKey) { try JWK(.object(more)).privateKey() }
    }

    @Test("with a shared secret has at least 32 bytes and a description without it")
    func secrets() throws {
        #expect(throws: JOSEError.weakSecret(minimum: 32)) {
            try SharedSecret(Array(repeating: 7, count: 31))
        }
        let secret = try SharedSecret(Array("do not print these thirty-two by".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!("\(secret) \(String(reflecting: secret)) " + dumped).contains("100"))
        #expect(VerificationKey(secret: secret).jwk == nil)
        #expect(throws: JOSEError.unsupportedKey) { try SigningKey(secret: secret).secretJWK() }
    }
}

@Suite("A JWK Set")
struct JWKSetTests {
    @Test("contains the usable keys and says why others are not used")
    func mixed() throws {
        let good = try #require(TestKeys.key(.es256).verificationKey.jwk)
        let secret = try TestKeys.key(.es256).secretJWK()
        func with(_ jwk: JSONValue, _ name: String, _ value: JSONValue) -> JSONValue {
            let members = (jwk.object?.members ?? []).filter { $0.name != name }
            return .object(JSONObject(members + [.init(name: name, value: value)]))
        }
        let keys: [(JSONValue, JOSEError?)] = [
            (good, nil), (secret, .privateKey),
            (with(good, "use", .string("enc")), .unsupportedKey),
            (with(good, "key_ops", .array([.string("encrypt")])), .unsupportedKey),
            (with(good, "key_ops", .array([.string("verify")])), nil),
            (with(good, "alg", .string("ES384")), .unsupportedKey),
            (with(good, "crv", .string("P-521")), .unsupportedKey),
            (.string("no key"), .notJSONObject),
            (try JSONValue(json: #"{"kty":"oct","k":"AAAA"}"#), .privateKey),
        ]
        let set = try JWKSet(
            .object(JSONObject([.init(name: "keys", value: .array(keys.map(\.0)))]))
        )
        #expect(set.keys.count == 2)
        let unused = keys.indices.compactMap { index in
            keys[index].1.map { JWKSet.Unused(index: index, reason: $0) }
        }
        #expect(set.unused == unused)
    }

    @Test("is written without secrets and read again")
    func writing() throws {
        let set = try TestKeys.all()
        let again = try JWKSet(bytes: set.json.bytes)
        #expect(again.keys == set.keys.filter { $0.publicKey != nil })
        #expect(again.unused.isEmpty)
        #expect(again.keys.count == 4)
    }

    @Test("is refused when it is not a set or too large")
    func refusals() throws {
        let many = JSONValue.array(Array(repeating: .null, count: JOSELimits.keys + 1))
        let cases: [([UInt8], JOSEError)] = [
            (Array("[]".utf8), .notJSONObject), (Array("{}".utf8), .missing("keys")),
            (Array(#"{"keys":{}}"#.utf8), .malformed("keys")),
            (Array(#"{"keys":[],"keys":[]}"#.utf8), .notJSONObject),
            (Array("{\"keys\":".utf8) + many.bytes + Array("}".utf8), .malformed("keys")),
            (
                [UInt8](repeating: 0x20, count: JOSELimits.keySet + 1),
                .tooLong(limit: JOSELimits.keySet)
            ),
        ]
        for (bytes, expected) in cases {
            #expect(throws: expected) { try JWKSet(bytes: bytes) }
        }
    }
}
