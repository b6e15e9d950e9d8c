import Cryptography
import TLS
import TestSupport

/// A blocking TLS client over a `RawPeer`.
final class TLSPeer: ByteCarrier {
    private let peer: RawPeer
    private var session: TLSSession?

    struct Refused: Error {}

    /// While not nil, what is to be sent is kept here instead.
    private var kept: [UInt8]?

    /// `receiveBuffer` makes the peer one that takes little before it reads.
    init(port: UInt16, _ context: TLSContext, receiveBuffer: Int32? = nil) throws {
        // The limit is how long sending may be stuck, which some tests wait for.
        let limit = receiveBuffer == nil ? 10 : 1
        peer = try RawPeer(port: port, limitSeconds: limit, receiveBuffer: receiveBuffer)
        let session = try TLSSession(context, over: self, hostName: "localhost")
        self.session = session
        // The carrier blocks, so every step is done when it returns.
        guard case .done = try session.handshake() else { throw Refused() }
    }

    var version: String { session?.version ?? "" }
    var serverSubject: String { (try? session?.peerCertificate())?.subject ?? "" }

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

    /// Sends so many requests for new keys in one go, and reads none of the answers. Throws when
    /// the server does not take them.
    func sendKeyUpdates(_ count: Int) throws {
        kept = []
        defer { kept = nil }
        for _ in 0..<count {
            guard case .done = try session?.requestKeyUpdate() else { throw Refused() }
        }
        try peer.send(kept ?? [])
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
        if kept != nil {
            kept?.append(contentsOf: bytes)
            return .done(bytes.count)
        }
        do {
            try peer.send(Array(bytes))
            return .done(bytes.count)
        } catch {
            return .closed
        }
    }
}
