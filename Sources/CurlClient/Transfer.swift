import CCurl
import HTTP
import Threads

/// One exchange: the request, the task that waits for it, and the response so far.
///
/// It classifies its own failure, because only it knows how much of the request was sent.
final class Transfer: @unchecked Sendable {
    // Invariant behind @unchecked: the mutable state is used by the task that made it until it is
    // posted to the mailbox, and by the loop's thread from then on; the mailbox's lock is between.

    typealias Answer = Result<OutboundResponse, OutboundError>

    /// Why a callback stopped the transfer.
    enum Stop {
        case bodyTooLong
        case headTooLong
        case forbidden(String)
        /// The connection ended after the request was sent, and libcurl wants to send it again.
        case repetition
    }

    /// Far more than a real server sends, and far less than would be a problem.
    static let headLimit = 64 << 10
    static let fieldLimit = 200

    let request: OutboundRequest
    let route: TransferRoute
    let deadline: ContinuousClock.Instant
    /// The result of a `lookup`; read by the task that waits for it, not by the loop's thread.
    var addresses: [InternetAddress] { found.withLock { $0 } }
    private let found = Locked<[InternetAddress]>([])
    /// Gets the body of a 2xx answer, which is then not kept.
    private let take: (@Sendable ([UInt8]) -> Void)?
    var waiter: CheckedContinuation<Answer, Never>?
    /// The handle that runs it, while it runs.
    var handle: EasyHandle?
    var isAbandoned = false

    private var status = 0
    private var fields: [Field] = []
    private var body: [UInt8] = []
    private var headBytes = 0
    /// The head of the final response is complete.
    private var hasHead = false
    private var stop: Stop?
    /// The connection is ready, and the request is about to be sent or was sent.
    private var hasStarted = false
    private var refusedAddress: String?
    private var hasOpenedSocket = false

    init(
        _ request: OutboundRequest,
        by route: TransferRoute,
        until deadline: ContinuousClock.Instant,
        take: (@Sendable ([UInt8]) -> Void)? = nil
    ) {
        self.request = request
        self.route = route
        self.deadline = deadline
        self.take = take
    }

    func finish(_ answer: Answer) {
        handle = nil
        waiter?.resume(returning: answer)
        waiter = nil
    }

    // MARK: Callbacks of libcurl, on the loop's thread

    /// Whether a connection may be opened to an address.
    func mayOpen(_ address: InternetAddress?) -> Bool {
        switch route {
        // The only connection is to the proxy, whose address comes from the configuration.
        case .free, .proxy: break
        case .lookup:
            if let address { found.withLock { $0.append(address) } }
            return false
        case .direct:
            guard address?.isPublic == true else {
                refusedAddress = address?.description ?? "an address of unknown kind"
                return false
            }
        }
        hasOpenedSocket = true
        return true
    }

    /// Whether the request may be sent on the connection that libcurl chose for it.
    func mayBegin(connectedTo address: String) -> Bool {
        if hasStarted, !request.method.isSafe {
            stop = .repetition
            return false
        }
        switch route {
        case .free, .proxy: break
        case .lookup: return false
        case .direct:
            // A pooled connection may have been opened for a destination that allows every address.
            guard InternetAddress(address)?.isPublic == true else {
                stop = .forbidden(address)
                return false
            }
        }
        hasStarted = true
        return true
    }

    /// Takes one line of a head, including its line end. False when there are too many.
    func takeHeadLine(_ line: Span<UInt8>) -> Bool {
        // After the head come trailer fields, which are not used (RFC 9110 §6.5.1).
        if hasHead { return true }
        headBytes += line.count
        guard headBytes <= Self.headLimit, fields.count < Self.fieldLimit else {
            stop = .headTooLong
            return false
        }
        var end = line.count
        while end > 0, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
        if end == 0 {
            hasHead = status >= 200
        } else if Self.isStatusLine(line, end) {
            // Each interim response (RFC 9110 §15.2) has its own head.
            status = Self.status(line, end)
            fields.removeAll(keepingCapacity: true)
        } else if let colon = (0..<end).first(where: { line[$0] == UInt8(ascii: ":") }) {
            fields.append(Field(Self.text(line, 0, colon), Self.text(line, colon + 1, end)))
        }
        return true
    }

