import Cryptography
import Glibc
import HTTP
import TLS

/// One HTTP/1.1 connection, from its first byte to its last.
///
/// Everything that needs no waiting is synchronous, in `ConnectionState`. The event loop runs it as
/// soon as the socket is readable (`serve`), while the task of the connection stays suspended. The
/// task is resumed only for what has to be awaited: a handler, a slow peer, the end. Resuming a
/// task for each request would cost as much as parsing the request.
///
/// What `run` awaits rarely is not inlined: an idle connection keeps the frame of `run`.
@safe final class ServerConnection: @unchecked Sendable {
    // Invariant behind @unchecked: touched on the loop's thread only.
    private let socket: Socket
    private let acceptor: Acceptor
    private let address: String
    // Unchecked exclusivity: on one thread, and nothing that the state calls comes back here.
    @exclusivity(unchecked) private var state: ConnectionState
    /// The suspended task, while the connection waits for its peer.
    private var waiting: UnsafeContinuation<ConnectionState.Next, Never>?

    private var server: Server { acceptor.server }
    private var loop: EventLoop { socket.loop }

    init(_ socket: Socket, acceptor: Acceptor, address: String) {
        self.socket = socket
        self.acceptor = acceptor
        self.address = address
        unsafe state = ConnectionState(socket, acceptor: acceptor, peer: Peer(address: address))
    }

    /// Serves the peer until one side ends the connection. The caller closes the socket.
    func run() async {
        do throws(ConnectionEnd) {
            if server.proxies?.contains(address) == true { try await readPreamble() }
            if let context = server.tlsContext { try await handshake(context) }
            var next = unsafe state.next()
            serving: while true {
                switch next {
                case .wait:
                    next = unsafe await withUnsafeContinuation { unsafe park($0) }
                    continue serving
                case .yield: await loop.nextTurn()
                case .waitForRoom: try await socket.untilWritable()
                case .flush: try await flush()
                case .handle(let handler): try await handle(handler)
                case .refuse(let error):
                    unsafe state.refuse(error)
                    try await flush()
                    break serving
                case .end: break serving
                }
                next = unsafe state.next()
            }
            try await leave()
        } catch {}
        unsafe state.release()
    }

    // MARK: Waiting for the peer

    private func park(_ continuation: UnsafeContinuation<ConnectionState.Next, Never>) {
        unsafe waiting = continuation
        unsafe socket.parked = self
    }

    /// Called by the socket when a parked connection may have something to do: the peer has sent
    /// something, its deadline has passed, or the server drains.
    func serve() {
        let next = unsafe state.next()
        if case .wait = next { return }
        guard let task = unsafe waiting else { return }
        unsafe waiting = nil
        unsafe socket.parked = nil
        unsafe task.resume(returning: next)
    }

    // MARK: Answering

    @inline(never)
    private func handle(_ handler: Handler) async throws(ConnectionEnd) {
        if let begun = try await answer(handler) { try await send(begun) }
    }

    /// A stream whose head is in the output, and what of its request still matters.
    private struct BegunStream {
        let stream: any ResponseStream
        let isHead: Bool
        let minorVersion: Int
    }

    /// Nothing of the request and the answer is kept while a stream of theirs is sent.
    @inline(never)
    private func answer(_ handler: Handler) async throws(ConnectionEnd) -> BegunStream? {
        guard let request = unsafe state.request else { return nil }
        let response = await handler(request)
        guard unsafe state.endHandling(request, response) else {
            response.stream?.close()
            throw .gone
        }
        return response.stream.map { stream in
            BegunStream(
                stream: stream,
                isHead: request.method == .head,
                minorVersion: request.minorVersion
            )
        }
    }

    /// Sends a stream after its head, until either side ends it.
    @inline(never)
    private func send(_ begun: BegunStream) async throws(ConnectionEnd) {
        let stream = begun.stream
        defer {
            socket.endStream()
            stream.close()
        }
        try await flush()
        guard !begun.isHead else { return }
        socket.begin(stream)
        while true {
            unsafe state.rest()
            socket.expireNever()
            guard let piece = await stream.next() else { break }
            guard !piece.isEmpty else { continue }
            unsafe state.append(piece, minorVersion: begun.minorVersion)
            try await flush()
        }
        unsafe state.append(nil, minorVersion: begun.minorVersion)
        try await flush()
    }

    @inline(never)
    private func flush() async throws(ConnectionEnd) {
        unsafe state.beginFlush()
        while let step = unsafe state.sendMore() { try await until(step) }
    }

    private func until(_ step: Step) async throws(ConnectionEnd) {
        switch step {
        case .done: break
        case .wantRead: try await socket.untilReadable()
        case .wantWrite: try await socket.untilWritable()
        case .closed: throw .gone
        }
    }

    // MARK: Beginning and ending

    /// Reads the header of the PROXY protocol, if a trusted proxy sends one. Others never get here:
    /// the protocol is not HTTP, and is refused as such.
    @inline(never)
    private func readPreamble() async throws(ConnectionEnd) {
        socket.expire(inMilliseconds: server.limits.header)
        var seen = 0
        while true {
            try await socket.untilReadable()
            guard let bytes = socket.peek(limit: ProxyPreamble.limit) else { throw .gone }
            switch ProxyPreamble(bytes[...]) {
            case .none where !bytes.isEmpty: return
            case .whole(let length, let address):
                try skip(length)
                if let address { unsafe state.peerIs(at: address) }
                return
            case .malformed:
                try await linger()
                throw .gone
            case .none, .incomplete:
                // The end of the stream is readable for ever, and brings nothing more.
                if socket.hasHungUp, bytes.count == seen { throw .gone }
                seen = bytes.count
                if !socket.hasHungUp { socket.forgetReadable() } else { await loop.nextTurn() }
            }
        }
    }

    private func skip(_ length: Int) throws(ConnectionEnd) {
        let step = unsafe withUnsafeTemporaryAllocation(byteCount: length, alignment: 1) {
            unsafe socket.receive(into: $0)
        }
        // It was there when it was looked at.
        guard case .done(length) = step else { throw .gone }
    }

    @inline(never)
    private func handshake(_ context: TLSContext) async throws(ConnectionEnd) {
        socket.expire(inMilliseconds: server.limits.handshake)
        guard let session = try? TLSSession(context, over: socket) else { throw .gone }
        socket.tls = session
        while true {
            guard let step = try? session.handshake() else {
                // So that the peer can read why it was refused.
                try await linger()
                throw .gone
            }
            if case .done = step { break }
            try await until(step)
        }
        do throws(TLSError) {
            let certificate = try session.peerCertificate().map {
                PeerCertificate($0, isVerified: session.isPeerVerified)
            }
            unsafe state.peerIsSecure(certificate: certificate)
        } catch {
            // One that cannot be used is not the same as none.
            throw .gone
        }
    }

    /// Closes so that the peer can read the last answer.
    private func leave() async throws(ConnectionEnd) {
        let hasUnreadInput = unsafe state.hasInput || socket.isReadable
        if hasUnreadInput { try await linger() } else { socket.endOutput() }
    }

    private func linger() async throws(ConnectionEnd) {
        unsafe state.release()
        socket.endOutput()
        socket.expire(inMilliseconds: Deadlines.linger)
        try await socket.discardInput()
    }
}
