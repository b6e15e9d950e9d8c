import Glibc
import HTTP
import TLS

/// What one connection has read and still has to send, and everything it does without waiting:
/// reading, parsing, finding the handler, encoding and sending.
struct ConnectionState: ~Copyable {
    /// What has to be awaited before the connection can go on.
    enum Next: Sendable {
        /// More bytes from the peer.
        case wait
        /// The other connections of the loop, which take their turn.
        case yield
        /// Room for TLS's own messages to the peer: it reads on only when those could be sent
        /// (RFC 8446 §4.6.3).
        case waitForRoom
        /// The handler of `request`.
        case handle(Handler)
        /// The rest of the output: the peer does not take all of it at once.
        case flush
        /// The peer has sent something that cannot be read.
        case refuse(RequestError)
        /// Nothing: the connection ends.
        case end
    }

    /// What the peer is being waited for, each with its own deadline.
    private enum Wait { case none, request, head, body }

    private let socket: Socket
    private let acceptor: Acceptor
    private let server: Server
    private let loop: EventLoop
    private var peer: Peer
    /// Lent by the loop while there is something in it.
    private var workspace: Workspace.Box?
    /// The bytes of the input that are not yet dealt with.
    private var start = 0
    private var end = 0
    private var wait = Wait.none
    /// `next` has said that the connection waits for its peer.
    private var isWaiting = false
    private var keepsAlive = true
    private var hasServed = false
    /// Answers since the connection last waited.
    private var burst: UInt8 = 0
    /// Of the request that a handler has.
    private var route: Int?
    private var began: UInt64 = 0

    /// A peer that sends requests faster than they can be answered lets others have a turn after
    /// so many.
    private static let burstLimit: UInt8 = 32
    /// Bytes of answers that are held back at most, to go out together.
    private static let holdLimit = 16 << 10

    init(_ socket: Socket, acceptor: Acceptor, peer: Peer) {
        self.socket = socket
        self.acceptor = acceptor
        server = acceptor.server
        loop = socket.loop
        self.peer = peer
    }

    /// The peer has finished the TLS handshake.
    mutating func peerIsSecure(certificate: PeerCertificate?) {
        peer = Peer(address: peer.address, isSecure: true, certificate: certificate)
    }

    /// Whether bytes were read that have not been answered.
    var hasInput: Bool { start < end }

    /// The request that a handler has to answer, after `Next.handle`.
    var request: Request? { unsafe workspace?.contents.request }

    /// Goes on until something has to be awaited.
    mutating func next() -> Next {
        if isWaiting {
            isWaiting = false
            if socket.hasExpired { return hasInput ? .refuse(.tooSlow) : .end }
        }
        let box = workspace.take() ?? loop.takeWorkspace(limits: server.configuration.limits)
        let next = unsafe serve(&box.contents)
        // Only connections that are in the middle of something keep their memory.
        if start == end, unsafe box.contents.isDone {
            start = 0
            end = 0
            loop.giveBack(box)
        } else {
            workspace = box
        }
        return next
    }

    private mutating func serve(_ workspace: inout Workspace) -> Next {
        while true {
            if !workspace.output.isEmpty, !sendUnlessHeld(&workspace) { return .flush }
            if burst > Self.burstLimit {
                burst = 0
                return .yield
            }
            guard keepsAlive else { return .end }
            if start < end {
                do throws(RequestError) {
                    let parsed = try workspace.parser.parse(
                        &workspace.input,
                        from: start,
                        to: end
                    )
                    if let parsed {
                        if let handler = begin(parsed, &workspace) { return .handle(handler) }
                        continue
                    }
                } catch {
                    return .refuse(error)
                }
            }
            switch fill(&workspace) {
            case .done(let count): end += count
            case .wantRead:
                return flushBeforeWaiting(&workspace) ?? beginWait(workspace.parser.stage)
            case .wantWrite:
                if let flush = flushBeforeWaiting(&workspace) { return flush }
                // Under the deadline of the request: a peer that makes TLS write gets no more time
                // for it.
                if case .end = beginWait(workspace.parser.stage) { return .end }
                isWaiting = false
                return .waitForRoom
            case .closed:
                keepsAlive = false
                if workspace.output.isEmpty { return .end }
            }
        }
    }

    // MARK: Reading

