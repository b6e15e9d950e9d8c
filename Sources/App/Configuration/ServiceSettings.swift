import Configuration
public import Endpoints
public import Engine
import Localization
public import Logins
public import Telemetry
public import WebAuthn

/// How users decide.
public struct ApprovalSettings: Hashable, Sendable {
    /// Whether possession of the prompt's link is enough to approve.
    public var tap: Bool
    /// Whether a fresh sign-in is enough to approve, and how; nil if not.
    public var signIn: SignIn?
    /// What counts as approval of what.
    public var policy: ApprovalPolicy
    /// How numbers in binding messages are matched; nil if they are not.
    public var numbers: NumberRule?
    /// Which binding messages are accepted.
    public var messages: MessageRule
    /// The longest life of a prompt, whatever the authorization server says.
    public var longestPrompt: Duration
    /// What is demanded of passkeys, which are then enough to approve; nil if they are not.
    public var passkey: PasskeyRules?
    /// Origins that may show the prompt in a frame (CSP `frame-ancestors`); none by default.
    public var frameAncestors: [String]
    /// The name at the top of the prompt. Default `Beckon`.
    public var title: String
    /// What pages tell users who need help; nil for nothing.
    public var help: HelpContact?
    /// What types of `authorization_details` are called.
    public var detailTypes: DetailTypes

    /// An approval that a fresh sign-in at the identity provider of the inbox confirms.
    public struct SignIn: Hashable, Sendable {
        /// The values of `acr` of which the sign-in must have one; empty for any.
        public var contexts: [String]
    }

    /// `publicURL` says the default relying party of passkeys.
    init(_ section: Section, servers: [AuthorizationServerID], publicURL: String) {
        let profile = section.choice(
            "profile",
            default: ApprovalPolicy.Profile.basic,
            """
            What no rule can relax. bank (PSD2, FAPI-CIBA): no tap, payments only with device_key_pin \
            or passkey, no login without a consent or a binding message, prompts of at most 10 \
            minutes. nist (SP 800-63B): no tap, numbers entered, prompts of at most 10 minutes.
            """
        )
        signIn = Self.signIn(
            section.group(
                "sign_in",
                """
                Allows to approve by a fresh sign-in at the provider of sign_in.inbox, which it \
                needs. Without this group nobody can.
                """
            )
        )
        passkey = PasskeySettings.read(
            section.group(
                "passkey",
                """
                Allows to approve with a passkey (WebAuthn), which users register in the inbox; it \
                needs sign_in.inbox. Without this group nobody can.
                """
            ),
            publicURL: publicURL
        )
        tap = section.flag(
            "tap",
            default: section.isDevelopment && profile == .basic,
            example: true,
            """
            Whether possession of the prompt's link is enough to approve. Without another method it \
            must be set to true, except with development: true.
            """
        )
        policy = ApprovalPolicy.read(
            section,
            tap: tap,
            signIn: signIn != nil,
            passkey: passkey != nil,
            profile: profile,
            servers: servers
        )
        numbers = NumberSettings.read(section, profile)
        messages = MessageRule(
            section.choice(
                "message_characters",
                default: .any,
                """
                Characters that binding messages may have. any: all; what is invisible is shown as a \
                mark. visible: no control or invisible characters. ascii: U+0020 to U+007E. A login \
                with another message fails (messageUnacceptable).
                """
            ),
            longest: section.number(
                "message_length",
                default: 4_096,
                1...4_096,
                "Characters of a binding message. A login with a longer one fails."
            )
        )
        longestPrompt = Self.longestPrompt(section, profile)
        frameAncestors = Self.frameAncestors(section)
        title =
            section.text(
                "title",
                default: "Beckon",
                "The name at the top of every page, unless branding.name is set."
            ) ?? ""
        if !title.isEmpty, !Brand.isName(title) {
            section.problem("title", BrandingSettings.nameRule)
        }
        help = Self.help(
            section.group(
                "help",
                "How users reach you. Every page shows it, above all after \"This wasn't me\"."
            )
        )
        detailTypes = Self.detailTypes(section)
        if !section.isDevelopment {
            if tap {
                section.warn("tap", "anyone with a prompt's link can approve with a tap")
            } else if policy.fallback.isEmpty {
                section.problem(
                    "tap",
                    "must be set to true: without sign_in and passkey there is no stronger method "
                        + "to approve, and the decision must be yours"
                )
            }
        }
        section.end()
    }

