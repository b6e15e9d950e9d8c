import HTTP
import Net
import TestSupport
import Testing
import Threads

@Suite("A streamed response", .timeLimit(.minutes(3)))
struct StreamTests {
    private func withStream(
        _ stream: PipedStream,
        _ change: (inout ServerConfiguration) -> Void = { _ in },
        _ body: (TestServer) async throws -> Void
    ) async throws {
        let route = Route(.get, "/stream") { _ in
            var response = Response(status: 200, contentType: "text/event-stream")
            response.stream = stream
            return response
        }
        try await withServer(testRoutes + [route], change, body)
    }

    @Test("is sent piece by piece as it is made, and closes the connection at its end")
    func pieces() async throws {
        let stream = PipedStream()
        try await withStream(stream) { server in
            let peer = try server.peer()
            try peer.send(get("/stream"))
            let head = try peer.receive(until: "\r\n\r\n")
            #expect(head.contains("Transfer-Encoding: chunked\r\n"))
            #expect(!head.contains("Content-Length"))
            #expect(head.contains("Connection: close\r\n"))
            stream.put("one")
            #expect(try peer.receive(until: "one\r\n") == "3\r\none\r\n")
            stream.put("a longer piece")
            #expect(try peer.receive(until: "piece\r\n") == "e\r\na longer piece\r\n")
            stream.close()
            #expect(try peer.receiveAll() == "0\r\n\r\n")
        }
    }

    @Test("is the last answer: what else came with its request is not read")
    func pipelined() async throws {
        let stream = PipedStream()
        try await withStream(stream) { server in
            let peer = try server.peer()
            try peer.send(get("/stream") + get("/stream"))
            _ = try peer.receive(until: "\r\n\r\n")
            // Each piece gets memory that others have used meanwhile.
            for piece in ["one", String(repeating: "two", count: 10_000), "three"] {
                let other = try server.peer()
                try other.send(get("/nowhere") + "GET")
                _ = try other.receive(until: "\r\n\r\n")
                stream.put(piece)
                let chunk = String(piece.utf8.count, radix: 16) + "\r\n" + piece + "\r\n"
                #expect(try peer.receive(until: piece + "\r\n") == chunk)
            }
            stream.close()
            #expect(try peer.receiveAll() == "0\r\n\r\n")
        }
    }

    @Test("has no chunks for a peer of HTTP/1.0, and no content for HEAD")
    func otherFraming() async throws {
        let stream = PipedStream()
        try await withStream(stream) { server in
            let old = try server.peer()
            try old.send("GET /stream HTTP/1.0\r\n\r\n")
            stream.put("one")
            _ = try old.receive(until: "\r\n\r\none")
            stream.close()
            #expect(try old.receiveAll().isEmpty)
            let head = try server.peer()
            try head.send("HEAD /stream HTTP/1.1\r\nHost: x\r\n\r\n")
            let answer = try head.receiveAll()
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\n"))
        }
    }

    @Test("ends as soon as the peer hangs up, without anything being sent")
    func hangUp() async throws {
        let stream = PipedStream()
        try await withStream(stream) { server in
            var peer: RawPeer? = try server.peer()
            try peer?.send(get("/stream"))
            _ = try peer?.receive(until: "\r\n\r\n")
            peer = nil
            try await within { await stream.closed.wait() }
        }
    }

    @Test("ends when the server stops")
    func drain() async throws {
        let stream = PipedStream()
        try await withStream(stream) { server in
            let peer = try server.peer()
            try peer.send(get("/stream"))
            _ = try peer.receive(until: "\r\n\r\n")
            server.server.drain(within: .seconds(30))
            #expect(try peer.receiveAll() == "0\r\n\r\n")
        }
    }

    @Test("is cut off when the peer does not take a piece within the deadline for writing")
    func slow() async throws {
        let stream = PipedStream()
        try await withStream(stream) {
            $0.deadlines.write = .milliseconds(200)
        } _: { server in
            let peer = try RawPeer(port: server.port, receiveBuffer: 4096)
            try peer.send(get("/stream"))
            _ = try peer.receive(until: "\r\n\r\n")
            // More than what the sockets of both sides hold.
            stream.put(String(repeating: "x", count: 16 << 20))
            try await within { await stream.closed.wait() }
            try await server.events.until { $0.closed == 1 }
        }
    }
}

/// A stream whose pieces a test gives.
private final class PipedStream: ResponseStream {
    private let state = Locked((pieces: [[UInt8]](), isClosed: false))
    private let changed = Signal()
    let closed = Signal()

    func put(_ text: String) {
        state.withLock { $0.pieces.append(Array(text.utf8)) }
        changed.raise()
    }

    func next() async -> [UInt8]? {
        while true {
            let (piece, isClosed) = state.withLock { state in
                (state.pieces.isEmpty ? nil : state.pieces.removeFirst(), state.isClosed)
            }
            if let piece { return piece }
            if isClosed { return nil }
            await changed.wait()
        }
    }

    func close() {
        state.withLock { $0.isClosed = true }
        changed.raise()
        closed.raise()
    }
}
