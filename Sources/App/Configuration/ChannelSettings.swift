public import Configuration
public import HTTP
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
    static func all(_ root: Section) -> [ChannelSettings] {
        let named = root.named(
            "channels",
            examples: [("app", "webhook"), ("sms", "exec")],
            """
            Channels that notify users, at least one. Their names are stored with logins and users: \
            never change them.
            """
        )
        if named.isEmpty { root.problem("channels", "must name at least one channel") }
        return named.compactMap { name, section in
            ChannelSettings(name, section)
        }
    }

    private init?(_ name: String, _ section: Section) {
        defer { section.end() }
        let kind = section.optionalChoice(
            "kind",
            among: ["webhook": KindName.webhook, "exec": .exec, "console": .console],
            required: true,
            """
            webhook: a server of yours, by Standard Webhooks (https://www.standardwebhooks.com). \
            exec: a command that gets the prompt as JSON on standard input. console: standard \
            output, only with development: true.
            """
        )
        switch kind {
        case nil: return nil
        case .webhook: self.kind = .webhook(WebhookSettings(section))
        case .exec: self.kind = .exec(ExecSettings(section))
        case .console:
            self.kind = .console
            if !section.isDevelopment {
                section.problem("kind", "console is only allowed with development: true")
            }
        }
        guard let id = ChannelID(name) else {
            section.problem("", "is not a valid name for a channel")
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
    public var destination: Destination
    /// For one delivery. Default 20 s.
    public var timeLimit: Duration

    init(_ section: Section) {
        allowsInternal = section.flag(
            "allow_internal",
            default: false,
            "Allow loopback and private addresses, and plain http."
        )
        proxyResolves = section.flag(
            "proxy_resolves",
            default: false,
            """
            A proxy from the environment (https_proxy) is given the address that Beckon resolved \
            and checked. True gives it the host name instead, for networks where only the proxy \
            resolves names; the proxy must then refuse internal addresses.
            """
        )
        url =
            section.url(
                "url",
                allowsPlain: ("allow_internal", allowsInternal),
                allowsQuery: true,
                example: "https://push.bank.example/beckon",
                required: true,
                "Where prompts are posted."
            ) ?? ""
        secrets = section.secrets(
            "secrets",
            example: "[{ file: \"secrets/webhook\" }]",
            required: true,
            """
            whsec_ keys that sign each request, made by `beckon hash-secret --webhook`; several \
            during rotation.
            """
        )
        for secret in secrets where secret.withText({ WebhookSecret($0) == nil }) {
            section.problem(
                "secrets",
                "must be whsec_ and 24 to 64 bytes in base64, made by beckon hash-secret --webhook"
            )
        }
        if section.isEmptyList("secrets") {
            section.problem("secrets", "must not be empty")
        }
        destination = section.destination(
            allowsInternal: allowsInternal,
            proxyResolves: proxyResolves
        )
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(20),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one call."
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
        arguments = section.texts(
            "argv",
            example: ["/usr/local/bin/send-sms", "--from", "Bank"],
            required: true,
            "The command's absolute path and its arguments."
        )
        if arguments.isEmpty {
            if section.has("argv") { section.problem("argv", "must contain a command") }
        } else if !arguments[0].hasPrefix("/") {
            section.problem("argv", "must begin with an absolute path, not \(arguments[0])")
        } else if case .failure(let problem) = section.environment.read(arguments[0]) {
            section.problem("argv", "\(arguments[0]) \(problem.reason)")
        }
        timeLimit = section.duration(
            "time_limit",
            default: .seconds(10),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one run; the command is then killed."
        )
        concurrency = section.number(
            "concurrency",
            default: 8,
            1...256,
            "Maximum number of concurrent runs."
        )
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
        let sections = root.groups(
            "notify",
            "Which channels are notified, and when. By default all of them at once."
        )
        if sections.isEmpty {
            if root.has("notify") { root.problem("notify", "must name at least one channel") }
            return channels.map { NotifyStep(channel: $0.id, after: .zero) }
        }
        let known = channels.map(\.id.value)
        var seen: Set<String> = []
        return sections.compactMap { section in
            defer { section.end() }
            let name = section.requiredText("channel", example: "app", "A name from channels.")
            let after = section.duration(
                "after",
                default: .zero,
                .zero...(.seconds(3600)),
                "How long after the prompt is ready."
            )
            guard !name.isEmpty else { return nil }
            if !known.contains(name) {
                let meant = Spelling.nearest(to: name, among: known)
                let hint = meant.map { "; did you mean \($0)?" } ?? ""
                section.problem("channel", "is not a channel: \(name)" + hint)
            }
            if !seen.insert(name).inserted { section.problem("channel", "is listed twice") }
            return ChannelID(name).map { NotifyStep(channel: $0, after: after) }
        }
    }
}
