/// The time limits of a connection.
public struct Deadlines: Hashable, Sendable {
    /// For the TLS handshake.
    public var handshake: Duration
    /// For the first byte on a new connection, and then for the whole header section.
    public var header: Duration
    /// For the whole content, from the end of the header section.
    public var body: Duration
    /// Between the requests of a connection.
    public var idle: Duration
    /// For a handler, unless its route has a limit of its own.
    public var handler: Duration
    /// For the peer to read an answer.
    public var write: Duration

    /// The defaults are for peers over the internet.
    public init(
        handshake: Duration = .seconds(10),
        header: Duration = .seconds(10),
        body: Duration = .seconds(20),
        idle: Duration = .seconds(60),
        handler: Duration = .seconds(10),
        write: Duration = .seconds(20)
    ) {
        self.handshake = handshake
        self.header = header
        self.body = body
        self.idle = idle
        self.handler = handler
        self.write = write
    }

    /// Milliseconds for the peer to read the last answer before its connection is closed.
    static let linger: Int64 = 1000
}

extension Duration {
    /// Rounded up: a limit is never shorter than configured.
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        guard seconds < 1 << 40 else { return 1 << 50 }
        return seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }
}
