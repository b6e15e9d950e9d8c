import CLinux
import Glibc

/// A listening socket. Each loop of a server has its own, on the same port, and the kernel spreads
/// the connections over them.
final class Listener: @unchecked Sendable {
    // Invariant behind @unchecked: made by one thread, then used by its loop's thread only.

    let descriptor: Int32
    let port: UInt16
    /// An open descriptor that is closed when no other is left, so that a peer can be accepted and
    /// closed instead of waiting for ever.
    private var reserve: Int32
    private var ownsDescriptor = true

    enum Accepted {
        case peer(descriptor: Int32, address: String)
        /// Accepted and closed at once, because no descriptors are left.
        case turnedAway
        /// The backlog is empty.
        case none
        /// The system has no memory or no descriptors now.
        case exhausted
    }

    /// Binds and listens. `sharesPort` when other listeners of this process have the same port;
    /// `isFirst` for the first of them.
    init(_ address: SocketAddress, sharesPort: Bool, isFirst: Bool) throws(NetError) {
        var raw = try address.resolve()
        if sharesPort, isFirst, address.port != 0 { try Self.requireFree(raw, address) }
        let descriptor = try Self.listen(&raw, address, sharesPort: sharesPort)
        self.descriptor = descriptor
        var bound = RawAddress()
        _ = unsafe bound.withPointer { unsafe getsockname(descriptor, $0, $1) }
        port = bound.port
        reserve = Self.openReserve()
    }

    deinit {
        if ownsDescriptor { close(descriptor) }
        if reserve >= 0 { close(reserve) }
    }

    /// From now on the caller closes the descriptor.
    func giveUpDescriptor() { ownsDescriptor = false }

    /// A port that is shared within this process is also shared with other processes of the same
    /// user, which would silently get half of the connections. So it is bound unshared first.
    private static func requireFree(
        _ raw: RawAddress,
        _ address: SocketAddress
    ) throws(NetError) {
        var raw = raw
        close(try listen(&raw, address, sharesPort: false))
    }

    private static func listen(
        _ raw: inout RawAddress,
        _ address: SocketAddress,
        sharesPort: Bool
    ) throws(NetError) -> Int32 {
        let kind = Int32(
            SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        )
        let descriptor = socket(raw.family, kind, 0)
        guard descriptor >= 0 else { throw .system(call: "socket", code: errno) }
        setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        if sharesPort { setOption(descriptor, SOL_SOCKET, SO_REUSEPORT, 1) }
        // `::` takes IPv4 peers too, whatever the machine's default is.
        if raw.family == AF_INET6 { setOption(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        var code = unsafe raw.withPointer { unsafe bind(descriptor, $0, unsafe $1.pointee) }
        // As many waiting peers as the system allows (somaxconn cuts it down).
        if code == 0 { code = Glibc.listen(descriptor, 4096) }
        guard code == 0 else {
            let reason = errno
            close(descriptor)
            switch reason {
            case EADDRINUSE: throw .addressInUse("\(address)")
            case EACCES, EADDRNOTAVAIL: throw .addressRefused("\(address)")
            default: throw .system(call: "bind", code: reason)
            }
        }
        return descriptor
    }

    private static func openReserve() -> Int32 {
        unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
    }

    func accept() -> Accepted {
        while true {
            var address = RawAddress()
            let peer = unsafe address.withPointer { pointer, length in
                unsafe accept4(
                    descriptor,
                    pointer,
                    length,
                    Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
                )
            }
            if peer >= 0 {
                // Answers are sent whole: there is nothing to wait for.
                setOption(peer, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                return .peer(descriptor: peer, address: address.numericHost())
            }
            switch errno {
            case EINTR, ECONNABORTED, EPROTO: continue
            case EAGAIN: return .none
            case EMFILE, ENFILE: return turnAway()
            default: return .exhausted
            }
        }
    }

    private func turnAway() -> Accepted {
        guard reserve >= 0 else {
            reserve = Self.openReserve()
            return .exhausted
        }
        close(reserve)
        let peer = accept4(descriptor, nil, nil, Int32(SOCK_CLOEXEC.rawValue))
        let isNobody = peer < 0 && errno == EAGAIN
        if peer >= 0 { close(peer) }
        reserve = Self.openReserve()
        return peer >= 0 ? .turnedAway : isNobody ? .none : .exhausted
    }
}

private func setOption(_ descriptor: Int32, _ level: Int32, _ name: Int32, _ value: Int32) {
    var value = value
    unsafe setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
}
