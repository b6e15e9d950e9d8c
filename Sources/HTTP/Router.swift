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
///
/// All that a search reads is in a few arrays of plain numbers: cores that search at the same time would
/// otherwise contend for the counts of references.
public final class Router: Sendable {
    /// As given to `init`.
    public let routes: [Route]
    /// The literal paths and the literal parts of patterns, one after the other.
    private let text: [UInt8]
    /// Those of the same length follow each other, in the order of the routes.
    private let literals: [(path: Range<Int>, route: Int)]
    /// By a number of bytes, the literals with so many.
    private let byLength: [Range<Int>]
    /// Those with the same number of slashes follow each other, in the order of the routes.
    private let patterns: [(parts: Range<Int>, route: Int)]
    /// By a number of slashes, the patterns with so many.
    private let bySlashes: [Range<Int>]
    private let parts: [Part]
    private let names: [String]

    private enum Part: Sendable {
        /// What is before, between or after the parameters, with the slashes: a place in `text`.
        case literal(Range<Int>)
        /// A whole segment; the number of its name.
        case parameter(Int)
    }

    private static let slash = UInt8(ascii: "/")

    /// A router for these routes.
    public init(_ routes: [Route]) {
        self.routes = routes
        var text: [UInt8] = []
        var parts: [Part] = []
        var names: [String] = []
        func literal(_ bytes: some Collection<UInt8>) -> Range<Int> {
            text += bytes
            return text.count - bytes.count..<text.count
        }
        var literals: [(path: Range<Int>, route: Int)] = []
        var patterns: [(parts: Range<Int>, route: Int)] = []
        func slashes(_ route: Int) -> Int {
            routes[route].pattern.utf8.count { $0 == Self.slash }
        }
        for (number, route) in routes.enumerated() {
            guard route.pattern.contains("{") else {
                literals.append((path: literal(route.pattern.utf8), route: number))
                continue
            }
            let first = parts.count
            var before: [UInt8] = []
            for segment in route.pattern.split(separator: "/", omittingEmptySubsequences: false)
                .dropFirst()
            {
                before.append(Self.slash)
                if segment.hasPrefix("{") && segment.hasSuffix("}") {
                    parts += [.literal(literal(before)), .parameter(names.count)]
                    names.append(String(segment.dropFirst().dropLast()))
                    before = []
                } else {
                    before += segment.utf8
                }
            }
            if !before.isEmpty { parts.append(.literal(literal(before))) }
            patterns.append((parts: first..<parts.count, route: number))
        }
        (self.literals, byLength) = Self.group(literals) { $0.path.count }
        (self.patterns, bySlashes) = Self.group(patterns) { slashes($0.route) }
        self.text = text
        self.parts = parts
        self.names = names
    }

    /// Sorts by a number, and tells for each number where those with it are.
    private static func group<Value>(
        _ values: [Value],
        by number: (Value) -> Int
    ) -> ([Value], [Range<Int>]) {
        var sorted: [Value] = []
        let most = values.map(number).max() ?? -1
        let places = (0..<(most + 1)).map { wanted in
            let first = sorted.count
            sorted += values.filter { number($0) == wanted }
            return first..<sorted.count
        }
        return (sorted, places)
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
        for index in literals(for: request) where isPath(literals[index].path, of: request) {
            let route = literals[index].route
            if routes[route].method == wanted { return .route(route) }
            allowed.append(routes[route].method)
        }
        if allowed.isEmpty {
            for index in patterns(for: request) {
                let route = patterns[index].route
                guard let parameters = parameters(of: request, in: patterns[index].parts) else {
                    continue
                }
                if routes[route].method == wanted {
                    request.parameters = parameters
                    return .route(route)
                }
                allowed.append(routes[route].method)
            }
        }
        if allowed.isEmpty { return .notFound }
        return .methodNotAllowed(allowed: allowed.contains(.get) ? allowed + [.head] : allowed)
    }

    /// A route with the path of the request, whatever its method. For errors before the handler.
    public func routeOfPath(_ request: borrowing Request) -> Int? {
        for index in literals(for: request) where isPath(literals[index].path, of: request) {
            return literals[index].route
        }
        for index in patterns(for: request)
        where parameters(of: request, in: patterns[index].parts) != nil {
            return patterns[index].route
        }
        return nil
    }

    /// Numbers of the literals that are as long as the path.
    private func literals(for request: borrowing Request) -> Range<Int> {
        let length = request.pathRange.count
        return length < byLength.count ? byLength[length] : 0..<0
    }

    private func isPath(_ path: Range<Int>, of request: borrowing Request) -> Bool {
        Self.isEqual(text, path, request.bytes, from: request.pathRange.lowerBound)
    }

    private static func isEqual(
        _ text: [UInt8],
        _ part: Range<Int>,
        _ bytes: [UInt8],
        from start: Int
    ) -> Bool {
        text.span.extracting(part)
            .isEqual(to: bytes.span.extracting(start..<(start + part.count)))
    }

    /// Numbers of the patterns with as many slashes as the path.
    private func patterns(for request: borrowing Request) -> Range<Int> {
        let path = request.bytes.span.extracting(request.pathRange)
        var slashes = 0
        for index in path.indices where path[index] == Self.slash { slashes += 1 }
        return slashes < bySlashes.count ? bySlashes[slashes] : 0..<0
    }

    /// Nil for a path that is not of the pattern.
    private func parameters(
        of request: borrowing Request,
        in pattern: Range<Int>
    ) -> RouteParameters? {
        // Decoded only once the whole path is known to be of the pattern.
        guard visit(pattern, of: request, { _, _ in true }) else { return nil }
        var parameters = RouteParameters()
        let areDecoded = visit(pattern, of: request) { name, segment in
            guard let value = PercentEncoding.decode(request.bytes[segment]) else { return false }
            parameters.append(names[name], value)
            return true
        }
        return areDecoded ? parameters : nil
    }

    /// Calls `take` with the number of the name and the place of each parameter. False if the path is not
    /// of the pattern, or once `take` says so.
    private func visit(
        _ pattern: Range<Int>,
        of request: borrowing Request,
        _ take: (Int, Range<Int>) -> Bool
    ) -> Bool {
        let bytes = request.bytes.span
        var start = request.pathRange.lowerBound
        let end = request.pathRange.upperBound
        for index in pattern {
            switch parts[index] {
            case .literal(let literal):
                guard end - start >= literal.count,
                    Self.isEqual(text, literal, request.bytes, from: start)
                else { return false }
                start += literal.count
            case .parameter(let name):
                let first = start
                while start < end, bytes[start] != Self.slash { start += 1 }
                guard start > first, take(name, first..<start) else { return false }
            }
        }
        return start == end
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
