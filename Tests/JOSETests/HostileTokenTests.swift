import Cryptography
import JOSE
import JSON
import Testing

/// A token that must be refused, and how.
struct HostileToken: Sendable, CustomTestStringConvertible {
    let name: String
    let expected: JOSEError
    let make: @Sendable () throws -> String

    var testDescription: String { name }

    init(_ name: String, _ expected: JOSEError, _ make: @escaping @Sendable () throws -> String) {
        self.name = name
        self.expected = expected
        self.make = make
    }

    /// Signed with our own ES256 key over whatever the header is; the signature always holds.
    static func signed(_ header: String, payload: String = "{}") throws -> String {
        guard case .success(let key) = TestKeys.es256 else { throw Unmade() }
        // A token of ours lends its key: the raw signature is made over the hostile header.
        let jwk = try JWK(key.secretJWK())
        let input =
            Base64URL.encode(Array(header.utf8)) + "."
            + Base64URL.encode(Array(payload.utf8))
        let signature = try jwk.privateKey().sign(Array(input.utf8), by: .ecdsaP256)
        return input + "." + Base64URL.encode(signature)
    }

    static func good() throws -> String { try signed(#"{"alg":"ES256","kid":"ec"}"#) }

    /// The good token with one part replaced.
    static func replacing(_ part: Int, _ change: ([UInt8]) -> [UInt8]) throws -> String {
        var parts = try good().split(separator: ".").map(String.init)
        guard let bytes = Base64URL.decode(parts[part]) else { throw Unmade() }
        parts[part] = Base64URL.encode(change(bytes))
        return parts.joined(separator: ".")
    }

    /// A token whose MAC is keyed with bytes that everybody knows.
    static func mac(keyedWith bytes: [UInt8], kid: String) throws -> String {
        let input = Base64URL.encode(Array("{\"alg\":\"HS256\",\"kid\":\"\(kid)\"}".utf8)) + ".e30"
        return input + "." + Base64URL.encode(HMAC.sha256(key: bytes, Array(input.utf8)))
    }

    struct Unmade: Error {}
}

@Suite("A hostile token")
struct HostileTokenTests {
    static let headers: [(String, JOSEError)] = [
        (#"{"alg":"none"}"#, .algorithm), (#"{"alg":"None"}"#, .algorithm),
        (#"{"alg":"nOnE"}"#, .algorithm), (#"{"alg":""}"#, .algorithm),
        (#"{"alg":"es256"}"#, .algorithm), (#"{"alg":"ES256 "}"#, .algorithm),
        (#"{"alg":"ES512"}"#, .algorithm), (#"{"alg":"RSA1_5"}"#, .algorithm),
        (#"{"alg":null}"#, .malformed("alg")), (#"{"alg":["ES256"]}"#, .malformed("alg")),
        (#"{"kid":"ec"}"#, .missing("alg")), (#"{}"#, .missing("alg")),
        (#"{"alg":"ES256","kid":7}"#, .malformed("kid")),
        (#"{"alg":"ES256","typ":{}}"#, .malformed("typ")),
        (#"{"alg":"ES256","alg":"ES256"}"#, .notJSONObject),
        (#"{"alg":"ES256","kid":"ec","\u006bid":"ec"}"#, .notJSONObject),
        (#"["ES256"]"#, .notJSONObject), (#""ES256""#, .notJSONObject), ("", .notCompact),
        (#"{"alg":"ES256"}x"#, .notJSONObject), (#"{"alg":"ES256""#, .notJSONObject),
        (#"{"alg":"ES256",}"#, .notJSONObject), ("{\"alg\":\"ES256\u{0}\"}", .notJSONObject),
        (#"{"alg":"ES256","crit":["exp"],"exp":1}"#, .critical),
        (#"{"alg":"ES256","crit":["b64"],"b64":false}"#, .critical),
        (#"{"alg":"ES256","crit":["b64"],"b64":true}"#, .critical),
        (#"{"alg":"ES256","crit":[]}"#, .critical), (#"{"alg":"ES256","crit":null}"#, .critical),
        (#"{"alg":"ES256","b64":false}"#, .critical), (#"{"alg":"ES256","b64":null}"#, .critical),
        (#"{"alg":"ES256","kid":"stranger"}"#, .noKey),
        (#"{"alg":"ES256","kid":"../ec"}"#, .noKey), (#"{"alg":"ES256","kid":"EC"}"#, .noKey),
        // Names of keys of other algorithms.
        (#"{"alg":"ES256","kid":"rsa"}"#, .noKey), (#"{"alg":"ES256","kid":"mac"}"#, .noKey),
        (#"{"alg":"ES256","kid":"ed"}"#, .noKey), (#"{"alg":"RS256","kid":"ec"}"#, .noKey),
        (#"{"alg":"EdDSA","kid":"ec"}"#, .noKey), (#"{"alg":"HS256","kid":"ec"}"#, .noKey),
        // A key for PS256 is not one for RS256, and the other way round.
        (#"{"alg":"RS256","kid":"pss"}"#, .noKey), (#"{"alg":"PS256","kid":"rsa"}"#, .noKey),
        (#"{"alg":"RS256","kid":"rsa"}"#, .signature), (#"{"alg":"EdDSA"}"#, .signature),
        (#"{"alg":"HS256"}"#, .signature),
    ]

    @Test("is refused for its header although its signature is valid", arguments: headers)
    func header(_ header: String, expected: JOSEError) throws {
        let token = try HostileToken.signed(header)
        #expect(throws: expected) { try verify(token) }
    }

    static let tokens: [HostileToken] = [
        HostileToken("is empty", .notCompact) { "" },
        HostileToken("is dots", .notCompact) { ".." },
        HostileToken("has one part", .notCompact) { "e30" },
        HostileToken("has two parts", .notCompact) {
            try HostileToken.good().split(separator: ".")[..<2].joined(separator: ".")
        },
        HostileToken("has no signature", .notCompact) {
            try HostileToken.good().split(separator: ".")[..<2].joined(separator: ".") + "."
        },
        HostileToken("ends with a dot", .notCompact) { try HostileToken.good() + "." },
        HostileToken("begins with a dot", .notCompact) { try "." + HostileToken.good() },
        HostileToken("is encrypted", .encrypted) { try HostileToken.good() + ".e30.e30" },
        HostileToken("has a thousand dots", .notCompact) { String(repeating: ".", count: 1000) },
        HostileToken("is padded", .notBase64URL) { try HostileToken.good() + "=" },
        HostileToken("ends with a space", .notBase64URL) { try HostileToken.good() + " " },
        HostileToken("ends with a line", .notBase64URL) { try HostileToken.good() + "\n" },
        HostileToken("is in plain base 64", .notBase64URL) {
            try HostileToken.good().replacing("-", with: "+").replacing("_", with: "/") + "+"
        },
        HostileToken("has bits to spare", .notBase64URL) {
            // 64 bytes leave four bits in the last letter, all zero.
            try String(HostileToken.good().dropLast()) + "B"
        },
        HostileToken("has a letter that is none", .notBase64URL) {
            try "é" + HostileToken.good()
        },
        HostileToken("is JSON", .notCompact) { #"{"payload":"e30","signatures":[]}"# },
        HostileToken("is too long", .tooLong(limit: JOSELimits.token)) {
            try HostileToken.signed(
                #"{"alg":"ES256"}"#,
                payload: String(repeating: " ", count: JOSELimits.token)
            )
        },
        HostileToken("has a header that is too long", .tooLong(limit: JOSELimits.header)) {
            let filler = String(repeating: "x", count: JOSELimits.header)
            return try HostileToken.signed("{\"alg\":\"ES256\",\"x\":\"\(filler)\"}")
        },
        HostileToken("has a name of a key that is too long", .malformed("kid")) {
            let filler = String(repeating: "x", count: JOSELimits.keyID + 1)
            return try HostileToken.signed("{\"alg\":\"ES256\",\"kid\":\"\(filler)\"}")
        },
        HostileToken("nests too deep", .notJSONObject) {
            let open = String(repeating: "[", count: 100)
            let close = String(repeating: "]", count: 100)
            return try HostileToken.signed("{\"alg\":\"ES256\",\"x\":\(open)\(close)}")
        },
        HostileToken("has a signature that is too short", .signature) {
            try HostileToken.replacing(2) { Array($0.dropLast()) }
        },
        HostileToken("has a signature that is too long", .signature) {
            try HostileToken.replacing(2) { $0 + [0] }
        },
        HostileToken("has numbers of 33 bytes", .signature) {
            try HostileToken.replacing(2) { [0] + $0[..<32] + [0] + $0[32...] }
        },
        HostileToken("has a signature of zeros (CVE-2022-21449)", .signature) {
            try HostileToken.replacing(2) { $0.map { _ in 0 } }
        },
        HostileToken("has a signature in DER", .signature) {
            try HostileToken.replacing(2) { raw in
                func integer(_ digits: ArraySlice<UInt8>) -> [UInt8] {
                    let digits = Array(digits.drop { $0 == 0 })
                    let padded = (digits.first ?? 0) < 0x80 ? digits : [0] + digits
                    return [2, UInt8(padded.count)] + padded
                }
                let numbers = integer(raw[..<32]) + integer(raw[32...])
                return [0x30, UInt8(numbers.count)] + numbers
            }
        },
        HostileToken("has another payload", .signature) {
            try HostileToken.replacing(1) { _ in Array(#"{"sub":"admin"}"#.utf8) }
        },
        HostileToken("takes the public key's PEM for a secret", .signature) {
            let key = try TestKeys.key(.rs256).verificationKey
            guard let pem = try key.publicKey?.pem() else { throw HostileToken.Unmade() }
            return try HostileToken.mac(keyedWith: Array(pem.utf8), kid: "mac")
        },
        HostileToken("takes the public key's PEM for a secret, by its name", .noKey) {
            let key = try TestKeys.key(.rs256).verificationKey
            guard let pem = try key.publicKey?.pem() else { throw HostileToken.Unmade() }
            return try HostileToken.mac(keyedWith: Array(pem.utf8), kid: "rsa")
        },
        HostileToken("is keyed with nothing", .signature) {
            try HostileToken.mac(keyedWith: [], kid: "mac")
        },
        HostileToken("brings its own key", .signature) {
            let stranger = try SigningKey.generate(.es256, id: "ec")
            guard let jwk = stranger.verificationKey.jwk else { throw HostileToken.Unmade() }
            let header = JSONObject([
                .init(name: "jwk", value: jwk),
                .init(name: "jku", value: .string("https://stranger.example/keys")),
                .init(name: "x5u", value: .string("https://stranger.example/chain")),
            ])
            return try JWS.sign(payload: Array("{}".utf8), header: header, key: stranger)
        },
    ]

    @Test("is refused for its form, its claims or its signature", arguments: tokens)
    func refused(_ token: HostileToken) throws {
        let text = try token.make()
        #expect(throws: token.expected) { try verify(text) }
    }

    // rule: F11
    @Test("is refused with an algorithm that the caller does not expect")
    func notAllowed() throws {
        for algorithm in SignatureAlgorithm.allCases {
            let token = try JWS.sign(payload: [], key: TestKeys.key(algorithm))
            let others = Set(SignatureAlgorithm.allCases).subtracting([algorithm])
            #expect(throws: JOSEError.algorithm) {
                try JWS.verify(token, keys: TestKeys.all(), allowed: others)
            }
            #expect(throws: JOSEError.algorithm) {
                try JWS.verify(token, keys: TestKeys.all(), allowed: [])
            }
        }
    }

    @Test("is accepted without the hostile part")
    func twin() throws {
        #expect(try verify(HostileToken.good()).payload == Array("{}".utf8))
        let open = #"{"alg":"ES256","kid":"ec","b64":true,"jku":"https://a.example","x":[1]}"#
        #expect(try verify(HostileToken.signed(open)).header.members["x"] == .array([.number("1")]))
    }

    private func verify(_ token: String) throws -> JWS {
        try JWS.verify(token, keys: TestKeys.all(), allowed: Set(SignatureAlgorithm.allCases))
    }
}