    private mutating func fill(_ workspace: inout Workspace) -> Step {
        guard socket.mayHaveInput else { return .wantRead }
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

    /// What is held back must go before a wait, else both sides wait for each other. Nil when it
    /// has gone.
    private func flushBeforeWaiting(_ workspace: inout Workspace) -> Next? {
        if workspace.parser.takeExpectation(bytesUpTo: end) {
            workspace.output.append(contentsOf: Self.continueLine)
        }
        return workspace.output.isEmpty || send(&workspace) ? nil : .flush
    }

    private static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Sets the deadline of what is being waited for, once: a peer that dribbles does not get more
    /// time with every byte.
    private mutating func beginWait(_ stage: RequestParser.Stage) -> Next {
        burst = 0
        if start == end, acceptor.isDraining { return .end }
        let awaited: Wait = start == end ? .request : stage == .body ? .body : .head
        if awaited != wait {
            wait = awaited
            let limit =
                switch awaited {
                case .body: server.limits.body
                case .request where hasServed: server.limits.idle
                default: server.limits.header
                }
            socket.expire(inMilliseconds: limit)
        }
        isWaiting = true
        // What came may have been for TLS alone, and there may be more: others first.
        return socket.mustWaitToRead ? .wait : .yield
    }

    // MARK: Answering

    /// Answers the request, or returns the handler that has to.
    private mutating func begin(_ parsed: Request, _ workspace: inout Workspace) -> Handler? {
        var request = parsed
        start = workspace.parser.end
        wait = .none
        hasServed = true
        burst += 1
        request.id = Server.nextRequestID()
        request.peer = peer
        began = monotonicNanoseconds()
        switch server.router.match(&request) {
        case .route(let number):
            let timed = server.handlers[number]
            if let response = timed.atOnce?(request) {
                answer(request, number, response, &workspace)
                return nil
            }
            route = number
            socket.beginHandling(
                Self.framing(of: request),
                holding: &workspace.output,
                limit: timed.limit
            )
            workspace.request = request
            return timed.handler
        case .methodNotAllowed(let allowed):
            answer(request, nil, .methodNotAllowed(allowed), &workspace)
        case .notFound: answer(request, nil, .notFound, &workspace)
        }
        return nil
    }

    private static func framing(of request: Request) -> ResponseEncoder.Framing {
        ResponseEncoder.Framing(
            isHead: request.method == .head,
            minorVersion: request.minorVersion,
            keepsAlive: request.keepsAlive
        )
    }

    /// The handler has answered. False when the peer was cut off meanwhile.
    mutating func endHandling(_ request: Request, _ response: Response) -> Bool {
        guard let box = workspace else { return false }
        // While it is kept, the input is shared and cannot be written to.
        unsafe box.contents.request = nil
        guard unsafe socket.endHandling(holding: &box.contents.output) else {
            server.observer?.answered(request, exchange(route, status: 503, bytesOut: 0))
            return false
        }
        unsafe answer(request, route, response, &box.contents)
        return true
    }

    private mutating func answer(
        _ request: Request,
        _ route: Int?,
        _ response: Response,
        _ workspace: inout Workspace
    ) {
        var framing = Self.framing(of: request)
        keepsAlive = request.keepsAlive && !response.closesConnection && !acceptor.isDraining
        framing.keepsAlive = keepsAlive
        ResponseEncoder.encode(
            response,
            framing: framing,
            dateLine: loop.dateLine,
            to: &workspace.output
        )
        server.observer?.answered(
            request,
            exchange(route, status: response.status, bytesOut: response.body.count)
        )
    }

    /// Puts an answer to what was no request after the output.
    mutating func refuse(_ error: RequestError) {
        began = monotonicNanoseconds()
        let box = workspace.take() ?? loop.takeWorkspace(limits: server.configuration.limits)
        let response = Response.refusal(error)
        keepsAlive = false
        unsafe ResponseEncoder.encode(
            response,
            framing: .init(isHead: box.contents.parser.isHead, keepsAlive: false),
            dateLine: loop.dateLine,
            to: &box.contents.output
        )
        workspace = box
        server.observer?.refused(
            exchange(nil, status: error.status, bytesOut: response.body.count)
        )
    }

    private func exchange(_ route: Int?, status: Int, bytesOut: Int) -> Exchange {
        Exchange(
            route: route,
            status: status,
            nanoseconds: monotonicNanoseconds() &- began,
            bytesOut: bytesOut
        )
    }

    // MARK: Sending

    /// Pipelined requests are answered together. False when the peer does not take all at once.
    private func sendUnlessHeld(_ workspace: inout Workspace) -> Bool {
        if keepsAlive, start < end, workspace.output.count < Self.holdLimit { return true }
        return send(&workspace)
    }

    /// Sends the output as far as the peer takes it at once. False when some is left.
    private func send(_ workspace: inout Workspace) -> Bool {
        if case .done = workspace.send(to: socket) { return workspace.output.isEmpty }
        return false
    }

    /// The output gets the time of a write, and the next wait for the peer begins anew.
    mutating func beginFlush() {
        socket.expire(inMilliseconds: server.limits.write)
        wait = .none
    }

    /// Sends more of the output; nil when nothing is left, else what has to be awaited.
    func sendMore() -> Step? {
        guard let box = workspace else { return nil }
        while unsafe !box.contents.output.isEmpty {
            let step = unsafe box.contents.send(to: socket)
            if case .done = step { continue }
            return step
        }
        return nil
    }

    // MARK: Ending

    /// Gives up what was being read and sent.
    mutating func release() {
        start = 0
        end = 0
        if let box = workspace.take() { loop.giveBack(box) }
    }
}

func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
