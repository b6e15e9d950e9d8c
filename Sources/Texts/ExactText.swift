/// A text that is compared, hashed and sorted by its bytes.
///
/// `String` compares characters: a composed and a decomposed letter are equal to it, and a long row
/// of combining marks takes it quadratic time to compare or hash. What a peer names is its bytes, and
/// a peer also chooses how many there are. So whatever a peer wrote is compared in this form.
///
///     switch name.exact {
///     case "login_id": …
///     default: …
///     }
public struct ExactText: Hashable, Comparable, Sendable, ExpressibleByStringLiteral,
    CustomStringConvertible
{
    /// The text as it is.
    public let text: String

    /// A text of any length.
    public init(_ text: String) { self.text = text }

    public init(stringLiteral text: String) { self.text = text }

    public var description: String { text }

    public static func == (left: Self, right: Self) -> Bool {
        left.text.isExactly(right.text)
    }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Compares bytes, which gives the order of code points.
    public static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }
}

extension String {
    /// The text, to be compared by its bytes.
    public var exact: ExactText { ExactText(self) }

    /// Whether two texts have the same bytes.
    public func isExactly(_ other: String) -> Bool {
        let (left, right) = (utf8Span.span, other.utf8Span.span)
        guard left.count == right.count else { return false }
        var index = 0
        while index + 8 <= left.count {
            guard left.eightBytes(at: index) == right.eightBytes(at: index) else { return false }
            index += 8
        }
        while index < left.count {
            guard left[index] == right[index] else { return false }
            index += 1
        }
        return true
    }
}

extension StringProtocol {
    /// Whether the text begins with these bytes.
    public func startsExactly(with start: String) -> Bool { utf8.starts(with: start.utf8) }

    /// The parts between these ASCII characters. Empty parts are left out, except where they are
    /// asked for.
    @inlinable
    public func split(
        byte separator: Unicode.Scalar,
        maxSplits: Int = .max,
        omittingEmptySubsequences: Bool = true
    ) -> [SubSequence] {
        utf8.split(
            separator: UInt8(ascii: separator),
            maxSplits: maxSplits,
            omittingEmptySubsequences: omittingEmptySubsequences
        ).map { self[$0.startIndex..<$0.endIndex] }
    }

    /// Whether every byte is ASCII. Comparing two such texts takes linear time.
    public var isASCII: Bool { utf8.allSatisfy { $0 < 0x80 } }
}

extension RawRepresentable<String> where Self: CaseIterable {
    /// The case whose raw value has these bytes; nil if there is none.
    @inlinable
    public init?(exactly text: String) {
        for found in Self.allCases where found.rawValue.isExactly(text) {
            self = found
            return
        }
        return nil
    }
}

extension Span<UInt8> {
    /// The caller has checked that they lie within the span.
    fileprivate func eightBytes(at index: Int) -> UInt64 {
        bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index, as: UInt64.self)
    }
}
