/// Hands messages to an SMTP server. `CurlClient` implements it.
public protocol MailTransport: Sendable {
    /// Makes one attempt. After an error that is not an answer the server may have taken the message.
    func send(_ envelope: MailEnvelope, by server: MailServer) async throws(MailError)
}

/// A message and who it is for.
public struct MailEnvelope: Sendable {
    /// Where bounces go.
    public var from: MailAddress
    public var to: MailAddress
    /// The message with CRLF line ends.
    public var message: [UInt8]

    /// A message and who it is for.
    public init(from: MailAddress, to: MailAddress, message: [UInt8]) {
        self.from = from
        self.to = to
        self.message = message
    }
}

/// How an SMTP server is reached.
public struct MailServer: Sendable {
    public enum Security: String, Sendable, CaseIterable {
        /// STARTTLS before anything else; without it nothing is sent.
        case starttls
        /// TLS from the first byte.
        case tls
        case none
    }

    /// Name or address, IPv6 without brackets.
    public var host: String
    public var port: Int
    public var security: Security
    /// A PEM file of certificate authorities; nil for the system's.
    public var authorities: String?
    /// Nil does not authenticate.
    public var user: String?
    /// The password as it is now.
    public var password: @Sendable () -> [UInt8]
    /// For the whole exchange.
    public var timeLimit: Duration

    /// A server.
    public init(
        host: String,
        port: Int,
        security: Security,
        authorities: String? = nil,
        user: String? = nil,
        password: @escaping @Sendable () -> [UInt8] = { [] },
        timeLimit: Duration = .seconds(20)
    ) {
        self.host = host
        self.port = port
        self.security = security
        self.authorities = authorities
        self.user = user
        self.password = password
        self.timeLimit = timeLimit
    }
}

/// Why a message was not taken.
public enum MailError: Error, Hashable, Sendable {
    /// There was no answer, or none that could be used: the reason.
    case failed(String)
    /// The server refused the message with a code of RFC 5321 §4.2, 400 to 599.
    case refused(code: Int)
    /// The server refused the recipient.
    case recipientRefused(code: Int)
}

extension MailError: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .failed(let reason): reason
        case .refused(let code): "the mail server refused the message with code \(code)"
        case .recipientRefused(let code): "the mail server refused the recipient with code \(code)"
        }
    }
}
