/// Content that is made while it is sent, piece after piece, for as long as both sides want.
///
/// The server asks for the next piece when the peer has taken the one before, so a slow peer makes
/// nothing pile up. A peer that does not take a piece within the deadline for writing is dropped.
public protocol ResponseStream: AnyObject, Sendable {
    /// The next piece, as soon as there is one; nil at the end. Not called again after that.
    func next() async -> [UInt8]?
    /// Nobody wants more: the peer has gone, or the server stops. A call of `next` that waits returns
    /// soon. May be called on any thread, several times, and before the first `next`.
    func close()
}