    private static func longestPrompt(
        _ section: Section,
        _ profile: ApprovalPolicy.Profile
    ) -> Duration {
        let key = "longest_prompt"
        let longest = section.duration(
            key,
            default: profile.longestPrompt ?? .seconds(86_400),
            .seconds(30)...(.seconds(86_400)),
            """
            A prompt ends after this time, whatever the authorization server says. Default: 10m with \
            the profiles bank and nist.
            """
        )
        if let limit = profile.longestPrompt, longest > limit {
            section.problem(
                key,
                "must be at most 10m with profile \(profile.rawValue): a request to approve is void "
                    + "after 10 minutes (SP 800-63B section 3.1.3, ASVS 6.5.5)"
            )
        }
        return longest
    }

    private static func signIn(_ section: Section) -> SignIn? {
        let key = "acr_values"
        let contexts = section.texts(
            key,
            example: ["urn:bank.example:acr:two-factors"],
            "One of these must be the acr of the sign-in; by default any."
        )
        if contexts.contains(where: { $0.isEmpty || $0.utf8.contains { $0 <= 0x20 || $0 > 0x7E } })
        {
            section.problem(key, "must be texts of printable ASCII characters without spaces")
        }
        section.end()
        return section.isPresent ? SignIn(contexts: contexts) : nil
    }

    private static func detailTypes(_ section: Section) -> DetailTypes {
        let key = "authorization_details_types"
        let node = section.node(
            key,
            example: #"{ payment_initiation: { en: "Payment", "pt-BR": "Pagamento" } }"#,
            """
            What types of authorization_details (RFC 9396) are called: a text, or a text for each \
            language. A language without a text has that of en, else the first one.
            """
        )
        guard let node else { return DetailTypes() }
        var labels: [String: [(language: String, text: String)]] = [:]
        func problem(_ place: String, _ node: ConfigurationNode, _ rule: String) {
            section.problem(key + place, rule + ", not " + node.kind)
        }
        guard case .object(let types) = node.value else {
            problem("", node, "must be a group of keys")
            return DetailTypes()
        }
        for type in types {
            switch type.node.value {
            case .string(let text) where !text.isEmpty: labels[type.name] = [("en", text)]
            case .object(let texts) where !texts.isEmpty:
                labels[type.name] = texts.compactMap { member in
                    let place = ".\(type.name).\(member.name)"
                    guard case .string(let text) = member.node.value, !text.isEmpty else {
                        problem(place, member.node, "must be a text")
                        return nil
                    }
                    guard Language.named(member.name) != nil else {
                        let languages = Language.allCases.map(\.rawValue).joined(separator: ", ")
                        section.problem(key + place, "must be under one of \(languages)")
                        return nil
                    }
                    return (member.name, text)
                }
            default: problem(".\(type.name)", type.node, "must be a text, or texts by language")
            }
        }
        return DetailTypes(labels)
    }

    private static func help(_ section: Section) -> HelpContact {
        let phone = section.text(
            "phone",
            example: "+44 20 7946 0000",
            "A telephone number, as people write it."
        )
        if let phone, !HelpContact.isPhone(phone) {
            section.problem("phone", "must be a telephone number such as \"+44 20 7946 0000\"")
        }
        let address = section.text(
            "address",
            example: "https://bank.example/help",
            "A web address with https, or an email address."
        )
        if let address, !HelpContact.isAddress(address) {
            section.problem(
                "address",
                "must be an https URL or an email address, such as \"https://bank.example/help\""
            )
        }
        section.end()
        return HelpContact(phone: phone, address: address)
    }

    private static func frameAncestors(_ section: Section) -> [String] {
        let key = "frame_ancestors"
        let elements = section.elements(
            key,
            default: "[]",
            example: "[\"https://bank.example\"]",
            "Origins that may show the prompt in a frame; none by default."
        )
        return elements.compactMap { position, node in
            guard case .string(let text) = node.value, isOrigin(text) else {
                section.problem(
                    key,
                    at: position,
                    node,
                    "must be an origin such as \"https://bank.example\""
                )
                return nil
            }
            return text
        }
    }

