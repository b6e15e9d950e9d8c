import CLinux
import Glibc

/// Where to listen: a numeric address or a name, and a port. Port 0 lets the system choose.
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    /// `::` accepts IPv4 peers too.
    public var host: String
    public var port: UInt16

    /// Nothing is resolved yet.
    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Reachable from this machine only.
    public static func loopback(port: UInt16 = 0) -> SocketAddress {
        SocketAddress(host: "127.0.0.1", port: port)
    }

    /// `127.0.0.1:80`, `[::1]:80`.
    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// The first address of the host. Blocks if the host is a name; for start-up only.
    func resolve() throws(NetError) -> RawAddress {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = AI_PASSIVE
        var list: UnsafeMutablePointer<addrinfo>?
        guard unsafe getaddrinfo(host, String(port), &hints, &list) == 0,
            let first = unsafe list
        else { throw .unknownHost(host) }
        defer { unsafe freeaddrinfo(first) }
        var raw = RawAddress()
        guard let address = unsafe first.pointee.ai_addr,
            unsafe Int(first.pointee.ai_addrlen) <= MemoryLayout<sockaddr_storage>.size
        else { throw .unknownHost(host) }
        unsafe withUnsafeMutableBytes(of: &raw.storage) { bytes in
            unsafe bytes.copyMemory(
                from: UnsafeRawBufferPointer(
                    start: address,
                    count: Int(first.pointee.ai_addrlen)
                )
            )
        }
        unsafe raw.length = first.pointee.ai_addrlen
        return raw
    }
}

/// An address in the form of the system calls.
struct RawAddress {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    var family: Int32 { Int32(storage.ss_family) }

    /// Lends the address for a call that reads or writes it.
    mutating func withPointer<Result>(
        _ body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Result
    ) -> Result {
        unsafe withUnsafeMutablePointer(to: &storage) { storage in
            unsafe withUnsafeMutablePointer(to: &length) { length in
                unsafe storage.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe body($0, length)
                }
            }
        }
    }

    mutating func withInet6<Result>(
        _ body: (UnsafeMutablePointer<sockaddr_in6>) -> Result
    )
        -> Result
    {
        unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { unsafe body($0) }
        }
    }

    mutating func withInet<Result>(
        _ body: (UnsafeMutablePointer<sockaddr_in>) -> Result
    )
        -> Result
    {
        unsafe withUnsafeMutablePointer(to: &storage) {
            unsafe $0.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { unsafe body($0) }
        }
    }

    var port: UInt16 {
        get {
            // sockaddr_in and sockaddr_in6 have it in the same place.
            var copy = self
            return unsafe copy.withInet { unsafe UInt16(bigEndian: $0.pointee.sin_port) }
        }
        set { unsafe withInet { unsafe $0.pointee.sin_port = newValue.bigEndian } }
    }

    /// The numeric address without a port; an IPv4 address mapped into IPv6 as IPv4.
    mutating func numericHost() -> String {
        let room = Int(INET6_ADDRSTRLEN)
        return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: room) { text in
            let size = socklen_t(room)
            let written: UnsafePointer<CChar>?
            if family == AF_INET {
                unsafe written = unsafe withInet { address in
                    unsafe inet_ntop(AF_INET, &address.pointee.sin_addr, text.baseAddress, size)
                }
            } else if family == AF_INET6 {
                unsafe written = unsafe withInet6 { address in
                    if unsafe beckon_is_mapped_ipv4(&address.pointee.sin6_addr) != 0 {
                        return unsafe withUnsafeBytes(of: &address.pointee.sin6_addr) {
                            unsafe inet_ntop(
                                AF_INET,
                                $0.baseAddress.map { unsafe $0 + 12 },
                                text.baseAddress,
                                size
                            )
                        }
                    }
                    return unsafe inet_ntop(
                        AF_INET6,
                        &address.pointee.sin6_addr,
                        text.baseAddress,
                        size
                    )
                }
            } else {
                return ""
            }
            guard let written = unsafe written else { return "" }
            return unsafe String(cString: written)
        }
    }
}
