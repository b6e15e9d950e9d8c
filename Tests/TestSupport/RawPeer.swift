import Glibc

/// A blocking socket to a loopback port, for tests of bytes on the wire. Every call throws after a
/// time limit.
///
/// Blocks its thread, so the server must run on other threads.
public final class RawPeer: Sendable {
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let call: String
        public let code: Int32
        public var description: String { "\(call): \(String(cString: strerror(code)))" }
    }

    private let descriptor: Int32
    private let isIPv6: Bool

    /// A small `receiveBuffer` makes a peer that accepts little before it reads.
    public convenience init(
        port: UInt16,
        limitSeconds: Int = 10,
        receiveBuffer: Int32? = nil,
        isIPv6: Bool = false
    ) throws {
        try self.init(limitSeconds: limitSeconds, receiveBuffer: receiveBuffer, isIPv6: isIPv6)
        try connect(port: port)
    }

    /// A peer with a descriptor that connects later.
    public init(
        limitSeconds: Int = 10,
        receiveBuffer: Int32? = nil,
        isIPv6: Bool = false
    ) throws {
        self.isIPv6 = isIPv6
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(isIPv6 ? AF_INET6 : AF_INET, kind, 0)
        guard descriptor >= 0 else { throw Failure(call: "socket", code: errno) }
        var limit = timeval(tv_sec: limitSeconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
        var one: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4)
        }
    }

    public func connect(port: UInt16) throws {
        let code: Int32
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_addr = in6addr_loopback
            code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            code = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        guard code == 0 else { throw Failure(call: "connect", code: errno) }
    }

    deinit { close(descriptor) }

    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    public func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(
                    descriptor,
                    UnsafeRawBufferPointer(rebasing: $0[sent...]).baseAddress,
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL)
                )
            }
            guard count > 0 else { throw Failure(call: "send", code: errno) }
            sent += count
        }
    }

    /// Up to `limit` bytes, at least one; empty at the end of the stream.
    public func receive(limit: Int = 64 << 10) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, limit, 0) }
        guard count >= 0 else { throw Failure(call: "recv", code: errno) }
        return Array(bytes[..<count])
    }

    /// The bytes that arrive within that many milliseconds; empty if none do.
    public func receiveAvailable(waitingMilliseconds limit: Int32) throws -> String {
        var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, limit) > 0 else { return "" }
        return String(decoding: try receive(), as: UTF8.self)
    }

    /// All bytes until the peer closes.
    public func receiveAll() throws -> String {
        var all: [UInt8] = []
        while true {
            let bytes = try receive()
            if bytes.isEmpty { return String(decoding: all, as: UTF8.self) }
            all += bytes
        }
    }

    /// All bytes until `text` has arrived `times` times or the peer closes.
    public func receive(until text: String, times: Int = 1) throws -> String {
        var all = ""
        while all.split(separator: text, omittingEmptySubsequences: false).count <= times {
            let bytes = try receive()
            if bytes.isEmpty { return all }
            all += String(decoding: bytes, as: UTF8.self)
        }
        return all
    }

    /// Ends sending. Answers can still be read.
    public func endOutput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset.
    public func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor,
            SOL_SOCKET,
            SO_LINGER,
            &option,
            socklen_t(MemoryLayout<linger>.size)
        )
        shutdown(descriptor, Int32(SHUT_RDWR))
    }
}
