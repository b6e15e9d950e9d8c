public import JSON

/// How important an event is.
public enum LogLevel: Int, Hashable, Sendable, CaseIterable, Comparable {
    case debug, info, warning
    /// An operator should act.
    case error

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Receives log events.
public protocol LogSink: Sendable {
    /// `members` is the inside of a JSON object. May be called from any thread; must not block.
    func write(_ level: LogLevel, _ event: String, _ members: [UInt8])
}

/// Writes events, each with a dotted name and members of its own:
///
///     log.warning("start.conflict") { $0.member("login_id", id.value) }
///
/// Secrets, tokens, tickets and personal data never become members.
public struct Logger: Sendable {
    /// Events below this level are dropped.
    public let threshold: LogLevel
    private let sink: (any LogSink)?

    /// Writes events of at least `threshold` to `sink`.
    public init(threshold: LogLevel = .info, sink: any LogSink) {
        self.threshold = threshold
        self.sink = sink
    }

    /// Drops every event.
    public static let silent = Logger()
    private init() {
        threshold = .error
        sink = nil
    }

    /// Logs an event. `members` writes its members and is only called if the event is logged.
    public func log(
        _ level: LogLevel,
        _ event: String,
        _ members: (inout JSONWriter) -> Void = { _ in }
    ) {
        guard let sink, level >= threshold else { return }
        var json = JSONWriter()
        json.object(members)
        sink.write(level, event, Array(json.bytes.dropFirst().dropLast()))
    }

    /// Logs an event at level debug.
    public func debug(_ event: String, _ members: (inout JSONWriter) -> Void = { _ in }) {
        log(.debug, event, members)
    }
    /// Logs an event at level info.
    public func info(_ event: String, _ members: (inout JSONWriter) -> Void = { _ in }) {
        log(.info, event, members)
    }
    /// Logs an event at level warning.
    public func warning(_ event: String, _ members: (inout JSONWriter) -> Void = { _ in }) {
        log(.warning, event, members)
    }
    /// Logs an event at level error.
    public func error(_ event: String, _ members: (inout JSONWriter) -> Void = { _ in }) {
        log(.error, event, members)
    }
}
