import COpenSSL

/// Why a context cannot be made or a session fails.
public enum TLSError: Error, Hashable, Sendable {
    /// OpenSSL could not allocate a context or a session.
    case noMemory
    /// A file cannot be read or parsed, or the key does not match the certificate.
    case unusableFile(String, reason: String)
    /// The peer's certificate, protocol version or data is not accepted.
    case refused(reason: String)

    /// The first entry of this thread's error queue. Clears the queue.
    static func takeReason() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else { return "unknown" }
        return unsafe String(cString: text)
    }
}

extension TLSError: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .noMemory: "no memory for TLS"
        case .unusableFile(let path, let reason): "\(path): \(reason)"
        case .refused(let reason): reason
        }
    }
}
