import Cryptography
import JOSE
import JSON
import Testing

@Suite("A JSON Web Token")
struct JWTTests {
    private static let now = JWT.NumericDate(seconds: 1_800_000_000)

    private func claims(_ text: String) throws -> JWT.Claims {
        try JWT.Claims(payload: Array(text.utf8))
    }

    @Test("has the claims of RFC 7519 §3.1")
    func example() throws {
        let claims = try claims(
            "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"
        )
        #expect(claims.issuer == "joe")
        #expect(claims.expiresAt == JWT.NumericDate(seconds: 1_300_819_380))
        #expect(claims["http://example.com/is_root"] == .bool(true))
        #expect(claims.subject == nil)
        #expect(claims.audience == [])
    }

    @Test("names its issuer before it is verified, if it is a token at all")
    func issuer() {
        func issuer(
            _ payload: String,
            _ form: (String) -> String = { "e30." + $0 + ".AA" }
        ) -> String? {
            JWT.unverifiedIssuer(of: form(Base64URL.encode(Array(payload.utf8))))
        }
        #expect(issuer(#"{"iss":"joe","aud":["a",{"b":[1]}]}"#) == "joe")
        #expect(issuer(#"{"aud":"x","iss":"j\u006fe"}"#) == "joe")
        for payload in [
            "{}", #"{"iss":1}"#, #"{"iss":null}"#, #"["iss","joe"]"#, #""joe""#, "",
            #"{"iss":"joe"}x"#, #"{"iss":"joe","iss":"joe"}"#, #"{"iss":"joe","a":}"#,
        ] {
            #expect(issuer(payload) == nil, "\(payload)")
        }
        let joe = #"{"iss":"joe"}"#
        #expect(issuer(joe) { $0 } == nil)
        #expect(issuer(joe) { "." + $0 } == nil)
        #expect(issuer(joe) { "..." + $0 } == nil)
        #expect(issuer(joe) { "." + $0 + "!." } == nil)
        #expect(issuer(joe) { "." + $0 + "." } == "joe")
    }

