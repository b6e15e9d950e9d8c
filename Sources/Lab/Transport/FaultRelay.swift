import Glibc
public import HTTP
public import Net
import Threads

/// A TCP relay in front of a server. It passes bytes on in both directions, and breaks the
/// connections that a handler asks it to break. The server behind it always behaves.
///
/// Each connection to the server comes from a loopback address of its own (127.x.y.z), so that the
/// peer address of a request identifies the connection. TLS passes through.
public final class FaultRelay: Sendable {
    /// The port it listens on, also if the system chose it.
    public let port: UInt16
    private let listener: Int32
    private let state = Locked((lines: [String: Line](), count: UInt32(0)))

    /// Listens; peers wait until `start`. Port 0 lets the system choose one.
    ///
    /// - Throws: `NetError.addressInUse`, or another `NetError`.
    public init(_ address: SocketAddress) throws(NetError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address.host, "\(address.port)", &hints, &found) == 0, let found else {
            throw .unknownHost(address.host)
        }
        defer { freeaddrinfo(found) }
        let listener = Self.open(found.pointee.ai_family)
        self.listener = listener
        var on: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        guard bind(listener, found.pointee.ai_addr, found.pointee.ai_addrlen) == 0,
            listen(listener, SOMAXCONN) == 0
        else {
            let reason = errno
            close(listener)
            if reason == EADDRINUSE { throw .addressInUse(address.description) }
            throw .system(call: "bind", code: reason)
        }
        // The port is at the same place in addresses of both families.
        var bound = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        port = withUnsafeMutableBytes(of: &bound) { bytes in
            getsockname(listener, bytes.bindMemory(to: sockaddr.self).baseAddress, &length)
            return UInt16(bigEndian: bytes.load(fromByteOffset: 2, as: UInt16.self))
        }
    }

    /// The routes for the server behind the relay. They tell the relay which connection to break.
    public func routes(_ routes: [Route]) -> [Route] {
        routes.map { route in
            Route(route.method, route.pattern, deadline: route.deadline) { [self] request in
                var response = await route.handler(request)
                guard let fault = response.lineFault else { return response }
                response.lineFault = nil
                response.closesConnection = true
                let line = state.withLock { $0.lines[request.peer.address] }
                line?.fault.withLock { $0 = (fault, response.body.count) }
                return response
            }
        }
    }

    /// Accepts connections and passes them on to a port of this machine, until `stop`.
    public func start(target: UInt16) {
        let isStarted: Void? = try? WorkerThread.start { [self] in
            while true {
                let peer = accept(listener, nil, nil)
                if peer < 0, errno == EINTR || errno == ECONNABORTED { continue }
                guard peer >= 0 else { break }
                _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
                let hasThread: Void? = try? WorkerThread.start { [self] in connect(peer, target) }
                if hasThread == nil { close(peer) }
            }
            close(listener)
        }
        if isStarted == nil { close(listener) }
    }

    /// Stops accepting. Open connections go on until either end closes them.
    public func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func open(_ family: Int32) -> Int32 {
        socket(family, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    private func connect(_ peer: Int32, _ target: UInt16) {
        defer { close(peer) }
        let server = Self.open(AF_INET)
        defer { close(server) }
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        // 127.1.0.1 and up: never the usual loopback address.
        let source = UInt32(0x7F01_0000) + number % 0x00FE_0000
        let name = [24, 16, 8, 0].map { "\(source >> $0 & 0xFF)" }.joined(separator: ".")
        guard Self.with(source, 0, { bind(server, $0, $1) }) == 0,
            Self.with(0x7F00_0001, target, { Glibc.connect(server, $0, $1) }) == 0
        else { return }
        let line = Line(peer: peer, server: server)
        state.withLock { $0.lines[name] = line }
        line.relay()
        state.withLock { $0.lines[name] = nil }
    }

    private static func with(
        _ host: UInt32,
        _ port: UInt16,
        _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return withUnsafeBytes(of: &address) { bytes in
            guard let address = bytes.bindMemory(to: sockaddr.self).baseAddress else { return -1 }
            return call(address, socklen_t(bytes.count))
        }
    }
}

/// One connection: a peer, the server, and what is to go wrong between them.
private final class Line: Sendable {
    private let peer: Int32
    private let server: Int32
    /// The fault, and the length of the body that it concerns.
    let fault = Locked<(LineFault, Int)?>(nil)

    init(peer: Int32, server: Int32) {
        self.peer = peer
        self.server = server
    }

    /// Passes bytes on until either end closes.
    func relay() {
        var watched = [peer, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var held: [UInt8] = []
        while true {
            if poll(&watched, 2, -1) < 0 {
                if errno == EINTR { continue }
                return
            }
            if watched[0].revents != 0 {
                let count = recv(peer, &buffer, buffer.count, 0)
                if count == 0 {
                    shutdown(server, Int32(SHUT_WR))
                    watched[0].fd = -1
                } else {
                    guard count > 0, send(buffer[..<count], to: server) else { return }
                }
            }
            guard watched[1].revents != 0 else { continue }
            let count = recv(server, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            let part = buffer[..<count]
            switch fault.withLock({ $0?.0 }) {
            case nil: if !send(part, to: peer) { return }
            case .beforeAnswer: break
            case .midBody: held += part
            case .slowly(let rate): if !send(part, to: peer, bytesPerSecond: rate) { return }
            }
        }
        if let (_, length) = fault.withLock({ $0 }) {
            _ = send(held.dropLast(length - length / 2), to: peer)
        }
        linger()
    }

    /// Ends the output and reads on for a while: closing with unread input would reset the
    /// connection, and the peer would lose what was sent last.
    private func linger() {
        shutdown(peer, Int32(SHUT_WR))
        var watched = pollfd(fd: peer, events: Int16(POLLIN), revents: 0)
        var byte = [UInt8](repeating: 0, count: 1024)
        while poll(&watched, 1, 1000) > 0, recv(peer, &byte, byte.count, 0) > 0 {}
    }

    private func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func send(
        _ bytes: ArraySlice<UInt8>,
        to descriptor: Int32,
        bytesPerSecond rate: Int
    ) -> Bool {
        let rate = max(rate, 1)
        let portion = max(rate / 10, 1)
        var rest = bytes
        while !rest.isEmpty {
            guard send(rest.prefix(portion), to: descriptor) else { return false }
            rest = rest.dropFirst(portion)
            usleep(useconds_t(portion * 1_000_000 / rate))
        }
        return true
    }
}
