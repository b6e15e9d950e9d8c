import Glibc
import HTTP
import TLS

/// What one connection has read and still has to send, and everything it does without waiting:
/// reading, parsing, finding the handler, encoding and sending.
///
/// What the task of a connection calls is not inlined: the memory of inlined code would be in the
/// frame of the task, which an idle connection keeps.
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
    /// The head of the current request was judged, because its content is yet to come.
    private var isJudged = false
    /// What this connection has of the server's budget for incomplete requests.
    private var budgeted = 0
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
    @inline(never)
    mutating func peerIsSecure(certificate: PeerCertificate?) {
        peer = Peer(address: peer.address, isSecure: true, certificate: certificate)
    }

    /// A trusted proxy has told whose connection this is.
    @inline(never)
    mutating func peerIs(at address: String) { peer = Peer(address: address) }

    /// Whether bytes were read that have not been answered.
    var hasInput: Bool { start < end }

    /// The request that a handler has to answer, after `Next.handle`.
    var request: Request? { unsafe workspace?.contents.request }

    /// Goes on until something has to be awaited.
    @inline(never)
    mutating func next() -> Next {
        if isWaiting {
            isWaiting = false
            if socket.hasExpired { return hasInput ? .refuse(.tooSlow) : .end }
        }
        let box = workspace.take() ?? loop.takeWorkspace(limits: server.parserLimits)
        var next = unsafe serve(&box.contents)
        // Only connections that are in the middle of something keep their memory.
        if start == end, unsafe box.contents.isDone {
            start = 0
            end = 0
            loop.giveBack(box)
            if budgeted > 0 { _ = budget(0) }
        } else {
            let size = unsafe box.contents.input.count
            workspace = box
            switch next {
            case .wait, .yield, .waitForRoom:
                if !budget(start < end ? size : 0) {
                    isWaiting = false
                    next = .refuse(.tooMuchPending)
                }
            case .handle, .flush, .refuse, .end: if budgeted > 0 { _ = budget(0) }
            }
        }
        return next
    }

    /// Notes how much memory waits for the rest of a request. False when that is too much.
    private mutating func budget(_ size: Int) -> Bool {
        guard size != budgeted else { return true }
        let isProxy = server.proxies?.contains(peer.address) ?? false
        let address = isProxy ? nil : peer.address
        guard server.budget.change(address, from: budgeted, to: size) else { return false }
        budgeted = size
        return true
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
                    if var request = try workspace.parser.parse(
                        &workspace.input,
                        from: start,
                        to: end
                    ) {
                        if let handler = begin(&request, &workspace) { return .handle(handler) }
                        continue
                    }
                    if !isJudged, workspace.parser.stage == .body {
                        isJudged = true
                        try judge(&workspace)
                        if !keepsAlive { continue }
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
    private mutating func begin(_ request: inout Request, _ workspace: inout Workspace) -> Handler?
    {
        start = workspace.parser.end
        wait = .none
        hasServed = true
        burst += 1
        isJudged = false
        request.id = Server.nextRequestID()
        request.peer = peer
        began = monotonicNanoseconds()
        if let proxies = server.proxies {
            do throws(RequestError) {
                request.peer = try proxies.peer(of: request, over: peer)
            } catch {
                refuse(request, error, &workspace)
                return nil
            }
        }
        switch server.router.match(&request) {
        case .route(let number):
            if request.bodyRange.count > server.handlers[number].contentLimit {
                refuseWhole(request, number, &workspace)
                return nil
            }
            request.isOversized = request.bodyRange.count > server.configuration.limits.body
            if let response = server.handlers[number].atOnce?(request) {
                answer(request, number, response, &workspace)
                return nil
            }
            let timed = server.handlers[number]
            route = number
            socket.beginHandling(
                Self.framing(of: request),
                of: number,
                holding: &workspace.output,
                limit: timed.limit
            )
            workspace.request = request
            return timed.handler
        case .methodNotAllowed(let allowed):
            answer(request, nil, .methodNotAllowed(allowed, of: routeOfPath(request)), &workspace)
        case .notFound: answer(request, nil, .notFound, &workspace)
        }
        return nil
    }

    /// A route with the path of the request, whatever its method.
    private func routeOfPath(_ request: Request) -> Route? {
        server.router.routeOfPath(request).map { server.router.routes[$0] }
    }

    /// Judges the request by its head: no route may take it, or its route may refuse it without its
    /// content, and may take less content than others.
    @inline(never)
    private mutating func judge(_ workspace: inout Workspace) throws(RequestError) {
        guard var request = workspace.parser.incomplete(workspace.input) else { return }
        request.peer = peer
        if let proxies = server.proxies {
            request.peer = try proxies.peer(of: request, over: peer)
        }
        let match = server.router.match(&request)
        guard case .route(let number) = match else {
            guard let response = unrouted(request, match) else { return }
            request.id = Server.nextRequestID()
            began = monotonicNanoseconds()
            return answer(request, nil, response, &workspace)
        }
        let route = server.router.routes[number]
        if route.judge != nil {
            request.id = Server.nextRequestID()
            began = monotonicNanoseconds()
            if var response = route.judge?(request) {
                response.closesConnection = true
                answer(request, number, response, &workspace)
                return
            }
        }
        try workspace.parser.limitContent(to: server.handlers[number].contentLimit)
    }

    /// The answer to a request that no route takes, by its head; nil if there is one.
    private func unrouted(_ request: Request, _ match: Router.Match) -> Response? {
        var response: Response
        switch match {
        case .route: return nil
        case .methodNotAllowed(let allowed):
            response = .methodNotAllowed(allowed, of: routeOfPath(request))
        case .notFound: response = .notFound
        }
        response.closesConnection = true
        return response
    }

    /// Answers a whole request that its route does not take, because of its content's length.
    @inline(never)
    private mutating func refuseWhole(
        _ request: Request,
        _ number: Int,
        _ workspace: inout Workspace
    ) {
        var response =
            server.router.routes[number].judge?(request)
            ?? .refusal(.bodyTooLarge, of: server.router.routes[number])
        response.closesConnection = true
        answer(request, number, response, &workspace)
    }

    /// Answers a whole request that no route gets.
    @inline(never)
    private mutating func refuse(
        _ request: Request,
        _ error: RequestError,
        _ workspace: inout Workspace
    ) {
        let number = server.router.routeOfPath(request)
        let route = number.map { server.router.routes[$0] }
        answer(request, number, .refusal(error, of: route), &workspace)
    }

    private static func framing(of request: Request) -> ResponseEncoder.Framing {
        ResponseEncoder.Framing(
            isHead: request.method == .head,
            minorVersion: request.minorVersion,
            keepsAlive: request.keepsAlive
        )
    }

    /// The handler has answered. False when the peer was cut off meanwhile.
    @inline(never)
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
        keepsAlive =
            request.keepsAlive && !response.closesConnection && response.stream == nil
            && !acceptor.isDraining
        framing.keepsAlive = keepsAlive
        ResponseEncoder.encode(
            response,
            framing: framing,
            dateLine: loop.dateLine,
            securityLine: server.securityLine,
            to: &workspace.output
        )
        server.observer?.answered(
            request,
            exchange(route, status: response.status, bytesOut: response.body.count)
        )
    }

    /// A stream that waits for its next piece needs no memory. What else the peer has sent is not read
    /// any more: a stream ends its connection.
    @inline(never)
    mutating func rest() {
        if let box = workspace.take() { loop.giveBack(box) }
    }

    /// Puts a piece of a stream after the output; nil ends it.
    @inline(never)
    mutating func append(_ piece: [UInt8]?, minorVersion: Int) {
        let box = workspace.take() ?? loop.takeWorkspace(limits: server.parserLimits)
        workspace = box
        if let piece {
            unsafe ResponseEncoder.encode(
                chunk: piece,
                minorVersion: minorVersion,
                to: &box.contents.output
            )
        } else {
            unsafe ResponseEncoder.encodeEnd(
                minorVersion: minorVersion,
                to: &box.contents.output
            )
        }
    }

    /// Puts an answer to what was no request after the output.
    @inline(never)
    mutating func refuse(_ error: RequestError) {
        began = monotonicNanoseconds()
        let box = workspace.take() ?? loop.takeWorkspace(limits: server.parserLimits)
        let (number, response) = unsafe refusal(error, box.contents)
        keepsAlive = false
        unsafe ResponseEncoder.encode(
            response,
            framing: .init(isHead: box.contents.parser.isHead, keepsAlive: false),
            dateLine: loop.dateLine,
            securityLine: server.securityLine,
            to: &box.contents.output
        )
        workspace = box
        server.observer?.refused(
            exchange(number, status: response.status, bytesOut: response.body.count)
        )
    }

    /// The answer in the form of the interface that the request was for, as far as that was read.
    private func refusal(
        _ error: RequestError,
        _ workspace: borrowing Workspace
    ) -> (route: Int?, Response) {
        guard var request = workspace.parser.incomplete(workspace.input) else {
            return (nil, .refusal(error))
        }
        // A head that is whole is answered before its content is judged.
        if error == .bodyTooLarge, !isJudged,
            let response = unrouted(request, server.router.match(&request))
        {
            return (nil, response)
        }
        guard let number = server.router.routeOfPath(request) else { return (nil, .refusal(error)) }
        let route = server.router.routes[number]
        // Of a head that is whole, who sent it matters more than how much.
        if error == .bodyTooLarge, !isJudged {
            request.peer = peer
            if let address = try? server.proxies?.peer(of: request, over: peer) {
                request.peer = address
            }
            if var response = route.judge?(request) {
                response.closesConnection = true
                return (number, response)
            }
        }
        return (number, .refusal(error, of: route))
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
    @inline(never)
    mutating func beginFlush() {
        socket.expire(inMilliseconds: server.limits.write)
        wait = .none
    }

    /// Sends more of the output; nil when nothing is left, else what has to be awaited.
    @inline(never)
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
    @inline(never)
    mutating func release() {
        start = 0
        end = 0
        if budgeted > 0 { _ = budget(0) }
        if let box = workspace.take() { loop.giveBack(box) }
    }
}

func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
}
