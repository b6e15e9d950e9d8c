/// A parsed request: a view over the bytes of its connection, shared copy-on-write. Nothing is
/// copied unless a handler keeps the request while the connection reads on.
///
/// The parser has checked the grammar; handlers check the meaning of the values.
public struct Request: Sendable {
    /// The position of a field line in `bytes`.
    public struct FieldRange: Sendable {
        /// The name, as sent.
        public let name: Range<Int32>
        /// The value, without white space around it.
        public let value: Range<Int32>
        /// A field line.
        public init(name: Range<Int32>, value: Range<Int32>) {
            self.name = name
            self.value = value
        }
    }

    /// The bytes that all ranges refer to.
    public let bytes: [UInt8]
    /// The method.
    public let method: Method
    /// The path of the request target, percent-encoded.
    public let pathRange: Range<Int>
    /// The query, without `?`; empty when there is none.
    public let queryRange: Range<Int>
    /// The content, after removal of the transfer coding.
    public let bodyRange: Range<Int>
    /// The field lines, in their order.
    public let fieldRanges: [FieldRange]
    /// Whether the peer allows the connection to stay open after the answer.
    public let keepsAlive: Bool
    /// Host and port, from the target or the Host field; empty when an HTTP/1.0 peer sent neither.
    public let hostRange: Range<Int>
    /// 0 for HTTP/1.0, 1 for everything newer.
    public let minorVersion: Int
    /// Unique within this process, for logs.
    public var id: UInt64 = 0
    /// The sender.
    public var peer = Peer(address: "")
    /// The values of the route's `{name}` segments.
    public var parameters = RouteParameters()
    /// The content exceeds the server's limit. Only routes with an `oversizeLimit` get such a request.
    public var isOversized = false

    /// A request; the parser and tests make one.
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

    /// The path, percent-encoded.
    public var path: String { String(decoding: bytes[pathRange], as: UTF8.self) }
    /// The content.
    public var body: ArraySlice<UInt8> { bytes[bodyRange] }
    /// Host and port, as sent. Those of the target replace the Host field (RFC 9112 §3.2.2).
    public var host: String { String(decoding: bytes[hostRange], as: UTF8.self) }

    /// The position of the value of the first field with that name. `name` is in lower case.
    public func range(of name: StaticString) -> Range<Int>? {
        for field in fieldRanges where isNamed(field, name) {
            return Int(field.value.lowerBound)..<Int(field.value.upperBound)
        }
        return nil
    }

    /// The same, but nil when the field is repeated.
    public func onlyRange(of name: StaticString) -> Range<Int>? {
        var only: Range<Int>?
        for field in fieldRanges where isNamed(field, name) {
            guard only == nil else { return nil }
            only = Int(field.value.lowerBound)..<Int(field.value.upperBound)
        }
        return only
    }

    /// The first value with that name; nil when there is none or it is not UTF-8.
    public func field(_ name: StaticString) -> String? {
        range(of: name).flatMap { text(in: $0) }
    }

    /// All values with that name, in order.
    public func fields(_ name: StaticString) -> [String] {
        fieldRanges.filter { isNamed($0, name) }.compactMap { field in
            text(in: Int(field.value.lowerBound)..<Int(field.value.upperBound))
        }
    }

    /// The media type without parameters, in lower case (RFC 9110 §8.3.1); nil when there is none or
    /// it is not ASCII, which no media type is.
    public var contentType: String? {
        guard let range = range(of: "content-type") else { return nil }
        let type = bytes[range].prefix { $0 != UInt8(ascii: ";") }
        guard type.allSatisfy({ $0 < 0x80 }) else { return nil }
        return String(decoding: type, as: UTF8.self).trimmingSpaces().lowercased()
    }

    /// A parameter of the query, decoded as a form field; nil when missing, repeated or malformed.
    public func query(_ name: String) -> String? {
        guard !queryRange.isEmpty, let form = Form(bytes[queryRange]) else { return nil }
        return form[name]
    }

    private func text(in range: Range<Int>) -> String? {
        guard let span = try? UTF8Span(validating: bytes.span.extracting(range)) else { return nil }
        return String(copying: span)
    }

    private func isNamed(_ field: FieldRange, _ name: StaticString) -> Bool {
        bytes.span.equals(name, from: Int(field.name.lowerBound), to: Int(field.name.upperBound))
    }
}

extension String {
    func trimmingSpaces() -> Substring {
        var text = utf8[...]
        while text.first == 0x20 || text.first == 0x09 { text.removeFirst() }
        while text.last == 0x20 || text.last == 0x09 { text.removeLast() }
        return Substring(text)
    }
}
