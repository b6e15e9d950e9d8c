public import HTTP
import Synchronization
import TLS
import Threads

/// An HTTP/1.1 server on one address, over some event loops.
public final class Server: Sendable {
    private struct State {
        var context: TLSContext?
        var acceptors: [Acceptor] = []
        var hasDrained = false
    }

    /// As given; its port may be 0, see `port`.
    public let configuration: ServerConfiguration
    /// `Exchange.route` is an index into its routes.
    public let router: Router
    /// The port that the server listens on, also when the system chose it.
    public let port: UInt16
    let observer: (any ExchangeObserver)?
    let admission: Admission
    let budget: InputBudget
    /// Nil when no proxy is trusted.
    let proxies: TrustedProxies?
    /// Of responses over TLS.
    let securityLine: [UInt8]
    let limits: Milliseconds
    /// The configured limits, with room for the route that takes the most content.
    let parserLimits: HTTPLimits
    /// The handlers of the router's routes, with their deadlines.
    let handlers: [TimedHandler]
    private let state: Locked<State>
    private let loops: [EventLoop]
    /// Until `run`.
    private let listeners: Locked<[Listener]>

    /// Reads the certificate and starts to listen; peers wait in the backlog until `run`.
    public init(
        _ configuration: ServerConfiguration,
        router: Router,
        loops: [EventLoop],
        observer: (any ExchangeObserver)? = nil
    ) throws(NetError) {
        // allowed: a group has at least one loop.
        precondition(!loops.isEmpty, "a server runs on at least one loop")
        self.configuration = configuration
        self.router = router
        var largest = configuration.limits
        largest.body = router.routes.lazy.map(\.oversizeLimit).reduce(largest.body, max)
        parserLimits = largest
        self.observer = observer
        admission = Admission(limit: configuration.maximumConnections)
        budget = InputBudget(
            limit: configuration.pendingInput,
            limitOfAddress: configuration.pendingInputPerAddress
        )
        proxies = TrustedProxies(configuration.trustedProxies)
        let isStrict = configuration.tls != nil && configuration.strictTransport > .zero
        securityLine =
            isStrict ? ResponseEncoder.securityLine(maximumAge: configuration.strictTransport) : []
        let limits = Milliseconds(configuration.deadlines)
        self.limits = limits
        handlers = router.routes.map { route in
            TimedHandler(
                atOnce: route.atOnce,
                handler: route.handler,
                limit: route.deadline?.milliseconds ?? limits.handler,
                contentLimit: max(
                    min(route.contentLimit ?? .max, configuration.limits.body),
                    route.oversizeLimit
                )
            )
        }
        var address = configuration.address
        var bound: [Listener] = []
        for _ in loops {
            let listener = try Listener(
                address,
                sharesPort: loops.count > 1,
                isFirst: bound.isEmpty
            )
            address.port = listener.port
            bound.append(listener)
        }
        port = address.port
        self.loops = loops
        listeners = Locked(bound)
        state = Locked(State(context: try Self.context(configuration.tls)))
    }

    private static func context(_ settings: TLSSettings?) throws(NetError) -> TLSContext? {
        guard let settings else { return nil }
        do throws(TLSError) {
            return try TLSContext(server: settings)
        } catch {
            throw .tls(error)
        }
    }

    /// Serves until drained: returns when every connection has ended. Cancelling the task drains
    /// without waiting. Runs once.
    public func run() async {
        let acceptors = makeAcceptors()
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                for acceptor in acceptors {
                    group.addTask(executorPreference: acceptor.loop) { await acceptor.run() }
                }
            }
        } onCancel: {
            drain(within: .zero)
        }
        // They refer to the server: kept here, neither would ever be freed.
        state.withLock { state in
            state.hasDrained = true
            state.acceptors = []
        }
    }

    private func makeAcceptors() -> [Acceptor] {
        let bound = listeners.withLock { listeners in
            let bound = listeners
            listeners = []
            return bound
        }
        let acceptors = zip(bound, loops).map { listener, loop in
            Acceptor(listener, loop: loop, server: self)
        }
        return state.withLock { state in
            // If it was drained before it ran, there is nothing to do.
            if !state.hasDrained { state.acceptors = acceptors }
            return state.acceptors
        }
    }

    /// Stops accepting, closes idle connections, lets running requests finish, and closes what is
    /// left after `limit`. Returns at once; `run` returns when all of this is done.
    public func drain(within limit: Duration) {
        let acceptors = state.withLock { state in
            state.hasDrained = true
            return state.acceptors
        }
        for acceptor in acceptors {
            acceptor.loop.perform { acceptor.drain(limit: limit.milliseconds) }
        }
    }

    /// Reads certificate, key and authorities again. New connections use them, open ones keep what
    /// they have. If a file is unusable, nothing changes.
    public func reloadCertificate() throws(NetError) {
        let context = try Self.context(configuration.tls)
        state.withLock { $0.context = context }
    }

    /// How many connections are being served.
    public var openConnections: Int { admission.openConnections }

    var tlsContext: TLSContext? { state.withLock { $0.context } }

    private static let requests = Atomic<UInt64>(0)

    /// Unique in this process.
    static func nextRequestID() -> UInt64 { requests.add(1, ordering: .relaxed).newValue }
}

/// A route's handler with its deadline. Not a tuple: calling a function that is in a tuple in an
/// array takes one more asynchronous function.
struct TimedHandler {
    let atOnce: (@Sendable (Request) -> Response?)?
    let handler: Handler
    /// Milliseconds.
    let limit: Int64
    /// Bytes.
    let contentLimit: Int
}

/// The deadlines in milliseconds.
struct Milliseconds {
    let handshake: Int64
    let header: Int64
    let body: Int64
    let idle: Int64
    let handler: Int64
    let write: Int64

    init(_ deadlines: Deadlines) {
        handshake = deadlines.handshake.milliseconds
        header = deadlines.header.milliseconds
        body = deadlines.body.milliseconds
        idle = deadlines.idle.milliseconds
        handler = deadlines.handler.milliseconds
        write = deadlines.write.milliseconds
    }
}
