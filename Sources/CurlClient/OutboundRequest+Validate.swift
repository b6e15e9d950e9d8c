import HTTP

extension OutboundRequest {
    /// Fields that say how the message is framed or the connection used: the client's own business
    /// (RFC 9112 §6, RFC 9110 §7.6.1).
    private static let ownFields: Set<String> = [
        "connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// Finds what libcurl would pass on as it is, in all but the fields.
    ///
    /// - Throws: `OutboundError.invalid`.
    func validate() throws(OutboundError) {
        let url = self.url.utf8
        let scheme = self.url.prefix { $0 != ":" }.lowercased()
        guard scheme == "http" || scheme == "https",
            url.dropFirst(scheme.utf8.count).starts(with: "://".utf8)
        else {
            throw .invalid("the URL is neither http nor https")
        }
        guard url.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .invalid("the URL has characters that must be escaped")
        }
        if case .other(let name) = method, !Self.isToken(name) {
            throw .invalid("the method is not a token")
        }
        switch method {
        case .get, .head:
            guard body.isEmpty else { throw .invalid("a \(method.name) has no body") }
        case .post, .put, .patch, .delete, .options, .other: break
        }
    }

    /// The same in the fields.
    ///
    /// - Throws: `OutboundError.invalid`.
    func validateFields() throws(OutboundError) {
        for field in fields {
            guard Self.isToken(field.name) else { throw .invalid("a field name is not a token") }
            guard !Self.ownFields.contains(field.name.lowercased()) else {
                throw .invalid("the field \(field.name) is not for callers")
            }
            // RFC 9110 §5.5
            guard field.value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else {
                throw .invalid("the field \(field.name) has a control character")
            }
        }
    }

    /// RFC 9110 §5.6.2.
    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
