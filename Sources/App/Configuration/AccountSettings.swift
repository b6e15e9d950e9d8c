/// The bank's interface that lists a person's accounts (`openapi/bank-accounts.yaml`).
public struct AccountSettings: Sendable {
    /// Holds `{user}` once, where the percent-encoded user identifier goes.
    public var urlTemplate: String
    /// Sent as bearer; nil sends none.
    public var token: Secret?
    /// How the bank is reached and trusted.
    public var destination: DestinationSettings
    /// For one question. Default 2 s.
    public var timeLimit: Duration

    /// Nil for a group that is not in the file: then no consent that needs accounts can be approved.
    init?(_ section: Section, development: Bool) {
        urlTemplate = section.userURL("url", plain: .loopback(unless: development))
        token = section.secret("token", development: development)
        destination = DestinationSettings(section)
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(2),
            .milliseconds(50)...(.seconds(10))
        )
        section.end()
        guard section.isPresent else { return nil }
        if token == nil, !section.has("token"), destination.certificate == nil, !development {
            section.notes.warn(
                section.path,
                section.line,
                "the bank is asked without a token or a certificate"
            )
        }
    }
}
