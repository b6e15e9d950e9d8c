public import HTTP
import JSON

/// An error of our own interfaces (RFC 9457): one stable type for each kind, and a detail for the
/// reader. It never repeats a secret or reveals what exists.
public struct Problem: Error, Hashable, Sendable {
    /// The kinds. The type is `urn:beckon:problem:` followed by the raw value.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case invalidBody = "invalid-body"
        case invalidQuery = "invalid-query"
        case invalidHeader = "invalid-header"
        case unauthorized = "unauthorized"
        case invalidProof = "invalid-dpop-proof"
        case nonceNeeded = "use-dpop-nonce"
        case unknownDevice = "unknown-device"
        case wrongProof = "wrong-proof"
        case userBlocked = "user-blocked"
        case methodNotAllowed = "method-not-allowed"
        case userNotAllowed = "user-not-allowed"
        case delegationNotAllowed = "delegation-not-allowed"
        case notFound = "not-found"
        case notReady = "not-ready"
        case alreadyEnded = "already-ended"
        case tooLate = "too-late"
        case bodyTooLarge = "body-too-large"
        case unsupportedMediaType = "unsupported-media-type"
        case unfitSelection = "unfit-selection"
        case wrongCode = "wrong-code"
        case conflict = "conflict"
        case preconditionFailed = "precondition-failed"
        case preconditionRequired = "precondition-required"
        case keyReused = "idempotency-key-reused"
        case keyInUse = "idempotency-key-in-use"
        case ownChange = "own-change"
        case unavailable = "unavailable"

        /// The HTTP status.
        public var status: Int {
            switch self {
            case .invalidBody, .invalidQuery, .invalidHeader: 400
            case .unauthorized, .invalidProof, .nonceNeeded, .unknownDevice: 401
            case .methodNotAllowed, .userNotAllowed, .delegationNotAllowed, .ownChange,
                .wrongProof, .wrongCode, .userBlocked:
                403
            case .notFound: 404
            case .notReady, .alreadyEnded, .conflict, .keyInUse: 409
            case .tooLate: 410
            case .preconditionFailed: 412
            case .bodyTooLarge: 413
            case .unsupportedMediaType: 415
            case .unfitSelection, .keyReused: 422
            case .preconditionRequired: 428
            case .unavailable: 503
            }
        }

        /// The title, the same for every problem of the kind.
        public var title: String {
            switch self {
            case .invalidBody: "The body is invalid"
            case .invalidQuery: "The query is invalid"
            case .invalidHeader: "A header field is invalid"
            case .unauthorized: "The ticket is missing or invalid"
            case .invalidProof: "The DPoP proof is missing or invalid"
            case .nonceNeeded: "The DPoP proof needs a nonce"
            case .unknownDevice: "The device is not enrolled"
            case .wrongProof: "The PIN or the signature is wrong"
            case .userBlocked: "The user is blocked after too many failures"
            case .methodNotAllowed: "This approval method is disabled"
            case .userNotAllowed: "The user may not approve"
            case .delegationNotAllowed: "Delegation may not decide this login"
            case .notFound: "Not found"
            case .notReady: "The login cannot be decided now"
            case .alreadyEnded: "The login has already ended"
            case .tooLate: "The login has expired"
            case .bodyTooLarge: "The body is too large"
            case .unsupportedMediaType: "The content type is not supported"
            case .unfitSelection: "The selection does not match the request"
            case .wrongCode: "The number is wrong"
            case .conflict: "The current state does not allow this"
            case .preconditionFailed: "It was changed in the meantime"
            case .preconditionRequired: "If-Match is required"
            case .keyReused: "Idempotency-Key was used for another request"
            case .ownChange: "A second administrator is needed"
            case .keyInUse: "The first request with this Idempotency-Key is in progress"
            case .unavailable: "The store or the user directory is unavailable"
            }
        }
    }

    public let kind: Kind
    /// The member or parameter, and the rule that it breaks.
    public let detail: String
    /// The outcome that came first, for `alreadyEnded`.
    public let outcome: String?
    /// Further members (RFC 9457 §3.2).
    let further: [JSONObject.Member]

    public init(_ kind: Kind, _ detail: String, outcome: String? = nil) {
        self.init(kind, detail, outcome: outcome, further: [:])
    }

    /// The same with further members.
    init(
        _ kind: Kind,
        _ detail: String,
        outcome: String? = nil,
        further: KeyValuePairs<String, JSONValue?>
    ) {
        self.kind = kind
        self.detail = detail
        self.outcome = outcome
        self.further = JSONValue.members(further).object?.members ?? []
    }

    /// The response as `application/problem+json`, with the fields that the status requires.
    public var response: Response {
        var json = JSONWriter()
        json.object { json in
            json.member("type", "urn:beckon:problem:" + kind.rawValue)
            json.member("title", kind.title)
            json.member("status", kind.status)
            json.member("detail", detail)
            json.member("outcome", outcome)
            for member in further { json.member(member.name, member.value) }
        }
        var fields = [Field.noStore, Field("X-Content-Type-Options", "nosniff")]
        switch kind {
        case .unauthorized: fields.append(Self.challenge)
        case .invalidProof: fields.append(Self.proofChallenge("invalid_dpop_proof"))
        case .nonceNeeded: fields.append(Self.proofChallenge("use_dpop_nonce"))
        case .unknownDevice: fields.append(Self.proofChallenge("invalid_token"))
        case .unavailable, .keyInUse: fields.append(Self.retryAfter)
        case .invalidBody, .invalidQuery, .invalidHeader, .methodNotAllowed, .userNotAllowed,
            .delegationNotAllowed, .wrongProof, .userBlocked, .notFound, .notReady, .alreadyEnded,
            .conflict, .tooLate,
            .preconditionFailed,
            .bodyTooLarge, .unsupportedMediaType, .unfitSelection, .wrongCode, .keyReused,
            .ownChange, .preconditionRequired:
            break
        }
        return Response(
            status: kind.status,
            contentType: "application/problem+json",
            fields: fields,
            body: json.bytes
        )
    }

    /// RFC 6750 §3.
    static let challenge = Field("WWW-Authenticate", "Bearer realm=\"beckon\"")
    /// RFC 9449 §7.1.
    private static func proofChallenge(_ error: String) -> Field {
        Field("WWW-Authenticate", "DPoP error=\"\(error)\", algs=\"ES256 EdDSA\"")
    }
    /// A failing store is usually busy; a retry after one second is enough.
    static let retryAfter = Field("Retry-After", "1")
}
