/// The result of a non-blocking read or write.
public enum Step: Hashable, Sendable {
    /// At least one byte was read or written: the number of bytes.
    case done(Int)
    /// Try again when the stream is readable.
    case wantRead
    /// Try again when the stream is writable.
    case wantWrite
    /// The peer has closed the stream, or a fatal error occurred.
    case closed
}

/// Transports the encrypted bytes: a socket, or memory in tests. Never blocks.
public protocol ByteCarrier: AnyObject {
    /// Reads into the front of `room`.
    func receive(into room: UnsafeMutableRawBufferPointer) -> Step
    /// Writes bytes from the front of `bytes`, perhaps not all.
    func send(_ bytes: UnsafeRawBufferPointer) -> Step
}
