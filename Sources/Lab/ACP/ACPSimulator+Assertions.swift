import HTTP
import JOSE
import JSON
import Threads

/// Client authentication by a signed assertion (RFC 7523 §3).
extension ACPSimulator {
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    private static let longestAssertionLife = Duration.seconds(600)

    /// Whether a token request has one valid assertion and no other credentials.
    func checkAssertion(
        of request: Request,
        _ form: Form,
        by keys: JWKSet
    ) throws(OAuthProblem) {
        let id = configuration.systemClient.id
        guard form["client_assertion_type"] == Self.assertionType,
            let assertion = form["client_assertion"], form["client_secret"] == nil,
            form["client_id"] ?? id == id, request.field("authorization") == nil
        else { throw .invalidClient(usedBasic: false) }
        var expected = JWT.Expectations()
        expected.issuers = [id]
        expected.subject = id
        expected.audiences = audiences(base(for: request))
        expected.required = [.issuer, .subject, .audience, .expiresAt, .id]
        expected.longestLife = Self.longestAssertionLife
        let claims: JWT.Claims
        do throws(JOSEError) {
            claims = try JWT.verify(
                assertion,
                keys: keys,
                allowed: SignatureAlgorithm.asymmetric,
                expecting: expected,
                at: JWT.NumericDate(milliseconds: clock.now())
            )
        } catch {
            journal.append("sim.assertion_refused", ["cause": .string("\(error)")])
            throw .invalidClient(usedBasic: false)
        }
        guard isFirstUse(of: claims.id ?? "") else {
            violations.record(.assertionReplayed, "a client assertion came twice")
            throw .invalidClient(usedBasic: false)
        }
    }

    /// The allowed audiences: the token endpoint and the issuer, at all base paths.
    private func audiences(_ base: String) -> Set<String> {
        let issuers = ["/\(configuration.tenant)/system", "/system", ""].map { base + $0 }
        return Set(issuers + issuers.map { $0 + "/oauth2/token" })
    }

    private func isFirstUse(of id: String) -> Bool {
        state.withLock { state in
            if state.assertionIDs.count >= Self.keptTokens { state.assertionIDs = [] }
            return state.assertionIDs.insert(id).inserted
        }
    }
}
