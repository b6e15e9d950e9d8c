/// What a non-blocking step on a stream of bytes came to.
public enum Step: Hashable, Sendable {
    /// So many bytes went through, at least one.
    case done(Int)
    /// Nothing now; again when the stream is readable.
    case wantRead
    /// Nothing now; again when the stream is writable.
    case wantWrite
    /// The other end is gone, or there was an error after which nothing more can come.
    case closed
}

/// What carries the encrypted bytes: a socket, or memory in tests. Never blocks.
public protocol ByteCarrier: AnyObject {
    /// Puts what has arrived at the front of `room`.
    func receive(into room: UnsafeMutableRawBufferPointer) -> Step
    /// Takes bytes from the front of `bytes`, perhaps not all.
    func send(_ bytes: UnsafeRawBufferPointer) -> Step
}
