/// Encodes responses as HTTP/1.1 (RFC 9112 §4).
public struct ResponseEncoder: Sendable {
    /// The properties of a request that its answer depends on.
    public struct Framing: Hashable, Sendable {
        /// The method is HEAD: the length is sent, the content is not.
        public var isHead: Bool
        /// The request's minor version.
        public var minorVersion: Int
        /// Whether the connection stays open for another request.
        public var keepsAlive: Bool

        /// By default for HTTP/1.1 and a method with content.
        public init(isHead: Bool = false, minorVersion: Int = 1, keepsAlive: Bool) {
            self.isHead = isHead
            self.minorVersion = minorVersion
            self.keepsAlive = keepsAlive
        }
    }

    /// `Date: Sun, 06 Nov 1994 08:49:37 GMT` with its line end. Made once per second, not once per
    /// response.
    public static func dateLine(secondsSince1970: Int64) -> [UInt8] {
        Array("Date: \(HTTPDate.format(secondsSince1970))\r\n".utf8)
    }

    /// `Strict-Transport-Security` with its line end, for peers that use TLS (RFC 6797 §6.1).
    public static func securityLine(maximumAge: Duration) -> [UInt8] {
        Array("Strict-Transport-Security: max-age=\(maximumAge.components.seconds)\r\n".utf8)
    }

    /// Appends the response to `output`. `dateLine` is one made by `dateLine(secondsSince1970:)`,
    /// `securityLine` is empty or one made by `securityLine(maximumAge:)`.
    ///
    /// A status outside 200 to 599 is a mistake of the handler and is sent as 500. Fields with an
    /// invalid name, and those that the encoder adds itself, are left out. Control characters in
    /// values become spaces, so that a value cannot start a new line (RFC 9110 §5.5).
    public static func encode(
        _ response: Response,
        framing: Framing,
        dateLine: [UInt8],
        securityLine: [UInt8] = [],
        to output: inout [UInt8]
    ) {
        let status = (200..<600).contains(response.status) ? response.status : 500
        // No length where content is not allowed (RFC 9110 §8.6).
        let hasContent = status != 204 && status != 304
        let isStreamed = hasContent && response.stream != nil
        let sendsBody = hasContent && !framing.isHead && status != 205 && !isStreamed
        var room = 256 + dateLine.count + securityLine.count + (sendsBody ? response.body.count : 0)
        room += response.contentType?.utf8CodeUnitCount ?? 0
        for field in response.fields { room += field.name.utf8.count + field.value.utf8.count + 4 }
        output.append(addingCapacity: room) { output in
            if status == 200 {
                output.append("HTTP/1.1 200 OK\r\n")
            } else {
                output.append("HTTP/1.1 ")
                output.append(decimal: UInt64(status), digits: 3)
                output.append(UInt8(ascii: " "))
                output.append(StatusCode.reason(status))
                output.append("\r\n")
            }
            output.append(dateLine)
            if !securityLine.isEmpty { output.append(securityLine) }
            if hasContent {
                if let contentType = response.contentType {
                    output.append("Content-Type: ")
                    output.append(contentType)
                    output.append("\r\n")
                }
                if !isStreamed {
                    output.append("Content-Length: ")
                    output.append(decimal: UInt64(status == 205 ? 0 : response.body.count))
                    output.append("\r\n")
                } else if framing.minorVersion > 0 {
                    output.append("Transfer-Encoding: chunked\r\n")
                }
            }
            for field in response.fields { append(field, to: &output) }
            if !framing.keepsAlive {
                output.append("Connection: close\r\n\r\n")
            } else if framing.minorVersion == 0 {
                output.append("Connection: keep-alive\r\n\r\n")
            } else {
                output.append("\r\n")
            }
            if sendsBody { output.append(response.body) }
        }
    }

    /// Appends a piece of a streamed response, which is not empty, as a chunk (RFC 9112 §7.1). Peers
    /// of HTTP/1.0 get it as it is: the end of the connection ends the content.
    public static func encode(
        chunk piece: [UInt8],
        minorVersion: Int,
        to output: inout [UInt8]
    ) {
        guard minorVersion > 0 else { return output.append(contentsOf: piece) }
        output.append(contentsOf: String(piece.count, radix: 16).utf8)
        output.append("\r\n")
        output.append(contentsOf: piece)
        output.append("\r\n")
    }

    /// Appends what ends a streamed response.
    public static func encodeEnd(minorVersion: Int, to output: inout [UInt8]) {
        if minorVersion > 0 { output.append("0\r\n\r\n") }
    }

    private static func append(_ field: Field, to output: inout OutputSpan<UInt8>) {
        // On nearly every answer, and known to be valid.
        if field == .noStore {
            output.append("Cache-Control: no-store\r\n")
            return
        }
        let name = field.name.utf8Span.span
        guard !name.isEmpty, name.isToken, !isOurs(name) else { return }
        output.append(copying: name)
        output.append(": ")
        let value = field.value.utf8Span.span
        if value.hasControl(from: 0, to: value.count) {
            for index in value.indices {
                let byte = value[index]
                output.append(byte < 0x20 && byte != 0x09 || byte == 0x7F ? 0x20 : byte)
            }
        } else {
            output.append(copying: value)
        }
        output.append("\r\n")
    }

    /// The fields that the encoder adds: with a second one, two readers might disagree about the
    /// message.
    private static func isOurs(_ name: Span<UInt8>) -> Bool {
        func isNamed(_ other: StaticString) -> Bool { name.equals(other, from: 0, to: name.count) }
        return isNamed("date") || isNamed("connection") || isNamed("content-length")
            || isNamed("transfer-encoding")
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
