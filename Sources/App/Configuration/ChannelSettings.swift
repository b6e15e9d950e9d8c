public import Logins
import Notifications

/// One way of reaching people.
public struct ChannelSettings: Sendable {
    /// What it does.
    public enum Kind: Sendable {
        case webhook(WebhookSettings)
        case exec(ExecSettings)
        /// Writes prompts, links included, to standard output. Development only.
        case console
    }

    /// The operator's name for it; stored with logins and users.
    public var id: ChannelID
    /// What it does.
    public var kind: Kind

    private enum KindName: String, CaseIterable {
        case webhook, exec, console
    }

    /// Every channel of the file, in its order.
    static func all(_ root: Section, development: Bool) -> [ChannelSettings] {
        let named = root.named("channels")
        if named.isEmpty { root.problem("channels", "must name at least one channel") }
        return named.compactMap { name, section in
            ChannelSettings(name, section, development: development)
        }
    }

    private init?(_ name: String, _ section: Section, development: Bool) {
        defer { section.end() }
        if !section.has("kind") { section.missing("kind") }
        let kind: KindName = section.choice("kind", default: .webhook)
        switch kind {
        case .webhook: self.kind = .webhook(WebhookSettings(section, development: development))
        case .exec: self.kind = .exec(ExecSettings(section))
        case .console:
            self.kind = .console
            if !development {
                section.problem("kind", "may be console with development: true only")
            }
        }
        guard let id = ChannelID(name) else {
            section.notes.problem(section.path, section.line, "is not a name for a channel")
            return nil
        }
        self.id = id
    }
}

/// A server of the operator's that is told of prompts by Standard Webhooks.
public struct WebhookSettings: Sendable {
    /// Where.
    public var url: String
    /// The keys of its signatures, each one that `WebhookSecret` takes; several while one replaces
    /// another.
    public var secrets: [Secret]
    /// Whether the address may be loopback, private or otherwise not public. Default false.
    public var allowsInternal: Bool
    /// Whether a proxy from the environment resolves the name, and so answers for the address.
    /// Default false.
    public var proxyResolves: Bool
    /// How it is reached and trusted.
    public var destination: DestinationSettings
    /// For one delivery. Default 20 s.
    public var timeLimit: Duration

    init(_ section: Section, development: Bool) {
        allowsInternal = section.flag("allow_internal", default: false)
        proxyResolves = section.flag("proxy_resolves", default: false)
        url =
            section.url(
                "url",
                plain: .ifAllowedByInternal(allowsInternal),
                allowsQuery: true
            ) ?? ""
        if !section.has("url") { section.missing("url") }
        secrets = section.secrets("secrets", development: development)
        for secret in secrets where secret.withText({ WebhookSecret($0) == nil }) {
            section.problem(
                "secrets",
                "must be whsec_ and 24 to 64 bytes in base 64, as beckon hash-secret --webhook "
                    + "makes them"
            )
        }
        if !section.has("secrets") {
            section.missing("secrets")
        } else if section.isEmptyList("secrets") {
            section.problem("secrets", "must not be empty")
        }
        destination = DestinationSettings(section)
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(20),
            .milliseconds(100)...(.seconds(60))
        )
    }
}

/// A command that is given prompts on its standard input.
public struct ExecSettings: Hashable, Sendable {
    /// The absolute path of the command, and its arguments.
    public var arguments: [String]
    /// For one run; then it is killed. Default 10 s.
    public var timeLimit: Duration
    /// Runs at once. Default 8.
    public var concurrency: Int

    init(_ section: Section) {
        arguments = section.texts("argv")
        if arguments.isEmpty {
            section.problem("argv", "must hold a command")
        } else if !arguments[0].hasPrefix("/") {
            section.problem("argv", "must begin with an absolute path, not \(arguments[0])")
        } else if case .failure(let problem) = section.surroundings.read(arguments[0]) {
            section.problem("argv", "\(arguments[0]) \(problem.reason)")
        }
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60))
        )
        concurrency = section.number("concurrency", default: 8, 1...256)
    }
}

/// One step of reaching a person.
public struct NotifyStep: Hashable, Sendable {
    /// One of the configuration's channels.
    public var channel: ChannelID
    /// After the prompt is ready.
    public var after: Duration

    /// The steps of the file; without any, every channel at once.
    static func all(_ root: Section, channels: [ChannelSettings]) -> [NotifyStep] {
        let sections = root.groups("notify")
        guard root.has("notify") else {
            return channels.map { NotifyStep(channel: $0.id, after: .zero) }
        }
        if sections.isEmpty { root.problem("notify", "must name at least one channel") }
        let known = channels.map(\.id.value)
        var seen: Set<String> = []
        return sections.compactMap { section in
            defer { section.end() }
            let name = section.requiredText("channel")
            let after = section.duration("after", default: .zero, .zero...(.seconds(3600)))
            guard !name.isEmpty else { return nil }
            if !known.contains(name) {
                let meant = Spelling.nearest(to: name, among: known)
                let hint = meant.map { "; did you mean \($0)?" } ?? ""
                section.problem("channel", "is not one of channels: \(name)" + hint)
            }
            if !seen.insert(name).inserted { section.problem("channel", "is named twice") }
            return ChannelID(name).map { NotifyStep(channel: $0, after: after) }
        }
    }
}
