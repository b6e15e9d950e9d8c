import HTTP
public import Logins

/// Writes prompts for a person to read, for development: whoever sees them may decide.
public struct ConsoleChannel: NotificationChannel {
    public let id: ChannelID
    public let retries = RetrySchedule(first: .seconds(1), cap: .seconds(1), jitter: 0)
    public var isEnabled: Bool { true }
    private let sink: @Sendable (String) -> Void

    /// `sink` takes several lines at once, the last one ended.
    public init(id: ChannelID, sink: @escaping @Sendable (String) -> Void) {
        self.id = id
        self.sink = sink
    }

    public func ask(_ prompt: Prompt) async -> DeliveryAnswer {
        var lines = ["Login \(prompt.key.login.value) asks \(prompt.user.id.value)"]
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

    /// What would move the cursor, begin a line, or turn the direction of writing becomes visible.
    static func harmless(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate,
                .unassigned:
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
