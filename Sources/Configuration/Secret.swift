/// A value that must never be seen: printing, interpolating, dumping or describing it shows nothing.
public struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let bytes: [UInt8]

    /// Keeps `bytes` from here on.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Keeps a text as its UTF-8 bytes.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// Lends the value: the only way in.
    public func withBytes<Result, Failure: Error>(
        _ body: ([UInt8]) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(bytes)
    }

    /// Lends the value as text.
    public func withText<Result, Failure: Error>(
        _ body: (String) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(String(decoding: bytes, as: UTF8.self))
    }

    /// A fixed text.
    public var description: String { "(secret)" }
    /// A fixed text.
    public var debugDescription: String { description }
    /// Nothing inside.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
