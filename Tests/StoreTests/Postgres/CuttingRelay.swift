import Foundation
import Glibc
import TestSupport
import Threads

/// Stands between a store and its PostgreSQL, as a Unix socket in a folder of its own, and loses the
/// answer to one COMMIT, or the COMMIT itself.
final class CuttingRelay: Sendable {
    enum Cut: Sendable {
        /// The server does not get it.
        case before
        /// The server answers, and nobody hears of it.
        case after
    }

    let directory: TemporaryDirectory
    private let server: String
    private let listener: Int32
    private let armed = Locked<(Cut, @Sendable () -> Void)?>(nil)
    /// How often it has cut.
    let cuts = Locked(0)

    struct Unavailable: Error {
        let code: Int32
    }

    /// Stands before the server whose socket is in that folder.
    init(_ server: String) throws {
        directory = try TemporaryDirectory()
        self.server = server
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0, Self.with(directory.path, { bind(listener, $0, $1) }) == 0,
            listen(listener, 16) == 0
        else { throw Unavailable(code: errno) }
        try WorkerThread.start { [self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                try? serve(client)
            }
        }
    }

    func close() { shutdown(listener, Int32(SHUT_RDWR)) }

    /// Cuts at the next COMMIT. The connection ends after `body`, and after the server's answer if the
    /// server gets it.
    func arm(_ cut: Cut, _ body: @escaping @Sendable () -> Void = {}) {
        armed.withLock { $0 = (cut, body) }
    }

    private static func with(
        _ folder: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: (folder + "/.s.PGSQL.5432").utf8.prefix(path.count - 1))
        }
        return withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private func serve(_ client: Int32) throws {
        let upstream = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard Self.with(server, { connect(upstream, $0, $1) }) == 0 else {
            Glibc.close(client)
            return
        }
        try WorkerThread.start { [self] in
            let whenAnswered = Locked<(@Sendable () -> Void)?>(nil)
            _ = try? WorkerThread.start { [self] in
                pump(from: upstream, to: client) { _ in
                    guard let body = whenAnswered.withLock({ $0 }) else { return true }
                    body()
                    return nil
                }
                shutdown(client, Int32(SHUT_RDWR))
            }
            pump(from: client, to: upstream) { [self] bytes in
                guard Self.hasCommit(bytes), let (cut, body) = armed.withLock({ $0.take() }) else {
                    return true
                }
                cuts.withLock { $0 += 1 }
                if cut == .after {
                    whenAnswered.withLock { $0 = body }
                    return true
                }
                body()
                return nil
            }
            shutdown(upstream, Int32(SHUT_RDWR))
            shutdown(client, Int32(SHUT_RDWR))
        }
    }

    private static func hasCommit(_ bytes: ArraySlice<UInt8>) -> Bool {
        let word = Array("COMMIT".utf8)
        return bytes.indices.contains { bytes[$0...].starts(with: word) }
    }

    /// Hands bytes on until one side ends, or `passes` gives nil.
    private func pump(
        from source: Int32,
        to target: Int32,
        _ passes: (ArraySlice<UInt8>) -> Bool?
    ) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(source, &buffer, buffer.count)
            guard count > 0, passes(buffer[..<count]) != nil else { return }
            var sent = 0
            while sent < count {
                let written = buffer[sent..<count].withUnsafeBytes {
                    send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard written > 0 else { return }
                sent += written
            }
        }
    }
}
