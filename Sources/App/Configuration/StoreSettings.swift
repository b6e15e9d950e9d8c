/// Where logins are kept and for how long.
public struct StoreSettings: Hashable, Sendable {
    /// The path of the SQLite file. Default `beckon.db` beside the configuration.
    public var sqlitePath: String
    /// After this a settled login loses what is personal. Default 7 days.
    public var redactAfter: Duration
    /// After this it is deleted. Default 400 days.
    public var deleteAfter: Duration

    init(_ section: Section) {
        let sqlite = section.group("sqlite")
        sqlitePath = sqlite.path("path", default: "beckon.db")
        sqlite.end()
        let retention = section.group("retention")
        let bounds: ClosedRange<Duration> = .seconds(3600)...(.seconds(86400 * 36500))
        redactAfter = retention.duration("redact_after", default: .seconds(86400 * 7), bounds)
        deleteAfter = retention.duration("delete_after", default: .seconds(86400 * 400), bounds)
        if deleteAfter < redactAfter {
            retention.problem("delete_after", "must not be shorter than redact_after")
        }
        retention.end()
        section.end()
    }
}

/// Who the people are.
public struct UserSettings: Sendable {
    /// Where users are looked up.
    public enum Kind: String, CaseIterable, Sendable {
        /// In the store, kept by `beckon users`.
        case local
        /// At a server of the operator's.
        case http
    }

    /// Default `local`.
    public var kind: Kind
    /// There when `kind` is `http`.
    public var http: HTTPDirectorySettings?

    init(_ section: Section, development: Bool) {
        kind = section.choice("kind", default: .local)
        let group = section.group("http")
        let http = HTTPDirectorySettings(group, development: development)
        self.http = kind == .http ? http : nil
        if kind == .http, !group.isPresent { section.missing("http") }
        section.end()
    }
}

/// A directory that is asked with one GET.
public struct HTTPDirectorySettings: Sendable {
    /// Holds `{user}` once, where the percent-encoded user identifier goes.
    public var urlTemplate: String
    /// Sent as bearer; nil sends none.
    public var token: Secret?
    /// How the directory is reached and trusted.
    public var destination: DestinationSettings
    /// For one look-up. Default 1 s (`cloudentity.md` IN-13: 2 s for the whole of verify).
    public var timeLimit: Duration
    /// How long an answer is believed; the same for every answer, so that its time tells nothing of
    /// the user. Default 5 s.
    public var cacheLifetime: Duration
    /// How many answers are kept. Default 100,000.
    public var cacheEntries: Int

    init(_ section: Section, development: Bool) {
        urlTemplate = section.userURL("url", plain: .loopback(unless: development))
        token = section.secret("token", development: development)
        destination = DestinationSettings(section)
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(1),
            .milliseconds(50)...(.seconds(10))
        )
        let cache = section.group("cache")
        let bounds: ClosedRange<Duration> = .zero...(.seconds(3600))
        cacheLifetime = cache.duration("lifetime", default: .seconds(5), bounds)
        cacheEntries = cache.number("entries", default: 100_000, 1...10_000_000)
        cache.end()
        section.end()
    }
}

/// How another server is reached and trusted. Paths of PEM files.
public struct DestinationSettings: Hashable, Sendable {
    /// Authorities to check its certificate against; nil for the system's.
    public var authorities: String?
    /// Our certificate chain for mutual TLS.
    public var certificate: String?
    /// Its key.
    public var key: String?

    init(_ section: Section) {
        authorities = section.file("ca")
        certificate = section.file("certificate")
        key = section.file("key")
        if section.has("certificate") != section.has("key") {
            let absent = section.has("key") ? "certificate" : "key"
            section.problem(absent, "is missing: certificate and key come together")
        }
        if let certificate, let key { section.checkCertifiedKey(certificate, key: key) }
    }
}
