import JSON

/// Writes events to a descriptor, one a line, without ever blocking who logs.
///
/// Lines that found no room are counted, and the count is logged as `log.dropped` as soon as there
/// is room again.
public final class LineSink: LogSink {
    /// How a line looks.
    public enum Format: Sendable {
        /// One JSON object a line: `time`, `level`, `event`, then the event's members.
        case json
        /// For people: time, level, event, then `name=value`.
        case text
    }

    /// How this one's lines look.
    public let format: Format
    private let writer: BackgroundWriter

    /// Writes to `descriptor`, which stays the caller's.
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
            json { line in
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

    /// Writes a JSON line whose end, after the time, `rest` appends in place: from the comma to the
    /// line break. For the hot path: nothing is copied, and what is always the same is one piece.
    func json(_ rest: (inout [UInt8]) -> Void) {
        writer.append { line, time, dropped in
            if dropped > 0 {
                Self.begin(time, &line)
                line.append(contentsOf: Self.middle(.warning, "log.dropped"))
                line.append(contentsOf: ",\"lines\":\(dropped)}\n".utf8)
            }
            Self.begin(time, &line)
            rest(&line)
        }
    }

    private static let beginning = Array("{\"time\":\"".utf8)

    private static func begin(_ time: borrowing TimeText, _ line: inout [UInt8]) {
        line.append(contentsOf: beginning)
        line.append(contentsOf: time.bytes)
    }

    /// What stands between the time and an event's own members.
    static func middle(_ level: LogLevel, _ event: String) -> [UInt8] {
        Array("\",\"level\":\"\(level.name)\",\"event\":\"\(event)\"".utf8)
    }

    /// Returns when everything that was logged is written. Blocks: for the end of the process.
    public func flush() { writer.flush() }

    /// `"a":1,"b":"x"` as ` a=1 b=x`, with nothing in it that moves a terminal's cursor.
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
    /// As it is written.
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
