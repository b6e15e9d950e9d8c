/// Reads CBOR in CTAP2's canonical form (CTAP 2.1 §8): definite lengths, shortest numbers, each key
/// once, and at most four levels. It never allocates by a length that the bytes only claim.
public struct CBORDecoder: Sendable {
    /// The order of a map's keys.
    public enum Order: Hashable, Sendable {
        /// CTAP2 §8, as authenticators write: by type, then by length, then by bytes.
        case canonical
        /// Any, as browsers may write the attestation object.
        case any
    }

    /// How deeply arrays and maps may be nested (CTAP2 §8).
    public static let depth = 4

    private let bytes: [UInt8]
    private let order: Order
    /// The position of the next byte that is not read yet.
    public private(set) var offset: Int

    /// Reads from `offset` on, which is within the bytes or at their end.
    public init(_ bytes: [UInt8], from offset: Int = 0, order: Order = .canonical) {
        self.bytes = bytes
        self.order = order
        self.offset = min(max(offset, 0), bytes.count)
    }

    /// The next value. What follows it is left.
    ///
    /// - Throws: `CBORError`.
    public mutating func value() throws(CBORError) -> CBOR { try value(depth: 0) }

    /// Whether everything is read.
    ///
    /// - Throws: `CBORError` with `.trailingBytes`.
    public func end() throws(CBORError) {
        guard offset == bytes.count else { throw CBORError(.trailingBytes, at: offset) }
    }

    private mutating func value(depth: Int) throws(CBORError) -> CBOR {
        let start = offset
        let (major, argument) = try head()
        switch major {
        case 0: return .unsigned(argument)
        case 1: return .negative(argument)
        case 2: return .bytes(try string(argument, at: start))
        case 3:
            guard let text = String(validating: try string(argument, at: start), as: UTF8.self)
            else { throw CBORError(.badUTF8, at: start) }
            return .text(text)
        case 4:
            let count = try count(argument, bytesEach: 1, depth: depth, at: start)
            var values: [CBOR] = []
            for _ in 0..<count { values.append(try value(depth: depth + 1)) }
            return .array(values)
        case 5:
            let count = try count(argument, bytesEach: 2, depth: depth, at: start)
            return .map(try entries(count, depth: depth + 1))
        default:
            switch argument {
            case 20: return .bool(false)
            case 21: return .bool(true)
            default: return .null
            }
        }
    }

    private mutating func entries(_ count: Int, depth: Int) throws(CBORError) -> [CBOR.Entry] {
        var entries: [CBOR.Entry] = []
        var known: Set<[UInt8]> = []
        var last: [UInt8] = []
        for _ in 0..<count {
            let start = offset
            let key = try value(depth: depth)
            switch key {
            case .unsigned, .negative, .text: break
            case .bytes, .array, .map, .bool, .null: throw CBORError(.badKey, at: start)
            }
            // Numbers and lengths have one form only, so equal keys have equal bytes.
            let form = Array(bytes[start..<offset])
            guard known.insert(form).inserted else { throw CBORError(.duplicateKey, at: start) }
            if order == .canonical, !last.isEmpty, !Self.isInOrder(last, form) {
                throw CBORError(.unsorted, at: start)
            }
            last = form
            entries.append(.init(key, try value(depth: depth)))
        }
        return entries
    }

    private static func isInOrder(_ first: [UInt8], _ second: [UInt8]) -> Bool {
        if first[0] >> 5 != second[0] >> 5 { return first[0] >> 5 < second[0] >> 5 }
        if first.count != second.count { return first.count < second.count }
        return first.lexicographicallyPrecedes(second)
    }

    /// The major type and its number (RFC 8949 §3). Of major type 7 only the three simple values that
    /// are read.
    private mutating func head() throws(CBORError) -> (major: UInt8, argument: UInt64) {
        let start = offset
        guard start < bytes.count else { throw CBORError(.unexpectedEnd, at: start) }
        let (major, short) = (bytes[start] >> 5, bytes[start] & 31)
        offset += 1
        guard major != 6, major != 7 || (20...22).contains(short) else {
            throw CBORError(.unsupported, at: start)
        }
        switch short {
        case 0..<24: return (major, UInt64(short))
        case 24...27:
            let width = 1 << Int(short - 24)
            guard bytes.count - offset >= width else { throw CBORError(.unexpectedEnd, at: start) }
            var argument: UInt64 = 0
            for byte in bytes[offset..<offset + width] { argument = argument << 8 | UInt64(byte) }
            offset += width
            // Each form begins where the one before it ends.
            let least: UInt64 = width == 1 ? 24 : 1 << (UInt64(width) * 4)
            guard argument >= least else { throw CBORError(.notShortest, at: start) }
            return (major, argument)
        case 31 where (2...5).contains(major): throw CBORError(.indefiniteLength, at: start)
        default: throw CBORError(.unsupported, at: start)
        }
    }

    private mutating func string(_ length: UInt64, at start: Int) throws(CBORError) -> [UInt8] {
        guard let length = Int(exactly: length), length <= bytes.count - offset else {
            throw CBORError(.unexpectedEnd, at: start)
        }
        defer { offset += length }
        return Array(bytes[offset..<offset + length])
    }

    /// A claimed number of elements, if there is a byte for each.
    private func count(
        _ claimed: UInt64,
        bytesEach: Int,
        depth: Int,
        at start: Int
    ) throws(CBORError) -> Int {
        guard depth < Self.depth else { throw CBORError(.tooDeep, at: start) }
        guard let count = Int(exactly: claimed), count <= (bytes.count - offset) / bytesEach else {
            throw CBORError(.unexpectedEnd, at: start)
        }
        return count
    }
}
