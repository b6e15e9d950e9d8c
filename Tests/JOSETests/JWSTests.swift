import Cryptography
import JOSE
import JSON
import Testing

@Suite("A JSON Web Signature")
struct JWSTests {
    private let all = Set(SignatureAlgorithm.allCases)

    @Test("verifies in the RFCs' examples, and not with a changed bit")
    func vectors() throws {
        let vectors = try Vector.signatures()
        #expect(vectors.count == 6)
        for vector in vectors {
            let keys = try vector.keys()
            let jws = try JWS.verify(vector.token, keys: keys, allowed: all)
            let parts = vector.token.split(separator: ".")
            #expect(Base64URL.encode(jws.payload) == String(parts[1]))
            var payload = jws.payload
            payload[0] ^= 1
            let changed = "\(parts[0]).\(Base64URL.encode(payload)).\(parts[2])"
            #expect(throws: JOSEError.signature, "\(vector.name)") {
                try JWS.verify(changed, keys: keys, allowed: all)
            }
        }
    }

    @Test("equals the RFCs' examples where signatures are deterministic")
    func reproducible() throws {
        for vector in try Vector.signatures() where vector.isReproducible {
            let jwk = try JWK(vector.key)
            let jws = try JWS.verify(vector.token, keys: vector.keys(), allowed: all)
            let key =
                jws.header.algorithm == .hs256
                ? SigningKey(secret: try jwk.secret(), id: jwk.id)
                : try SigningKey(
                    jwk.privateKey(),
                    algorithm: jws.header.algorithm,
                    id: jwk.id
                )
            // Our header always has a `kid` for a pair; the signature is over what the RFC has.
            let token = try JWS.sign(payload: jws.payload, key: key)
            if jwk.id != nil {
                #expect(token == vector.token, "\(vector.name)")
            } else {
                let scheme = try #require(jws.header.algorithm.scheme)
                let parts = vector.token.split(separator: ".")
                let signature = try jwk.privateKey().sign(
                    Array("\(parts[0]).\(parts[1])".utf8),
                    by: scheme
                )
                #expect(Base64URL.encode(signature) == String(parts[2]), "\(vector.name)")
            }
        }
    }

    /// Wycheproof lets decoders pass over characters outside base64url here; RFC 7515 §2 does not.
    private static let stricter: Set = [
        "372 InvalidCharacterInsertedInHeader", "373 InvalidCharacterInsertedInPayload",
    ]
    /// These two should have padding and are, byte for byte, the token of 357, which is valid.
    private static let mistaken: Set = [
        "367 invalidBase64Padding", "370 invalidBase64PaddingInPayload",
    ]

    @Test("verifies as Wycheproof's vectors say")
    func wycheproof() throws {
        let vectors = try Vector.wycheproof()
        #expect(vectors.count > 150)
        let original = vectors.first { $0.name == "357 ValidMac" }?.token
        for vector in vectors {
            if Self.mistaken.contains(vector.name) {
                #expect(vector.token == original)
                continue
            }
            let jws = try? JWS.verify(vector.token, keys: vector.keys(), allowed: all)
            let expected = vector.isValid && !Self.stricter.contains(vector.name)
            #expect((jws != nil) == expected, "\(vector.name)")
        }
    }

    @Test("verifies after signing with each algorithm", arguments: SignatureAlgorithm.allCases)
    func roundTrip(_ algorithm: SignatureAlgorithm) throws {
        let key = try TestKeys.key(algorithm)
        for payload in [[], [0], Array("{\"a\":\"é\"}".utf8), [UInt8](repeating: 7, count: 10_000)]
        {
            let header = JSONObject([
                .init(name: "typ", value: .string("example+jwt")),
                .init(name: "alg", value: .string("none")),
            ])
            let token = try JWS.sign(payload: payload, header: header, key: key)
            let jws = try JWS.verify(token, keys: TestKeys.all(), allowed: [algorithm])
            #expect(jws.payload == payload)
            #expect(jws.header.algorithm == algorithm)
            #expect(jws.header.keyID == key.id)
            #expect(jws.header.isType("application/EXAMPLE+JWT"))
            #expect(!jws.header.isType("jwt"))
            #expect(jws.key.id == key.id)
        }
    }

    @Test("is verified only by a key with its kid, or without one")
    func names() throws {
        let key = try TestKeys.key(.es256)
        let token = try JWS.sign(payload: [1], key: key)
        let publicKey = try #require(key.verificationKey.publicKey)
        func verify(_ keys: VerificationKey...) throws -> JWS {
            try JWS.verify(token, keys: JWKSet(keys), allowed: [.es256])
        }
        #expect(try verify(VerificationKey(publicKey)).payload == [1])
        #expect(throws: JOSEError.noKey) { try verify(VerificationKey(publicKey, id: "other")) }
        #expect(throws: JOSEError.noKey) { try verify() }
        let stranger = try SigningKey.generate(.es256, id: "ec").verificationKey
        #expect(throws: JOSEError.signature) { try verify(stranger) }
        #expect(try verify(stranger, key.verificationKey).key == key.verificationKey)
    }
}
