import Configuration
import Cryptography
public import Logins
public import Mail

/// Sends prompts by e-mail, through the operator's mail server.
///
/// A mailbox proves nothing and others read it, so a message says that something waits and where to
/// answer, and nothing else unless the settings say so.
public final class EmailChannel: NotificationChannel {
    public struct Settings: Sendable {
        public var server: MailServer
        public var from: MailAddress
        /// The name before the address; nil for the operator's.
        public var fromName: String?
        /// Whether a message names the client.
        public var details: Bool
        /// Whether a message has the link, with which anybody who reads it can decide.
        public var link: Bool
        /// Further messages wait.
        public var concurrency: Int

        /// Neither details nor a link.
        public init(
            server: MailServer,
            from: MailAddress,
            fromName: String? = nil,
            details: Bool = false,
            link: Bool = false,
            concurrency: Int = 8
        ) {
            self.server = server
            self.from = from
            self.fromName = fromName
            self.details = details
            self.link = link
            self.concurrency = concurrency
        }
    }

    public let id: ChannelID
    public let retries = RetrySchedule(first: .seconds(5), cap: .minutes(5), jitter: 0.2)
    public var isEnabled: Bool { true }
    private let settings: Settings
    private let brand: String
    private let mail: any MailTransport
    private let clock: any WallClock
    private let semaphore: AsyncSemaphore

    /// `brand` is the name that users know the operator by.
    public init(
        id: ChannelID,
        settings: Settings,
        brand: String,
        mail: any MailTransport,
        clock: any WallClock
    ) {
        self.id = id
        self.settings = settings
        self.brand = brand
        self.mail = mail
        self.clock = clock
        semaphore = AsyncSemaphore(settings.concurrency)
    }

    /// Whether the user has an e-mail address for this channel.
    public func reaches(_ user: User) -> Bool { address(of: user) != nil }

    private func address(of user: User) -> MailAddress? {
        user.addresses[id].flatMap { MailAddress($0) }
    }

