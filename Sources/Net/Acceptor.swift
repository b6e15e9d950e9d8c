import HTTP
import TLS

/// One listening socket on one loop, and the connections that it accepted.
@safe final class Acceptor: @unchecked Sendable {
    // Invariant behind @unchecked: after `init`, touched on the loop's thread only.
    let server: Server
    let loop: EventLoop
    private let listenerSocket: Socket
    private let listener: Listener
    private var openCount = 0
    private(set) var isDraining = false
    private var cutoff = Int64.max
    /// Ends `run`, which waits until all connections have ended or the time is up.
    private var whenDrained: UnsafeContinuation<Void, Never>?

    /// How many peers are accepted before other tasks of the loop run.
    private static let batch = 64
    /// Milliseconds until the next attempt to accept, after the system ran out of resources.
    private static let pause: Int64 = 100

    init(_ listener: Listener, loop: EventLoop, server: Server) {
        self.server = server
        self.loop = loop
        listener.giveUpDescriptor()
        listenerSocket = Socket(descriptor: listener.descriptor, loop: loop, acceptor: nil)
        self.listener = listener
    }

    /// Accepts and serves peers until drained.
    func run() async {
        loop.add(listenerSocket)
        await withDiscardingTaskGroup { connections in
            var accepted = 0
            // Peers in the backlog are accepted even when draining: closing the listening socket
            // would reset connections that their peers believe to be open.
            accepting: while true {
                switch listener.accept() {
                case .peer(let descriptor, let address):
                    admit(descriptor, address, to: &connections)
                    accepted += 1
                    if accepted % Self.batch == 0 { await loop.nextTurn() }
                case .turnedAway:
                    server.observer?.connectionRefused()
                    await loop.nextTurn()
                case .none:
                    if isDraining { break accepting }
                    listenerSocket.forgetReadable()
                    try? await listenerSocket.untilReadable()
                case .exhausted:
                    if isDraining { break accepting }
                    await loop.sleep(milliseconds: Self.pause)
                }
            }
            listenerSocket.close()
            if openCount > 0 {
                unsafe await withUnsafeContinuation { unsafe whenDrained = $0 }
            }
            // Handlers that are still running see that they are cancelled.
            connections.cancelAll()
        }
    }

    private func admit(
        _ descriptor: Int32,
        _ address: String,
        to connections: inout DiscardingTaskGroup
    ) {
        let socket = Socket(descriptor: descriptor, loop: loop, acceptor: self)
        loop.add(socket)
        if isDraining {
            // A connection without a request is closed at once while draining, but this one may
            // have sent a request already.
            socket.assumeReadable()
            socket.cut(at: cutoff)
        }
        switch server.admission.admit() {
        case .served:
            opened()
            server.observer?.connectionOpened()
            connections.addTask {
                await ServerConnection(socket, acceptor: self, address: address).run()
                socket.close()
                self.closed()
                self.server.admission.leave()
                self.server.observer?.connectionClosed()
            }
        case .toldToGo:
            server.observer?.connectionRefused()
            // Over TLS the connection is closed without an answer: a handshake costs too much.
            guard server.tlsContext == nil else {
                socket.close()
                server.admission.leaveRefused()
                return
            }
            opened()
            connections.addTask {
                await refuse(socket)
                socket.close()
                self.closed()
                self.server.admission.leaveRefused()
            }
        case .dropped:
            server.observer?.connectionRefused()
            socket.close()
        }
    }

    private func opened() { openCount += 1 }

    private func closed() {
        openCount -= 1
        if openCount == 0 { endDrain() }
    }

    private func endDrain() {
        guard let waiting = unsafe whenDrained else { return }
        unsafe whenDrained = nil
        unsafe waiting.resume()
    }

    /// Stops accepting, closes what is idle, and cuts everything else after `limit` milliseconds.
    func drain(limit: Int64) {
        cutoff = min(cutoff, loop.now + limit)
        let moment = cutoff
        isDraining = true
        listenerSocket.wakeReader()
        loop.forEachSocket(of: self) { socket in
            socket.cut(at: moment)
            socket.closeStream()
            socket.wakeReader()
        }
        loop.at(moment + Deadlines.linger) { self.endDrain() }
    }
}

/// Answers 503 because there are too many connections. It waits for the peer's request first, so
/// that the peer reads this as the answer to it.
private func refuse(_ socket: Socket) async {
    socket.expire(inMilliseconds: Deadlines.linger)
    var answer: [UInt8] = []
    ResponseEncoder.encode(
        .tooManyConnections,
        framing: .init(keepsAlive: false),
        dateLine: socket.loop.dateLine,
        to: &answer
    )
    do throws(ConnectionEnd) {
        try await socket.untilReadable()
        _ = unsafe answer.withUnsafeBytes { unsafe socket.write($0) }
        socket.endOutput()
        try await socket.discardInput()
    } catch {}
}

extension Socket {
    /// Reads and drops input until the peer ends the connection or the deadline passes. Closing
    /// with unread input would reset the connection, and the peer would lose the last answer.
    func discardInput() async throws(ConnectionEnd) {
        var total = 0
        // More than any request may have: a peer that sends more does not read answers.
        while total < 4 << 20 {
            switch discardOnce() {
            case .done(let count):
                total += count
                await loop.nextTurn()
                if hasExpired { throw .timedOut }
            case .wantRead, .wantWrite: try await untilReadable()
            case .closed: return
            }
        }
    }

    /// Not inlined, so that its buffer is not in the frame of the task.
    @inline(never)
    private func discardOnce() -> Step {
        unsafe withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) {
            // Not decrypted: nothing reads it.
            unsafe receive(into: $0)
        }
    }
}
