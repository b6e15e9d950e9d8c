import TLS
import TestSupport

/// A blocking TLS client over a `RawPeer`.
final class TLSPeer: ByteCarrier {
    private let peer: RawPeer
    private var session: TLSSession?

    struct Refused: Error {}

    init(port: UInt16, _ context: TLSContext) throws {
        peer = try RawPeer(port: port)
        let session = try TLSSession(context, over: self, hostName: "localhost")
        self.session = session
        // The carrier blocks, so every step is done when it returns.
        guard case .done = try session.handshake() else { throw Refused() }
    }

    var version: String { session?.version ?? "" }
    var serverSubject: String { session?.peerCertificate?.subject ?? "" }

    func send(_ text: String) throws {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let step = try bytes.withUnsafeBytes {
                try session?.send(UnsafeRawBufferPointer(rebasing: $0[sent...]))
            }
            guard case .done(let count) = step else { throw Refused() }
            sent += count
        }
    }

    /// Everything until `text` has come, or the server ends.
    func receive(until text: String) throws -> String {
        var all = ""
        while !all.contains(text) {
            var room = [UInt8](repeating: 0, count: 16 << 10)
            let step = try room.withUnsafeMutableBytes { try session?.receive(into: $0) }
            guard case .done(let count) = step else { break }
            all += String(decoding: room[..<count], as: UTF8.self)
        }
        return all
    }

    func close() { session?.close() }

    func receive(into room: UnsafeMutableRawBufferPointer) -> Step {
        guard let bytes = try? peer.receive(limit: room.count), !bytes.isEmpty else {
            return .closed
        }
        room.copyBytes(from: bytes)
        return .done(bytes.count)
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> Step {
        do {
            try peer.send(Array(bytes))
            return .done(bytes.count)
        } catch {
            return .closed
        }
    }
}
