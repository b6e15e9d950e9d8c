/// Reads HTTP/1.1 requests from a growing buffer (RFC 9112). Strict: a request is refused if two
/// readers might disagree about its end or its meaning.
///
/// It owns no bytes and does no I/O. Each line is parsed once, when it is complete, so that a peer
/// that sends byte by byte costs no more than one that sends everything at once. Chunked content is
/// decoded in place, and so is contiguous.
public struct RequestParser: Sendable {
    /// The part of a request that the parser waits for.
    public enum Stage: Hashable, Sendable {
        /// The first byte of a request.
        case start
        /// The end of the header section.
        case head
        /// The end of the content.
        case body
    }

    private enum State {
        case start
        case requestLine
        case fields
        case fixedBody(length: Int)
        case chunkSize
        case chunkData(remaining: Int)
        case chunkEnd
        case trailers
    }

    /// May be changed between requests.
    public var limits: HTTPLimits
    private var state = State.start
    private var head = RequestHead()
    private var fields: [Request.FieldRange] = []
    /// The start of the message, after an empty line that may precede it.
    private var first = 0
    /// The next byte to read.
    private var position = 0
    /// There is no line feed between `position` and here.
    private var scanned = 0
    private var body = 0..<0
    /// Of the current request.
    private var bodyLimit = 0
    private var chunkOverhead = 0
    private var hasSkippedLine = false

