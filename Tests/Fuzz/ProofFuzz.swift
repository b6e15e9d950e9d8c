// A libFuzzer target for proofs of keys (DPoP), of clients and of enrolled devices; `run.sh` builds it
// with Sources/JOSE, Sources/Access and parts of Sources/Trust/TokenEndpoint.

private let now = Timestamp(milliseconds: 1_800_000_000_000)
private let base = "https://as.example"
private let ownPath = "/device/v1/device"
private let device = ProofRules(
    ProofOfKey.Rules(bases: [base], algorithms: [.es256, .edDSA], freshness: .nonceOrTime),
    secret: [1]
)
private let client = ProofRules(
    ProofOfKey.Rules(bases: [base], algorithms: [.es256, .edDSA, .ps256], freshness: .time),
    secret: [1]
)

/// The value, or the end: what cannot fail failed.
private func must<Value>(_ make: () throws -> Value?) -> Value {
    guard let value = try? make() else { preconditionFailure("what cannot fail failed") }
    return value
}

private let key = must { try SigningKey.generate(.edDSA) }
private let shown = must { key.verificationKey.publicKey }

/// Called with each input. The first byte says what the rest is.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch choice % 3 {
    case 0:
        // Nobody has a key by chance.
        precondition((try? device.judge(.with(rest), showing: nil, at: now)) == nil)
        _ = try? ProofRules.key(in: String(decoding: rest, as: UTF8.self))
    case 1: header(rest)
    default: claims(rest)
    }
    return 0
}

/// A header that is signed, so that nothing but its members can be wrong.
private func header(_ bytes: [UInt8]) {
    guard let object = (try? JSONValue(bytes))?.object else { return }
    let payload = JSONValue.members([
        "htm": .string("POST"), "htu": .string(base + ownPath), "jti": .string("1"),
        "iat": .integer(now.milliseconds / 1000),
    ])
    guard let token = try? JWS.sign(payload: payload.bytes, header: object, key: key) else {
        return
    }
    guard let proven = try? device.judge(.with(Array(token.utf8)), showing: nil, at: now) else {
        return
    }
    precondition(object["typ"]?.string?.isExactly("dpop+jwt") ?? false)
    precondition(proven.key == shown && proven.thumbprint == Thumbprint.sha256(of: shown))
}

/// Claims that are signed.
private func claims(_ payload: [UInt8]) {
    let header = JSONValue.members([
        "typ": .string("dpop+jwt"), "jwk": VerificationKey(shown).jwk,
    ])
    let token = must {
        try JWS.sign(payload: payload, header: header.object ?? JSONObject(), key: key)
    }
    for (rules, usesNonce) in [(device, true), (client, false)] {
        guard let proven = try? rules.judge(.with(Array(token.utf8)), showing: nil, at: now) else {
            continue
        }
        let claims = must { try JSONValue(payload) }
        precondition(claims["htm"]?.string?.isExactly("POST") ?? false)
        precondition(claims["htu"]?.string?.lowercased().contains("as.example") ?? false)
        precondition((1...256).contains(claims["jti"]?.string?.utf8.count ?? 0))
        precondition(proven.until > now, "it is forgotten before it ends")
        let nonce = claims["nonce"]?.string
        if !usesNonce || nonce == nil {
            precondition(proven.until <= now + .seconds(120), "it is remembered too long")
        } else {
            precondition(nonce?.isExactly(rules.nonce(at: now)) ?? false, "a nonce of nobody")
        }
    }
}

extension Request {
    /// A request with this proof.
    fileprivate static func with(_ proof: [UInt8]) -> Request {
        let name = Array("DPoP".utf8)
        let target = Array(ownPath.utf8)
        let bytes = name + proof + target
        let value = name.count..<name.count + proof.count
        return Request(
            bytes: bytes,
            method: .post,
            pathRange: value.upperBound..<bytes.count,
            queryRange: 0..<0,
            bodyRange: 0..<0,
            fieldRanges: [
                FieldRange(
                    name: 0..<Int32(name.count),
                    value: Int32(value.lowerBound)..<Int32(value.upperBound)
                )
            ],
            keepsAlive: true
        )
    }
}
