public import Telemetry
import Threads

/// Records log lines for a test.
public final class CapturedLog: LogSink {
    public struct Line: Sendable {
        public let level: LogLevel
        public let event: String
        /// The members of the line's JSON object, without its braces.
        public let members: String
    }

    private let kept = Locked<[Line]>([])

    public init() {}

    public var lines: [Line] { kept.withLock { $0 } }
    public var events: [String] { lines.map(\.event) }
    public var logger: Logger { Logger(threshold: .debug, sink: self) }

    public func write(_ level: LogLevel, _ event: String, _ members: [UInt8]) {
        let line = Line(
            level: level,
            event: event,
            members: String(decoding: members, as: UTF8.self)
        )
        kept.withLock { $0.append(line) }
    }
}
