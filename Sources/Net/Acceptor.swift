import HTTP
import TLS

/// One listener on one loop, with the connections that came in by it.
@safe final class Acceptor: @unchecked Sendable {
    // Invariant behind @unchecked: after `init`, touched on the loop's thread only.
    let server: Server
    let loop: EventLoop
    private let knocks: Socket
    private let listener: Listener
    private var openCount = 0
    private(set) var isDraining = false
    private var cutoff = Int64.max
    /// The end of `run`, which waits until all connections have ended or the time is up.
    private var whenDrained: UnsafeContinuation<Void, Never>?

    /// Peers accepted before other tasks of the loop have their turn.
    private static let batch = 64
    /// Milliseconds until accepting is tried again after the system had nothing left.
    private static let pause: Int64 = 100

    init(_ listener: Listener, loop: EventLoop, server: Server) {
        self.server = server
        self.loop = loop
        listener.giveUpDescriptor()
        knocks = Socket(descriptor: listener.descriptor, loop: loop, acceptor: nil)
        self.listener = listener
    }

    /// Serves until drained.
    func run() async {
        loop.add(knocks)
        await withDiscardingTaskGroup { connections in
            var accepted = 0
            // Draining or not, whoever has knocked is let in: closing the listener on them would
            // reset connections that their peers believe to be open.
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
                    knocks.forgetReadable()
                    try? await knocks.untilReadable()
                case .exhausted:
                    if isDraining { break accepting }
                    await loop.sleep(milliseconds: Self.pause)
                }
            }
            knocks.close()
            if openCount > 0 {
                unsafe await withUnsafeContinuation { unsafe whenDrained = $0 }
            }
            // Handlers that outlast the drain: theirs is to notice.
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
            // A connection without a request is closed at once now: it may have sent one already.
            socket.assumeReadable()
            socket.cut(at: cutoff)
        }
        switch server.admission.admit() {
        case .served:
            opened()
            server.observer?.connectionOpened()
            connections.addTask {
                var connection = Connection(socket, acceptor: self, address: address)
                await connection.run()
                socket.close()
                self.closed()
                self.server.admission.leave()
                self.server.observer?.connectionClosed()
            }
        case .toldToGo:
            server.observer?.connectionRefused()
            // A handshake costs more than an answer: over TLS there is no telling.
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
        knocks.wakeReader()
        loop.forEachSocket(of: self) { socket in
            socket.cut(at: moment)
            socket.wakeReader()
        }
        loop.at(moment + Deadlines.linger) { self.endDrain() }
    }
}

/// Tells a peer that there are too many connections, once it has asked for something, so that it
/// takes the answer for one.
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
    /// Reads and drops what still comes, until the peer ends or the deadline passes: closing with
    /// unread input would reset the connection, and the peer lose its last answer.
    func discardInput() async throws(ConnectionEnd) {
        var total = 0
        // More than any request may have; a peer that sends on after that does not read answers.
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

    /// Not inlined: its room would be in the frame of the task.
    @inline(never)
    private func discardOnce() -> Step {
        unsafe withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) {
            // Not through TLS: nobody wants to know what it says.
            unsafe receive(into: $0)
        }
    }
}
