public import HTTP
public import JSON

/// What an authorization server says about one of its answers for those who look into a failure.
private let traceFields: [(field: String, member: String)] = [
    ("x-trace-id", "x_trace_id"), ("x-external-error", "x_external_error"),
]

extension OutboundResponse {
    /// Whether it has one of the fields that `traces(of:)` logs.
    public var hasTraces: Bool { traceFields.contains { fields.first($0.field) != nil } }
}

extension JSONWriter {
    /// Adds `x-trace-id` and `x-external-error` of an answer, as far as it has them: their printable
    /// ASCII, at most 256 characters.
    public mutating func traces(of answer: OutboundResponse) {
        for (field, name) in traceFields {
            guard let value = answer.fields.first(field) else { continue }
            let printable = value.utf8.filter { $0 > 0x1F && $0 < 0x7F }.prefix(256)
            member(name, String(decoding: printable, as: UTF8.self))
        }
    }
}
