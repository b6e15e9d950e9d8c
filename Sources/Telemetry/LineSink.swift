import JSON

/// Writes events to a descriptor, one per line, and never blocks the caller.
///
/// Lines that are dropped because the queue is full are counted. The count is logged as
/// `log.dropped` as soon as there is room again.
public final class LineSink: LogSink {
    /// The format of a line.
    public enum Format: Sendable {
        /// One JSON object per line: `time`, `level`, `event`, then the event's members.
        case json
        /// For people: time, level, event, then `name=value`.
        case text
    }

    /// The format of this sink's lines.
    public let format: Format
    private let writer: BackgroundWriter

    /// Writes to `descriptor`, which the caller closes.
    public init(_ format: Format, descriptor: Int32 = 2) {
        self.format = format
        writer = BackgroundWriter(descriptor: descriptor)
    }

    init(_ format: Format, descriptor: Int32, limit: Int) {
        self.format = format
        writer = BackgroundWriter(descriptor: descriptor, limit: limit)
    }

    /// How many lines were dropped so far.
    public var dropped: Int { writer.dropped }

    /// Writes a line. May be called from any thread.
    public func write(_ level: LogLevel, _ event: String, _ members: [UInt8]) {
        switch format {
        case .json:
            json { line, time in
                line.append(contentsOf: time)
                line.append(contentsOf: Self.middle(level, event))
                if !members.isEmpty {
                    line.append(UInt8(ascii: ","))
                    line.append(contentsOf: members)
                }
                line.append(contentsOf: "}\n".utf8)
            }
        case .text:
            let text = Self.text(members)
            writer.append { line, time, dropped in
                if dropped > 0 {
                    line.append(contentsOf: time.bytes)
                    line.append(contentsOf: " warning log.dropped lines=\(dropped)\n".utf8)
                }
                line.append(contentsOf: time.bytes)
                line.append(contentsOf: " \(level.paddedName) \(event)".utf8)
                line.append(contentsOf: text)
                line.append(UInt8(ascii: "\n"))
            }
        }
    }

    /// Writes a JSON line whose end, after the time, `rest` appends: from the comma to the line
    /// break. `rest` gets the time too, so that a line for each request is written in one piece.
    func json(_ rest: (inout [UInt8], _ time: [UInt8]) -> Void) {
        writer.append { line, time, dropped in
            if dropped > 0 {
                line.append(contentsOf: time.json)
                line.append(contentsOf: Self.middle(.warning, "log.dropped"))
                line.append(contentsOf: ",\"lines\":\(dropped)}\n".utf8)
            }
            rest(&line, time.json)
        }
    }

    /// The part of a line between the time and the event's own members.
    static func middle(_ level: LogLevel, _ event: String) -> [UInt8] {
        Array("\",\"level\":\"\(level.name)\",\"event\":\"\(event)\"".utf8)
    }

    /// Returns when everything that was logged is written. Blocks: for the end of the process.
    public func flush() { writer.flush() }

    /// `"a":1,"b":"x"` as ` a=1 b=x`, without control characters that would affect a terminal.
    private static func text(_ members: [UInt8]) -> [UInt8] {
        let object = [UInt8(ascii: "{")] + members + [UInt8(ascii: "}")]
        guard let value = try? JSONValue(object), let members = value.object?.members else {
            return []
        }
        var text = ""
        for member in members {
            text += " \(member.name)="
            switch member.value {
            case .string(let string):
                let isPlain =
                    !string.isEmpty
                    && string.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" }
                text += isPlain ? string : String(decoding: member.value.bytes, as: UTF8.self)
            default: text += String(decoding: member.value.bytes, as: UTF8.self)
            }
        }
        let scalars = text.unicodeScalars.map { scalar in
            (0x80...0x9F).contains(scalar.value) || scalar.value < 0x20 || scalar.value == 0x7F
                ? "\u{FFFD}" : scalar
        }
        return Array(String(String.UnicodeScalarView(scalars)).utf8)
    }
}

extension LogLevel {
    /// The name in log lines.
    public var name: String {
        switch self {
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }

    fileprivate var paddedName: String {
        switch self {
        case .debug: "debug  "
        case .info: "info   "
        case .warning: "warning"
        case .error: "error  "
        }
    }
}
