import CLinux
import Glibc
import HTTP
import TLS

/// A non-blocking stream socket, with TLS on top of it if the server has a certificate.
///
/// It is registered with epoll once, edge-triggered, so a wait takes no system call. `isReadable`
/// becomes false when nothing is left, and after a short read. After a short read it stays true if
/// the peer has hung up: the end of stream came with the same event and would never be read.
@safe final class Socket: ByteCarrier, @unchecked Sendable {
    // Invariant behind @unchecked: after `EventLoop.add`, touched on the loop's thread only.

    /// Decides what happens when the deadline passes.
    enum Stage {
        /// The connection waits for the peer, or is about to.
        case waiting
        /// A handler is running; the peer waits for an answer.
        case handling(ResponseEncoder.Framing, route: Int)
        /// The last answer was sent; the descriptor is closed when the peer has had time to read
        /// it.
        case leaving
        case closed
    }

    let descriptor: Int32
    let loop: EventLoop
    /// Nil for a listening socket.
    let acceptor: Acceptor?
    var tls: TLSSession?
    private(set) var deadline = Int64.max
    /// No deadline is later than this one.
    private var cutoff = Int64.max
    private(set) var hasExpired = false
    private(set) var isReadable = false
    private var isWritable = true
    private(set) var hasHungUp = false
    /// How often TLS may still read from the socket in the current call.
    private var readsLeft = Int.max
    private var stage = Stage.waiting
    /// The connection to serve when there may be something to read. Unowned: its task is
    /// suspended and holds it.
    unowned(unsafe) var parked: ServerConnection?
    /// What is being sent to the peer piece by piece; told when the peer has gone.
    private var stream: (any ResponseStream)?
    private var reader: UnsafeContinuation<Void, Never>?
    private var writer: UnsafeContinuation<Void, Never>?
    /// Answers to earlier pipelined requests, while the handler of the next one runs.
    // Unchecked exclusivity: used on one thread, with no overlapping accesses.
    @exclusivity(unchecked) private var held: [UInt8] = []

    init(descriptor: Int32, loop: EventLoop, acceptor: Acceptor?) {
        self.descriptor = descriptor
        self.loop = loop
        self.acceptor = acceptor
    }

    // MARK: Waiting

