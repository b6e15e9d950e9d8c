import Configuration
import HTTP
public import Logins
import Texts

/// Writes prompts to standard output, for development: anyone who sees them can decide.
public struct ConsoleChannel: NotificationChannel {
    public let id: ChannelID
    public let retries = RetrySchedule(first: .seconds(1), cap: .seconds(1), jitter: 0)
    public var isEnabled: Bool { true }
    private let sink: @Sendable (String) -> Void

    /// A channel that writes to `sink`, several lines at once, the last one with its line break.
    public init(id: ChannelID, sink: @escaping @Sendable (String) -> Void) {
        self.id = id
        self.sink = sink
    }

    public func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        var lines = ["Login \(prompt.key.login.value) asks \(prompt.user.id.value)"]
        if prompt.isTest { lines.append("  this is a test") }
        if let name = prompt.clientName { lines.append("  by       \(name)") }
        if !prompt.scopes.isEmpty {
            lines.append("  for      \(prompt.scopes.joined(separator: " "))")
        }
        if let message = prompt.bindingMessage { lines.append("  message  \(message)") }
        lines.append("  until    \(RFC3339.format(milliseconds: prompt.ends.milliseconds))")
        lines.append("  decide   \(prompt.link)")
        sink(lines.map { Self.harmless($0) + "\n" }.joined())
        return .delivered
    }

    public func tell(_ notice: Notice) async -> DeliveryAnswer {
        let lines = [
            Self.heading(of: notice), "  \(notice.title)", "  \(notice.text)",
        ]
        sink(lines.map { Self.harmless($0) + "\n" }.joined())
        return .delivered
    }

    private static func heading(of notice: Notice) -> String {
        let user = notice.user.id.value
        return switch (notice.subject, notice.content) {
        case (.login(let key), .decided): "Login \(key.login.value) of \(user) was answered"
        case (.login(let key), .suspicious): "Login \(key.login.value) of \(user) was suspicious"
        case (.block, _): "\(user) was blocked"
        }
    }

    /// Makes characters visible that would move the cursor, start a line or change the writing
    /// direction.
    static func harmless(_ text: String) -> String {
        var result = ""
        VisibleText.scan(text) { scalar, treatment in
            switch (treatment, scalar.properties.generalCategory) {
            case (.mark, _), (.space, .control), (.space, .lineSeparator),
                (.space, .paragraphSeparator):
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension ChannelKind {
    /// Standard output, for development.
    public static let console = ChannelKind(
        name: "console",
        about: "standard output, only with development: true",
        example: nil
    ) { section in
        if !section.isDevelopment {
            section.problem("kind", "console is only allowed with development: true")
        }
        return { id, context in ConsoleChannel(id: id, sink: context.output) }
    }
}
