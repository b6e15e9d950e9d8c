import HTTP

/// Reads everything in some bytes the way a connection does: pieces arrive, requests leave.
struct RequestReader {
    enum Reading: Equatable {
        case request(Parsed)
        case refused(RequestError)
        /// The bytes ended inside a request.
        case more
    }

    /// A request with its ranges resolved, so that readings of differently placed bytes compare.
    struct Parsed: Equatable {
        var method: String
        var path: [UInt8]
        var query: [UInt8]?
        var host: [UInt8]
        var keepsAlive: Bool
        var body: [UInt8]
        var names: [[UInt8]]
        var values: [[UInt8]]
    }

    private var parser = RequestParser()
    private var buffer: [UInt8] = []
    private var start = 0
    private(set) var readings: [Reading] = []
    /// Whether handled bytes are thrown away before new ones arrive, as a connection does when its
    /// buffer is full.
    var compacts = false

    static func read(_ pieces: [ArraySlice<UInt8>], compacts: Bool = false) -> [Reading] {
        var reader = RequestReader()
        reader.compacts = compacts
        for piece in pieces { reader.take(piece) }
        reader.end()
        return reader.readings
    }

    private var isRefused: Bool {
        if case .refused = readings.last { true } else { false }
    }

    private mutating func take(_ piece: ArraySlice<UInt8>) {
        guard !isRefused else { return }
        if compacts, start > 0 {
            buffer.removeFirst(start)
            parser.moved(by: start)
            start = 0
        }
        buffer += piece
        while start < buffer.count {
            do throws(RequestError) {
                guard let request = try parser.parse(&buffer, from: start, to: buffer.count) else {
                    return
                }
                start = parser.end
                readings.append(.request(Parsed(request)))
            } catch {
                readings.append(.refused(error))
                return
            }
        }
    }

    private mutating func end() {
        if start < buffer.count, !isRefused { readings.append(.more) }
    }
}

extension RequestReader.Parsed {
    init(_ request: Request) {
        method = request.method.name
        path = Array(request.bytes[request.pathRange])
        // An empty query is told from none by the question mark before it.
        let before = request.queryRange.lowerBound - 1
        let hasQuery = before >= 0 && request.bytes[before] == UInt8(ascii: "?")
        query = hasQuery ? Array(request.bytes[request.queryRange]) : nil
        host = Array(request.bytes[request.hostRange])
        keepsAlive = request.keepsAlive
        body = Array(request.body)
        names = request.fieldRanges.map {
            Array(request.bytes[Int($0.name.lowerBound)..<Int($0.name.upperBound)])
        }
        values = request.fieldRanges.map {
            Array(request.bytes[Int($0.value.lowerBound)..<Int($0.value.upperBound)])
        }
    }

    /// Whether the request is what a line of the corpus says.
    func isDescribed(by line: String) -> Bool {
        let words = line.split(
            separator: " ",
            maxSplits: 4,
            omittingEmptySubsequences: false
        )
        guard words.count >= 4 else { return false }
        var target = path
        if let query { target += Array("?".utf8) + query }
        return method == words[0] && Self.matches(target, words[1])
            && host == Array(words[2].dropFirst().utf8)
            && keepsAlive == (words[3] == "keeps")
            && Self.matches(body, words.count > 4 ? words[4] : "")
    }

    private static func matches(_ bytes: [UInt8], _ text: Substring) -> Bool {
        if text.hasPrefix("#"), let count = Int(text.dropFirst()) { return bytes.count == count }
        return bytes == CorpusCase.unescape(text)
    }
}
