// A libFuzzer target for tokens, keys and claims; `run.sh` builds it together with Sources/JSON,
// Sources/Cryptography and Sources/JOSE.

private let macKey = Array("a secret of thirty-two bytes, 32".utf8)
private let all = Set(SignatureAlgorithm.allCases)

// Made anew for each input: the leak checker does not see through an enumeration's tag bits, and
// takes what a global holds in one for lost.
private var signing: SigningKey {
    must { SigningKey(secret: try SharedSecret(macKey), id: "mac") }
}

private var keys: JWKSet {
    let pair = must { try SigningKey.generate(.edDSA, id: "ed") }
    return JWKSet([signing.verificationKey, pair.verificationKey])
}

/// The value, or the end: what cannot fail failed.
private func must<Value>(_ make: () throws -> Value?) -> Value {
    guard let value = try? make() else { preconditionFailure("what cannot fail failed") }
    return value
}

/// Called with each input. The first byte says what the rest is.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch choice % 6 {
    case 0: token(rest)
    case 1: header(rest)
    case 2: claims(rest)
    case 3: key(rest)
    case 4: set(rest)
    default: pem(rest)
    }
    return 0
}

/// Nobody signs by chance.
private func token(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    precondition((try? JWS.verify(text, keys: keys, allowed: all)) == nil, "a forged token")
}

/// A header that is signed, so that nothing but itself can be wrong with it.
private func header(_ bytes: [UInt8]) {
    let input = Base64URL.encode(bytes) + ".e30"
    let token = input + "." + Base64URL.encode(HMAC.sha256(key: macKey, Array(input.utf8)))
    guard let jws = try? JWS.verify(token, keys: keys, allowed: all) else { return }
    precondition(jws.header.algorithm == .hs256 && jws.header.members["crit"] == nil)
    precondition(jws.header.members["b64"] ?? .bool(true) == .bool(true))
    precondition(jws.header.keyID.map { $0 == "mac" } ?? true, "a key of another name")
    precondition((try? JWS.verify(token, keys: keys, allowed: [.es256])) == nil)
    precondition((try? JWS.verify(token + ".", keys: keys, allowed: all)) == nil)
    precondition((try? JWS.verify(token + "A", keys: keys, allowed: all)) == nil)
}

private func claims(_ bytes: [UInt8]) {
    let now = JWT.NumericDate(seconds: 1_800_000_000)
    var expected = JWT.Expectations()
    expected.issuers = ["a"]
    expected.audiences = ["c"]
    expected.longestLife = .seconds(600)
    let token = must { try JWS.sign(payload: bytes, key: signing) }
    let result = try? JWT.verify(token, keys: keys, allowed: [.hs256], expecting: expected, at: now)
    guard let claims = try? JWT.Claims(payload: bytes) else {
        precondition(result == nil, "claims that cannot be read")
        return
    }
    let again = must { try JWT.Claims(payload: claims.json.bytes) }
    precondition(again.json == claims.json, "claims change when they are written")
    if let result {
        precondition(result.issuer == "a" && result.audience.contains("c"))
        precondition(must { result.expiresAt } > JWT.NumericDate(seconds: 1_799_999_970))
    }
}

private func key(_ bytes: [UInt8]) {
    guard let jwk = try? JWK(bytes: bytes) else { return }
    _ = try? jwk.secret()
    if let own = try? jwk.privateKey() {
        precondition(jwk.isPrivate, "a private key without a private member")
        _ = try? SigningKey(own).secretJWK()
    }
    guard let key = try? jwk.verificationKey() else { return }
    precondition(!jwk.isPrivate, "a private key is taken for a public one")
    let again = must { try key.jwk.map { try JWK($0).verificationKey() } }
    precondition(again == key, "a key changes when it is written")
}

private func set(_ bytes: [UInt8]) {
    guard let set = try? JWKSet(bytes: bytes) else { return }
    let again = must { try JWKSet(set.json) }
    precondition(again.keys == set.keys && again.unused.isEmpty, "a set changes when it is written")
}

private func pem(_ bytes: [UInt8]) {
    let text = String(decoding: bytes, as: UTF8.self)
    if let key = try? PublicKey(pem: text) {
        precondition((try? PublicKey(pem: key.pem())) == key, "a public key changes")
    }
    if let key = try? PrivateKey(pem: text) {
        let again = must { try PrivateKey(key.secretNumbers()) }
        precondition(again.publicKey == key.publicKey, "a private key changes")
    }
}
