import Cryptography
public import Logins

/// The secret that the tickets of all logins are made with. A process that is started again makes the
/// same ticket as the one before, so that a link that was sent stays valid, and is sent again as it
/// was.
public struct TicketKey: Sendable {
    /// Bytes of a key.
    public static let length = 32

    private let secret: [UInt8]

    /// A new key.
    public init() { secret = Random.bytes(Self.length) }

    /// A key that was kept; nil unless it has `length` bytes.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == Self.length else { return nil }
        secret = bytes
    }

    /// For keeping the key. Secret.
    public var bytes: [UInt8] { secret }

    /// The ticket of a login's question.
    ///
    /// `nonce` is the question's. It is random, so that a login that gets the number of another one, in
    /// a new database, does not get its ticket too.
    public func ticket(for number: LoginNumber, nonce: [UInt8]) -> PromptTicket {
        let name = Array("beckon-ticket-key-v1|\(number.rawValue)|".utf8)
        return PromptTicket(number: number, secret: HMAC.sha256(key: secret, name + nonce))
    }
}
