import Cryptography
import JSON
import Logins
import Texts

/// What an answer of ACP says about the client's request, besides what is requested: claims, classes
/// of authentication, and parameters. Scope grants and lodged consents have the same members [CD-9].
enum RequestWords {
    private static let claimNames = "requested_claims_to_consent"
    static let acr = "requested_acr"
    private static let parameters = "request_query_params"

    static let members = [claimNames, acr, parameters]

    /// Everything of it that the user is shown. `login` has the classes of the start, which count
    /// also if the answer has none. `lodged` are the names of the consent that is shown; a parameter
    /// that names another one is refused.
    static func facts(
        of answer: JSONValue,
        beside login: PendingLogin.Details,
        lodged: Set<ExactText> = []
    ) throws(ConsentProblem) -> [Fact] {
        guard let object = answer.object else { throw .incomplete("") }
        var members = ConsentMembers(object, at: "")
        let claims = try members.texts(Self.claimNames) ?? []
        let acr = try members.texts(Self.acr) ?? []
        let known = Set(acr.map(\.exact))
        return try scopeParameters(answer["requested_scopes"]) + listed(Self.claimNames, claims)
            + listed(Self.acr, acr + login.acrValues.filter { !known.contains($0.exact) })
            + parameters(
                members.take(Self.parameters),
                lodged,
                RequestParameters(answer: answer, login: login)
            )
    }

    /// The names of the claims that a scope grant is asked for.
    static func claims(of answer: JSONValue) throws(ConsentProblem) -> [String] {
        guard let object = answer.object else { throw .incomplete("") }
        var members = ConsentMembers(object, at: "")
        return try members.texts(claimNames) ?? []
    }

    /// What the start says, if the server says nothing more.
    static func facts(of login: PendingLogin.Details) -> [Fact] { listed(acr, login.acrValues) }

    /// A list of names, under the server's name for it.
    private static func listed(_ name: String, _ values: [String]) -> [Fact] {
        values.isEmpty ? [] : [Fact(.further(name), .text(values.joined(separator: ", ")))]
    }

    /// The parameters of dynamic scopes, under the name that is requested.
    private static func scopeParameters(_ scopes: JSONValue?) throws(ConsentProblem) -> [Fact] {
        var facts: [Fact] = []
        for (index, scope) in (scopes?.array ?? []).enumerated() {
            let place = "requested_scopes[\(index)]"
            let params = (scope.object?.members ?? []).filter { $0.name.isExactly("params") }
            let names = [scope["requested_name"], scope["name"]].compactMap {
                $0?.string?.unlessEmpty
            }
            let name = names.first { $0.unicodeScalars.count <= 150 } ?? place
            do throws(ConsentProblem) {
                facts += try ConsentMembers(JSONObject(params), at: place).further(name)
            } catch {
                throw .incomplete("\(place).params")
            }
        }
        return facts
    }

    // MARK: Parameters

    /// The parameters of the client's request, by their names, except those that are part of the
    /// protocol, are shown otherwise, or are secret.
    private static func parameters(
        _ value: JSONValue?,
        _ lodged: Set<ExactText>,
        _ known: RequestParameters
    ) throws(ConsentProblem) -> [Fact] {
        guard let value else { return [] }
        guard let object = value.object, object.members.count <= ConsentLimits.further else {
            throw .incomplete(parameters)
        }
        var facts: [Fact] = []
        for member in object.members where !protocolParameters.contains(member.name.exact) {
            let place = "\(parameters).\(member.name.firstBytes(64))"
            if try known.check(member.name, member.value, at: place) { continue }
            let values = member.value.strings ?? member.value.string.map { [$0] }
            guard let values, values.count <= ConsentLimits.codes,
                member.name.unicodeScalars.count <= 200
            else { throw .incomplete(place) }
            if member.name.isExactly("request") {
                for text in values where !text.readsAsEmpty {
                    facts += try requestObject(text, place, lodged, known)
                }
                continue
            }
            let judge = LodgedNames(allowed: lodged)
            guard values.allSatisfy({ $0.unicodeScalars.count <= ConsentLimits.text }),
                judge.allows(.object(JSONObject([member])))
            else { throw .incomplete(place) }
            facts += listed(member.name, values.filter { !$0.readsAsEmpty })
        }
        return facts
    }

    /// A request object (RFC 9101), which has parameters in a JWT. Nothing depends on whether it is
    /// genuine: the server has judged that. One that cannot be read, such as an encrypted one, may name
    /// anything and is refused.
    private static func requestObject(
        _ text: String,
        _ place: String,
        _ lodged: Set<ExactText>,
        _ known: RequestParameters
    ) throws(ConsentProblem) -> [Fact] {
        let parts = text.split(byte: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64URL.decode(String(parts[1])),
            let payload = (try? JSONValue(bytes))?.object,
            payload.members.count <= ConsentLimits.further,
            LodgedNames(allowed: lodged).allows(.object(payload))
        else { throw .incomplete(place) }
        var facts: [Fact] = []
        for member in payload.members
        where !protocolParameters.contains(member.name.exact)
            && !jwtClaims.contains(member.name.exact)
        {
            // A request object contains no other one (RFC 9101 §4).
            if member.name.isExactly("request") { throw .incomplete("\(place).request") }
            let inner = "\(place).\(member.name.firstBytes(64))"
            if try known.check(member.name, member.value, at: inner) { continue }
            let name = AuthorizationDetails.name(member.name, in: "request")
            try AuthorizationDetails.show(member.value, name, parameters, 0, &facts)
        }
        return facts
    }

    /// Parameters of OAuth, OpenID Connect and CIBA that do not change what is granted.
    private static let protocolParameters: Set<ExactText> = [
        "auth_req_id", "client_assertion", "client_assertion_type", "client_notification_token",
        "client_secret", "code_challenge", "code_challenge_method", "display", "grant_type",
        "id_token_hint", "login_hint_token", "max_age", "nonce", "prompt", "redirect_uri",
        "requested_expiry", "response_mode", "response_type", "state", "ui_locales", "user_code",
    ]

    /// Claims that say who made a request object, for whom and when (RFC 7519 §4.1).
    private static let jwtClaims: Set<ExactText> = ["aud", "exp", "iat", "iss", "jti", "nbf"]
}