    public func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        let text = PromptText(prompt, brand: brand, details: settings.details)
        let link = settings.link && !prompt.isTest ? prompt.link : nil
        return await send(
            text,
            link: link,
            to: prompt.user,
            identifier: PromptMessage.id(
                of: [],
                "beckon-mail-v1",
                about: .login(prompt.key),
                through: id
            ),
            until: prompt.ends
        )
    }

    public func tell(_ notice: Notice) async -> DeliveryAnswer {
        await send(
            PromptText(notice, details: settings.details),
            link: nil,
            to: notice.user,
            identifier: PromptMessage.id(
                of: [],
                "beckon-mail-notice-v1",
                about: notice.subject,
                through: id
            ),
            until: nil
        )
    }

    public var onlineChecks: [OnlineCheck] {
        [OnlineCheck("mail") { .skipped("use beckon notify-test, which sends a message") }]
    }

    private func send(
        _ text: PromptText,
        link: String?,
        to user: User,
        identifier: String,
        until end: Timestamp?
    ) async -> DeliveryAnswer {
        guard let address = address(of: user) else {
            return .gone("the user has no e-mail address for this channel")
        }
        await semaphore.wait()
        defer { semaphore.signal() }
        guard !Task.isCancelled else { return .later("cancelled", after: nil) }
        let now = clock.now()
        // It may have waited long for its turn.
        if let end, now >= end { return .later("the prompt has expired", after: nil) }
        let message = MailMessage(
            from: settings.from,
            fromName: settings.fromName ?? brand,
            to: address,
            subject: text.title,
            identifier: identifier,
            date: now.milliseconds / 1000,
            language: text.language,
            text: Self.plain(text, link),
            html: Self.html(text, link)
        )
        let envelope = MailEnvelope(from: settings.from, to: address, message: message.bytes)
        do throws(MailError) {
            try await mail.send(envelope, by: settings.server)
            return .delivered
        } catch {
            return Self.answer(to: error)
        }
    }

    /// RFC 5321 §4.2.1: 4yz may succeed later, 5yz never does.
    private static func answer(to error: MailError) -> DeliveryAnswer {
        switch error {
        case .failed(let reason): .later(reason, after: nil)
        case .refused(let code) where code < 500: .later("SMTP status \(code)", after: nil)
        case .refused(let code): .refused("SMTP status \(code)")
        case .recipientRefused(let code) where code < 500:
            .later("SMTP status \(code) for the recipient", after: nil)
        // Says nothing about other users.
        case .recipientRefused(let code): .gone("SMTP status \(code) for the recipient")
        }
    }

    // MARK: Contents

    private static func plain(_ text: PromptText, _ link: String?) -> String {
        ([text.text] + (link.map { [$0] } ?? []) + (text.reference.map { [$0] } ?? []))
            .joined(separator: "\n\n") + "\n"
    }

    private static func html(_ text: PromptText, _ link: String?) -> String {
        let anchor = link.map { "<p><a href=\"\(escaped($0))\">\(escaped(text.open))</a></p>\n" }
        let reference = text.reference.map { "<p>\(escaped($0))</p>\n" }
        return """
            <!doctype html>
            <html lang="\(text.language)" dir="\(text.direction)">
            <head><meta charset="utf-8"><title>\(escaped(text.title))</title></head>
            <body>
            <p>\(escaped(text.text))</p>
            \(anchor ?? "")\(reference ?? "")</body>
            </html>

            """
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension ChannelKind {
    /// The operator's mail server.
    public static let email = ChannelKind(
        name: "email",
        about: "a mail server of yours; users need an address for the channel",
        example: "mail"
    ) { section in
        guard let settings = EmailChannel.Settings(section) else { return nil }
        return { id, context in
            EmailChannel(
                id: id,
                settings: settings,
                brand: context.brand,
                mail: context.mail,
                clock: context.clock
            )
        }
    }
}

extension EmailChannel.Settings {
    init?(_ section: Section) {
        let host = section.requiredText(
            "host",
            example: "smtp.bank.example",
            "Name or address of the mail server."
        )
        let port = section.number("port", default: 587, 1...65_535, "Its port.")
        let security = section.choice(
            "security",
            default: MailServer.Security.starttls,
            """
            starttls: nothing is sent unless the server offers STARTTLS. tls: TLS from the first \
            byte (port 465). none: only with development: true.
            """
        )
        let authorities = section.authorities(
            "ca",
            example: "tls/ca.pem",
            "PEM file of the certificate authorities to trust. Default: those of the system."
        )
        let user = section.text(
            "user",
            example: "beckon",
            "The user name at the mail server; without one Beckon does not authenticate."
        )
        let password = section.secret(
            "password",
            example: "{ file: \"secrets/smtp-password\" }",
            "Its password."
        )
        let from = section.requiredText(
            "from",
            example: "no-reply@bank.example",
            "The sender's address, which also receives what cannot be delivered."
        )
        let fromName = section.text(
            "from_name",
            example: "Example Bank",
            "The sender's name. Default: branding.name."
        )
        let details = section.flag(
            "details",
            default: false,
            "Name the client in the message. What it asks for is never in it."
        )
        let link = section.flag(
            "link",
            default: false,
            "Put the prompt's link into the message. Anybody who reads it can then decide."
        )
        let timeLimit = section.duration(
            "time_limit",
            default: .seconds(20),
            .milliseconds(100)...(.seconds(60)),
            "Timeout of one message."
        )
        let concurrency = section.number(
            "concurrency",
            default: 8,
            1...256,
            "Maximum number of messages at a time."
        )
        if !host.isEmpty, !Self.isHost(host) {
            section.problem("host", "must be a name or an address, without port and scheme")
        }
        let address = MailAddress(from)
        if !from.isEmpty, address == nil {
            section.problem("from", "must be an e-mail address such as no-reply@bank.example")
        }
        if security == .none, !section.isDevelopment {
            section.problem("security", "none is only allowed with development: true")
        }
        if section.has("user") != section.has("password") {
            let absent = section.has("user") ? "password" : "user"
            section.problem(absent, "is missing: user and password must be set together")
        }
        if link {
            section.warn("link", "anybody who can read the user's mail can decide with the link")
        }
        guard let address, Self.isHost(host) else { return nil }
        self.init(
            server: MailServer(
                host: host,
                port: port,
                security: security,
                authorities: authorities,
                user: user,
                password: { password?.withBytes { $0 } ?? [] },
                timeLimit: timeLimit
            ),
            from: address,
            fromName: fromName,
            details: details,
            link: link,
            concurrency: concurrency
        )
    }

    private static func isHost(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                $0 &- 0x30 < 10 || ($0 | 0x20) &- 0x61 < 26 || "-.:".utf8.contains($0)
            }
    }
}
