import Cryptography
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Trust

@Suite("The check of an ID token")
struct IDTokenCheckTests {
    typealias Fixture = IDTokenFixture

    /// One change of a valid token, and what the check says of it.
    struct Mutation: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let claim: String
        let value: JSONValue?
        /// Nil if the token is still good.
        let code: IDTokenRefusal.Code?
        /// The claim that the refusal names.
        let named: String
        let setting: @Sendable (inout IDTokenCheck) -> Void

        init(
            _ claim: String,
            _ value: JSONValue?,
            _ code: IDTokenRefusal.Code?,
            named: String? = nil,
            _ note: String = "",
            _ setting: @escaping @Sendable (inout IDTokenCheck) -> Void = { _ in }
        ) {
            let text = value.map { String(decoding: $0.bytes.prefix(60), as: UTF8.self) }
            testDescription = "\(claim): \(text ?? "absent") \(note)"
            self.claim = claim
            self.value = value
            self.code = code
            self.named = named ?? claim
            self.setting = setting
        }
    }

    static let now = Fixture.seconds
    static let mutations: [Mutation] = issuer + subject + audience + times + email + names + custom

    static let issuer: [Mutation] = [
        .init("iss", nil, .issuer),
        .init("iss", "https://login.bank.example/".json, .issuer),
        .init("iss", "https://LOGIN.bank.example".json, .issuer),
        .init("iss", "http://login.bank.example".json, .issuer),
        .init("iss", "https://login.bank.example.evil.example".json, .issuer),
        .init("iss", "".json, .issuer),
        .init("iss", .null, .issuer),
        .init("iss", .array(["https://login.bank.example".json]), .issuer),
        .init("iss", "https://login.bank.example/".json, nil, "with that issuer") {
            $0.issuer += "/"
        },
    ]

    static let subject: [Mutation] = [
        .init("sub", nil, .subject),
        .init("sub", "".json, .subject),
        .init("sub", .integer(24_400_320), .subject),
        .init("sub", "pers\u{F6}n".json, .subject),
        .init("sub", "a\nb".json, .subject),
        .init("sub", String(repeating: "s", count: 256).json, .subject),
        .init("sub", String(repeating: "s", count: 255).json, nil),
    ]

    static let audience: [Mutation] = [
        .init("aud", nil, .audience),
        .init("aud", "other".json, .audience),
        .init("aud", "AS-INBOX".json, .audience),
        .init("aud", .array([]), .audience),
        .init("aud", .array(["other".json]), .audience),
        .init("aud", .array(["as-inbox".json]), nil),
        .init("aud", .array(["as-inbox".json, .integer(1)]), .audience),
        .init("aud", .members(["as-inbox": .bool(true)]), .audience),
        .init("aud", .array(["as-inbox".json, "other".json]), .audience, named: "azp"),
        .init("aud", .array(["as-inbox".json, "other".json]), nil, "other is expected") {
            $0.extraAudiences = ["other"]
        },
        .init(
            "aud",
            .array(["as-inbox".json, "project-1".json, "third".json]),
            .audience,
            named: "azp",
            "only project-1 is expected"
        ) { $0.extraAudiences = ["project-1"] },
        .init("azp", "as-inbox".json, nil),
        .init("azp", "other".json, .audience),
        .init("azp", .null, .audience),
    ]

    static let times: [Mutation] = [
        .init("exp", nil, .expired),
        .init("exp", .integer(now - 61), .expired),
        .init("exp", .integer(now - 60), .expired),
        .init("exp", .integer(now - 59), nil),
        .init("exp", .string("\(now + 3600)"), .expired),
        .init("exp", .number("1.7e9"), .expired, "which is over"),
        .init("exp", .number("1.9e9"), nil),
        .init("exp", .number("\(now + 60).5"), nil),
        .init("exp", .number("1e30"), .expired),
        .init("exp", .integer(-1), .expired),
        .init("exp", .null, .expired),
        .init("iat", nil, .issuedAt),
        .init("iat", .integer(now + 60), nil),
        .init("iat", .integer(now + 61), .issuedAt),
        .init("iat", .integer(now + 240), .issuedAt),
        .init("iat", .integer(now + 240), nil, "with a leeway of 5 minutes") {
            $0.leeway = .seconds(300)
        },
        .init("iat", .integer(now + 660), .issuedAt, "with a leeway of 5 minutes") {
            $0.leeway = .seconds(300)
        },
        .init("iat", .integer(now - 600), nil),
        .init("iat", .integer(now - 601), .issuedAt),
        .init("iat", .integer(now - 660), .issuedAt),
        .init("iat", .string("\(now)"), .issuedAt),
        .init("iat", .bool(true), .issuedAt),
        .init("nbf", .integer(now + 61), .issuedAt),
        .init("nbf", .integer(now - 10), nil),
        .init("nbf", "now".json, .issuedAt),
        .init("nonce", nil, .nonce),
        .init("nonce", "".json, .nonce),
        .init("nonce", "n-0S6_WzA2MJ".json, .nonce),
        .init("nonce", .integer(1), .nonce),
    ]

    static let email: [Mutation] = [
        .init("email", nil, .email),
        .init("email", "".json, .email),
        .init("email", "person".json, .email),
        .init("email", "a@b@c".json, .email),
        .init("email", "@bank.example".json, .email),
        .init("email", "person@".json, .email),
        .init("email", "per son@bank.example".json, .email),
        .init("email", .array(["person@bank.example".json]), .email),
        .init("email_verified", nil, .emailNotVerified),
        .init("email_verified", .bool(false), .emailNotVerified),
        .init("email_verified", "true".json, .emailNotVerified),
        .init("email_verified", .integer(1), .emailNotVerified),
        .init("email_verified", .null, .emailNotVerified),
        .init("email_verified", "true".json, nil, "texts are allowed") {
            $0.allowsVerifiedAsText = true
        },
        .init("email_verified", "false".json, .emailNotVerified, "texts are allowed") {
            $0.allowsVerifiedAsText = true
        },
        .init("email_verified", "TRUE".json, .emailNotVerified, "texts are allowed") {
            $0.allowsVerifiedAsText = true
        },
        .init("email_verified", .integer(1), .emailNotVerified, "texts are allowed") {
            $0.allowsVerifiedAsText = true
        },
    ]

    static let names: [Mutation] = [
        .init("given_name", nil, .name),
        .init("given_name", "".json, .name),
        .init("given_name", " ".json, .name),
        .init("family_name", nil, .name),
        .init("family_name", .integer(7), .name),
        .init("family_name", "Fam\u{0}ily".json, .name),
        .init("family_name", "\u{5C0F}\u{6797}".json, nil),
    ]

    static let custom: [Mutation] = [
        .init(Fixture.user, nil, .customClaim),
        .init(Fixture.user, "".json, .customClaim),
        .init(Fixture.user, .integer(4711), .customClaim),
        .init(Fixture.account, nil, .customClaim),
        .init(Fixture.account, .array(["retail".json]), .customClaim),
        .init("https://other.example/ciba_user", "someone-else".json, nil),
        .init("ciba_user", "someone-else".json, nil),
    ]

    // trust: C-8
    // rule: A10
    @Test("refuses each wrong claim with its code and name", arguments: mutations)
    func mutation(_ mutation: Mutation) throws {
        var check = Fixture.check
        mutation.setting(&check)
        let token = try Fixture.token(Fixture.claims.with(mutation.claim, mutation.value))
        do {
            let claims = try check.claims(
                of: token,
                keys: Fixture.keys,
                nonce: Fixture.nonce,
                at: Fixture.now
            )
            #expect(mutation.code == nil)
            #expect(claims.custom[Fixture.user] == "customer-4711")
        } catch {
            #expect(error.code == mutation.code)
            #expect(error.claim == mutation.named)
            if let text = mutation.value?.string, text.utf8.count > 3 {
                let shown = String(decoding: error.got.bytes, as: UTF8.self)
                #expect(!shown.contains(text) && !"\(error)".contains(text))
            }
        }
    }

    @Test(
        "accepts several audiences only with ours as the authorized party",
        arguments: [
            PartyRow(party: "as-inbox", expected: [], isGood: true),
            PartyRow(party: "other", expected: [], isGood: false),
            PartyRow(party: "other", expected: ["other"], isGood: false),
            PartyRow(party: "as-inbox", expected: ["other"], isGood: true),
            PartyRow(party: "as-inbox", expected: ["third"], isGood: false),
        ]
    )
    func authorizedParty(_ row: PartyRow) throws {
        var check = Fixture.check
        check.extraAudiences = row.expected
        let claims = Fixture.claims.with("aud", .texts(["as-inbox", "other"]))
            .with("azp", .string(row.party))
        let token = try Fixture.token(claims)
        let isAccepted =
            (try? check.claims(
                of: token,
                keys: Fixture.keys,
                nonce: Fixture.nonce,
                at: Fixture.now
            )) != nil
        #expect(isAccepted == row.isGood)
    }

    @Test("says what was expected and what came, without the value")
    func evidence() throws {
        let token = try Fixture.token(Fixture.claims.with("email_verified", .bool(false)))
        let refusal = try #require(throws: IDTokenRefusal.self) {
            try Fixture.check.claims(
                of: token,
                keys: Fixture.keys,
                nonce: Fixture.nonce,
                at: Fixture.now
            )
        }
        #expect(refusal.expected == .bool(true))
        #expect(refusal.got == .bool(false))
        #expect(refusal.skewSeconds == -1)
    }

    struct PartyRow: Sendable {
        let party: String
        let expected: Set<String>
        let isGood: Bool
    }

    /// How a token is made that is not signed as it should be.
    enum Forgery: String, CaseIterable, Sendable {
        case otherKey, none, secretOfPublicKey, changed, truncated, twoParts, encrypted, empty
        case otherAlgorithm, notJSON, unknownKeyID, critical
    }

    // trust: C-8
    // rule: A10
    @Test("refuses each forged signature", arguments: Forgery.allCases)
    func forged(_ forgery: Forgery) throws {
        let good = try Fixture.token(Fixture.claims)
        let parts = good.split(separator: ".").map(String.init)
        func encoded(_ text: String) -> String { Base64URL.encode(Array(text.utf8)) }
        let token: String
        switch forgery {
        case .otherKey:
            token = try Fixture.token(Fixture.claims, key: .generate(.es256, id: "k1"))
        case .none: token = encoded(#"{"alg":"none"}"#) + "." + parts[1] + "."
        case .secretOfPublicKey:
            let jwk = try #require(Fixture.key.verificationKey.jwk)
            let secret = try SharedSecret(jwk.bytes)
            token = try Fixture.token(Fixture.claims, key: SigningKey(secret: secret, id: "k1"))
        case .changed:
            let claims = Fixture.claims.with("sub", "1".json)
            token = parts[0] + "." + Base64URL.encode(claims.bytes) + "." + parts[2]
        case .truncated: token = String(good.dropLast(4))
        case .twoParts: token = parts[0] + "." + parts[1]
        case .encrypted: token = good + ".a.b"
        case .empty: token = ""
        case .otherAlgorithm:
            token = try Fixture.token(Fixture.claims, key: .generate(.edDSA, id: "k1"))
        case .notJSON:
            token = try JWS.sign(payload: Array("claims".utf8), key: Fixture.key)
        case .unknownKeyID:
            token = try Fixture.token(Fixture.claims, key: .generate(.es256, id: "k2"))
        case .critical:
            let header = JSONObject([.init(name: "crit", value: .texts(["exp"]))])
            token = try JWS.sign(payload: Fixture.claims.bytes, header: header, key: Fixture.key)
        }
        let refusal = try #require(throws: IDTokenRefusal.self) {
            try Fixture.check.claims(
                of: token,
                keys: Fixture.keys,
                nonce: Fixture.nonce,
                at: Fixture.now
            )
        }
        #expect(refusal.code == .signature)
    }

    @Test("accepts HMAC only where the operator chose it", arguments: [true, false])
    func hmac(isChosen: Bool) throws {
        var check = Fixture.check
        if isChosen { check.algorithms = [.hs256] }
        let secret = try SharedSecret(Array("a secret of at least 32 bytes ......".utf8))
        let key = SigningKey(secret: secret)
        let token = try Fixture.token(Fixture.claims, key: key)
        let isAccepted =
            (try? check.claims(
                of: token,
                keys: JWKSet([key.verificationKey]),
                nonce: Fixture.nonce,
                at: Fixture.now
            ))
            != nil
        #expect(isAccepted == isChosen)
    }

    @Test(
        "uses the good key beside keys that it does not know",
        arguments: [
            #"{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}"#,
            #"{"kty":"EC","crv":"P-256","x":"!"}"#,
            #"{"kid":7}"#, #""text""#, #"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"k1"}"#,
        ]
    )
    func brokenKeys(_ other: String) throws {
        let good = try #require(Fixture.key.verificationKey.jwk)
        let set = #"{"keys":["# + other + "," + String(decoding: good.bytes, as: UTF8.self) + "]}"
        let token = try Fixture.token(Fixture.claims)
        let claims = try Fixture.check.claims(
            of: token,
            keys: JWKSet(bytes: Array(set.utf8)),
            nonce: Fixture.nonce,
            at: Fixture.now
        )
        #expect(claims.subject == "24400320")
    }
}
