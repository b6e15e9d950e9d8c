public import JSON
import Texts

extension JWT.Claims {
    /// Parses the claims of a verified payload.
    ///
    /// - Throws: `JOSEError`; `.malformed` names a claim with a wrong type.
    public init(payload: [UInt8]) throws(JOSEError) {
        let limits = JSONLimits(depth: JOSELimits.depth)
        guard let object = (try? JSONValue(payload, limits: limits))?.object else {
            throw .notJSONObject
        }
        issuer = try object.text("iss")
        subject = try object.text("sub")
        id = try object.text("jti")
        expiresAt = try object.date("exp")
        notBefore = try object.date("nbf")
        issuedAt = try object.date("iat")
        switch object["aud"] {
        case nil: break
        case .string(let name): audience = [name]
        case .array(let values):
            audience = values.compactMap(\.string)
            guard audience.count == values.count else { throw .malformed("aud") }
        case .null, .bool, .number, .object: throw .malformed("aud")
        }
        others = JSONObject(object.members.filter { !JWT.Claim.has($0.name) })
    }

    /// The claims set. Members of `others` with a registered name are ignored.
    public var json: JSONValue {
        var members: [JSONObject.Member] = []
        func add(_ claim: JWT.Claim, _ value: JSONValue?) {
            if let value { members.append(.init(name: claim.rawValue, value: value)) }
        }
        add(.issuer, issuer.map(JSONValue.string))
        add(.subject, subject.map(JSONValue.string))
        switch audience.count {
        case 0: break
        case 1: add(.audience, .string(audience[0]))
        default: add(.audience, .array(audience.map(JSONValue.string)))
        }
        add(.expiresAt, expiresAt?.json)
        add(.notBefore, notBefore?.json)
        add(.issuedAt, issuedAt?.json)
        add(.id, id.map(JSONValue.string))
        members += others.members.filter { !JWT.Claim.has($0.name) }
        return .object(JSONObject(members))
    }

    /// Checks the claims against expectations, at a time.
    ///
    /// - Throws: `JOSEError` with `.missing` or `.claim` for the first claim that fails.
    public func check(
        _ expected: JWT.Expectations,
        at now: JWT.NumericDate
    ) throws(JOSEError) {
        for claim in JWT.Claim.allCases where expected.required.contains(claim) && !has(claim) {
            throw .missing(claim.rawValue)
        }
        if let issuers = expected.issuers {
            guard let issuer, issuers.contains(where: issuer.isExactly) else {
                throw .claim(.issuer)
            }
        }
        if let expected = expected.subject {
            guard subject?.isExactly(expected) ?? false else { throw .claim(.subject) }
        }
        if let audiences = expected.audiences {
            let known = audience.filter { audiences.contains(where: $0.isExactly) }
            guard !known.isEmpty, expected.allowsOtherAudiences || known.count == audience.count
            else {
                throw .claim(.audience)
            }
        }
        try checkTimes(expected, at: now)
    }

    /// A token is valid before `exp`, not at it (RFC 7519 §4.1.4), with the leeway added.
    private func checkTimes(
        _ expected: JWT.Expectations,
        at now: JWT.NumericDate
    ) throws(JOSEError) {
        let late = now.advanced(by: expected.leeway)
        let early = now.advanced(by: .zero - expected.leeway)
        if let expiresAt, expiresAt <= early { throw .claim(.expiresAt) }
        if let notBefore, notBefore > late { throw .claim(.notBefore) }
        if let issuedAt, issuedAt > late { throw .claim(.issuedAt) }
        if let longest = expected.longestLife, let expiresAt {
            guard expiresAt <= (issuedAt ?? late).advanced(by: longest) else {
                throw .claim(.expiresAt)
            }
        }
    }

    private func has(_ claim: JWT.Claim) -> Bool {
        switch claim {
        case .issuer: issuer != nil
        case .subject: subject != nil
        case .audience: !audience.isEmpty
        case .expiresAt: expiresAt != nil
        case .notBefore: notBefore != nil
        case .issuedAt: issuedAt != nil
        case .id: id != nil
        }
    }
}

extension JSONObject {
    fileprivate func date(_ name: String) throws(JOSEError) -> JWT.NumericDate? {
        guard let value = self[name] else { return nil }
        guard let date = JWT.NumericDate(value) else { throw .malformed(name) }
        return date
    }
}
