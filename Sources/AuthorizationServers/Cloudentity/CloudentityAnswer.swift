import HTTP
import JSON

/// Answers to ACP; errors have the shape of its API, `{"error", "error_description"}`.
enum CloudentityAnswer {
    static let acknowledged = Response.json(200, Array(#"{"acknowledged":true}"#.utf8))
    static let valid = Response.json(200, Array(#"{"valid":true}"#.utf8))
    static let invalid = Response.json(200, Array(#"{"valid":false}"#.utf8))

    static func malformed(_ description: String) -> Response {
        error(400, "invalid_request", description)
    }

    static let unauthenticated = error(
        401,
        "unauthorized",
        "The credentials are missing or wrong.",
        fields: [Field("WWW-Authenticate", #"Basic realm="ciba", charset="UTF-8""#)]
    )

    static let forbidden = error(403, "forbidden", "This peer may not call.")

    /// The form of errors before a handler runs.
    static func failure(_ status: Int, _ detail: StaticString) -> Response {
        let code =
            switch status {
            case 503: "temporarily_unavailable"
            case 500...: "server_error"
            case 403: "forbidden"
            default: "invalid_request"
            }
        return error(status, code, "\(detail)")
    }

    /// The address has failed to authenticate too often.
    static func throttled(_ pause: Duration) -> Response {
        let seconds = pause.components.seconds + (pause.components.attoseconds > 0 ? 1 : 0)
        return error(
            429,
            "slow_down",
            "Too many failed attempts from this address.",
            fields: [Field("Retry-After", "\(seconds)")]
        )
    }

    /// The answer to a start that could not be stored.
    static let notStored = unavailable("The login was not stored; deliver it again.")
    /// The answer when the directory could not be asked about a user.
    static let notLookedUp = unavailable("The user could not be looked up; ask again.")

    private static func unavailable(_ description: String) -> Response {
        error(
            503,
            "temporarily_unavailable",
            description,
            fields: [Field("Retry-After", "1")]
        )
    }

    static func error(
        _ status: Int,
        _ code: String,
        _ description: String,
        fields: [Field] = []
    ) -> Response {
        var json = JSONWriter()
        json.object { json in
            json.member("error", code)
            json.member("error_description", description)
        }
        return .json(status, json.bytes, fields: fields)
    }
}
