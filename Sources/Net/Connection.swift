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
    /// What is being answered, by which route, and since when.
    private var request = Self.noRequest
    private var route: Int?
    private var began: UInt64 = 0
    /// Answers since the connection last waited.
    private var burst = 0

    private static let noRequest = Request(
        bytes: [],
        method: .get,
        pathRange: 0..<0,
        queryRange: 0..<0,
        bodyRange: 0..<0,
        fieldRanges: [],
        keepsAlive: false
    )

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
    ///
    /// The loop is one function on purpose: returning from an `async` one costs as much as parsing
    /// a field, so only what must wait is called with `await`. And what need not wait is kept out
    /// of it by `@inline(never)`: whatever is inlined here has its memory in the frame of the task,
    /// which an idle connection keeps.
    mutating func run() async {
        do throws(ConnectionEnd) {
            if let context = server.tlsContext { try await handshake(context) }
            serving: while true {
                switch advance() {
                case .handle:
                    if let handler = beginHandling() {
                        let response = await handler(request)
                        guard endHandling(response) else { throw .gone }
                    }
                    if !flushUnlessHeld() { try await flush() }
                    if burst > Self.burstLimit {
                        burst = 0
                        await loop.nextTurn()
                    }
                case .wait:
                    if workspace.isReady { try await flushBeforeWaiting() }
                    guard beginWait() else { break serving }
                    if socket.mustWaitToRead {
                        unsafe await withUnsafeContinuation { unsafe socket.wakeWhenReadable($0) }
                    } else {
                        // What came was for TLS alone, and there may be more: others first.
                        await loop.nextTurn()
                    }
                    if socket.hasExpired {
                        if start < end { try await refuse(.tooSlow) }
                        break serving
                    }
                case .waitForRoom:
                    if workspace.isReady { try await flushBeforeWaiting() }
                    // Under the deadline of the request: a peer that makes TLS write gets no more
                    // time for it.
                    guard beginWait() else { break serving }
                    try await socket.untilWritable()
                case .refused(let error):
                    try await refuse(error)
                    break serving
                case .ended:
                    break serving
                }
            }
            try await leave()
        } catch {}
        release()
    }

    // MARK: Reading

    private enum Next {
        /// `request` is whole.
        case handle
        case refused(RequestError)
        /// Nothing more can be done before more has come.
        case wait
        /// TLS owes the peer an answer of its own, and reads on only when that could be sent
        /// (RFC 8446 §4.6.3).
        case waitForRoom
        /// The peer has closed or is to be left.
        case ended
    }

    @inline(never)
    private mutating func advance() -> Next {
        guard keepsAlive else { return .ended }
        while true {
            if start < end {
                do throws(RequestError) {
                    if try parse() { return .handle }
                } catch {
                    return .refused(error)
                }
            }
            switch fill() {
            case .done(let count): end += count
            case .wantRead: return .wait
            case .wantWrite: return .waitForRoom
            case .closed: return .ended
            }
        }
    }

    private mutating func parse() throws(RequestError) -> Bool {
        guard
            let parsed = try workspace.parser.parse(&workspace.input, from: start, to: end)
        else { return false }
        request = parsed
        start = workspace.parser.end
        wait = .none
        hasServed = true
        burst += 1
        request.id = Server.nextRequestID()
        request.peer = peer
        return true
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

    /// What is held back must go before a wait, else both sides wait for each other.
    private mutating func flushBeforeWaiting() async throws(ConnectionEnd) {
        if workspace.parser.takeExpectation(bytesUpTo: end) {
            workspace.output.append(contentsOf: Self.continueLine)
        }
        if !workspace.output.isEmpty, !flushNow() { try await flush() }
    }

    private static let continueLine = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    /// Sets the deadline of what is being waited for, once: a peer that dribbles does not get more
    /// time with every byte. False when there is nothing to wait for any more.
    @inline(never)
    private mutating func beginWait() -> Bool {
        burst = 0
        if start == end {
            release()
            if acceptor.isDraining { return false }
        }
        let next: Wait =
            start == end ? .request : workspace.parser.stage == .body ? .body : .head
        guard next != wait else { return true }
        wait = next
        let limit =
            switch next {
            case .body: server.limits.body
            case .request where hasServed: server.limits.idle
            default: server.limits.header
            }
        socket.expire(inMilliseconds: limit)
        return true
    }

    // MARK: Answering

    private static func framing(of request: Request) -> ResponseEncoder.Framing {
        ResponseEncoder.Framing(
            isHead: request.method == .head,
            minorVersion: request.minorVersion,
            keepsAlive: request.keepsAlive
        )
    }

    /// Finds the handler of the request. Nil when the answer is made already: it needed no waiting,
    /// or there is no such route.
    @inline(never)
    private mutating func beginHandling() -> Handler? {
        began = monotonicNanoseconds()
        switch server.router.match(&request) {
        case .route(let number):
            route = number
            let timed = server.handlers[number]
            if let response = timed.atOnce?(request) {
                answer(response)
                return nil
            }
            socket.beginHandling(
                Self.framing(of: request),
                holding: &workspace.output,
                limit: timed.limit
            )
            return timed.handler
        case .methodNotAllowed(let allowed): answer(.methodNotAllowed(allowed))
        case .notFound: answer(.notFound)
        }
        return nil
    }

    /// False when the peer was cut off meanwhile.
    @inline(never)
    private mutating func endHandling(_ response: Response) -> Bool {
        guard socket.endHandling(holding: &workspace.output) else {
            observe(request, route, status: 503, bytesOut: 0, since: began)
            return false
        }
        answer(response)
        return true
    }

    private mutating func answer(_ response: Response) {
        var framing = Self.framing(of: request)
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
            route,
            status: response.status,
            bytesOut: response.body.count,
            since: began
        )
        // While it is kept, the connection's buffer is shared and cannot be written to.
        request = Self.noRequest
        route = nil
    }

    /// Pipelined requests are answered together. False when the peer does not take all at once.
    private mutating func flushUnlessHeld() -> Bool {
        if keepsAlive, start < end, workspace.output.count < Self.holdLimit { return true }
        return flushNow()
    }

    @inline(never)
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

    /// Sends the output as far as the peer takes it at once. False when some is left.
    @inline(never)
    private mutating func flushNow() -> Bool {
        let step = unsafe workspace.output.withUnsafeBytes { bytes in
            unsafe socket.write(bytes)
        }
        if case .done(let count) = step {
            guard count == workspace.output.count else {
                workspace.output.removeFirst(count)
                return false
            }
            workspace.output.removeAll(keepingCapacity: true)
            return true
        }
        return false
    }

    private mutating func flush() async throws(ConnectionEnd) {
        var sent = 0
        socket.expire(inMilliseconds: server.limits.write)
        // The next wait for the peer begins anew.
        wait = .none
        while sent < workspace.output.count {
            let offset = sent
            let step = unsafe workspace.output.withUnsafeBytes { bytes in
                unsafe socket.write(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
            }
            if case .done(let count) = step { sent += count } else { try await until(step) }
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
        var lent = Workspace()
        swap(&lent, &workspace)
        loop.giveBack(lent)
    }
}

func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
