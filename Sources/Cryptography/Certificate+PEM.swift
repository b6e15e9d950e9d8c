extension Certificate {
    /// What ends a line of a PEM text.
    public enum LineEnd: Hashable, Sendable {
        /// LF or CRLF, as in a file (RFC 7468 §3).
        case newline
        /// Spaces and tabs, as where a text with lines does not fit, such as a header field.
        case blank
    }

    /// Reads a text that is one PEM certificate (RFC 7468 §5) and nothing else.
    ///
    /// It is stricter than the reading of files: from whoever sends more than one certificate it is
    /// not known which one is meant.
    public init(
        pem text: some Collection<UInt8>,
        lineEnd: LineEnd = .newline
    ) throws(CertificateError) {
        guard text.count <= Self.longest else { throw .tooLong }
        var rest = Array(text)[...]
        guard rest.starts(with: Self.begin) else {
            throw Self.label(of: rest).map { .label($0) } ?? .notPEM
        }
        rest = rest.dropFirst(Self.begin.count)
        guard lineEnd.remove(from: &rest) else { throw .notPEM }
        var body: [UInt8] = []
        while !rest.starts(with: Self.end) {
            if lineEnd.remove(from: &rest) { continue }
            guard let byte = rest.popFirst() else { throw .notPEM }
            body.append(byte)
        }
        rest = rest.dropFirst(Self.end.count)
        while lineEnd.remove(from: &rest) {}
        guard rest.isEmpty else { throw Self.label(of: rest) == nil ? .trailing : .several }
        guard let bytes = Base64.decode(body.span) else { throw .notPEM }
        try self.init(der: bytes)
    }

    private static let begin = Array("-----BEGIN CERTIFICATE-----".utf8)
    private static let end = Array("-----END CERTIFICATE-----".utf8)

    /// The label of the block that the text begins with, if it does.
    private static func label(of text: ArraySlice<UInt8>) -> String? {
        let start = Array("-----BEGIN ".utf8)
        guard text.starts(with: start) else { return nil }
        let label = text.dropFirst(start.count).prefix {
            $0 == 0x20 || $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z")
        }
        return String(decoding: label, as: UTF8.self)
    }
}

extension Certificate.LineEnd {
    /// Removes one from the front; false when there is none.
    fileprivate func remove(from text: inout ArraySlice<UInt8>) -> Bool {
        let length: Int
        switch (self, text.first) {
        case (.newline, 0x0A), (.blank, 0x20), (.blank, 0x09): length = 1
        case (.newline, 0x0D) where text.dropFirst().first == 0x0A: length = 2
        default: return false
        }
        text = text.dropFirst(length)
        return true
    }
}
