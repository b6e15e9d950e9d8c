// A libFuzzer target for how clients authenticate at the token endpoint; `run.sh` builds it with
// Sources/JOSE, Sources/Access and parts of Sources/Trust/TokenEndpoint.

private let now = Timestamp(milliseconds: 1_800_000_000_000)
private let settings = TrustSettings(issuer: "https://as.example")
private let authenticator = ClientAuthenticator(settings: settings)

/// The value, or the end: what cannot fail failed.
private func must<Value>(_ make: () throws -> Value?) -> Value {
    guard let value = try? make() else { preconditionFailure("what cannot fail failed") }
    return value
}

/// A client with this key.
private func client(_ kind: APIClient.Kind, _ key: SigningKey) -> APIClient {
    must {
        try APIClient(
            id: must { APIClientID("tool") },
            kind: kind,
            name: "A tool",
            createdAt: now,
            authentication: .privateKeyJWT,
            keys: [APIClientKey(id: "k1", key: key.verificationKey, addedAt: now)],
            grants: [.clientCredentials],
            scopes: kind == .delegated ? [.loginsRead] : [.adminRead]
        )
    }
}

/// Called with each input. The first byte says what the rest is.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let choice = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch choice % 4 {
    case 0: claim(Request.with([], body: rest))
    case 1: claim(Request.with([("Authorization", rest)], body: Array("client_id=tool".utf8)))
    default: signed(rest, choice % 4 == 2 ? .user : .delegated)
    }
    return 0
}

/// Nobody is authenticated by chance, and one request names one client.
private func claim(_ request: Request) {
    guard let form = try? TokenForm(request), let claim = try? ClientClaim(request, form) else {
        return
    }
    precondition(APIClientID(claim.id.value) == claim.id)
    if let named = form["client_id"] { precondition(named.isExactly(claim.id.value)) }
    let key = must { try SigningKey.generate(.es256, id: "k1") }
    let proven = try? authenticator.check(claim, of: client(.user, key), nil, at: now)
    precondition(proven == nil, "a stranger is authenticated")
}

/// An assertion that is signed, so that nothing but its claims can be wrong.
private func signed(_ payload: [UInt8], _ kind: APIClient.Kind) {
    let key = must { try SigningKey.generate(.es256, id: "k1") }
    let token = must { try JWS.sign(payload: payload, key: key) }
    let client = client(kind, key)
    guard let proven = try? authenticator.checkAssertion(token, of: client, at: now) else { return }
    let claims = must { try JSONValue(payload) }
    precondition(claims["iss"]?.string == "tool")
    precondition(kind == .delegated || claims["sub"]?.string == "tool")
    precondition(proven.subject == claims["sub"]?.string)
    precondition(proven.assertionID == claims["jti"]?.string && proven.assertionID != "")
    let audiences = claims["aud"].map { value in value.string.map { [$0] } ?? value.strings ?? [] }
    precondition(audiences?.isEmpty == false, "for nobody")
    precondition(
        audiences?.allSatisfy { [settings.issuer, settings.tokenEndpoint].contains($0) } ?? false,
        "for somebody else"
    )
    guard case .use(_, let until)? = proven.uses.first else {
        preconditionFailure("it could be used twice")
    }
    precondition(until > now, "it has ended, or is forgotten before it ends")
    precondition(until <= now + .seconds(600 + 3 * 30), "it lasts too long")
}

extension Request {
    fileprivate static func with(_ fields: [(String, [UInt8])], body: [UInt8]) -> Request {
        var bytes: [UInt8] = []
        func put(_ part: [UInt8]) -> Range<Int> {
            bytes += part
            return bytes.count - part.count..<bytes.count
        }
        let type = ("Content-Type", Array("application/x-www-form-urlencoded".utf8))
        let ranges = ([type] + fields).map { field in
            let name = put(Array(field.0.utf8))
            let value = put(field.1)
            return FieldRange(
                name: Int32(name.lowerBound)..<Int32(name.upperBound),
                value: Int32(value.lowerBound)..<Int32(value.upperBound)
            )
        }
        let body = put(body)
        return Request(
            bytes: bytes,
            method: .post,
            pathRange: 0..<0,
            queryRange: 0..<0,
            bodyRange: body,
            fieldRanges: ranges,
            keepsAlive: true
        )
    }
}
