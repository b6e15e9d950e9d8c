import HTTP
import Synchronization

/// The trace that a request belongs to (W3C Trace Context, `traceparent`).
public struct TraceContext: Hashable, Sendable {
    /// The trace, 128 bits, never all zero.
    public let trace: (high: UInt64, low: UInt64)
    /// The span of the caller, or of this service after `child`; never zero.
    public let span: UInt64
    /// Whether the start of the trace records it.
    public let isSampled: Bool

    /// Bytes of a `traceparent` of version 00.
    public static let length = 55

    /// A context from its parts; nil when an identifier is zero.
    public init?(trace: (high: UInt64, low: UInt64), span: UInt64, isSampled: Bool) {
        guard trace.high | trace.low != 0, span != 0 else { return nil }
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
    }

    /// Parses a `traceparent` strictly; nil when it is invalid, and so must be ignored (§3.2).
    public init?(_ bytes: some RandomAccessCollection<UInt8>) {
        guard bytes.count >= Self.length else { return nil }
        var rest = bytes[...]
        func dash() -> Bool { rest.popFirstByte() == UInt8(ascii: "-") }
        guard let version = rest.takeHex(2), version != 0xFF,
            // Later versions may add fields after another dash (§4.3).
            version == 0 ? bytes.count == Self.length : true,
            dash(), let high = rest.takeHex(16), let low = rest.takeHex(16), dash(),
            let span = rest.takeHex(16), dash(), let flags = rest.takeHex(2),
            rest.isEmpty || rest.first == UInt8(ascii: "-")
        else { return nil }
        self.init(trace: (high, low), span: span, isSampled: flags & 1 == 1)
    }

    /// A new trace.
    public static func begin() -> TraceContext {
        TraceContext(
            unchecked: (TraceIdentifiers.next(), TraceIdentifiers.next()),
            span: TraceIdentifiers.next(),
            isSampled: false
        )
    }

    /// The same trace with a new span.
    public func child() -> TraceContext {
        TraceContext(unchecked: trace, span: TraceIdentifiers.next(), isSampled: isSampled)
    }

    private init(unchecked trace: (high: UInt64, low: UInt64), span: UInt64, isSampled: Bool) {
        self.trace = trace
        self.span = span
        self.isSampled = isSampled
    }

    /// The `traceparent` for a request that is sent within this span.
    public var traceparent: String {
        let bytes = [UInt8](capacity: Self.length) { bytes in
            bytes.append("00-")
            appendTrace(to: &bytes)
            bytes.append("-")
            appendSpan(to: &bytes)
            bytes.append(isSampled ? "-01" : "-00")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func appendTrace(to bytes: inout OutputSpan<UInt8>) {
        bytes.append(hex: trace.high)
        bytes.append(hex: trace.low)
    }

    func appendSpan(to bytes: inout OutputSpan<UInt8>) { bytes.append(hex: span) }

    /// Equal in every part.
    public static func == (left: Self, right: Self) -> Bool {
        left.trace == right.trace && left.span == right.span && left.isSampled == right.isSampled
    }

    /// The span is enough to tell contexts apart.
    public func hash(into hasher: inout Hasher) { hasher.combine(span) }
}

/// Identifiers that are unique, not secret: a counter from a random start, mixed (SplitMix64).
/// The system's generator would cost more than the rest of a log line.
private enum TraceIdentifiers {
    private static let counter = Atomic<UInt64>(UInt64.random(in: 1 ... .max))

    static func next() -> UInt64 {
        var mixed = counter.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return mixed == 0 ? 1 : mixed
    }
}

extension RandomAccessCollection where Element == UInt8, SubSequence == Self {
    fileprivate mutating func popFirstByte() -> UInt8? {
        guard let first else { return nil }
        self = dropFirst()
        return first
    }

    /// Lower-case hexadecimal digits only (§3.2.2).
    fileprivate mutating func takeHex(_ count: Int) -> UInt64? {
        var value: UInt64 = 0
        for _ in 0..<count {
            switch popFirstByte() {
            case .some(let byte) where byte &- 0x30 < 10: value = value << 4 | UInt64(byte - 0x30)
            case .some(let byte) where byte &- 0x61 < 6: value = value << 4 | UInt64(byte - 0x57)
            default: return nil
            }
        }
        return value
    }
}

extension OutputSpan<UInt8> {
    fileprivate mutating func append(hex number: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 15
            append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }
}
