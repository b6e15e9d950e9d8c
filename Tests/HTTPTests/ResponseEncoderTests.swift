import HTTP
import Testing

@Suite("A response")
struct ResponseEncoderTests {
    private static let date = ResponseEncoder.dateLine(secondsSince1970: 784_111_777)

    private func encode(
        _ response: Response,
        isHead: Bool = false,
        minorVersion: Int = 1,
        keepsAlive: Bool = true
    ) -> String {
        var output: [UInt8] = []
        ResponseEncoder.encode(
            response,
            framing: .init(isHead: isHead, minorVersion: minorVersion, keepsAlive: keepsAlive),
            dateLine: Self.date,
            to: &output
        )
        return String(decoding: output, as: UTF8.self)
    }

    @Test("consists of a status line, fields, an empty line and content")
    func whole() {
        let response = Response(
            status: 200,
            contentType: "text/plain",
            fields: [Field("X-One", "1")],
            body: Array("hi".utf8)
        )
        #expect(
            encode(response) == """
                HTTP/1.1 200 OK\r
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r
                Content-Type: text/plain\r
                Content-Length: 2\r
                X-One: 1\r
                \r
                hi
                """
        )
    }

    @Test("to HEAD has the length of the content that it omits")
    func head() {
        let text = encode(Response(status: 200, body: Array("hello".utf8)), isHead: true)
        #expect(text.contains("\r\nContent-Length: 5\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test("without content has no length (RFC 9110 §8.6)", arguments: [204, 304])
    func noContent(status: Int) {
        let text = encode(Response(status: status, contentType: "text/plain", body: [0x41]))
        #expect(!text.contains("Content-"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test("with status 205 has length zero (RFC 9110 §15.3.6)")
    func resetContent() {
        let text = encode(Response(status: 205, body: [0x41]))
        #expect(text.contains("\r\nContent-Length: 0\r\n"))
        #expect(text.hasSuffix("\r\n\r\n"))
    }

    @Test(
        "says whether the connection stays open",
        arguments: [
            (1, true, nil), (1, false, "close"), (0, true, "keep-alive"), (0, false, "close"),
        ]
            as [(Int, Bool, String?)]
    )
    func connection(minorVersion: Int, keepsAlive: Bool, expected: String?) {
        let text = encode(
            Response(status: 200),
            minorVersion: minorVersion,
            keepsAlive: keepsAlive
        )
        if let expected {
            #expect(text.contains("\r\nConnection: \(expected)\r\n"))
        } else {
            #expect(!text.contains("Connection"))
        }
    }

    @Test(
        "is not split by a line break in a field's value",
        arguments: ["a\r\nSet-Cookie: b", "a\nb: c", "a\rb", "a\u{0}b", "a\r\n\r\n<p>", "a\u{7F}b"]
    )
    func splitting(value: String) {
        let text = encode(Response(status: 200, fields: [Field("Location", value)]))
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        // Status, date, length, location, the empty line, and no content.
        #expect(lines.count == 6)
        #expect(lines[3].hasPrefix("Location: a "))
        #expect(!lines.contains { line in line.utf8.contains { $0 < 0x20 || $0 == 0x7F } })
    }

    @Test(
        "omits invalid fields, and fields that a handler must not set",
        arguments: [
            "", "A B", "A:", "A\r\nB", "Ä", "Content-Length", "transfer-encoding", "Connection",
            "date",
        ]
    )
    func badNames(name: String) {
        let plain = encode(Response(status: 200))
        #expect(encode(Response(status: 200, fields: [Field(name, "x")])) == plain)
    }

    @Test(
        "with an impossible status becomes 500",
        arguments: [-1, 0, 99, 100, 101, 199, 600, 1000]
    )
    func badStatus(status: Int) {
        #expect(
            encode(Response(status: status)).hasPrefix("HTTP/1.1 500 Internal Server Error\r\n")
        )
    }

    @Test("with status 405 lists the allowed methods")
    func methodNotAllowed() {
        let response = Response.methodNotAllowed([.get, .head, .get])
        #expect(response.status == 405)
        #expect(response.fields.first("allow") == "GET, HEAD")
    }

    @Test(
        "to an invalid request is a problem document and closes the connection",
        arguments: RequestError.allCases
    )
    func refusal(error: RequestError) {
        let response = Response.refusal(error)
        #expect(response.status == error.status)
        #expect((400..<600).contains(error.status))
        #expect(response.closesConnection)
        #expect(response.contentType.map { "\($0)" } == "application/problem+json")
        let text = String(decoding: response.body, as: UTF8.self)
        #expect(text.hasPrefix("{\"title\":\"") && text.hasSuffix("\"}"))
        #expect(text.contains(",\"status\":\(error.status),"))
    }
}
