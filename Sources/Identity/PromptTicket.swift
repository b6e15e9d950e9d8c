import Cryptography
public import Logins

/// The secret of a prompt link: whoever has it can see the prompt and decide.
///
/// It contains the login's number, so that no index over random values is needed, and 256 bits that
/// only a `TicketKey` can tell, of which the hash is stored. It is valid for one login only.
public struct PromptTicket: Sendable {
    public static let secretBytes = 32

    public let number: LoginNumber
    private let secret: [UInt8]

    /// `secret` has `secretBytes` bytes.
    init(number: LoginNumber, secret: [UInt8]) {
        self.number = number
        self.secret = secret
    }

    /// Reads the ticket of a link; nil when it is not one.
    public init?(_ text: String) {
        guard text.utf8.count == Self.encodedLength, let bytes = Base64URL.decode(text),
            bytes.count == 8 + Self.secretBytes
        else { return nil }
        let number = bytes[..<8].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        guard number > 0 else { return nil }
        self.number = LoginNumber(number)
        secret = Array(bytes[8...])
    }

    /// 40 bytes in base64url without padding.
    public static let encodedLength = 54

    /// URL-safe text. Secret.
    public var text: String {
        let number = (0..<8).map {
            UInt8(truncatingIfNeeded: self.number.rawValue >> (56 - 8 * $0))
        }
        return Base64URL.encode(number + secret)
    }

    /// What is stored. The number is hashed too, so that a ticket cannot be used for another login.
    public var digest: PendingLogin.TicketDigest {
        SHA256.digest(Array("beckon-ticket-v1|\(number.rawValue)|".utf8) + secret)
    }

    /// Whether this ticket was issued for `login`. Takes the same time for every wrong ticket.
    public func opens(_ login: PendingLogin) -> Bool { isAmong(login.tickets) }

    /// Whether these are the digests of a login that this ticket opens.
    public func isAmong(_ tickets: [PendingLogin.TicketDigest]) -> Bool {
        let digest = digest
        return tickets.reduce(false) { ConstantTime.equal($1, digest) || $0 }
    }
}
