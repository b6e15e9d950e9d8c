// A libFuzzer target for ID tokens and logout tokens; `run.sh` builds it with Sources/JOSE and the
// checks of Sources/Trust/SignOn.

private let secret: [UInt8] = Array(repeating: 7, count: 32)
private let keys: JWKSet = {
    guard let shared = try? SharedSecret(secret) else { preconditionFailure("no key") }
    return JWKSet([VerificationKey(secret: shared)])
}()
private let now = Timestamp(milliseconds: 1_800_000_000_000)
private let check = IDTokenCheck(
    issuer: "https://login.bank.example",
    clientID: "as-inbox",
    algorithms: [.hs256],
    extraAudiences: ["project-1"],
    customClaims: ["https://bank.example/ciba_user"]
)

/// Called with each input. The first byte says whether the rest is a token, or the header and the
/// claims of one that is signed here.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    guard choice & 1 == 1 else {
        judge(String(decoding: rest, as: UTF8.self), nil)
        return 0
    }
    let halves = rest.split(separator: 0x0A, maxSplits: 1, omittingEmptySubsequences: false)
    guard halves.count == 2 else { return 0 }
    let parts = halves.map { Base64URL.encode(Array($0)) }.joined(separator: ".")
    let signature = Base64URL.encode(HMAC.sha256(key: secret, Array(parts.utf8)))
    judge(parts + "." + signature, Array(halves[1]))
    return 0
}

/// What is accepted has every claim that it needs, and no token is accepted for two purposes.
private func judge(_ token: String, _ payload: [UInt8]?) {
    let signIn = try? check.claims(of: token, keys: keys, nonce: "n", at: now)
    let logout = try? check.logout(by: token, keys: keys, at: now)
    precondition(signIn == nil || logout == nil, "one token for two purposes")
    precondition((try? check.claims(of: token, keys: keys, nonce: "m", at: now)) == nil)
    let late = now + .seconds(86_400)
    precondition((try? check.logout(by: token, keys: keys, at: late)) == nil, "for ever")
    guard signIn != nil || logout != nil else { return }
    guard let payload, let claims = (try? JSONValue(payload))?.object else {
        preconditionFailure("nobody has signed it")
    }
    precondition(claims["iss"]?.string?.isExactly(check.issuer) ?? false)
    let audiences = claims["aud"].flatMap { $0.string.map { [$0] } ?? $0.strings } ?? []
    precondition(audiences.contains { $0.isExactly(check.clientID) })
    if let signIn {
        precondition(claims["nonce"]?.string?.isExactly("n") ?? false)
        precondition((1...IDTokenCheck.longestSubject).contains(signIn.subject.utf8.count))
        precondition(signIn.custom.values.allSatisfy { !$0.isEmpty })
        precondition(claims["email_verified"] == .bool(true))
    }
    if let logout {
        precondition(claims["nonce"] == nil && !logout.tokenID.isEmpty)
        precondition(logout.subject != nil || logout.session != nil)
        precondition(now < logout.usableUntil)
    }
}
