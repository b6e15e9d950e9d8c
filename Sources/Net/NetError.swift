public import TLS

/// Why a server cannot be set up.
public enum NetError: Error, Hashable, Sendable {
    /// The host is no address and no name that resolves.
    case unknownHost(String)
    /// Somebody else listens there.
    case addressInUse(String)
    /// Not ours to listen on: a port below 1024, an address of another machine.
    case addressRefused(String)
    /// A system call failed for another reason.
    case system(call: String, code: Int32)
    case tls(TLSError)
}

/// Why a connection ends before its peer wants it to. Nobody above sees it.
enum ConnectionEnd: Error {
    /// The peer is gone, or was cut off.
    case gone
    case timedOut
}
