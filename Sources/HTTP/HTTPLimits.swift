/// How much of a request is read before it is refused.
public struct HTTPLimits: Hashable, Sendable {
    /// Bytes of a request target. RFC 9112 §3 asks for at least 8,000; longer ones get 414.
    public var target: Int
    /// Bytes of the request line and all field lines, line ends included; more gets 431. Enough
    /// for a bearer token of several kilobytes beside a browser's cookies.
    public var head: Int
    /// Field lines; more gets 431. Real requests have fewer than thirty.
    public var fields: Int
    /// Bytes of decoded content; more gets 413. The largest body a handler expects is a few
    /// kilobytes.
    public var body: Int
    /// Bytes of chunk sizes, extensions and trailers that may come beyond one per byte of content;
    /// more gets 413. Without it a peer could send for ever by sending chunks of one byte.
    public var chunkOverhead: Int

    /// The defaults suit every endpoint of this service.
    public init(
        target: Int = 8 << 10,
        head: Int = 16 << 10,
        fields: Int = 100,
        body: Int = 64 << 10,
        chunkOverhead: Int = 16 << 10
    ) {
        self.target = target
        self.head = head
        self.fields = fields
        self.body = body
        self.chunkOverhead = chunkOverhead
    }

    /// A request line is at most this long: its target, and the longest method and version that
    /// anybody sends.
    var requestLine: Int { target + 64 }
}
