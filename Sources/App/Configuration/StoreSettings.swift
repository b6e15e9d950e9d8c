public import Configuration
public import HTTP

/// Where logins are stored and for how long.
public struct StoreSettings: Hashable, Sendable {
    /// The path of the SQLite file. Default `beckon.db` beside the configuration.
    public var sqlitePath: String
    /// After this a settled login loses its personal data. Default 7 days.
    public var redactAfter: Duration
    /// After this it is deleted. Default 400 days.
    public var deleteAfter: Duration

    init(_ section: Section) {
        let sqlite = section.group("sqlite", "The SQLite store.")
        sqlitePath = sqlite.path("path", default: "beckon.db", "The database file.")
        sqlite.end()
        let retention = section.group("retention", "How long settled logins are stored.")
        let bounds: ClosedRange<Duration> = .seconds(3600)...(.seconds(86400 * 36500))
        redactAfter = retention.duration(
            "redact_after",
            default: .seconds(86400 * 7),
            bounds,
            "Personal data is deleted after this."
        )
        deleteAfter = retention.duration(
            "delete_after",
            default: .seconds(86400 * 400),
            bounds,
            "The login is deleted after this."
        )
        if deleteAfter < redactAfter {
            retention.problem("delete_after", "must not be shorter than redact_after")
        }
        retention.end()
        section.end()
    }
}

/// Where users are looked up.
public struct UserSettings: Sendable {
    /// Where users are looked up.
    public enum Kind: String, CaseIterable, Sendable {
        /// In the store, managed by `beckon users`.
        case local
        /// At a server of the operator's.
        case http
    }

    /// Default `local`.
    public var kind: Kind
    /// Set when `kind` is `http`.
    public var http: HTTPDirectorySettings?

    init(_ section: Section) {
        kind = section.choice(
            "kind",
            default: .local,
            "local: managed by `beckon users`. http: one GET per user to a server of yours."
        )
        let group = section.group(
            "http",
            """
            For kind http. The server answers 404, or 200 with { "active": true, \
            "channels": ["app"], "language": "en", "time_zone": "Europe/London" }.
            """
        )
        let http = HTTPDirectorySettings(group)
        self.http = kind == .http ? http : nil
        if kind == .http, !group.isPresent { section.missing("http") }
        section.end()
    }
}

/// A directory that answers one GET per user.
public struct HTTPDirectorySettings: Sendable {
    /// Contains `{user}` once, where the percent-encoded user identifier goes.
    public var urlTemplate: String
    /// Sent as bearer token; nil sends none.
    public var token: Secret?
    /// How the directory is reached and trusted.
    public var destination: Destination
    /// For one look-up. Default 1 s ([IN-13]: 2 s for the whole of verify).
    public var timeLimit: Duration
    /// How long an answer is cached; the same for every answer, so that the response time does not
    /// reveal who is a user. Default 5 s.
    public var cacheLifetime: Duration
    /// Cached answers. Default 100,000.
    public var cacheEntries: Int

    init(_ section: Section) {
        urlTemplate = section.userURL(
            "url",
            example: "https://directory.bank.example/users/{user}",
            "{user} stands for the percent-encoded user identifier."
        )
        token = section.secret(
            "token",
            example: "{ env: \"DIRECTORY_TOKEN\" }",
            "Sent as bearer token."
        )
        destination = section.destination()
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(1),
            .milliseconds(50)...(.seconds(10)),
            "Timeout of one call."
        )
        let cache = section.group("cache", "Cached answers.")
        cacheLifetime = cache.duration(
            "lifetime",
            default: .seconds(5),
            .zero...(.seconds(3600)),
            "How long an answer is cached."
        )
        cacheEntries = cache.number(
            "entries",
            default: 100_000,
            1...10_000_000,
            "Maximum number of cached answers."
        )
        cache.end()
        section.end()
    }
}
