import Access
import Cryptography
import HTTP
import JOSE
import JSON
import Logins
import TestSupport
import Testing
import Trust

/// How users sign in to an app of the stage.
extension TrustStage {
    static let redirectURI = "https://app.example/signed-in"
    static let verifier = "a-verifier-of-at-least-forty-three-characters"
    static var challenge: String { Base64URL.encode(SHA256.digest(Array(verifier.utf8))) }

    /// The parameters of an authorization request, with changes; an empty text leaves one out.
    func authorizationQuery(_ changes: [(String, String)] = []) -> Form {
        var fields = [
            ("response_type", "code"), ("client_id", "phone-app"),
            ("redirect_uri", Self.redirectURI), ("state", "st-1"), ("scope", "device:logins"),
            ("code_challenge", Self.challenge), ("code_challenge_method", "S256"),
        ]
        for change in changes {
            fields.removeAll { $0.0 == change.0 }
            if !change.1.isEmpty { fields.append(change) }
        }
        return Form(fields.map { Field($0.0, $0.1) })
    }

    /// The code that a user who agrees leads to.
    func code(_ changes: [(String, String)] = []) async throws -> String {
        guard case .ask(let request) = await authorization.judge(authorizationQuery(changes)) else {
            throw NotAsked()
        }
        let address = try await authorization.granted(
            request,
            by: .named(Self.user),
            session: "session-1",
            address: "192.0.2.7"
        )
        let query = try #require(address.split(separator: "?").last)
        return try #require(Form(Array(query.utf8))?["code"])
    }

    private struct NotAsked: Error {}

    /// The exchange of a code by the app with the phone's certificate.
    func exchange(
        _ code: String,
        _ changes: [(String, String)] = [],
        showing certificate: PeerCertificate? = nil
    ) -> Request {
        form(
            [
                ("grant_type", "authorization_code"), ("client_id", "phone-app"), ("code", code),
                ("redirect_uri", Self.redirectURI), ("code_verifier", Self.verifier),
            ],
            changes,
            certificate
        )
    }

    /// A refresh by the app.
    func refresh(
        _ token: String,
        _ changes: [(String, String)] = [],
        showing certificate: PeerCertificate? = nil
    ) -> Request {
        form(
            [
                ("grant_type", "refresh_token"), ("client_id", "phone-app"),
                ("refresh_token", token),
            ],
            changes,
            certificate
        )
    }

    private func form(
        _ fields: [(String, String)],
        _ changes: [(String, String)],
        _ shown: PeerCertificate?
    ) -> Request {
        var fields = fields
        for change in changes {
            fields.removeAll { $0.0 == change.0 }
            if !change.1.isEmpty { fields.append(change) }
        }
        return request(fields, showing: shown ?? certificate("phone", isVerified: false))
    }

    /// The answer to a whole sign-in.
    func signedIn() async throws -> Response {
        let response = await endpoint.answer(exchange(try await code()))
        #expect(response.status == 200)
        return response
    }

    // MARK: Proofs of a key

    struct Proof {
        var type = "dpop+jwt"
        var method = "POST"
        var address = TrustStage.issuer + "/oauth2/token"
        /// Seconds from now.
        var issued: Int64? = 0
        var id: String? = "proof-1"
        var token: String?
        var nonce: String?
        var key = "proof"
        /// The key in the header, if it is another.
        var shown: JSONValue?
        var showsKey = true
    }

    func proof(_ change: (inout Proof) -> Void = { _ in }) throws -> String {
        var wanted = Proof()
        change(&wanted)
        let signer = try key(wanted.key)
        let publicKey = try #require(signer.verificationKey.publicKey)
        let jwk = try #require(VerificationKey(publicKey).jwk)
        let header = JSONValue.members([
            "typ": .string(wanted.type),
            "jwk": wanted.showsKey ? wanted.shown ?? jwk : nil,
        ])
        let payload = JSONValue.members([
            "htm": .string(wanted.method), "htu": .string(wanted.address),
            "iat": wanted.issued.map { .integer(Int(clock.now().milliseconds / 1000 + $0)) },
            "jti": .text(wanted.id),
            "ath": wanted.token.map {
                .string(Base64URL.encode(SHA256.digest(Array($0.utf8))))
            },
            "nonce": .text(wanted.nonce),
        ])
        return try JWS.sign(
            payload: payload.bytes,
            header: header.object ?? JSONObject(),
            key: signer
        )
    }

    /// A token request of the app that proves a key, without a certificate.
    func proofRequest(
        _ fields: [(String, String)] = [("grant_type", "client_credentials")],
        _ proofs: [String],
        id: String = "jti-proof"
    ) throws -> Request {
        let assertion = try assertion {
            $0.issuer = "proof-app"
            $0.subject = "proof-app"
            $0.id = id
        }
        return request(
            fields + [
                ("client_assertion_type", Self.assertionType), ("client_assertion", assertion),
            ],
            showing: nil,
            headers: proofs.map { Field("DPoP", $0) }
        )
    }
}
