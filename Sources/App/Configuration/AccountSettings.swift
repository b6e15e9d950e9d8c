public import Configuration
public import HTTP

/// The bank's interface that lists a user's accounts (`openapi/bank-accounts.yaml`).
public struct AccountSettings: Sendable {
    /// Contains `{user}` once, where the percent-encoded user identifier goes.
    public var urlTemplate: String
    /// Sent as bearer token; nil sends none.
    public var token: Secret?
    /// How the bank is reached and trusted.
    public var destination: Destination
    /// For one question. Default 2 s.
    public var timeLimit: Duration

    /// Nil for a group that is not in the file: then no consent that needs accounts can be approved.
    init?(_ section: Section) {
        urlTemplate = section.userURL(
            "url",
            example: "https://accounts.bank.example/beckon/v1/users/{user}/accounts",
            "{user} stands for the percent-encoded user identifier."
        )
        token = section.secret(
            "token",
            example: "{ env: \"ACCOUNTS_TOKEN\" }",
            "Sent as bearer token. Use a token, a client certificate, or both."
        )
        destination = section.destination()
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(2),
            .milliseconds(50)...(.seconds(10)),
            "Timeout of one call."
        )
        section.end()
        guard section.isPresent else { return nil }
        if token == nil, !section.has("token"), destination.certificate == nil,
            !section.isDevelopment
        {
            section.warn("", "calls the bank without a token or a certificate")
        }
    }
}
