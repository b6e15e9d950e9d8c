import COpenSSL

/// Why a context cannot be made or a session cannot go on.
public enum TLSError: Error, Hashable, Sendable {
    /// The library gave no memory for a context or a session.
    case noMemory
    /// A file cannot be read, holds no such thing, or the key is not the certificate's.
    case unusableFile(String, reason: String)
    /// The peer's certificate, its protocol version, or what it sent.
    case refused(reason: String)

    /// The newest entry of this thread's error queue, which is empty afterwards.
    static func takeReason() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else { return "unknown" }
        return unsafe String(cString: text)
    }
}
