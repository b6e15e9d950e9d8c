import HTTP
import Testing

@Suite("A field that has one value (RFC 9110 §5.3)")
struct SingletonFieldTests {
    private static let names = [
        "Authorization", "Content-Length", "Content-Location", "Content-Range", "Content-Type",
        "Date", "Expect", "From", "Host", "If-Modified-Since", "If-Range", "If-Unmodified-Since",
        "Max-Forwards", "Origin", "Proxy-Authorization", "Range", "Referer", "Sec-Fetch-Dest",
        "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User", "Traceparent", "User-Agent",
    ]
    private static let lists = [
        "Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Connection", "Forwarded",
        "If-Match", "If-None-Match", "Tracestate", "Via", "X-Forwarded-For", "X-Unknown",
    ]

    private func status(_ lines: [String]) -> Int? {
        let head = ["POST / HTTP/1.1"] + lines
        let bytes = Array((head.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        guard case .refused(let error) = RequestReader.read([bytes[...]]).first else { return nil }
        return error.status
    }

    private func values(_ name: String) -> [String] {
        switch name {
        case "Host": ["a.example", "b.example"]
        case "Content-Length": ["0", "1"]
        case "Expect": ["100-continue", "100-continue"]
        default: ["1", "2"]
        }
    }

    @Test("is refused when it is repeated, in either order and anywhere", arguments: names)
    func repeated(name: String) {
        let host = name == "Host" ? [] : ["Host: x"]
        let values = values(name)
        for pair in [values, values.reversed(), [values[0], values[0]]] {
            let lines = ["\(name): \(pair[0])", "\(name.uppercased()): \(pair[1])"]
            let others = (0..<80).map { "X-\($0): v" }
            #expect(status(host + lines) == 400)
            #expect(status([lines[0]] + host + others + [lines[1]]) == 400)
        }
        #expect(status(host + ["\(name): \(values[0])"]) == nil || name == "Content-Length")
    }

    @Test("is not what a list is: that may be repeated", arguments: lists)
    func list(name: String) {
        #expect(status(["Host: x", "\(name): 1", "\(name): 2"]) == nil)
    }
}
