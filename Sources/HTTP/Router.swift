/// Answers one request. Runs on the event loop of its connection: it may await, never block.
public typealias Handler = @Sendable (Request) async -> Response

/// One thing that can be asked for.
public struct Route: Sendable {
    public let method: Method
    /// A path whose segments are literal or `{name}`. Also the route's name in logs and metrics.
    public let pattern: String
    /// How long the handler may take; nil for the server's own limit.
    public let deadline: Duration?
    /// Answers what needs no waiting, nil for all else, which `handler` then answers from the start.
    /// Each `await` costs as much as parsing a field, so the hottest route has none.
    public let atOnce: (@Sendable (Request) -> Response?)?
    public let handler: Handler

    public init(
        _ method: Method,
        _ pattern: String,
        deadline: Duration? = nil,
        atOnce: (@Sendable (Request) -> Response?)? = nil,
        _ handler: @escaping Handler
    ) {
        precondition(pattern.hasPrefix("/"), "a route's pattern begins with a slash: \(pattern)")
        self.method = method
        self.pattern = pattern
        self.deadline = deadline
        self.atOnce = atOnce
        self.handler = handler
    }
}

/// Finds the route of a request: literal paths first, then those with parameters in the order
/// they were given. A few dozen routes need no tree.
public struct Router: Sendable {
    public let routes: [Route]
    private let literals: [(path: [UInt8], route: Int)]
    private let patterns: [(segments: [Segment], route: Int)]

    private enum Segment: Sendable {
        case literal([UInt8])
        case parameter(String)
    }

    public init(_ routes: [Route]) {
        self.routes = routes
        let numbered = routes.enumerated()
        literals = numbered.filter { !$1.pattern.contains("{") }
            .map { (path: Array($1.pattern.utf8), route: $0) }
        patterns = numbered.filter { $1.pattern.contains("{") }
            .map { number, route in
                let segments = route.pattern.split(separator: "/", omittingEmptySubsequences: false)
                    .map { segment in
                        segment.hasPrefix("{") && segment.hasSuffix("}")
                            ? Segment.parameter(String(segment.dropFirst().dropLast()))
                            : Segment.literal(Array(segment.utf8))
                    }
                return (segments: segments, route: number)
            }
    }

    public enum Match: Sendable {
        /// The number of a route in `routes`.
        case route(Int)
        /// There is such a path, for these methods.
        case methodNotAllowed(allowed: [Method])
        case notFound
    }

    /// Finds the route and fills in the request's parameters. HEAD is served by GET (RFC 9110 §9.3.2).
    public func match(_ request: inout Request) -> Match {
        let wanted: Method = request.method == .head ? .get : request.method
        var allowed: [Method] = []
        for literal in literals where isPath(literal.path, of: request) {
            if routes[literal.route].method == wanted { return .route(literal.route) }
            allowed.append(routes[literal.route].method)
        }
        if allowed.isEmpty, !patterns.isEmpty {
            let segments = request.bytes[request.pathRange]
                .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            for pattern in patterns {
                guard let parameters = Self.parameters(of: segments, in: pattern.segments) else {
                    continue
                }
                if routes[pattern.route].method == wanted {
                    request.parameters = parameters
                    return .route(pattern.route)
                }
                allowed.append(routes[pattern.route].method)
            }
        }
        if allowed.isEmpty { return .notFound }
        return .methodNotAllowed(allowed: allowed.contains(.get) ? allowed + [.head] : allowed)
    }

    private func isPath(_ path: [UInt8], of request: Request) -> Bool {
        guard path.count == request.pathRange.count else { return false }
        let start = request.pathRange.lowerBound
        for index in path.indices where path[index] != request.bytes[start + index] { return false }
        return true
    }

    private static func parameters(
        of segments: [ArraySlice<UInt8>],
        in pattern: [Segment]
    ) -> [String: String]? {
        guard segments.count == pattern.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, wanted) in zip(segments, pattern) {
            switch wanted {
            case .literal(let text): guard segment.elementsEqual(text) else { return nil }
            case .parameter(let name):
                guard !segment.isEmpty, let value = PercentEncoding.decode(segment) else {
                    return nil
                }
                parameters[name] = value
            }
        }
        return parameters
    }
}
