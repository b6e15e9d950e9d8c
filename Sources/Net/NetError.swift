import Glibc
public import TLS

/// Why a server cannot be set up.
public enum NetError: Error, Hashable, Sendable {
    /// The host is neither an address nor a name that resolves.
    case unknownHost(String)
    /// Another process listens on the address.
    case addressInUse(String)
    /// Not allowed: a privileged port, or an address of another machine.
    case addressRefused(String)
    /// A system call failed for another reason.
    case system(call: String, code: Int32)
    case tls(TLSError)
}

/// Why a connection ends early. It does not leave this module.
enum ConnectionEnd: Error {
    /// The peer has closed the connection, or was disconnected.
    case gone
    case timedOut
}

extension NetError: CustomStringConvertible {
    /// Half a sentence.
    public var description: String {
        switch self {
        case .unknownHost(let host): "\(host) is neither an address nor a name that resolves"
        case .addressInUse(let address): "\(address) is in use by another process"
        case .addressRefused(let address):
            "\(address) cannot be used: a privileged port, or not an address of this machine"
        case .system(let call, let code): unsafe "\(call): \(String(cString: strerror(code)))"
        case .tls(let error): "\(error)"
        }
    }
}