    /// Scheme, host and port, and nothing that could end a directive of a content policy.
    private static func isOrigin(_ text: String) -> Bool {
        guard let rest = ["https://", "http://"].first(where: text.hasPrefix) else { return false }
        let host = text.dropFirst(rest.count)
        return !host.isEmpty
            && host.utf8.allSatisfy { byte in
                byte &- 0x30 < 10 || (byte | 0x20) &- 0x61 < 26 || "-.:[]".utf8.contains(byte)
            }
    }
}

/// How much is done at once.
public struct EngineSettings: Hashable, Sendable {
    /// Duties of one kind performed at once for each authorization server; 0 accepts logins and
    /// leaves them to another process. Default 256.
    public var concurrency: Int
    /// When calls to a server that fails are stopped. Default after 10, for 1 s growing to 30 s.
    public var breaker: CircuitBreaker.Rule

    init(_ section: Section) {
        concurrency = section.number(
            "concurrency",
            default: 256,
            0...10_000,
            """
            Maximum number of concurrent tasks of one kind (preparing, reporting) per \
            authorization server. 0 accepts logins and does not process them.
            """
        )
        breaker = Self.breaker(
            section.group(
                "breaker",
                """
                Circuit breaker of a server that cannot be reached, does not answer or answers \
                5xx. Its reports wait and are sent when it is back; a report at the last moment \
                is tried anyway.
                """
            )
        )
        section.end()
    }

    private static func breaker(_ section: Section) -> CircuitBreaker.Rule {
        let failures = section.number(
            "failures",
            default: 10,
            1...1_000_000,
            "Consecutive failed calls that open the breaker."
        )
        let bounds: ClosedRange<Duration> = .milliseconds(100)...(.seconds(3600))
        let pause = section.duration(
            "pause",
            default: .seconds(1),
            bounds,
            "Wait before a trial call; doubled after each failed one."
        )
        let longest = section.duration(
            "longest_pause",
            default: .seconds(30),
            bounds,
            "The longest pause."
        )
        if longest < pause {
            section.problem("longest_pause", "must not be shorter than pause")
        }
        section.end()
        let pauses = RetrySchedule(first: pause, cap: max(pause, longest), jitter: 0.2)
        return CircuitBreaker.Rule(failures: failures, pauses: pauses)
    }
}

/// What is logged, to standard error.
public struct LogSettings: Hashable, Sendable {
    /// Default `info`.
    public var level: LogLevel
    /// Default `json`.
    public var format: LineSink.Format
    /// Default `all`.
    public var requests: RequestLog.Selection
    /// Where entries of the audit are written as they happen; nil for nowhere.
    var audit: AuditStream.Target?

    init(_ section: Section) {
        level = section.choice(
            "level",
            among: ["debug": .debug, "info": .info, "warning": .warning, "error": .error],
            default: .info,
            "The lowest level that is logged."
        )
        format = section.choice(
            "format",
            among: ["json": .json, "text": .text],
            default: .json,
            "json: one object per line; text: for people."
        )
        requests = section.choice(
            "requests",
            among: ["all": .all, "errors": .errors, "off": .off],
            default: .all,
            "Which requests are logged, independent of level; errors are 400 and above."
        )
        audit = Self.audit(section)
        section.end()
    }

    private static func audit(_ section: Section) -> AuditStream.Target? {
        let text = section.text(
            "audit",
            example: "/var/log/beckon/audit.ndjson",
            """
            Where entries of the audit are written as they happen, one JSON object per line: a file, or \
            - for standard output. By default nowhere; the audit is in the store anyway.
            """
        )
        guard let text else { return nil }
        guard text != "-" else { return .standardOutput }
        let path = section.environment.resolve(text)
        let folder = Files.directory(of: path)
        if let obstacle = section.environment.obstacle(folder, .folder) {
            section.problem("audit", "its folder \(folder) \(obstacle.reason); create it")
        }
        return .file(path)
    }
}
