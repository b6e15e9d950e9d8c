public import Engine
import Logins
public import Telemetry

/// How people decide.
public struct ApprovalSettings: Hashable, Sendable {
    /// Whether possession of the prompt's link is enough to approve.
    public var tap: Bool
    /// Origins that may show the prompt in a frame (CSP `frame-ancestors`); none by default.
    public var frameAncestors: [String]
    /// The name at the top of the prompt. Default `Beckon`.
    public var title: String

    init(_ section: Section, development: Bool) {
        let tap = section.flag("tap", default: development)
        self.tap = tap
        frameAncestors = section.elements("frame_ancestors").compactMap { position, node in
            guard case .string(let text) = node.value, Self.isOrigin(text) else {
                section.problem(
                    "frame_ancestors",
                    at: position,
                    node,
                    "must be an origin such as \"https://bank.example\""
                )
                return nil
            }
            return text
        }
        title = section.text("title") ?? "Beckon"
        if !development {
            if tap {
                section.notes.warn(
                    section.path(of: "tap"),
                    section.line(of: "tap"),
                    "whoever holds a prompt's link can approve with a tap"
                )
            } else {
                section.problem(
                    "tap",
                    "must be true: there is no stronger way to approve yet, and it must be your choice"
                )
            }
        }
        section.end()
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
    /// Duties of one kind performed at once for each authorization server; 0 takes logins in and
    /// leaves them to another process. Default 256.
    public var concurrency: Int
    /// When calls to a server that fails are stopped. Default after 10, for 1 s growing to 30 s.
    public var breaker: CircuitBreaker.Rule

    init(_ section: Section) {
        concurrency = section.number("concurrency", default: 256, 0...10_000)
        breaker = Self.breaker(section.group("breaker"))
        section.end()
    }

    private static func breaker(_ section: Section) -> CircuitBreaker.Rule {
        let failures = section.number("failures", default: 10, 1...1_000_000)
        let bounds: ClosedRange<Duration> = .milliseconds(100)...(.seconds(3600))
        let pause = section.duration("pause", default: .seconds(1), bounds)
        let longest = section.duration("longest_pause", default: .seconds(30), bounds)
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
    /// How a line looks.
    public enum Format: String, CaseIterable, Sendable {
        /// One JSON object a line.
        case json
        /// For people.
        case text
    }

    /// Which requests get a line.
    public enum Requests: String, CaseIterable, Sendable {
        case all
        /// Those answered with 400 or more.
        case errors
        case off
    }

    private enum Level: String, CaseIterable {
        case debug, info, warning, error
    }

    /// Default `info`.
    public var level: LogLevel
    /// Default `json`.
    public var format: Format
    /// Default `all`.
    public var requests: Requests

    init(_ section: Section) {
        level =
            switch section.choice("level", default: Level.info) {
            case .debug: .debug
            case .info: .info
            case .warning: .warning
            case .error: .error
            }
        format = section.choice("format", default: .json)
        requests = section.choice("requests", default: .all)
        section.end()
    }
}
