/// How large a request may be before it is refused.
public struct HTTPLimits: Hashable, Sendable {
    /// Bytes of a request target. RFC 9112 §3 asks for at least 8,000; longer ones get 414.
    public var target: Int
    /// Bytes of the request line and all field lines, including line ends; more gets 431. This is
    /// enough for a bearer token of several kilobytes and the cookies of a browser.
    public var head: Int
    /// Field lines; more gets 431. Real requests have fewer than thirty.
    public var fields: Int
    /// Bytes of decoded content; more gets 413, unless the route has limits of its own. The largest body
    /// a handler expects is a few kilobytes.
    public var body: Int
    /// Bytes of chunk sizes, extensions and trailers in addition to one per byte of content; more
    /// gets 413. Without it a peer could send chunks of one byte without end.
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

    /// Bytes of a request line: its target, and room for the longest method and the version.
    var requestLine: Int { target + 64 }
}
