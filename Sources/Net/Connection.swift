import Glibc
import HTTP
import TLS

/// One HTTP/1.1 connection, from its first byte to its last. Only the waits suspend; all else is
/// synchronous, because a suspension costs more than the parser.
struct Connection: ~Copyable {
    /// What the peer is being waited for, each with its own deadline.
    private enum Wait { case none, request, head, body }

    private let socket: Socket
    private let acceptor: Acceptor
    private var peer: Peer
    private var workspace = Workspace()
    /// The bytes in the buffer that are not yet dealt with.
    private var start = 0
    private var end = 0
    private var wait = Wait.none
    private var keepsAlive = true
    private var hasServed = false
    /// Answers since the connection last waited.
    private var burst = 0

    /// A peer that sends requests faster than they can be answered lets others have a turn after
    /// so many.
    private static let burstLimit = 32
    /// Bytes of answers that are held back at most, to go out together.
    private static let holdLimit = 16 << 10

    private var server: Server { acceptor.server }
    private var loop: EventLoop { socket.loop }

    init(_ socket: Socket, acceptor: Acceptor, address: String) {
        self.socket = socket
        self.acceptor = acceptor
        peer = Peer(address: address)
    }

    /// Serves the peer until either side has had enough. The socket is the caller's to close.
    mutating func run() async {
        do throws(ConnectionEnd) {
            if let context = server.tlsContext { try await handshake(context) }
            serving: while true {
                switch try await next() {
                case .request(let request): try await answer(request)
                case .refused(let error):
                    try await refuse(error)
                    break serving
                case .ended: break serving
                }
            }
            try await leave()
        } catch {}
        release()
    }

    // MARK: Reading

    private enum Next {
        case request(Request)
        case refused(RequestError)
        /// The peer has closed or is to be left.
        case ended
    }

    private mutating func next() async throws(ConnectionEnd) -> Next {
        guard keepsAlive else { return .ended }
        while true {
            if start < end {
                do throws(RequestError) {
                    if let request = try parse() { return .request(request) }
                } catch {
                    return .refused(error)
                }
            }
            switch fill() {
            case .done(let count): end += count
            case .closed:
                keepsAlive = false
                return .ended
            case .wantRead, .wantWrite:
                // What is held back must go first, else both sides wait for each other.
                if workspace.isReady { try await flushBeforeWaiting() }
                if start == end {
                    release()
                    if acceptor.isDraining { return .ended }
                }
                beginWait()
                do throws(ConnectionEnd) {
                    try await socket.untilReadable()
                } catch {
                    return start < end ? .refused(.tooSlow) : .ended
                }
            }
        }
    }

    private mutating func parse() throws(RequestError) -> Request? {
        guard
            var request = try workspace.parser.parse(&workspace.input, from: start, to: end)
        else { return nil }
        start = workspace.parser.end
        wait = .none
        request.id = Server.nextRequestID()
        request.peer = peer
        return request
    }

