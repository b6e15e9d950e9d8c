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
    /// `,"method":"POST","route":"/user/verify"` for each route of the router.
    private let beginnings: [[UInt8]]

    /// Logs the requests of a router with these routes to `sink`.
    public init(_ selection: Selection, routes: [Route], sink: LineSink) {
        self.selection = selection
        self.sink = sink
        beginnings = routes.map { Self.beginning(method: $0.method.name, route: $0.pattern) }
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
        let level: LogLevel = status >= 500 ? .warning : .info
        // What matched no route may have a method of the peer's invention: that is not repeated.
        let beginning =
            route.map { beginnings[$0] } ?? Self.beginning(method: Self.known(method), route: nil)
        func members(_ line: inout [UInt8]) {
            line.append(contentsOf: beginning)
            line.append(contentsOf: ",\"status\":".utf8)
            line.append(decimal: UInt64(max(0, status)))
            line.append(contentsOf: ",\"ms\":".utf8)
            let microseconds = UInt64(max(0, nanoseconds)) / 1000
            line.append(decimal: microseconds / 1000)
            line.append(UInt8(ascii: "."))
            let rest = microseconds % 1000
            if rest < 100 { line.append(UInt8(ascii: "0")) }
            if rest < 10 { line.append(UInt8(ascii: "0")) }
            line.append(decimal: rest)
            line.append(contentsOf: ",\"id\":".utf8)
            line.append(decimal: id)
            if let trace {
                line.append(contentsOf: ",\"trace_id\":\"".utf8)
                trace.appendTrace(to: &line)
                line.append(contentsOf: "\",\"span\":\"".utf8)
                trace.appendSpan(to: &line)
                line.append(UInt8(ascii: "\""))
            }
        }
        switch sink.format {
        case .json: sink.json(level, "request.finished", members)
        case .text:
            var line: [UInt8] = []
            members(&line)
            sink.write(level, "request.finished", Array(line.dropFirst()))
        }
    }

    private static func beginning(method: String, route: String?) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("method", method)
            json.member("route", route)
        }
        return [UInt8(ascii: ",")] + json.bytes.dropFirst().dropLast()
    }

    private static func known(_ method: Method) -> String {
        if case .other = method { return "other" }
        return method.name
    }
}

extension [UInt8] {
    fileprivate mutating func append(decimal number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        var rest = number
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(rest / divisor))
            rest %= divisor
            divisor /= 10
        }
    }
}
