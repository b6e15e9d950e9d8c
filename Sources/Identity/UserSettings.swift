public import Configuration
public import HTTP
public import Logins

/// The configuration's `users`: where users are looked up.
public struct UserSettings: Sendable {
    /// The server to ask, and how long its answers are cached; nil for the users in the store, which
    /// `beckon users` manages.
    private var http: (lookup: UserLookup.Settings, lifetime: Duration, entries: Int)?

    /// Whether the users are in the store.
    public var isLocal: Bool { http == nil }

    private enum Kind: String, CaseIterable {
        case local, http
    }

    /// Declares and reads the keys of a section.
    public init(_ section: Section) {
        let kind = section.choice(
            "kind",
            default: Kind.local,
            "local: managed by `beckon users`. http: one GET per user to a server of yours."
        )
        let group = section.group(
            "http",
            """
            For kind http. The server answers 404, or 200 with { "active": true, \
            "channels": ["app"], "language": "en", "time_zone": "Europe/London", \
            "documents": ["111.444.777-35"], "addresses": { "mail": "anna@example.com" } }. \
            `addresses` has an address for each channel that needs one. `documents` are the CPF of the user and the CNPJ of \
            companies: a consent in the name of another document is rejected.
            """
        )
        let lookup = UserLookup.Settings(
            group,
            example: "https://directory.bank.example/users/{user}",
            token: "DIRECTORY_TOKEN",
            // ACP gives the whole of verify 2 s (`Contract.md` IN-13).
            timeLimit: .seconds(1)
        )
        let cache = group.group("cache", "Cached answers.")
        // The same for every answer, so that the response time does not reveal who is a user.
        let lifetime = cache.duration(
            "lifetime",
            default: .seconds(5),
            .zero...(.seconds(3600)),
            "How long an answer is cached."
        )
        let entries = cache.number(
            "entries",
            default: 100_000,
            1...10_000_000,
            "Maximum number of cached answers."
        )
        cache.end()
        group.end()
        if kind == .http {
            if !group.isPresent { section.missing("http") }
            http = lookup.map { ($0, lifetime, entries) }
        }
        section.end()
    }

    /// The directory of users, with a cache before it. `extended` adds what others know of users, and
    /// `ignored` is told which rules its answers break.
    public func directory(
        local: some UserDirectory,
        client: any OutboundHTTP,
        clock: any WallClock,
        extended: (any UserDirectory) -> any UserDirectory = { $0 },
        ignored: @escaping @Sendable (String) -> Void = { _ in }
    ) -> any UserDirectory {
        guard let http else {
            // A command in another process may change users: they are seen within a second.
            return CachedDirectory(
                extended(local),
                clock: clock,
                found: .seconds(1),
                notFound: .seconds(1),
                capacity: 100_000
            )
        }
        return CachedDirectory(
            extended(HTTPDirectory(http.lookup, client: client, clock: clock, ignored: ignored)),
            clock: clock,
            found: http.lifetime,
            notFound: http.lifetime,
            capacity: http.entries
        )
    }
}
