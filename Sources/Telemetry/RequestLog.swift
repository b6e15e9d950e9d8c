public import HTTP
import JSON

/// Writes a `request.finished` line for each request. The parts of a line that are the same for all
/// requests of a route are made once, and the rest is appended in place.
///
/// The route's pattern is logged, never the path: paths hold tickets and identifiers.
public final class RequestLog: Sendable {
    /// The requests that get a line.
    public enum Selection: Sendable {
        case all
        /// Requests with status 400 or more.
        case errors
        case off
    }

    private let sink: LineSink
    private let selection: Selection
    /// `,"method":"POST","route":"/user/verify"` for each route of the router, with what stands
    /// before it in a line of that level.
    private let usual: [[UInt8]]
    private let failed: [[UInt8]]

    /// Logs the requests of a router with these routes to `sink`.
    public init(_ selection: Selection, routes: [Route], sink: LineSink) {
        self.selection = selection
        self.sink = sink
        usual = routes.map { Self.beginning(.info, method: $0.method.name, route: $0.pattern) }
        failed = routes.map { Self.beginning(.warning, method: $0.method.name, route: $0.pattern) }
    }

    /// Logs a request that was answered.
    ///
    /// - Parameters:
    ///   - route: The number of its route; nil when none matched.
    ///   - method: The method of the request.
    ///   - status: The status of the response.
    ///   - nanoseconds: How long it took.
    ///   - id: The number of the request in this process.
    ///   - trace: Its trace, with this service's span; nil without a trace.
    public func finished(
        route: Int?,
        method: Method,
        status: Int,
        nanoseconds: Int,
        id: UInt64,
        trace: TraceContext?
    ) {
        if takes(status: status) { write(route, method, status, nanoseconds, id, trace) }
    }

    /// Whether a request with this status gets a line.
    public func takes(status: Int) -> Bool {
        switch selection {
        case .off: false
        case .errors: status >= 400
        case .all: true
        }
    }

    private func write(
        _ route: Int?,
        _ method: Method,
        _ status: Int,
        _ nanoseconds: Int,
        _ id: UInt64,
        _ trace: TraceContext?
    ) {
        // Without a route the method may be any text from the peer, which must not be logged.
        let level: LogLevel = status >= 500 ? .warning : .info
        let beginnings = status >= 500 ? failed : usual
        let beginning =
            route.map { beginnings[$0] }
            ?? Self.beginning(level, method: Self.known(method), route: nil)
        let microseconds = UInt64(max(0, nanoseconds)) / 1000
        func append(after time: [UInt8], to line: inout [UInt8]) {
            line.append(addingCapacity: time.count + beginning.count + Self.endRoom) { line in
                line.append(time)
                line.append(beginning)
                line.append(decimal: UInt64(max(0, status)))
                line.append(",\"ms\":")
                line.append(decimal: microseconds / 1000)
                line.append(UInt8(ascii: "."))
                line.append(decimal: microseconds % 1000, digits: 3)
                line.append(",\"id\":")
                line.append(decimal: id)
                if let trace {
                    line.append(",\"trace_id\":\"")
                    trace.appendTrace(to: &line)
                    line.append("\",\"span\":\"")
                    trace.appendSpan(to: &line)
                    line.append(UInt8(ascii: "\""))
                }
                line.append("}\n")
            }
        }
        switch sink.format {
        case .json: sink.json { line, time in append(after: time, to: &line) }
        case .text:
            var line: [UInt8] = []
            append(after: [], to: &line)
            let middle = LineSink.middle(level, Self.event).count
            // Without the comma before and the brace and line break after.
            sink.write(level, Self.event, Array(line[(middle + 1)...].dropLast(2)))
        }
    }

    /// More than what follows the beginning takes: three numbers of at most 20 digits, a trace, and
    /// the names of the members.
    private static let endRoom = 192

    private static let event = "request.finished"

    private static func beginning(_ level: LogLevel, method: String, route: String?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("method", method)
            json.member("route", route)
        }
        return LineSink.middle(level, event) + [UInt8(ascii: ",")]
            + json.bytes.dropFirst().dropLast() + Array(",\"status\":".utf8)
    }

    private static func known(_ method: Method) -> String {
        if case .other = method { return "other" }
        return method.name
    }
}
