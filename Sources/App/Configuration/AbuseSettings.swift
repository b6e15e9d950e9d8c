import Configuration
import Engine
import Localization
import Logins
import Trust

/// The keys that keep users from being worn down with prompts.
enum AbuseSettings {
    /// Reads what goes beyond live logins and starts.
    static func read(user: Section, client: Section, into limits: inout LoginLimits) {
        let prompts = user.optionalNumber(
            "max_prompts_since_success",
            1...1_000,
            example: 5,
            """
            Maximum number of prompts since the user's last approval. By default no limit.
            """
        )
        limits.promptsSinceSuccess = prompts
        limits.forgetting = user.duration(
            "forget_after",
            default: limits.forgetting,
            .seconds(60)...(.seconds(86_400)),
            "Prompts and declines no longer count when there was none for this long."
        )
        limits.declines = user.optionalNumber(
            "max_declines",
            1...1_000,
            example: 3,
            "After so many declines in a row new logins fail for a while. By default no limit."
        )
        limits.pauseAfterDeclines = user.duration(
            "pause_after_declines",
            default: limits.pauseAfterDeclines,
            .seconds(1)...(.seconds(86_400)),
            "How long new logins fail after max_declines."
        )
        limits.usersOfClientAMinute = client.optionalNumber(
            "users_per_minute",
            1...1_000_000,
            example: 1_000,
            """
            Users for whom one client starts logins within a minute. More are logged, counted and in \
            the audit. By default nobody counts.
            """
        )
        limits.refusesMoreUsers = client.flag(
            "refuse_more_users",
            default: false,
            "Whether logins for more users than users_per_minute fail."
        )
        limits.replacesSameClient = client.flag(
            "replace_older",
            default: false,
            "Whether a newer login ends the pending ones of the same client for the same user."
        )
        limits.blockOfReported = client.duration(
            "block_after_report",
            default: .zero,
            .zero...(.seconds(86_400 * 366)),
            """
            How long a client is blocked for a user who said "This wasn't me", which then also ends \
            the client's other pending logins for the user; 0s for neither.
            """
        )
    }

    /// Nil when the group is not in the file.
    static func quietHours(_ section: Section) -> QuietHours? {
        func minutes(_ key: String, _ example: String, _ about: String) -> Int {
            let text = section.requiredText(key, example: example, about)
            guard let minutes = Self.minutes(text) else {
                if !text.isEmpty { section.problem(key, "must be a time of day such as 22:30") }
                return 0
            }
            return minutes
        }
        let from = minutes("from", "22:00", "When they begin, as HH:MM.")
        let to = minutes("to", "07:00", "When they end, the next day if that is not later.")
        let zoneKey = "time_zone"
        let name = section.text(
            zoneKey,
            default: "UTC",
            "The time zone of users whose own is not known, such as Europe/London."
        )
        let zone = name.flatMap { TimeZones.standard.zone(named: $0) }
        if let name, zone == nil, section.has(zoneKey) {
            section.problem(zoneKey, "is not a time zone of this machine: \(name)")
        }
        let clientsKey = "exempt_clients"
        let clients = section.texts(
            clientsKey,
            example: ["emergency-app"],
            "Clients (client_id) whose logins notify at any time."
        ).compactMap { text in
            let client = ClientID(text)
            if client == nil { section.problem(clientsKey, "contains an invalid name") }
            return client
        }
        let scopes = section.texts(
            "exempt_scopes",
            example: ["card-block"],
            "Logins that ask for one of these scopes notify at any time."
        )
        section.end()
        guard section.isPresent else { return nil }
        if from == to { section.problem("to", "must not be the same as from") }
        return QuietHours(from: from, to: to, clients: Set(clients), scopes: Set(scopes)) {
            user,
            moment in
            let own = user.timeZone.flatMap { TimeZones.standard.zone(named: $0) }
            return (own ?? zone)?.rules.offset(at: Int(moment.milliseconds / 1_000)) ?? 0
        }
    }

    /// Minutes after midnight; nil for what is no `HH:MM`.
    static func minutes(_ text: String) -> Int? {
        let bytes = Array(text.utf8)
        guard bytes.count == 5, bytes[2] == UInt8(ascii: ":") else { return nil }
        let digits = [0, 1, 3, 4].map { Int(bytes[$0]) - 0x30 }
        guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        let (hour, minute) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
        return hour < 24 && minute < 60 ? hour * 60 + minute : nil
    }

    /// Nil when the group is not in the file.
    static func securityEvents(_ section: Section) -> SecurityEvents.Settings? {
        let allowsInternal = section.flag(
            "allow_internal",
            default: false,
            "Allow loopback and private addresses, and plain http."
        )
        let url = section.url(
            "url",
            internalSwitch: ("allow_internal", allowsInternal),
            allowsQuery: true,
            keepsSlash: true,
            example: "https://security.bank.example/events",
            required: true,
            "Where events are posted, until they are accepted, for a week at most."
        )
        let audience = section.text(
            "audience",
            example: "https://security.bank.example",
            "The aud of the tokens. By default url."
        )
        let destination = section.destination(allowsInternal: allowsInternal)
        section.end()
        guard section.isPresent, let url else { return nil }
        return SecurityEvents.Settings(
            url: url,
            audience: audience ?? url,
            destination: destination
        )
    }
}