    @Test("has the claims that were signed")
    func roundTrip() throws {
        var claims = JWT.Claims()
        claims.issuer = "https://a.example"
        claims.subject = "client"
        claims.audience = ["https://b.example"]
        claims.expiresAt = Self.now.advanced(60)
        claims.notBefore = Self.now
        claims.issuedAt = Self.now
        claims.id = "one"
        claims.others = JSONObject([
            .init(name: "nonce", value: .string("n")), .init(name: "exp", value: .number("1")),
        ])
        let key = try TestKeys.key(.es256)
        let token = try JWT.sign(claims, type: "client-authentication+jwt", key: key)
        var expected = JWT.Expectations()
        expected.issuers = ["https://a.example", "https://c.example"]
        expected.audiences = ["https://b.example"]
        expected.allowsOtherAudiences = false
        expected.subject = "client"
        expected.required = Set(JWT.Claim.allCases)
        expected.longestLife = .seconds(60)
        expected.type = "Client-Authentication+JWT"
        let read = try JWT.verify(
            token,
            keys: TestKeys.all(),
            allowed: [.es256],
            expecting: expected,
            at: Self.now
        )
        #expect(read.json == claims.json)
        #expect(read["nonce"] == .string("n"))
        expected.type = "dpop+jwt"
        #expect(throws: JOSEError.type) {
            try JWT.verify(
                token,
                keys: TestKeys.all(),
                allowed: [.es256],
                expecting: expected,
                at: Self.now
            )
        }
    }

    @Test("has one audience as a text and several as an array (RFC 7519 §4.1.3)")
    func audiences() {
        var claims = JWT.Claims()
        #expect(claims.json == .object(JSONObject()))
        claims.audience = ["a"]
        #expect(claims.json["aud"] == .string("a"))
        claims.audience = ["a", "b"]
        #expect(claims.json["aud"] == .array([.string("a"), .string("b")]))
    }

    /// Claims beside `exp`, what is expected of them, and what is wrong, at 1 800 000 000 with a
    /// leeway of 30 seconds.
    static let timed: [(String, JOSEError?)] = [
        (#"{"exp":1800000001}"#, nil), (#"{"exp":1799999971}"#, nil),
        (#"{"exp":1799999970.5}"#, nil), (#"{"exp":1799999970}"#, .claim(.expiresAt)),
        (#"{"exp":0}"#, .claim(.expiresAt)), (#"{}"#, .missing("exp")),
        (#"{"exp":1.8000001e9}"#, nil), (#"{"exp":1800000100,"nbf":1800000030}"#, nil),
        (#"{"exp":1800000100,"nbf":1800000030.01}"#, .claim(.notBefore)),
        (#"{"exp":1800000100,"iat":1800000030}"#, nil),
        (#"{"exp":1800000100,"iat":1800000031}"#, .claim(.issuedAt)),
        (#"{"exp":1800000700,"iat":1800000000}"#, .claim(.expiresAt)),
        (#"{"exp":1800000600,"iat":1800000000}"#, nil),
        (#"{"exp":1800000631}"#, .claim(.expiresAt)), (#"{"exp":1800000630}"#, nil),
        (#"{"exp":"1800000100"}"#, .malformed("exp")), (#"{"exp":-1}"#, .malformed("exp")),
        (#"{"exp":null}"#, .malformed("exp")), (#"{"exp":1e400}"#, .malformed("exp")),
        (#"{"exp":1e18}"#, .malformed("exp")), (#"{"exp":true}"#, .malformed("exp")),
        (#"{"exp":1800000100,"nbf":"0"}"#, .malformed("nbf")),
        (#"{"exp":1800000100,"iat":[]}"#, .malformed("iat")),
    ]

    @Test("is valid from nbf until exp, with the leeway", arguments: timed)
    func times(_ text: String, expected: JOSEError?) throws {
        var expectations = JWT.Expectations()
        expectations.longestLife = .seconds(600)
        try check(text, expectations, expected)
    }

    static let addressed: [(String, JOSEError?)] = [
        (#"{"iss":"me","sub":"s","aud":"you"}"#, nil),
        (#"{"iss":"me","sub":"s","aud":["you"]}"#, nil),
        (#"{"iss":"me","sub":"s","aud":["they","you"]}"#, .claim(.audience)),
        (#"{"iss":"me","sub":"s","aud":"they"}"#, .claim(.audience)),
        (#"{"iss":"me","sub":"s","aud":"YOU"}"#, .claim(.audience)),
        (#"{"iss":"me","sub":"s","aud":"you/"}"#, .claim(.audience)),
        (#"{"iss":"me","sub":"s","aud":[]}"#, .claim(.audience)),
        (#"{"iss":"me","sub":"s"}"#, .claim(.audience)),
        (#"{"iss":"me","sub":"s","aud":7}"#, .malformed("aud")),
        (#"{"iss":"me","sub":"s","aud":["you",7]}"#, .malformed("aud")),
        (#"{"iss":"other","sub":"s","aud":"you"}"#, .claim(.issuer)),
        (#"{"sub":"s","aud":"you"}"#, .claim(.issuer)),
        (#"{"iss":["me"],"sub":"s","aud":"you"}"#, .malformed("iss")),
        (#"{"iss":"me","sub":"t","aud":"you"}"#, .claim(.subject)),
        (#"{"iss":"me","aud":"you"}"#, .claim(.subject)),
        (#"{"iss":"me","iss":"me","sub":"s","aud":"you"}"#, .notJSONObject),
        (#"["iss"]"#, .notJSONObject), ("", .notJSONObject),
    ]

    @Test("is accepted only for its audience and from its issuer", arguments: addressed)
    func parties(_ text: String, expected: JOSEError?) throws {
        var expectations = JWT.Expectations()
        expectations.required = []
        expectations.issuers = ["me"]
        expectations.subject = "s"
        expectations.audiences = ["you"]
        expectations.allowsOtherAudiences = false
        try check(text, expectations, expected)
    }

    @Test("may have other audiences if the caller allows them")
    func otherAudiences() throws {
        var expectations = JWT.Expectations()
        expectations.required = [.audience]
        expectations.audiences = ["you"]
        try check(#"{"aud":["they","you"]}"#, expectations, nil)
        try check(#"{"aud":[]}"#, expectations, .missing("aud"))
    }

    @Test("has names that are compared by code points")
    func equivalence() throws {
        var expectations = JWT.Expectations()
        expectations.required = []
        expectations.issuers = ["caf\u{E9}"]
        try check("{\"iss\":\"caf\u{E9}\"}", expectations, nil)
        try check("{\"iss\":\"cafe\u{301}\"}", expectations, .claim(.issuer))
    }

    private func check(
        _ text: String,
        _ expectations: JWT.Expectations,
        _ expected: JOSEError?
    ) throws {
        let key = try TestKeys.key(.hs256)
        let token = try JWS.sign(payload: Array(text.utf8), key: key)
        func verify() throws -> JWT.Claims {
            try JWT.verify(
                token,
                keys: TestKeys.all(),
                allowed: [.hs256],
                expecting: expectations,
                at: Self.now
            )
        }
        if let expected {
            #expect(throws: expected) { try verify() }
        } else {
            #expect(throws: Never.self) { try verify() }
        }
    }
}

extension JWT.NumericDate {
    fileprivate func advanced(_ seconds: Int64) -> JWT.NumericDate {
        JWT.NumericDate(milliseconds: milliseconds + seconds * 1000)
    }
}
