/// Appending text to reserved room: one check of the room for each piece, and constants are stored
/// directly. Arrays check their uniqueness and their room each time, which costs more than the
/// bytes.
///
/// Inlinable, because it is for the few places that write something for every request.
extension OutputSpan<UInt8> {
    @inlinable @inline(__always)
    package mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { append($0) }
    }

    @inlinable @inline(__always)
    package mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { append($0) }
    }

    @inlinable @inline(__always)
    package mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let source = bytes.baseAddress else { return }
        // allowed: whoever writes has reserved the sum of the lengths.
        precondition(bytes.count <= freeCapacity, "the room was reserved")
        withUnsafeMutableBufferPointer { room, count in
            guard let base = room.baseAddress else { return }
            (base + count).initialize(from: source, count: bytes.count)
            count += bytes.count
        }
    }

    @inlinable @inline(__always)
    package mutating func append(copying bytes: borrowing Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append($0) }
    }

    /// At most 20 digits.
    @inlinable
    package mutating func append(decimal number: UInt64) {
        var digits = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        append(decimal: number, digits: digits)
    }

    /// The last `digits` digits, zeros in front.
    @inlinable
    package mutating func append(decimal number: UInt64, digits: Int) {
        // allowed: whoever writes has reserved room for the digits.
        precondition(digits <= freeCapacity, "the room was reserved")
        withUnsafeMutableBufferPointer { room, count in
            guard let base = room.baseAddress else { return }
            var rest = number
            var index = count &+ digits
            while index > count {
                index &-= 1
                (base + index)
                    .initialize(to: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            }
            count &+= digits
        }
    }
}
