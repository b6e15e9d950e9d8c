/// Why a request cannot be read. The connection ends after each of them, because the start of the
/// next request is unknown.
public enum RequestError: Error, Hashable, Sendable, CaseIterable {
    case badRequestLine
    case badTarget
    case targetTooLong
    case unsupportedVersion
    case badFieldLine
    case headTooLarge
    case badHost
    /// A field that has one value was sent twice (RFC 9110 §5.3).
    case repeatedField
    case badContentLength
    /// Both `Content-Length` and `Transfer-Encoding`: used for request smuggling.
    case conflictingLengths
    case badTransferEncoding
    case unsupportedTransferEncoding
    case badChunk
    case bodyTooLarge
    case unmetExpectation
    /// The head or the body did not arrive in time.
    case tooSlow
    /// What all peers, or those of one address, have sent without completing it is too much.
    case tooMuchPending
    /// `Forwarded` or `X-Forwarded-For` from a peer that is no trusted proxy.
    case forgedForwarding
    /// `Forwarded` or `X-Forwarded-For` of a trusted proxy that cannot be read, or that contradict
    /// each other.
    case badForwarding

    /// The status to answer with (RFC 9110 §15).
    public var status: Int {
        switch self {
        case .badRequestLine, .badTarget, .badFieldLine, .badHost, .repeatedField,
            .badContentLength, .conflictingLengths, .badTransferEncoding, .badChunk, .badForwarding:
            400
        case .forgedForwarding: 403
        case .tooSlow: 408
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .unmetExpectation: 417
        case .headTooLarge: 431
        case .unsupportedTransferEncoding: 501
        case .tooMuchPending: 503
        case .unsupportedVersion: 505
        }
    }

    /// The error for the peer. It never contains what the peer sent.
    public var detail: StaticString {
        switch self {
        case .badRequestLine: "The request line is malformed."
        case .badTarget: "The request target is malformed."
        case .targetTooLong: "The request target is too long."
        case .unsupportedVersion: "Only HTTP/1.0 and HTTP/1.1 are supported."
        case .badFieldLine: "A header field line is malformed."
        case .headTooLarge: "The header section is too large."
        case .badHost: "The Host field is missing, repeated or malformed."
        case .repeatedField: "A field that must be sent once is repeated."
        case .badContentLength: "Content-Length is repeated or malformed."
        case .conflictingLengths: "Content-Length and Transfer-Encoding must not be combined."
        case .badTransferEncoding: "Transfer-Encoding is malformed or not allowed here."
        case .unsupportedTransferEncoding: "Only the chunked transfer coding is supported."
        case .badChunk: "The chunked content is malformed."
        case .bodyTooLarge: "The content is too large."
        case .unmetExpectation: "Only the expectation 100-continue is supported."
        case .tooMuchPending: "Too many requests are incomplete."
        case .forgedForwarding:
            "Forwarded and X-Forwarded-For are accepted from trusted proxies only."
        case .badForwarding: "Forwarded or X-Forwarded-For is malformed."
        case .tooSlow: "The request did not arrive in time."
        }
    }
}

extension RequestError: CustomStringConvertible {
    /// A sentence.
    public var description: String { "\(detail)" }
}
