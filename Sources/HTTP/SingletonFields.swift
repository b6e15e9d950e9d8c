/// The fields that must not be repeated (RFC 9110 §5.3): two readers could each choose another one.
extension RequestHead {
    /// The fields of a request that have one value, not a list. Host, Content-Length and Expect are
    /// read, and so refused, by the parser itself.
    static let singletons: [StaticString] = [
        // RFC 9110
        "authorization", "content-location", "content-range", "content-type", "date", "from",
        "if-modified-since", "if-range", "if-unmodified-since", "max-forwards",
        "proxy-authorization", "range", "referer", "user-agent",
        // RFC 6454, W3C Trace Context §3.2.1, Fetch Metadata, Fetch
        "origin", "traceparent", "sec-fetch-dest", "sec-fetch-mode", "sec-fetch-site",
        "sec-fetch-storage-access", "sec-fetch-user", "access-control-request-method",
        "upgrade-insecure-requests",
    ]

    /// Notes the name of a field. True when an earlier field may have the same name: then
    /// `isRepeated` looks. This costs a few instructions for each field instead of comparisons with
    /// every name.
    mutating func mayRepeat(_ bytes: Span<UInt8>, _ field: Request.FieldRange) -> Bool {
        let first = Int(field.name.lowerBound)
        let letter = UInt64(bytes[unchecked: first] | 0x20)
        let bit = 1 &<< ((UInt64(truncatingIfNeeded: field.name.count) &* 7 &+ letter) & 63)
        defer { seenNames |= bit }
        return seenNames & bit != 0
    }

    /// Whether the field is one of `singletons` and has the name of one of `earlier`.
    static func isRepeated(
        _ bytes: Span<UInt8>,
        _ field: Request.FieldRange,
        earlier: [Request.FieldRange]
    ) -> Bool {
        func isNamed(_ field: Request.FieldRange, _ name: StaticString) -> Bool {
            bytes.equals(name, from: Int(field.name.lowerBound), to: Int(field.name.upperBound))
        }
        guard let name = singletons.first(where: { isNamed(field, $0) }) else { return false }
        return earlier.contains { isNamed($0, name) }
    }
}