    private mutating func fill() -> Step {
        guard socket.mayHaveInput else { return .wantRead }
        if !workspace.isReady {
            workspace = loop.takeWorkspace()
            workspace.parser.limits = server.configuration.limits
        }
        if end == workspace.input.count {
            workspace.makeRoom(from: start, to: end)
            end -= start
            start = 0
        }
        let offset = end
        return unsafe workspace.input.withUnsafeMutableBytes { bytes in
            unsafe socket.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[offset...]))
        }
    }

    private mutating func flushBeforeWaiting() async throws(ConnectionEnd) {
        if workspace.parser.takeExpectation(bytesUpTo: end) {
            workspace.output.append(contentsOf: Self.continueLine)
        }
        if !workspace.output.isEmpty { try await flush() }
    }

    private static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Sets the deadline of what is being waited for, once: a peer that dribbles does not get more
    /// time with every byte.
    private mutating func beginWait() {
        burst = 0
        let next: Wait =
            start == end ? .request : workspace.parser.stage == .body ? .body : .head
        guard next != wait else { return }
        wait = next
        let limit =
            switch next {
            case .body: server.limits.body
            case .request where hasServed: server.limits.idle
            default: server.limits.header
            }
        socket.expire(inMilliseconds: limit)
    }

    // MARK: Answering

    private mutating func answer(_ request: Request) async throws(ConnectionEnd) {
        var request = request
        hasServed = true
        burst += 1
        if burst > Self.burstLimit {
            burst = 0
            await loop.nextTurn()
        }
        let began = monotonicNanoseconds()
        var framing = ResponseEncoder.Framing(
            isHead: request.method == .head,
            minorVersion: request.minorVersion,
            keepsAlive: request.keepsAlive
        )
        let response: Response
        var number: Int?
        switch server.router.match(&request) {
        case .route(let found):
            number = found
            let route = server.handlers[found]
            socket.beginHandling(framing, holding: &workspace.output, limit: route.limit)
            response = await route.handler(request)
            guard socket.endHandling(holding: &workspace.output) else {
                observe(request, found, status: 503, bytesOut: 0, since: began)
                throw .gone
            }
        case .methodNotAllowed(let allowed): response = .methodNotAllowed(allowed)
        case .notFound: response = .notFound
        }
        keepsAlive = request.keepsAlive && !response.closesConnection && !acceptor.isDraining
        framing.keepsAlive = keepsAlive
        ResponseEncoder.encode(
            response,
            framing: framing,
            dateLine: loop.dateLine,
            to: &workspace.output
        )
        observe(
            request,
            number,
            status: response.status,
            bytesOut: response.body.count,
            since: began
        )
        if response.dropsConnection != .none { try await drop(response) }
        // Pipelined requests are answered together.
        if keepsAlive, start < end, workspace.output.count < Self.holdLimit { return }
        try await flush()
    }

    /// Ends the connection in place of the answer that was encoded last, as a simulator wants it.
    private mutating func drop(_ response: Response) async throws(ConnectionEnd) {
        if response.dropsConnection == .midBody {
            workspace.output.removeLast(response.body.count - response.body.count / 2)
            try await flush()
        }
        throw .gone
    }

    private func observe(
        _ request: Request?,
        _ route: Int?,
        status: Int,
        bytesOut: Int,
        since began: UInt64
    ) {
        guard let observer = server.observer else { return }
        observer.finished(
            Exchange(
                route: route,
                request: request,
                status: status,
                nanoseconds: monotonicNanoseconds() &- began,
                bytesOut: bytesOut
            )
        )
    }

    private mutating func refuse(_ error: RequestError) async throws(ConnectionEnd) {
        let began = monotonicNanoseconds()
        let response = Response.refusal(error)
        keepsAlive = false
        ResponseEncoder.encode(
            response,
            framing: .init(isHead: workspace.parser.isHead, keepsAlive: false),
            dateLine: loop.dateLine,
            to: &workspace.output
        )
        observe(nil, nil, status: error.status, bytesOut: response.body.count, since: began)
        try await flush()
    }

    private mutating func flush() async throws(ConnectionEnd) {
        var sent = 0
        var isTimed = false
        while sent < workspace.output.count {
            let offset = sent
            let step = unsafe workspace.output.withUnsafeBytes { bytes in
                unsafe socket.write(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
            }
            if case .done(let count) = step {
                sent += count
                continue
            }
            if !isTimed {
                socket.expire(inMilliseconds: server.limits.write)
                isTimed = true
                // The next wait for the peer begins anew.
                wait = .none
            }
            try await until(step)
        }
        workspace.output.removeAll(keepingCapacity: true)
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

    private mutating func handshake(_ context: TLSContext) async throws(ConnectionEnd) {
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
        let certificate = session.peerCertificate.map {
            PeerCertificate(thumbprint: $0.thumbprint, subject: $0.subject)
        }
        peer = Peer(address: peer.address, isSecure: true, certificate: certificate)
    }

    /// Closes so that the peer can read the last answer.
    private mutating func leave() async throws(ConnectionEnd) {
        let hasUnreadInput = start < end || socket.isReadable
        if hasUnreadInput { try await linger() } else { socket.endOutput() }
    }

    private mutating func linger() async throws(ConnectionEnd) {
        release()
        socket.endOutput()
        socket.expire(inMilliseconds: Deadlines.linger)
        try await socket.discardInput()
    }

    private mutating func release() {
        start = 0
        end = 0
        guard workspace.isReady else { return }
        workspace.parser.reset()
        workspace.output.removeAll(keepingCapacity: true)
        loop.giveBack(workspace)
        workspace = Workspace()
    }
}

func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
