public import HTTP

extension TraceContext {
    /// What the peer says the request belongs to; nil when it says nothing, or nothing that counts,
    /// as a field that comes twice (§3.2).
    public init?(of request: Request) {
        guard let range = request.onlyRange(of: "traceparent") else { return nil }
        self.init(request.bytes[range])
    }

    /// A context as its `traceparent` kept it.
    public init?(_ traceparent: String) { self.init(Array(traceparent.utf8)) }

    /// The trace's 32 hexadecimal digits, as log lines have it in `trace_id`.
    public var traceID: String {
        var bytes: [UInt8] = []
        appendTrace(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The field for one call within a trace that was kept, with a span of its own; none when no
    /// trace was kept.
    public static func fields(within kept: String?) -> [Field] {
        guard let kept, let context = TraceContext(kept) else { return [] }
        return [Field("traceparent", context.child().traceparent)]
    }
}