    /// Handles an event of epoll.
    func signal(_ events: UInt32) {
        let endings = EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
        if events & endings != 0 {
            hasHungUp = true
            stream?.close()
        }
        if events & (EPOLLIN.rawValue | endings) != 0 {
            isReadable = true
            wakeReader()
        }
        if events & (EPOLLOUT.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 {
            isWritable = true
            wakeWriter()
        }
    }

    func wakeReader() {
        if let connection = unsafe parked { return connection.serve() }
        guard let waiting = unsafe reader else { return }
        unsafe reader = nil
        unsafe waiting.resume()
    }

    private func wakeWriter() {
        guard let waiting = unsafe writer else { return }
        unsafe writer = nil
        unsafe waiting.resume()
    }

    var mustWaitToRead: Bool { !isReadable && !hasExpired }

    /// Returns when there may be something to read, or when `wakeReader` is called.
    func untilReadable() async throws(ConnectionEnd) {
        if mustWaitToRead { unsafe await withUnsafeContinuation { unsafe reader = $0 } }
        if hasExpired { throw .timedOut }
    }

    func untilWritable() async throws(ConnectionEnd) {
        if !isWritable, !hasExpired { unsafe await withUnsafeContinuation { unsafe writer = $0 } }
        if hasExpired { throw .timedOut }
    }

    // MARK: Deadlines

    /// Starts a new wait of at most so many milliseconds.
    func expire(inMilliseconds limit: Int64) {
        hasExpired = false
        deadline = min(loop.now + limit, cutoff)
        loop.notice(deadline)
    }

    /// Sets the end of a drain: no deadline is later.
    func cut(at moment: Int64) {
        cutoff = moment
        if deadline > moment {
            deadline = moment
            loop.notice(moment)
        }
    }

    /// No deadline but the end of a drain.
    func expireNever() {
        hasExpired = false
        deadline = cutoff
        if cutoff < .max { loop.notice(cutoff) }
    }

    // MARK: While a stream is sent

    /// Notes what is being sent piece by piece. Unlike a handler it may take as long as it likes.
    func begin(_ stream: any ResponseStream) {
        self.stream = stream
        if hasHungUp || acceptor?.isDraining == true { stream.close() }
    }

    func endStream() { stream = nil }

    /// The server stops: a stream would never end by itself.
    func closeStream() { stream?.close() }

    /// The deadline has passed.
    func expire() {
        deadline = .max
        switch stage {
        case .waiting:
            hasExpired = true
            wakeReader()
            wakeWriter()
        case .handling(let framing, let route):
            answerLate(framing, route)
        case .leaving:
            close()
        case .closed:
            break
        }
    }

    // MARK: While a handler runs

    /// Takes `output`, the answers to earlier pipelined requests, and sends it after this turn.
    func beginHandling(
        _ framing: ResponseEncoder.Framing,
        of route: Int,
        holding output: inout [UInt8],
        limit: Int64
    ) {
        stage = .handling(framing, route: route)
        expire(inMilliseconds: limit)
        if !output.isEmpty {
            unsafe swap(&held, &output)
            loop.flushAfterTurn(self)
        }
    }

    /// Gives back what could not be sent. False when the peer was cut off meanwhile.
    func endHandling(holding output: inout [UInt8]) -> Bool {
        guard case .handling = stage else { return false }
        stage = .waiting
        if unsafe !held.isEmpty { unsafe swap(&held, &output) }
        return true
    }

    /// Sends the held answers as far as the peer takes them: an answer never waits for the handler
    /// of a later request.
    func flushHeld() {
        guard case .handling = stage else { return }
        while unsafe !held.isEmpty {
            let step = unsafe held.withUnsafeBytes { unsafe write($0) }
            guard case .done(let count) = step else { return }
            unsafe held.removeFirst(count)
        }
    }

    /// Answers in place of a handler that took too long. Its own answer is dropped.
    private func answerLate(_ framing: ResponseEncoder.Framing, _ route: Int) {
        if unsafe held.isEmpty {
            var framing = framing
            framing.keepsAlive = false
            var answer: [UInt8] = []
            ResponseEncoder.encode(
                .tooBusy(of: acceptor?.server.router.routes[route]),
                framing: framing,
                dateLine: loop.dateLine,
                securityLine: tls == nil ? [] : acceptor?.server.securityLine ?? [],
                to: &answer
            )
            _ = unsafe answer.withUnsafeBytes { unsafe write($0) }
        }
        unsafe held = []
        endOutput()
        stage = .leaving
        cutoff = .max
        expire(inMilliseconds: Deadlines.linger)
    }

    // MARK: Bytes

    /// Reads from the peer, and decrypts with TLS.
    ///
    /// `wantRead` while `isReadable` means that other connections should run first: records without
    /// content, such as key updates, could otherwise be read without end. One read takes a whole
    /// record if one has arrived.
    func read(into room: UnsafeMutableRawBufferPointer) -> Step {
        guard let tls else { return unsafe receive(into: room) }
        readsLeft = 1
        defer { readsLeft = .max }
        do { return unsafe try tls.receive(into: room) } catch { return .closed }
    }

    func write(_ bytes: UnsafeRawBufferPointer) -> Step {
        guard let tls else { return unsafe send(bytes) }
        do { return unsafe try tls.send(bytes) } catch { return .closed }
    }

    var mayHaveInput: Bool { isReadable || tls?.hasPending == true }

    func receive(into room: UnsafeMutableRawBufferPointer) -> Step {
        if case .closed = stage { return .closed }
        guard isReadable, readsLeft > 0 else { return .wantRead }
        readsLeft -= 1
        while true {
            let count = unsafe recv(descriptor, room.baseAddress, room.count, 0)
            if count > 0 {
                if count < room.count, !hasHungUp { isReadable = false }
                return .done(count)
            }
            if count == 0 { return .closed }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                isReadable = false
                return .wantRead
            default: return .closed
            }
        }
    }

    /// The bytes that have arrived, which stay where they are; at most `limit`. Empty before the
    /// first one, nil at the end of the stream.
    func peek(limit: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: limit)
        while true {
            let count = unsafe bytes.withUnsafeMutableBytes { room in
                unsafe recv(descriptor, room.baseAddress, room.count, Int32(MSG_PEEK))
            }
            if count > 0 { return Array(bytes[..<count]) }
            if count == 0 { return nil }
            switch errno {
            case EINTR: continue
            case EAGAIN: return []
            default: return nil
            }
        }
    }

    func send(_ bytes: UnsafeRawBufferPointer) -> Step {
        if case .closed = stage { return .closed }
        while true {
            let count = unsafe Glibc.send(
                descriptor,
                bytes.baseAddress,
                bytes.count,
                Int32(MSG_NOSIGNAL)
            )
            if count >= 0 { return .done(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                isWritable = false
                return .wantWrite
            default: return .closed
            }
        }
    }

    /// Nothing can be read before the next event of epoll.
    func forgetReadable() { isReadable = false }

    /// Makes the next read try the socket, without an event of epoll.
    func assumeReadable() { isReadable = true }

    // MARK: Ending

    /// Ends the output. Input can still be read.
    func endOutput() {
        if case .closed = stage { return }
        tls?.close()
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes the descriptor. Later calls do nothing.
    func close() {
        if case .closed = stage { return }
        stage = .closed
        tls = nil
        loop.remove(self)
    }
}
