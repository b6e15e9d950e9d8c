/// Answers one request. It runs on the event loop of the connection: it may await but must never
/// block.
public typealias Handler = @Sendable (Request) async -> Response

/// Makes the answer to a request that fails before its handler runs, from a status of RFC 9110 and
/// fixed text about it.
public typealias FailureForm = @Sendable (Int, StaticString) -> Response

/// A method and path with its handler.
public struct Route: Sendable {
    /// The method. GET also serves HEAD.
    public let method: Method
    /// A path with literal and `{name}` segments. Also the route's name in logs and metrics.
    public let pattern: String
    /// The time limit of the handler; nil for the server's default.
    public let deadline: Duration?
    /// Bytes of content that the route accepts; nil for the server's limit. More gets 413.
    public let contentLimit: Int?
    /// Bytes of content that reach the handler although they exceed the limit: it can tell more about
    /// them than 413. They have `Request.isOversized`.
    public let oversizeLimit: Int
    /// Judges a request whose content has not arrived yet by its head. A response refuses it, and the
    /// content is not read. Requests that arrive whole are judged by the handler alone.
    public let judge: (@Sendable (Request) -> Response?)?
    /// The form of errors of this interface; nil for RFC 9457 problems.
    public let failure: FailureForm?
    /// Answers requests that need no waiting; nil passes the request to `handler`. The route that
    /// is called most often has it, because running a task costs as much as parsing a request.
    public let atOnce: (@Sendable (Request) -> Response?)?
    /// Answers all other requests.
    public let handler: Handler

    /// Content of a GET request has no meaning (RFC 9110 §9.3.1).
    private static let contentOfGet = 1024

    /// The answer to a request that fails before its handler runs.
    public func failed(_ status: Int, _ detail: StaticString) -> Response {
        failure?(status, detail) ?? .problem(status, detail)
    }

    /// A route. `pattern` starts with a slash.
    public init(
        _ method: Method,
        _ pattern: String,
        deadline: Duration? = nil,
        contentLimit: Int? = nil,
        oversizeLimit: Int = 0,
        judge: (@Sendable (Request) -> Response?)? = nil,
        failure: FailureForm? = nil,
        atOnce: (@Sendable (Request) -> Response?)? = nil,
        _ handler: @escaping Handler
    ) {
        // allowed: patterns are constants of ours, or a base path that the configuration has
        // checked.
        precondition(
            pattern.hasPrefix("/"),
            "the pattern of a route starts with a slash: \(pattern)"
        )
        self.method = method
        self.pattern = pattern
        self.deadline = deadline
        self.contentLimit = contentLimit ?? (method == .get ? Self.contentOfGet : nil)
        self.oversizeLimit = oversizeLimit
        self.judge = judge
        self.failure = failure
        self.atOnce = atOnce
        self.handler = handler
    }
}

/// Finds the route of a request: literal paths first, then patterns with parameters in their order.
/// A few dozen routes need no tree.
public struct Router: Sendable {
    /// As given to `init`.
    public let routes: [Route]
    /// The literal paths, one after the other.
    private let paths: [UInt8]
    private let literals: [(path: Range<Int>, route: Int)]
    /// By the number of their segments, in the order of the routes.
    private let patterns: [[(segments: [Segment], route: Int)]]

    private enum Segment: Sendable {
        case literal([UInt8])
        case parameter(String)
    }

    /// A router for these routes.
    public init(_ routes: [Route]) {
        self.routes = routes
        let numbered = routes.enumerated()
        var paths: [UInt8] = []
        literals = numbered.filter { !$1.pattern.contains("{") }
            .map { number, route in
                let start = paths.count
                paths += route.pattern.utf8
                return (path: start..<paths.count, route: number)
            }
        self.paths = paths
        let patterns = numbered.filter { $1.pattern.contains("{") }
            .map { number, route in
                let segments = route.pattern.split(separator: "/", omittingEmptySubsequences: false)
                    .map { segment in
                        segment.hasPrefix("{") && segment.hasSuffix("}")
                            ? Segment.parameter(String(segment.dropFirst().dropLast()))
                            : Segment.literal(Array(segment.utf8))
                    }
                return (segments: segments, route: number)
            }
        let longest = patterns.map(\.segments.count).max() ?? 0
        self.patterns = (0..<longest + 1).map { count in
            patterns.filter { $0.segments.count == count }
        }
    }

    /// The result of a search.
    public enum Match: Sendable {
        /// The index of the route in `routes`.
        case route(Int)
        /// The path exists, but only for these methods.
        case methodNotAllowed(allowed: [Method])
        /// No route has the path.
        case notFound
    }

    /// Finds the route and sets the request's parameters. GET also serves HEAD (RFC 9110 §9.3.2).
    public func match(_ request: inout Request) -> Match {
        let wanted: Method = request.method == .head ? .get : request.method
        var allowed: [Method] = []
        for literal in literals where isPath(literal.path, of: request) {
            if routes[literal.route].method == wanted { return .route(literal.route) }
            allowed.append(routes[literal.route].method)
        }
        if allowed.isEmpty, patterns.count > 1 {
            let segments = request.bytes[request.pathRange]
                .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            for pattern in candidates(for: segments) {
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

    /// A route with the path of the request, whatever its method. For errors before the handler.
    public func routeOfPath(_ request: borrowing Request) -> Int? {
        for literal in literals where isPath(literal.path, of: request) { return literal.route }
        guard patterns.count > 1 else { return nil }
        let segments = request.bytes[request.pathRange]
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return candidates(for: segments)
            .first { Self.parameters(of: segments, in: $0.segments) != nil }?.route
    }

    private func isPath(_ path: Range<Int>, of request: borrowing Request) -> Bool {
        guard path.count == request.pathRange.count else { return false }
        return paths.span.extracting(path)
            .isEqual(to: request.bytes.span.extracting(request.pathRange))
    }

    private func candidates(
        for segments: [ArraySlice<UInt8>]
    ) -> [(segments: [Segment], route: Int)] {
        segments.count < patterns.count ? patterns[segments.count] : []
    }

    private static func parameters(
        of segments: [ArraySlice<UInt8>],
        in pattern: [Segment]
    ) -> [String: String]? {
        // Most patterns differ in a literal segment.
        for index in pattern.indices {
            if case .literal(let text) = pattern[index] {
                let segment = segments[index]
                guard segment.count == text.count, segment.span.isEqual(to: text.span) else {
                    return nil
                }
            }
        }
        var parameters: [String: String] = [:]
        for index in pattern.indices {
            if case .parameter(let name) = pattern[index] {
                guard !segments[index].isEmpty,
                    let value = PercentEncoding.decode(segments[index])
                else { return nil }
                parameters[name] = value
            }
        }
        return parameters
    }
}
