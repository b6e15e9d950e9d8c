import HTTP
import JOSE
import JSON

/// The parameters of a backchannel request, from the form or from its signed request object (OpenID
/// CIBA Core §7.1.1; FAPI-CIBA §5.2.2).
struct RequestParameters: Sendable {
    /// The maximum lifetime of a FAPI request object, in milliseconds.
    private static let longestFAPILife: Int64 = 3_600_000
    /// Parameters that are allowed beside a request object.
    private static let clientAuthentication: Set<String> = [
        "request", "client_id", "client_secret", "client_assertion", "client_assertion_type",
    ]

    private let values: [String: String]

    /// Check 4. `isFirstUse` checks the object's `jti` last.
    init(
        _ form: Form,
        of client: SimulatedClient,
        at issuer: String,
        _ profile: SimulatorConfiguration.Profile,
        now: Int64,
        isFirstUse: (String) -> Bool
    ) throws(OAuthProblem) {
        guard form["request_uri"] == nil else {
            throw .invalidRequest("request_uri is not supported")
        }
        guard let token = form["request"] else {
            guard !profile.signsRequests, client.requestAlgorithm == nil else {
                throw .invalidRequest("the request must be signed")
            }
            values = Dictionary(form.fields.map { ($0.name, $0.value) }) { first, _ in first }
            return
        }
        guard form.fields.allSatisfy({ Self.clientAuthentication.contains($0.name) }) else {
            throw .invalidRequest("a parameter stands beside the request object")
        }
        guard let keys = client.keys else {
            throw .invalidRequest("the client has registered no key")
        }
        var expected = JWT.Expectations()
        expected.issuers = [client.id]
        expected.audiences = [issuer]
        expected.required = [.issuer, .audience, .expiresAt, .issuedAt, .notBefore, .id]
        let claims: JWT.Claims
        do throws(JOSEError) {
            claims = try JWT.verify(
                token,
                keys: keys,
                allowed: client.requestAlgorithm.map { [$0] } ?? [.ps256, .es256],
                expecting: expected,
                at: JWT.NumericDate(milliseconds: now)
            )
        } catch {
            throw .invalidRequest("the request object is not good: \(error)")
        }
        if profile.signsRequests, let ends = claims.expiresAt, let begins = claims.notBefore,
            ends.milliseconds - begins.milliseconds > Self.longestFAPILife
        {
            throw .invalidRequest("the request object is good for longer than an hour")
        }
        guard let id = claims.id, isFirstUse("\(client.id) \(id)") else {
            throw .invalidRequest("jti was used before")
        }
        var values: [String: String] = [:]
        for member in claims.others.members {
            values[member.name] = try Self.text(member)
        }
        self.values = values
    }

    subscript(name: String) -> String? { values[name] }

    /// Numbers are allowed here; objects, and arrays of objects, become the JSON text that a form would contain.
    private static func text(_ member: JSONObject.Member) throws(OAuthProblem) -> String {
        switch member.value {
        case .string(let text): return text
        case .number(let text): return text
        case .object: return String(decoding: member.value.bytes, as: UTF8.self)
        case .array(let values) where values.allSatisfy({ $0.object != nil }):
            return String(decoding: member.value.bytes, as: UTF8.self)
        case .null, .bool, .array:
            throw .invalidRequest("\(member.name) is of no type that a parameter has")
        }
    }
}

extension SimulatorConfiguration.Profile {
    /// Whether every request must be signed.
    var signsRequests: Bool {
        switch self {
        case .fapi, .obuk: true
        case .core, .ofb: false
        }
    }
}
