import HTTP
import JSON

/// An error for OAuth clients (OpenID CIBA Core §11, §13; RFC 6749 §5.2).
struct OAuthProblem: Error, Hashable {
    let status: Int
    let code: String
    let description: String
    var challenges = false

    init(_ status: Int = 400, _ code: String, _ description: String) {
        self.status = status
        self.code = code
        self.description = description
    }

    /// Names the scheme to a client that used `Authorization` (RFC 6749 §5.2).
    static func invalidClient(usedBasic: Bool) -> OAuthProblem {
        var problem = OAuthProblem(401, "invalid_client", "client authentication failed")
        problem.challenges = usedBasic
        return problem
    }

    static func invalidRequest(_ description: String) -> OAuthProblem {
        OAuthProblem("invalid_request", description)
    }

    private init(_ code: String, _ description: String) {
        self.init(400, code, description)
    }

    var response: Response {
        .json(
            status,
            .members(["error": .string(code), "error_description": .string(description)]),
            fields: challenges ? [Field("WWW-Authenticate", "Basic realm=\"acp\"")] : []
        )
    }
}

/// An error of the System API.
struct SystemProblem: Error, Hashable {
    let status: Int
    let code: String
    /// The invalid member and its rule.
    var path: String?
    var rule: String?

    init(_ status: Int, _ code: String, path: String? = nil, rule: String? = nil) {
        self.status = status
        self.code = code
        self.path = path
        self.rule = rule
    }

    var response: Response {
        let names = [
            400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found",
            409: "conflict", 429: "too_many_requests",
        ]
        return .json(
            status,
            .members([
                "status_code": .integer(status),
                "error": .string(names[status] ?? "server_error"), "error_code": .string(code),
                "details": .members(["path": .text(path), "rule": .text(rule)]),
            ]),
            fields: status == 401 ? [Field("WWW-Authenticate", "Bearer")] : []
        )
    }
}
