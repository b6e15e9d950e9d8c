import CLinux
import Glibc
import HTTP
import TLS

/// A non-blocking stream socket, with TLS on top where there is any.
///
/// Watched once, edge-triggered: no system call per wait. `isReadable` falls when there is nothing
/// left, and on a short read unless the peer has hung up, whose end of stream came with the same
/// edge and would otherwise never be read.
@safe final class Socket: ByteCarrier, @unchecked Sendable {
    // Invariant behind @unchecked: after `EventLoop.add`, touched on the loop's thread only.

    /// What is to be done when the deadline passes.
    enum Stage {
        /// The connection waits for the peer, or runs and will.
        case waiting
        /// A handler has the request; the peer is owed an answer.
        case handling(ResponseEncoder.Framing)
        /// The peer had its last answer; the descriptor goes as soon as that can have been read.
        case leaving
        case closed
    }

    let descriptor: Int32
    let loop: EventLoop
    /// Whom the socket belongs to; nil for a listener's own.
    let acceptor: Acceptor?
    var tls: TLSSession?
    private(set) var deadline = Int64.max
    /// No deadline is later than this one.
    private var cutoff = Int64.max
    private(set) var hasExpired = false
    private(set) var isReadable = false
    private var isWritable = true
    private var hasHungUp = false
    /// How often TLS may still ask for bytes, in the call under way.
    private var readsLeft = Int.max
    private var stage = Stage.waiting
    private var reader: UnsafeContinuation<Void, Never>?
    private var writer: UnsafeContinuation<Void, Never>?
    /// Answers that are held back for a pipelined request, while its handler runs.
    // Unchecked exclusivity: on one thread, and never while another access goes on.
    @exclusivity(unchecked) private var held: [UInt8] = []

    init(descriptor: Int32, loop: EventLoop, acceptor: Acceptor?) {
        self.descriptor = descriptor
        self.loop = loop
        self.acceptor = acceptor
    }

    // MARK: Waiting

    /// Readiness, as epoll tells it.
    func signal(_ events: UInt32) {
        let endings = EPOLLRDHUP.rawValue | EPOLLHUP.rawValue | EPOLLERR.rawValue
        if events & endings != 0 { hasHungUp = true }
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

    func wakeWhenReadable(_ waiting: UnsafeContinuation<Void, Never>) { unsafe reader = waiting }

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

    /// Begins a new wait of at most so many milliseconds.
    func expire(inMilliseconds limit: Int64) {
        hasExpired = false
        deadline = min(loop.now + limit, cutoff)
        loop.notice(deadline)
    }

    /// The drain's end: whatever goes on is cut then.
    func cut(at moment: Int64) {
        cutoff = moment
        if deadline > moment {
            deadline = moment
            loop.notice(moment)
        }
    }

    /// The deadline has passed.
    func expire() {
        deadline = .max
        switch stage {
        case .waiting:
            hasExpired = true
            wakeReader()
            wakeWriter()
        case .handling(let framing):
            answerLate(framing)
        case .leaving:
            close()
        case .closed:
            break
        }
    }

    // MARK: While a handler runs

    /// `output`, what is held back for this peer, is looked after meanwhile.
    func beginHandling(
        _ framing: ResponseEncoder.Framing,
        holding output: inout [UInt8],
        limit: Int64
    ) {
        stage = .handling(framing)
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

    /// Sends what is held back, as far as the peer takes it: an answer never waits for a handler.
    func flushHeld() {
        guard case .handling = stage else { return }
        while unsafe !held.isEmpty {
            let step = unsafe held.withUnsafeBytes { unsafe write($0) }
            guard case .done(let count) = step else { return }
            unsafe held.removeFirst(count)
        }
    }

    /// The handler took too long. Its own answer, should it ever come, is dropped.
    private func answerLate(_ framing: ResponseEncoder.Framing) {
        if unsafe held.isEmpty {
            var framing = framing
            framing.keepsAlive = false
            var answer: [UInt8] = []
            ResponseEncoder.encode(.tooBusy, framing: framing, dateLine: loop.dateLine, to: &answer)
            _ = unsafe answer.withUnsafeBytes { unsafe write($0) }
        }
        unsafe held = []
        endOutput()
        stage = .leaving
        cutoff = .max
        expire(inMilliseconds: Deadlines.linger)
    }

    // MARK: Bytes

    /// Plain bytes from the peer, decrypted where needed.
    ///
    /// `wantRead` while `isReadable` means that others should have a turn first: records without
    /// plain bytes, such as key updates, would be read for as long as they come. One read holds a
    /// whole record if one has arrived, so it is enough for a peer that has something to say.
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

    /// Nothing can be read before epoll says so again.
    func forgetReadable() { isReadable = false }

    /// Reads once without having been told that there is something.
    func assumeReadable() { isReadable = true }

    // MARK: Ending

    /// Tells the peer that nothing more will come. What it sends can still be read.
    func endOutput() {
        if case .closed = stage { return }
        tls?.close()
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Gives the descriptor back. Later calls do nothing.
    func close() {
        if case .closed = stage { return }
        stage = .closed
        tls = nil
        loop.remove(self)
    }
}
