/// Writes responses as HTTP/1.1 (RFC 9112 §4): one run of bytes, ready to be sent.
public struct ResponseEncoder: Sendable {
    /// How the answer depends on what was asked.
    public struct Framing: Hashable, Sendable {
        /// The request's method was HEAD: the length is told, the content is not sent.
        public var isHead: Bool
        /// The request's minor version.
        public var minorVersion: Int
        /// Whether another request may follow on the connection.
        public var keepsAlive: Bool

        /// For HTTP/1.1 and a method with content, unless told otherwise.
        public init(isHead: Bool = false, minorVersion: Int = 1, keepsAlive: Bool) {
            self.isHead = isHead
            self.minorVersion = minorVersion
            self.keepsAlive = keepsAlive
        }
    }

    /// `Date: Sun, 06 Nov 1994 08:49:37 GMT` with its line end. Made once a second, not once a
    /// response.
    public static func dateLine(secondsSince1970: Int64) -> [UInt8] {
        Array("Date: \(HTTPDate.format(secondsSince1970))\r\n".utf8)
    }

    /// Appends the response to `output`. `dateLine` is one made by `dateLine(secondsSince1970:)`.
    ///
    /// A status outside 200 to 599 is a mistake of the handler and leaves as 500. Fields that are
    /// the encoder's, or whose name is no token, are left out; control characters in values become
    /// spaces, so that no value can begin a line of its own (RFC 9110 §5.5).
    public static func encode(
        _ response: Response,
        framing: Framing,
        dateLine: [UInt8],
        to output: inout [UInt8]
    ) {
        let status = (200..<600).contains(response.status) ? response.status : 500
        if status == 200 {
            output.append("HTTP/1.1 200 OK\r\n")
        } else {
            output.append("HTTP/1.1 ")
            output.append(decimal: status)
            output.append(0x20)
            output.append(StatusCode.reason(status))
            output.append("\r\n")
        }
        output.append(contentsOf: dateLine)
        // RFC 9110 §8.6: no length where there can be no content.
        let hasContent = status != 204 && status != 304
        if hasContent {
            if let contentType = response.contentType {
                output.append("Content-Type: ")
                output.append(contentType)
                output.append("\r\nContent-Length: ")
            } else {
                output.append("Content-Length: ")
            }
            output.append(decimal: status == 205 ? 0 : response.body.count)
            output.append("\r\n")
        }
        for field in response.fields { append(field, to: &output) }
        if !framing.keepsAlive {
            output.append("Connection: close\r\n\r\n")
        } else if framing.minorVersion == 0 {
            output.append("Connection: keep-alive\r\n\r\n")
        } else {
            output.append("\r\n")
        }
        if hasContent, !framing.isHead, status != 205 { output.append(contentsOf: response.body) }
    }

    private static func append(_ field: Field, to output: inout [UInt8]) {
        // On nearly every answer, and known to be in order.
        if field == .noStore {
            output.append("Cache-Control: no-store\r\n")
            return
        }
        guard !field.name.isEmpty, field.name.utf8.allSatisfy(ByteClass.token.contains),
            !isOurs(field.name)
        else { return }
        output.append(contentsOf: field.name.utf8)
        output.append(": ")
        let start = output.count
        output.append(contentsOf: field.value.utf8)
        for index in start..<output.count
        where output[index] < 0x20 && output[index] != 0x09 || output[index] == 0x7F {
            output[index] = 0x20
        }
        output.append("\r\n")
    }

    /// The fields that frame the message: a second one could make two readers disagree.
    private static func isOurs(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: name.lowercased() == "date"
        case 10: name.lowercased() == "connection"
        case 14: name.lowercased() == "content-length"
        case 17: name.lowercased() == "transfer-encoding"
        default: false
        }
    }
}

extension [UInt8] {
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append(contentsOf: $0) }
    }

    mutating func append(decimal number: Int) {
        if number >= 10 { append(decimal: number / 10) }
        append(0x30 + UInt8(truncatingIfNeeded: number % 10))
    }
}
