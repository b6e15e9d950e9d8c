import JOSE
import JSON
import Logins
import TestSupport
import Trust

/// An ID token of a bank's provider as it should be, and keys to sign changed ones.
enum IDTokenFixture {
    static let issuer = "https://login.bank.example"
    static let clientID = "as-inbox"
    static let nonce = "n-0S6_WzA2Mj"
    static let now = ManualClock().now()
    static let user = "https://bank.example/ciba_user"
    static let account = "https://bank.example/ciba_account"

    static let key: SigningKey = {
        guard let key = try? SigningKey.generate(.es256, id: "k1") else {
            preconditionFailure("OpenSSL makes no key")
        }
        return key
    }()
    static let keys = JWKSet([key.verificationKey])

    static var seconds: Int { Int(now.milliseconds / 1000) }

    static var claims: JSONValue {
        .members([
            "iss": .string(issuer), "aud": .string(clientID), "sub": "24400320".json,
            "iat": .integer(seconds - 1), "exp": .integer(seconds + 3600),
            "nonce": .string(nonce), "email": "person@bank.example".json,
            "email_verified": .bool(true), "given_name": "Given".json,
            "family_name": "Family".json, user: "customer-4711".json, account: "retail".json,
        ])
    }

    static var check: IDTokenCheck {
        IDTokenCheck(issuer: issuer, clientID: clientID, customClaims: [user, account])
    }

    static func token(_ claims: JSONValue, key: SigningKey = key) throws -> String {
        try JWS.sign(payload: claims.bytes, key: key)
    }
}

extension String {
    var json: JSONValue { .string(self) }
}
