import Texts

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
    /// By the number of their slashes, in the order of the routes.
    private let patterns: [[(parts: [Part], route: Int)]]

    private enum Part: Sendable {
        /// What is before, between or after the parameters, with the slashes.
        case literal([UInt8])
        /// A whole segment.
        case parameter(String)
    }

    private static let slash = UInt8(ascii: "/")

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
            .map { number, route in (parts: Self.parts(of: route.pattern), route: number) }
        func slashes(_ number: Int) -> Int {
            routes[number].pattern.utf8.count { $0 == Self.slash }
        }
        let most = patterns.map { slashes($0.route) }.max() ?? 0
        self.patterns = (0...most).map { count in
            patterns.filter { slashes($0.route) == count }
        }
    }

    private static func parts(of pattern: String) -> [Part] {
        var parts: [Part] = []
        var literal: [UInt8] = []
        for segment in pattern.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            literal.append(slash)
            if segment.hasPrefix("{") && segment.hasSuffix("}") {
                parts += [.literal(literal), .parameter(String(segment.dropFirst().dropLast()))]
                literal = []
            } else {
                literal += segment.utf8
            }
        }
        return literal.isEmpty ? parts : parts + [.literal(literal)]
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
        if allowed.isEmpty {
            for pattern in candidates(for: request) {
                guard let parameters = Self.parameters(of: request, in: pattern.parts) else {
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
        for pattern in candidates(for: request)
        where Self.parameters(of: request, in: pattern.parts) != nil {
            return pattern.route
        }
        return nil
    }

    private func isPath(_ path: Range<Int>, of request: borrowing Request) -> Bool {
        guard path.count == request.pathRange.count else { return false }
        return paths.span.extracting(path)
            .isEqual(to: request.bytes.span.extracting(request.pathRange))
    }

    private func candidates(for request: borrowing Request) -> [(parts: [Part], route: Int)] {
        let path = request.bytes.span.extracting(request.pathRange)
        var slashes = 0
        for index in path.indices where path[index] == Self.slash { slashes += 1 }
        return slashes < patterns.count ? patterns[slashes] : []
    }

    /// Nil for a path that is not of the pattern.
    private static func parameters(
        of request: borrowing Request,
        in pattern: [Part]
    ) -> RouteParameters? {
        var parameters = RouteParameters()
        var start = request.pathRange.lowerBound
        let end = request.pathRange.upperBound
        let bytes = request.bytes.span
        for part in pattern {
            switch part {
            case .literal(let text):
                guard end - start >= text.count,
                    text.span.isEqual(to: bytes.extracting(start..<(start + text.count)))
                else { return nil }
                start += text.count
            case .parameter(let name):
                var next = start
                while next < end, bytes[next] != slash { next += 1 }
                guard next > start, let value = PercentEncoding.decode(request.bytes[start..<next])
                else { return nil }
                parameters.append(name, value)
                start = next
            }
        }
        return start == end ? parameters : nil
    }
}

/// The values of a route's `{name}` segments, percent-decoded. Too few for a table.
public struct RouteParameters: Sendable {
    private var values: [(name: String, value: String)] = []

    /// No values.
    public init() {}

    /// The value of the segment with this name.
    public subscript(name: String) -> String? {
        for value in values where value.name.isExactly(name) { return value.value }
        return nil
    }

    mutating func append(_ name: String, _ value: String) { values.append((name, value)) }
}
