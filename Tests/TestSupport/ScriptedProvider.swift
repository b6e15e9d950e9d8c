public import HTTP
public import JOSE
public import JSON
import Logins
import Threads

/// A bank's identity provider as a script: metadata, keys and a token endpoint. What it answers can
/// be changed at any time.
public final class ScriptedProvider: OutboundHTTP {
    public static let issuer = "https://login.bank.example"
    public static let clientID = "as-inbox"
    public static let clientSecret = "a client secret of at least 32 bytes"
    public static let userClaim = "https://bank.example/ciba_user"
    public static let accountClaim = "https://bank.example/ciba_account"

    /// What the next answers are made of.
    public struct State: Sendable {
        public var issuer = ScriptedProvider.issuer
        public var key: SigningKey
        /// In the key set; nil for that of `key`.
        public var published: JWKSet?
        public var keysStatus = 200
        /// Changes the claims of the next tokens.
        public var claims: @Sendable (JSONValue) -> JSONValue = { $0 }
        /// Replaces the token answer.
        public var tokenAnswer: OutboundResponse?
        public var metadata: @Sendable (JSONValue) -> JSONValue = { $0 }
        public var isDown = false
        /// Of the authorization request.
        public var nonce = ""
    }

    private let state: Locked<State>
    private let kept = Locked<[OutboundRequest]>([])
    private let clock: ManualClock

    public init(clock: ManualClock) throws {
        self.clock = clock
        state = Locked(State(key: try SigningKey.generate(.es256, id: "k1")))
    }

    public var requests: [OutboundRequest] { kept.withLock { $0 } }
    public func requests(to path: String) -> [OutboundRequest] {
        requests.filter { $0.url.hasSuffix(path) }
    }

    public func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    public func send(_ request: OutboundRequest) async throws(OutboundError) -> OutboundResponse {
        kept.withLock { $0.append(request) }
        let state = state.withLock { $0 }
        if state.isDown { throw .notSent("connection refused by 10.1.2.3") }
        if request.url.hasSuffix("/.well-known/openid-configuration") {
            return Self.json(200, state.metadata(Self.metadata(state.issuer)))
        }
        if request.url.hasSuffix("/jwks") {
            let keys = state.published ?? JWKSet([state.key.verificationKey])
            return Self.json(state.keysStatus, keys.json)
        }
        if let answer = state.tokenAnswer { return answer }
        guard let token = try? self.token(state) else { throw .invalid("cannot sign") }
        return Self.json(
            200,
            .members([
                "access_token": .string("access-token-of-the-provider"),
                "token_type": .string("Bearer"), "id_token": .string(token),
            ])
        )
    }

    /// The claims of a person.
    public func claims(nonce: String) -> JSONValue {
        let seconds = Int(clock.now().milliseconds / 1000)
        return .members([
            "iss": .string(state.withLock { $0.issuer }), "aud": .string(Self.clientID),
            "sub": .string("24400320"), "iat": .integer(seconds - 1),
            "exp": .integer(seconds + 3600), "nonce": .string(nonce),
            "email": .string("person@bank.example"), "email_verified": .bool(true),
            "given_name": .string("Given"), "family_name": .string("Family"),
            Self.userClaim: .string("customer-4711"), Self.accountClaim: .string("retail"),
        ])
    }

    /// The claims of a logout token about that person (Back-Channel Logout 1.0 §2.4).
    public func logoutClaims(session: String? = nil) -> JSONValue {
        let seconds = Int(clock.now().milliseconds / 1000)
        return .members([
            "iss": .string(state.withLock { $0.issuer }), "aud": .string(Self.clientID),
            "sub": .string("24400320"), "sid": session.map { .string($0) },
            "iat": .integer(seconds), "exp": .integer(seconds + 120),
            "jti": .string("logout-1"),
            "events": .members([
                "http://schemas.openid.net/event/backchannel-logout": .members([:])
            ]),
        ])
    }

    /// Signs claims with the provider's key.
    public func sign(_ claims: JSONValue, type: String? = "logout+jwt") throws -> String {
        let type = type.map { [JSONObject.Member(name: "typ", value: .string($0))] } ?? []
        return try JWS.sign(
            payload: claims.bytes,
            header: JSONObject(type),
            key: state.withLock { $0.key }
        )
    }

    private func token(_ state: State) throws -> String {
        try JWS.sign(
            payload: state.claims(claims(nonce: state.nonce)).bytes,
            key: state.key
        )
    }

    private static func metadata(_ issuer: String) -> JSONValue {
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        return .members([
            "issuer": .string(issuer),
            "authorization_endpoint": .string(base + "/authorize"),
            "token_endpoint": .string(base + "/token"), "jwks_uri": .string(base + "/jwks"),
        ])
    }

    public static func json(_ status: Int, _ value: JSONValue) -> OutboundResponse {
        OutboundResponse(
            status: status,
            fields: [Field("Content-Type", "application/json")],
            body: value.bytes
        )
    }
}

extension JSONValue {
    /// The object with a member replaced or, for nil, without it.
    public func with(_ name: String, _ value: JSONValue?) -> JSONValue {
        var members = (object?.members ?? []).filter { $0.name != name }
        if let value { members.append(.init(name: name, value: value)) }
        return .object(JSONObject(members))
    }
}
