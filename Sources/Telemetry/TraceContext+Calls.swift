public import HTTP

extension TraceContext {
    /// The trace that the peer named; nil when the field is missing, repeated or invalid (§3.2).
    public init?(of request: Request) {
        guard let range = request.onlyRange(of: "traceparent") else { return nil }
        self.init(request.bytes[range])
    }

    /// Parses a stored `traceparent`.
    public init?(_ traceparent: String) { self.init(Array(traceparent.utf8)) }

    /// The trace as 32 hexadecimal digits, as in `trace_id` of log lines.
    public var traceID: String {
        String(decoding: [UInt8](capacity: 32) { appendTrace(to: &$0) }, as: UTF8.self)
    }

    /// The header field for one call within a stored trace, with a new span; empty without a trace.
    public static func fields(within kept: String?) -> [Field] {
        guard let kept, let context = TraceContext(kept) else { return [] }
        return [Field("traceparent", context.child().traceparent)]
    }
}
