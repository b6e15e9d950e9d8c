public import HTTP
import JSON

/// Writes `request.finished` lines. Made for the hot path: the parts of a line that a route fixes
/// are rendered once, and the rest is appended in place.
///
/// The route's pattern is logged, never the path: paths hold tickets and identifiers.
public final class RequestLog: Sendable {
    /// Which requests get a line.
    public enum Selection: Sendable {
        case all
        /// Those answered with 400 or more.
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
    ///   - method: Of the request.
    ///   - status: Of the response.
    ///   - nanoseconds: From its first byte to the end of its response.
    ///   - id: The request's number in this process.
    ///   - trace: Its trace, with our span.
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

    /// Whether a request answered so gets a line.
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
        // What matched no route may have a method of the peer's invention: that is not repeated.
        let level: LogLevel = status >= 500 ? .warning : .info
        let beginnings = status >= 500 ? failed : usual
        let beginning =
            route.map { beginnings[$0] }
            ?? Self.beginning(level, method: Self.known(method), route: nil)
        func end(_ line: inout [UInt8]) {
            line.append(contentsOf: beginning)
            line.append(decimal: UInt64(max(0, status)))
            line.append(text: ",\"ms\":")
            let microseconds = UInt64(max(0, nanoseconds)) / 1000
            line.append(decimal: microseconds / 1000)
            line.append(UInt8(ascii: "."))
            let rest = microseconds % 1000
            if rest < 100 { line.append(UInt8(ascii: "0")) }
            if rest < 10 { line.append(UInt8(ascii: "0")) }
            line.append(decimal: rest)
            line.append(text: ",\"id\":")
            line.append(decimal: id)
            if let trace {
                line.append(text: ",\"trace_id\":\"")
                trace.appendTrace(to: &line)
                line.append(text: "\",\"span\":\"")
                trace.appendSpan(to: &line)
                line.append(UInt8(ascii: "\""))
            }
            line.append(text: "}\n")
        }
        switch sink.format {
        case .json: sink.json(end)
        case .text:
            var line: [UInt8] = []
            end(&line)
            let middle = LineSink.middle(level, Self.event).count
            // Without the comma before and the brace and line break after.
            sink.write(level, Self.event, Array(line[(middle + 1)...].dropLast(2)))
        }
    }

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

extension [UInt8] {
    fileprivate mutating func append(text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    fileprivate mutating func append(decimal number: UInt64) {
        if number >= 10 { append(decimal: number / 10) }
        append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10))
    }
}
