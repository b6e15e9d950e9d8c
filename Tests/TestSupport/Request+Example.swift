public import HTTP

extension Request {
    /// A request as the parser makes it, for tests of handlers without a server.
    public static func example(
        _ method: Method,
        _ target: String,
        fields: [Field] = [],
        body: [UInt8] = [],
        peer: Peer = Peer(address: "127.0.0.1")
    ) -> Request {
        var bytes: [UInt8] = []
        func put(_ text: [UInt8]) -> Range<Int> {
            let start = bytes.count
            bytes += text
            return start..<bytes.count
        }
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = put(Array(halves[0].utf8))
        let query = put(halves.count > 1 ? Array(halves[1].utf8) : [])
        let ranges = fields.map { field in
            let name = put(Array(field.name.utf8))
            let value = put(Array(field.value.utf8))
            return FieldRange(
                name: Int32(name.lowerBound)..<Int32(name.upperBound),
                value: Int32(value.lowerBound)..<Int32(value.upperBound)
            )
        }
        let bodyRange = put(body)
        var request = Request(
            bytes: bytes,
            method: method,
            pathRange: path,
            queryRange: query,
            bodyRange: bodyRange,
            fieldRanges: ranges,
            keepsAlive: true
        )
        request.peer = peer
        return request
    }
}

extension Router {
    /// Routes a request and returns the answer, as a server does.
    public func answer(_ request: Request) async -> Response? {
        var request = request
        guard case .route(let number) = match(&request) else { return nil }
        request.isOversized = request.body.count > HTTPLimits().body
        if let answer = routes[number].atOnce?(request) { return answer }
        return await routes[number].handler(request)
    }
}
