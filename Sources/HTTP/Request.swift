/// A parsed request: a view over the bytes of its connection, shared copy-on-write. Nothing is
/// copied unless a handler keeps the request while the connection reads on.
///
/// The parser has checked the grammar; what the values mean is the handler's business.
public struct Request: Sendable {
    /// Where a field line lies in `bytes`.
    public struct FieldRange: Sendable {
        public let name: Range<Int32>
        public let value: Range<Int32>
        public init(name: Range<Int32>, value: Range<Int32>) {
            self.name = name
            self.value = value
        }
    }

    public let bytes: [UInt8]
    public let method: Method
    /// Of the request target, up to `?`; still percent-encoded.
    public let pathRange: Range<Int>
    /// After `?`; empty when there is none.
    public let queryRange: Range<Int>
    /// Decoded from whatever transfer coding it came in.
    public let bodyRange: Range<Int>
    public let fieldRanges: [FieldRange]
    /// Whether the connection can go on after the answer.
    public let keepsAlive: Bool
    /// Of the host and port that were asked for, from the target or the Host field; empty when an
    /// HTTP/1.0 peer said neither.
    public let hostRange: Range<Int>
    /// 0 for HTTP/1.0, 1 for everything newer.
    public let minorVersion: Int
    /// Unique within this process, for logs.
    public var id: UInt64 = 0
    public var peer = Peer(address: "")
    /// What the `{name}` segments of the route matched, percent-decoded.
    public var parameters: [String: String] = [:]

    public init(
        bytes: [UInt8],
        method: Method,
        pathRange: Range<Int>,
        queryRange: Range<Int>,
        bodyRange: Range<Int>,
        fieldRanges: [FieldRange],
        keepsAlive: Bool,
        hostRange: Range<Int> = 0..<0,
        minorVersion: Int = 1
    ) {
        self.bytes = bytes
        self.method = method
        self.pathRange = pathRange
        self.queryRange = queryRange
        self.bodyRange = bodyRange
        self.fieldRanges = fieldRanges
        self.keepsAlive = keepsAlive
        self.hostRange = hostRange
        self.minorVersion = minorVersion
    }

    public var path: String { String(decoding: bytes[pathRange], as: UTF8.self) }
    public var body: ArraySlice<UInt8> { bytes[bodyRange] }
    /// Host and port as the peer wrote them. The target's outweigh the Host field (RFC 9112 §3.2.2).
    public var host: String { String(decoding: bytes[hostRange], as: UTF8.self) }

    /// Where the value of the first field of that name lies. `name` is in lower case.
    public func range(of name: StaticString) -> Range<Int>? {
        for field in fieldRanges where isNamed(field, name) {
            return Int(field.value.lowerBound)..<Int(field.value.upperBound)
        }
        return nil
    }

    /// The same, and nil also when the field comes more than once.
    public func onlyRange(of name: StaticString) -> Range<Int>? {
        var only: Range<Int>?
        for field in fieldRanges where isNamed(field, name) {
            guard only == nil else { return nil }
            only = Int(field.value.lowerBound)..<Int(field.value.upperBound)
        }
        return only
    }

    /// The first field of that name, nil when there is none or it is not UTF-8.
    public func field(_ name: StaticString) -> String? {
        range(of: name).flatMap { text(in: $0) }
    }

    /// Every field of that name, in order.
    public func fields(_ name: StaticString) -> [String] {
        fieldRanges.filter { isNamed($0, name) }.compactMap { field in
            text(in: Int(field.value.lowerBound)..<Int(field.value.upperBound))
        }
    }

    /// The media type without parameters, in lower case (RFC 9110 §8.3.1).
    public var contentType: String? {
        field("content-type").map { value in
            let type = value.split(separator: ";", omittingEmptySubsequences: false)[0]
            return String(type.trimmingSpaces()).lowercased()
        }
    }

    /// A parameter of the query, decoded as a form field; nil when absent, repeated or malformed.
    public func query(_ name: String) -> String? {
        guard !queryRange.isEmpty, let form = Form(bytes[queryRange]) else { return nil }
        return form[name]
    }

    private func text(in range: Range<Int>) -> String? {
        guard let span = try? UTF8Span(validating: bytes.span.extracting(range)) else { return nil }
        return String(copying: span)
    }

    private func isNamed(_ field: FieldRange, _ name: StaticString) -> Bool {
        guard field.name.count == name.utf8CodeUnitCount else { return false }
        let start = Int(field.name.lowerBound)
        return name.withUTF8Buffer { wanted in
            for index in 0..<wanted.count {
                var byte = bytes[start + index]
                if byte &- 0x41 < 26 { byte |= 0x20 }
                if byte != wanted[index] { return false }
            }
            return true
        }
    }
}

extension Substring {
    func trimmingSpaces() -> Substring {
        var text = self
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }
}
