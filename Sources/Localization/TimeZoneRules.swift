/// The rules of one time zone, read from a TZif file (RFC 9636): the recorded changes of its offset,
/// and the rule for the time after the last of them.
public struct TimeZoneRules: Sendable {
    private let transitions: [Int]
    /// Seconds east of UTC, one for each transition.
    private let offsets: [Int]
    /// The offset before the first transition.
    private let firstOffset: Int
    /// The rule after the last transition.
    private let footer: ClockRule?

    /// A zone with a fixed offset, in seconds east of UTC.
    init(offset: Int) {
        transitions = []
        offsets = []
        firstOffset = offset
        footer = nil
    }

    /// Nil when the bytes are not a valid TZif file.
    init?(_ bytes: [UInt8]) {
        var reader = Reader(bytes)
        guard var header = Header(&reader) else { return nil }
        var width = 4
        if header.version >= UInt8(ascii: "2") {
            // The first block is for readers of version 1, with 32-bit times.
            guard reader.skip(header.length(timeWidth: 4)), let second = Header(&reader) else {
                return nil
            }
            header = second
            width = 8
        }
        guard header.types > 0, header.length(timeWidth: width) <= reader.left else { return nil }
        let times = (0..<header.times).map { _ in reader.integer(width) }
        let indexes = (0..<header.times).map { _ in reader.integer(1) & 0xFF }
        let types = (0..<header.types).map { _ in
            let offset = reader.integer(4)
            _ = reader.skip(2)
            return offset
        }
        guard indexes.allSatisfy({ $0 < types.count }),
            zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }),
            types.allSatisfy({ (-93_600...93_600).contains($0) }),
            reader.skip(header.characters + header.leaps * (width + 4) + header.flags)
        else { return nil }
        transitions = times
        offsets = indexes.map { types[$0] }
        firstOffset = types[0]
        let tail = reader.rest.filter { $0 != 0x0A }
        footer =
            width == 8 && !tail.isEmpty ? ClockRule(String(decoding: tail, as: UTF8.self)) : nil
    }

    /// Seconds east of UTC at a time in seconds since 1970.
    public func offset(at time: Int) -> Int {
        if let last = transitions.last, time >= last {
            return footer?.offset(at: time) ?? offsets[offsets.count - 1]
        }
        // The last transition that is not after the time.
        var low = 0
        var high = transitions.count
        while low < high {
            let middle = (low + high) / 2
            if transitions[middle] <= time { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else {
            return transitions.isEmpty ? footer?.offset(at: time) ?? firstOffset : firstOffset
        }
        return offsets[low - 1]
    }

    /// RFC 9636 §3.1.
    private struct Header {
        let version: UInt8
        /// Both kinds of flags, one byte each.
        let flags: Int
        let leaps: Int
        let times: Int
        let types: Int
        let characters: Int

        init?(_ reader: inout Reader) {
            guard reader.left >= 44, reader.take(4) == Array("TZif".utf8) else { return nil }
            version = UInt8(truncatingIfNeeded: reader.integer(1))
            _ = reader.skip(15)
            let counts = (0..<6).map { _ in reader.integer(4) }
            // No zone has as many; larger counts could overflow.
            guard counts.allSatisfy({ (0...100_000).contains($0) }) else { return nil }
            flags = counts[0] + counts[1]
            leaps = counts[2]
            times = counts[3]
            types = counts[4]
            characters = counts[5]
        }

        func length(timeWidth width: Int) -> Int {
            times * (width + 1) + types * 6 + characters + leaps * (width + 4) + flags
        }
    }

    private struct Reader {
        private let bytes: [UInt8]
        private var index = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        var left: Int { bytes.count - index }
        var rest: ArraySlice<UInt8> { bytes[index...] }

        mutating func skip(_ count: Int) -> Bool {
            guard count <= left else { return false }
            index += count
            return true
        }

        mutating func take(_ count: Int) -> [UInt8] {
            defer { index += count }
            return Array(bytes[index..<(index + count)])
        }

        /// A signed number, most significant byte first. The caller has checked the length.
        mutating func integer(_ width: Int) -> Int {
            let bytes = take(width)
            let start = Int(Int8(bitPattern: bytes[0]))
            return bytes.dropFirst().reduce(start) { $0 << 8 | Int($1) }
        }
    }
}
