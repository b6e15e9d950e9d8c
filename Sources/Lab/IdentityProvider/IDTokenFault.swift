import JSON

/// What can be wrong with an ID token.
public enum IDTokenFault: String, Hashable, Sendable, CaseIterable {
    case wrongNonce = "wrong_nonce"
    case noNonce = "no_nonce"
    case wrongAudience = "wrong_audience"
    case otherAudience = "other_audience"
    case wrongParty = "wrong_azp"
    case wrongIssuer = "wrong_issuer"
    case expired
    case future
    case old
    case noSubject = "no_subject"
    case noEmail = "no_email"
    case unverified
    case verifiedText = "verified_text"
    case noName = "no_name"
    case noClaim = "no_claim"
    case otherDomain = "other_domain"
    /// Nobody knows the user: an account that is new, or was never made.
    case unknownUser = "unknown_user"
    case wrongAccount = "wrong_account"
    /// Another key than the published one.
    case signature
    /// `alg` is `none`.
    case unsigned

    /// The claims with the fault. `domain` is that of the custom claims.
    func applied(to claims: JSONValue, domain: String, seconds: Int64) -> JSONValue {
        let audience = claims["aud"]
        switch self {
        case .wrongNonce: return claims.with(["nonce": .string("another-nonce")])
        case .noNonce: return claims.without(["nonce"])
        case .wrongAudience: return claims.with(["aud": .string("another-client")])
        case .otherAudience:
            return claims.with(["aud": .array([.string("another-client")] + [audience ?? .null])])
        case .wrongParty: return claims.with(["azp": .string("another-client")])
        case .wrongIssuer: return claims.with(["iss": .string("https://another.example")])
        case .expired:
            return claims.with([
                "exp": .integer(seconds - 3600), "iat": .integer(seconds - 3900),
            ])
        case .future: return claims.with(["iat": .integer(seconds + 3600)])
        case .old: return claims.with(["iat": .integer(seconds - 3600)])
        case .noSubject: return claims.without(["sub"])
        case .noEmail: return claims.without(["email"])
        case .unverified: return claims.with(["email_verified": .bool(false)])
        case .verifiedText: return claims.with(["email_verified": .string("true")])
        case .noName: return claims.without(["given_name"])
        case .noClaim: return claims.without(Set(Self.customClaims(domain)))
        case .otherDomain:
            let names = Self.customClaims(domain)
            let others = Self.customClaims("other.example")
            return zip(names, others).reduce(claims) { claims, pair in
                claims.without([pair.0]).joined(
                    .object(JSONObject([.init(name: pair.1, value: claims[pair.0] ?? .null)]))
                )
            }
        case .unknownUser:
            return claims.with([Self.customClaims(domain)[0]: .string("nobody@example.com")])
        case .wrongAccount:
            return claims.with([Self.customClaims(domain)[1]: .string("another-account")])
        case .signature, .unsigned: return claims
        }
    }

    /// The names of the claims of the user and the account.
    static func customClaims(_ domain: String) -> [String] {
        ["https://\(domain)/ciba_user", "https://\(domain)/ciba_account"]
    }
}

/// What can be wrong with a logout token (OpenID Connect Back-Channel Logout 1.0 §2.4, §2.6).
public enum LogoutTokenFault: String, Hashable, Sendable, CaseIterable {
    case wrongAudience = "wrong_audience"
    case expired
    case noEvents = "no_events"
    case withNonce = "with_nonce"
    /// Ends every session of the person.
    case noSession = "no_sid"
    case noSubject = "no_sub"
    case signature

    /// The claims with the fault.
    func applied(to claims: JSONValue, seconds: Int64) -> JSONValue {
        switch self {
        case .wrongAudience: claims.with(["aud": .string("another-client")])
        case .expired:
            claims.with(["exp": .integer(seconds - 600), "iat": .integer(seconds - 720)])
        case .noEvents: claims.without(["events"])
        case .withNonce: claims.with(["nonce": .string("a-nonce")])
        case .noSession: claims.without(["sid"])
        case .noSubject: claims.without(["sub"])
        case .signature: claims
        }
    }
}

extension JSONValue {
    /// The object with these members instead of those of the same names.
    func with(_ members: [String: JSONValue]) -> JSONValue {
        without(Set(members.keys)).joined(
            .object(
                JSONObject(
                    members.sorted { $0.key < $1.key }.map { .init(name: $0.key, value: $0.value) }
                )
            )
        )
    }
}