    /// Makes room for the fields of an ordinary request.
    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
        fields.reserveCapacity(16)
    }

    /// The part that the next bytes belong to.
    public var stage: Stage {
        switch state {
        case .start: .start
        case .requestLine, .fields: .head
        case .fixedBody, .chunkSize, .chunkData, .chunkEnd, .trailers: .body
        }
    }

    /// After a request: the start of the next one.
    public var end: Int { position }

    /// Whether the current request is HEAD, and so an error is answered without content.
    public var isHead: Bool { stage != .start && head.method == .head }

    /// Continues in `buffer[start..<end]`. `start` is the start of the request. It must not change,
    /// and the bytes must not move (see `moved`), until the request is complete.
    ///
    /// Nil when more bytes are needed. After an error the parser must not be used until `reset`.
    public mutating func parse(
        _ buffer: inout [UInt8],
        from start: Int,
        to end: Int
    ) throws(RequestError) -> Request? {
        // allowed: a connection passes the ends of its own buffer.
        precondition(
            start >= 0 && start <= end && end <= buffer.count,
            "the range lies within the buffer"
        )
        while true {
            switch state {
            case .start:
                guard try begin(buffer.span, start, end) else { return nil }
                state = .requestLine
            case .requestLine, .fields:
                guard try readHead(buffer.span, end) else { return nil }
                state = bodyState()
            case .fixedBody(let length):
                guard end - position >= length else { return nil }
                body = position..<position + length
                position += length
                return finish(buffer)
            case .chunkSize, .chunkEnd, .trailers:
                guard try readChunkLine(buffer.span, end) else { return nil }
                if case .start = state { return finish(buffer) }
            case .chunkData(let remaining):
                let count = min(remaining, end - position)
                if count > 0 { move(count, in: &buffer) }
                guard count == remaining else {
                    state = .chunkData(remaining: remaining - count)
                    return nil
                }
                state = .chunkEnd
            }
        }
    }

    /// The bytes of the buffer were moved to the front by `distance`.
    public mutating func moved(by distance: Int) {
        func shifted(_ range: Range<Int>) -> Range<Int> {
            range.lowerBound - distance..<range.upperBound - distance
        }
        first -= distance
        position -= distance
        scanned -= distance
        body = shifted(body)
        head.path = shifted(head.path)
        head.query = shifted(head.query)
        head.authority = head.authority.map(shifted)
        head.host = head.host.map(shifted)
        let offset = Int32(truncatingIfNeeded: distance)
        for (index, field) in fields.enumerated() {
            fields[index] = Request.FieldRange(
                name: field.name.lowerBound - offset..<field.name.upperBound - offset,
                value: field.value.lowerBound - offset..<field.value.upperBound - offset
            )
        }
    }

    /// Whether the peer waits for `100 Continue` before it sends the content (RFC 9110 §10.1.1).
    /// True at most once per request, and only before content has arrived.
    public mutating func takeExpectation(bytesUpTo end: Int) -> Bool {
        guard head.expectsContinue, stage == .body else { return false }
        head.expectsContinue = false
        return head.minorVersion > 0 && position == end && body.isEmpty
    }

    /// The current request without its content, as far as it was read: of a request line that is
    /// refused or has not ended, the path alone. Nil before the path has ended. After an error it tells
    /// what the error is about.
    public func incomplete(_ buffer: [UInt8]) -> Request? {
        switch state {
        case .start: return nil
        case .requestLine:
            guard let path = RequestHead.path(in: buffer[first..<scanned]) else { return nil }
            var known = self
            known.head.path = path
            known.head.query = path.upperBound..<path.upperBound
            return known.request(buffer, content: path.upperBound..<path.upperBound)
        default: return request(buffer, content: position..<position)
        }
    }

    /// Lowers the limit for the content of the current request, whose head is complete.
    public mutating func limitContent(to limit: Int) throws(RequestError) {
        bodyLimit = min(bodyLimit, limit)
        var length = max(head.contentLength ?? 0, body.count)
        if case .chunkData(let remaining) = state { length += remaining }
        guard length <= bodyLimit else { throw .bodyTooLarge }
    }

    /// Drops the current request.
    public mutating func reset() {
        state = .start
        hasSkippedLine = false
    }

    // MARK: The head

    private mutating func begin(
        _ bytes: Span<UInt8>,
        _ start: Int,
        _ end: Int
    ) throws(RequestError) -> Bool {
        position = hasSkippedLine ? position : start
        guard position < end else { return false }
        // One empty line before a request is allowed (RFC 9112 §2.2).
        if bytes[unchecked: position] == 0x0D, !hasSkippedLine {
            guard position + 1 < end else { return false }
            guard bytes[unchecked: position + 1] == 0x0A else { throw .badRequestLine }
            position += 2
            hasSkippedLine = true
            guard position < end else { return false }
        }
        // Anything that does not start like a method is refused at once: a TLS handshake may never
        // contain a line feed.
        guard ByteClass.token.contains(bytes[unchecked: position]) else { throw .badRequestLine }
        first = position
        scanned = position
        body = 0..<0
        bodyLimit = limits.body
        chunkOverhead = 0
        hasSkippedLine = false
        head = RequestHead()
        fields.removeAll(keepingCapacity: true)
        return true
    }

    /// Reads lines up to the empty one. False when more bytes are needed.
    private mutating func readHead(
        _ bytes: Span<UInt8>,
        _ end: Int
    ) throws(RequestError) -> Bool {
        while true {
            let isRequestLine = if case .requestLine = state { true } else { false }
            // Nearly every line has come whole and has no control character but those of its end:
            // one search then finds the end and checks the content.
            var lineFeed: Int?
            let isClean: Bool
            if scanned == position, let stop = bytes.firstControl(from: position, to: end),
                stop + 1 < end, bytes[unchecked: stop] == 0x0D, bytes[unchecked: stop + 1] == 0x0A
            {
                lineFeed = stop + 1
                isClean = true
            } else {
                lineFeed = bytes.firstLineFeed(from: scanned, to: end)
                isClean = false
            }
            // The same bytes are refused for the same reason however they were cut up: the size is
            // checked before the content, and as if the line ended with what has come.
            let reached = lineFeed.map { $0 + 1 } ?? end
            scanned = reached
            if isRequestLine, reached - first > limits.requestLine { throw .targetTooLong }
            if reached - first > limits.head { throw .headTooLarge }
            guard let lineFeed else { return false }
            guard lineFeed > position, bytes[unchecked: lineFeed - 1] == 0x0D else {
                throw isRequestLine ? .badRequestLine : .badFieldLine
            }
            let line = position..<lineFeed - 1
            position = lineFeed + 1
            if isRequestLine {
                try head.readRequestLine(bytes, line, limits: limits)
                state = .fields
            } else if line.isEmpty {
                try head.check(limits: limits)
                return true
            } else {
                guard fields.count < limits.fields else { throw .headTooLarge }
                let field = try head.readField(bytes, line, isClean: isClean)
                if head.mayRepeat(bytes, field),
                    RequestHead.isRepeated(bytes, field, earlier: fields)
                {
                    throw .repeatedField
                }
                fields.append(field)
            }
        }
    }

    private mutating func bodyState() -> State {
        body = position..<position
        return head.coding == .chunked ? .chunkSize : .fixedBody(length: head.contentLength ?? 0)
    }

    // MARK: Chunked content

    /// Reads one line of chunked framing and sets the state that follows. False when more bytes
    /// are needed; `.start` when the content is whole.
    private mutating func readChunkLine(
        _ bytes: Span<UInt8>,
        _ end: Int
    ) throws(RequestError) -> Bool {
        let lineFeed = bytes.firstLineFeed(from: scanned, to: end)
        let reached = lineFeed.map { $0 + 1 } ?? end
        if chunkOverhead + (reached - position) > limits.chunkOverhead + body.count {
            throw .bodyTooLarge
        }
        if case .chunkEnd = state, reached - position > 2 { throw .badChunk }
        guard let lineFeed else {
            scanned = end
            return false
        }
        guard lineFeed > position, bytes[unchecked: lineFeed - 1] == 0x0D else { throw .badChunk }
        let line = position..<lineFeed - 1
        chunkOverhead += lineFeed + 1 - position
        position = lineFeed + 1
        scanned = position
        switch state {
        case .chunkSize:
            let size = try ChunkLine.size(bytes, line)
            guard size <= bodyLimit - body.count else { throw .bodyTooLarge }
            state = size == 0 ? .trailers : .chunkData(remaining: size)
        case .chunkEnd:
            guard line.isEmpty else { throw .badChunk }
            state = .chunkSize
        default:
            // Trailers are checked and dropped: no handler needs one (RFC 9110 §6.5.1).
            if line.isEmpty {
                state = .start
            } else {
                _ = try RequestHead.splitField(bytes, line, isClean: false)
            }
        }
        return true
    }

    /// Appends the next `count` bytes to the decoded content, which is before them.
    private mutating func move(_ count: Int, in buffer: inout [UInt8]) {
        let target = body.upperBound
        let source = position
        if target < source {
            buffer.withUnsafeMutableBufferPointer { bytes in
                guard let base = bytes.baseAddress else { return }
                (base + target).update(from: base + source, count: count)
            }
        }
        body = body.lowerBound..<target + count
        position += count
        scanned = position
    }

    private mutating func finish(_ buffer: [UInt8]) -> Request {
        state = .start
        return request(buffer, content: body)
    }

    private func request(_ buffer: [UInt8], content: Range<Int>) -> Request {
        Request(
            bytes: buffer,
            method: head.method,
            pathRange: head.path,
            queryRange: head.query,
            bodyRange: content,
            fieldRanges: fields,
            keepsAlive: !head.closes && (head.minorVersion > 0 || head.keepsAlive),
            hostRange: head.authority ?? head.host ?? 0..<0,
            minorVersion: head.minorVersion
        )
    }
}