    private static func isStatusLine(_ line: Span<UInt8>, _ end: Int) -> Bool {
        end >= 5 && line[0] == UInt8(ascii: "H") && line[1] == UInt8(ascii: "T")
            && line[2] == UInt8(ascii: "T") && line[3] == UInt8(ascii: "P")
            && line[4] == UInt8(ascii: "/")
    }

    /// The number after the first space; 0 when there is none.
    private static func status(_ line: Span<UInt8>, _ end: Int) -> Int {
        guard var place = (0..<end).first(where: { line[$0] == 0x20 }) else { return 0 }
        while place < end, line[place] == 0x20 { place += 1 }
        var number = 0
        while place < end, line[place] != 0x20 {
            let digit = line[place] &- UInt8(ascii: "0")
            guard digit < 10, number < 100 else { return 0 }
            number = 10 * number + Int(digit)
            place += 1
        }
        return number
    }

    /// Takes a part of the body. False when the body is too long.
    func takeBody(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let take, (200..<300).contains(status) {
            take(unsafe [UInt8](bytes))
            return true
        }
        guard body.count + bytes.count <= request.responseLimit else {
            stop = .bodyTooLong
            return false
        }
        unsafe body.append(contentsOf: bytes)
        return true
    }

    /// A part of a line as text, without the white space around it.
    private static func text(_ line: Span<UInt8>, _ start: Int, _ end: Int) -> String {
        var (start, end) = (start, end)
        while start < end, line[start] == 0x20 || line[start] == 0x09 { start += 1 }
        while start < end, line[end - 1] == 0x20 || line[end - 1] == 0x09 { end -= 1 }
        let part = line.extracting(start..<end)
        if let text = try? UTF8Span(validating: part) { return String(copying: text) }
        return unsafe part.withUnsafeBufferPointer {
            unsafe String(decoding: $0, as: UTF8.self)
        }
    }

    // MARK: Results

    func answer(_ code: CURLcode, _ text: String) -> Answer {
        guard code == CURLE_OK else { return .failure(failure(code, text)) }
        guard hasHead else { return .failure(failure(code, "the head is not complete")) }
        return .success(OutboundResponse(status: status, fields: fields, body: body))
    }

    /// The error if the transfer is abandoned now.
    func interruption(_ reason: String) -> OutboundError {
        hasStarted ? .ambiguous(reason) : .notSent(reason)
    }

    private func failure(_ code: CURLcode, _ text: String) -> OutboundError {
        switch stop {
        case .bodyTooLong:
            return .unusableAnswer("the body is longer than \(request.responseLimit) bytes")
        case .headTooLong:
            return .unusableAnswer("the head is longer than \(Self.headLimit) bytes")
        case .forbidden(let address): return .forbiddenAddress(address)
        case .repetition: return .ambiguous("the connection ended before an answer")
        case nil: break
        }
        // A final response had started. An interim response says nothing about the outcome.
        if status >= 200 { return .unusableAnswer("the answer was cut off: \(text)") }
        return hasStarted ? failureAfterStart(code, text) : failureBeforeStart(code, text)
    }

    private func failureBeforeStart(_ code: CURLcode, _ text: String) -> OutboundError {
        switch code {
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL, CURLE_LOGIN_DENIED,
            CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE, CURLE_BAD_FUNCTION_ARGUMENT:
            return .invalid(text)
        default:
            if let refusedAddress, !hasOpenedSocket { return .forbiddenAddress(refusedAddress) }
            return .notSent(text)
        }
    }

    /// libcurl counts what it wrote (`CURLINFO_REQUEST_SIZE`), but not the part that had to wait
    /// for room in the socket. So once sending may have started, it is unknown whether something
    /// was sent.
    private func failureAfterStart(_ code: CURLcode, _ text: String) -> OutboundError {
        switch code {
        // Unsupported protocol: the answer is not an HTTP/1 response.
        case CURLE_WEIRD_SERVER_REPLY, CURLE_UNSUPPORTED_PROTOCOL,
            CURLE_BAD_CONTENT_ENCODING:
            .unusableAnswer(text)
        default: .ambiguous(text)
        }
    }
}

extension Method {
    /// Safe methods may be sent twice (RFC 9110 §9.2.1).
    var isSafe: Bool {
        switch self {
        case .get, .head, .options: true
        case .post, .put, .patch, .delete, .other: false
        }
    }
}
