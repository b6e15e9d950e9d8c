import Cryptography
import JSON

/// A place in the chain of the audit.
public struct AuditMark: Hashable, Sendable {
    /// The number of an entry; 0 before the first.
    public let number: Int64
    /// Its hash, 32 bytes.
    public let hash: [UInt8]

    public init(number: Int64, hash: [UInt8]) {
        self.number = number
        self.hash = hash
    }

    /// Before the first entry.
    public static let start = AuditMark(number: 0, hash: AuditChain.start)
}

/// An entry of the audit as it is stored, whether or not it can be read.
public struct AuditRecord: Hashable, Sendable {
    public let number: Int64
    /// As `AuditChain.bytes` made them.
    public let bytes: [UInt8]
    public let hash: [UInt8]

    public init(number: Int64, bytes: [UInt8], hash: [UInt8]) {
        self.number = number
        self.bytes = bytes
        self.hash = hash
    }

    /// One line of JSON: the entry with `hash` (base64url) as its last member. Without that member it
    /// is what the hash covers. An entry that cannot be read is given in base64url as `unreadable`.
    public var line: String {
        let isReadable = AuditChain.event(of: bytes) != nil && bytes.last == UInt8(ascii: "}")
        let hash = #""hash":"\#(Base64URL.encode(hash))"}"#
        guard isReadable, !bytes.contains(UInt8(ascii: "\n")) else {
            return #"{"number":\#(number),"unreadable":"\#(Base64URL.encode(bytes))",\#(hash)"#
        }
        return String(decoding: bytes.dropLast(), as: UTF8.self) + "," + hash
    }
}

/// Stored entries and the state of the chain, read at one moment.
public struct AuditPage: Hashable, Sendable {
    /// In the order of their numbers.
    public let records: [AuditRecord]
    /// Whether no entry follows them.
    public let isLast: Bool
    /// The last entry that retention has deleted.
    public let removed: AuditMark
    /// The last entry that was appended.
    public let head: AuditMark

    public init(records: [AuditRecord], isLast: Bool, removed: AuditMark, head: AuditMark) {
        self.records = records
        self.isLast = isLast
        self.removed = removed
        self.head = head
    }
}
