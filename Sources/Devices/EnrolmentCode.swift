import Cryptography
import Texts

/// The code that a person types or scans: `7K3M-Q9TX-4HWD`. Four characters find the enrolment, the
/// other eight are 40 random bits.
public struct EnrolmentCode: Hashable, Sendable {
    /// Twelve characters of Crockford's Base 32, without dashes.
    private let characters: String

    private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    private static let length = 12

    /// A new one, from 60 random bits.
    public init() {
        // 256 is a multiple of 32, so every character is equally likely.
        let bytes = Random.bytes(Self.length).map { Self.alphabet[Int($0 & 31)] }
        characters = String(decoding: bytes, as: UTF8.self)
    }

    /// Reads what a person typed: dashes and spaces do not matter, nor does the case, nor whether O is
    /// written for 0 and I or L for 1. Nil for anything else.
    public init?(_ text: String) {
        guard text.utf8.count <= 64 else { return nil }
        var read: [UInt8] = []
        for byte in text.utf8 {
            let upper = byte &- 0x61 < 26 ? byte & 0xDF : byte
            switch upper {
            case UInt8(ascii: "-"), UInt8(ascii: " "): continue
            case UInt8(ascii: "O"): read.append(UInt8(ascii: "0"))
            case UInt8(ascii: "I"), UInt8(ascii: "L"): read.append(UInt8(ascii: "1"))
            default:
                guard Self.alphabet.contains(upper) else { return nil }
                read.append(upper)
            }
        }
        guard read.count == Self.length else { return nil }
        characters = String(decoding: read, as: UTF8.self)
    }

    /// With dashes, as it is shown.
    public var text: String {
        let parts = stride(from: 0, to: Self.length, by: 4).map {
            String(decoding: characters.utf8.dropFirst($0).prefix(4), as: UTF8.self)
        }
        return parts.joined(separator: "-")
    }

    /// Finds the enrolment.
    public var locator: String { String(decoding: characters.utf8.prefix(4), as: UTF8.self) }

    /// What is stored: SHA-256 of the whole code.
    public var digest: [UInt8] {
        SHA256.digest(Array("beckon-enrolment-v1".utf8) + Array(characters.utf8))
    }
}

extension EnrolmentCode: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "an enrolment code" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
