import Cryptography
public import Logins

/// The secret of a prompt link: whoever has it may see the prompt and decide.
///
/// It carries the login's number, so that it is found without an index over random values, and 256
/// random bits, of which only the hash is stored. It is good for nothing else and for no other login.
public struct PromptTicket: Sendable {
    public static let secretBytes = 32

    public let number: LoginNumber
    private let secret: [UInt8]

    /// A new ticket, different each time.
    public init(for number: LoginNumber) {
        self.number = number
        secret = Random.bytes(Self.secretBytes)
    }

    /// Reads a ticket as it stands in a link; nil when it is not one.
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

    /// What is stored: the number is hashed too, so that a ticket cannot be moved to another login.
    public var digest: PendingLogin.TicketDigest {
        SHA256.digest(Array("beckon-ticket-v1|\(number.rawValue)|".utf8) + secret)
    }

    /// Whether this ticket was issued for `login`. Takes the same time for every wrong one.
    public func opens(_ login: PendingLogin) -> Bool {
        let digest = digest
        return login.tickets.reduce(false) { ConstantTime.equal($1, digest) || $0 }
    }
}
