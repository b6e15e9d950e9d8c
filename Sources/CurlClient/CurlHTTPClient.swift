import CCurl
public import HTTP
import Synchronization
import Threads

/// Sends requests with libcurl: connections are pooled, each exchange has a deadline and a limit on
/// its answer, and a failure says whether the server may have processed the request.
///
/// It follows no redirects, keeps no cookies, and never sends an unsafe request twice. libcurl
/// itself repeats any request if a pooled connection ends before the first byte of the answer, even
/// a POST, which the server may have processed. Its pre-request function is called before each
/// attempt and stops the second attempt of an unsafe method; the caller gets
/// `OutboundError.ambiguous`.
///
/// One thread runs all transfers until there are many; then a second one shares the work. Each
/// thread has its own connections, so the second one is not used earlier.
public final class CurlHTTPClient: OutboundHTTP {
    /// One libcurl thread handles about 60,000 exchanges per second. On two cores, a second one
    /// adds a fifth; more would take CPU time from the callers.
    private static let loops = 2
    /// How many transfers one loop runs before the next one is used. Fewer would split the idle
    /// connections, more would leave a core unused.
    private static let share = 16

    /// Threads and libcurl are started by the first request: most commands send none.
    private enum State {
        case unused
        case running([Mailbox])
        case shutDown
    }

    private let maximumTransfers: Int
    private let connectLimit: Duration
    private let state = Locked(State.unused)
    private let hasEnded = ThreadSemaphore()

    /// Nil when libcurl is ready, else why it is not. It must be initialised once, before any other
    /// call; that is thread-safe since 7.84.
    private static let failure: String? = {
        if let reason = unsafe beckon_curl_load() { return unsafe String(cString: reason) }
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK ? nil : "it does not start"
    }()

    /// - Parameters:
    ///   - maximumTransfers: how many exchanges run at a time; more wait.
    ///   - connectLimit: for name resolution, connection and TLS handshake, in addition to the time
    ///     limit of the request.
    public init(maximumTransfers: Int = 256, connectLimit: Duration = .seconds(5)) {
        // allowed: the number is a constant of ours.
        precondition(maximumTransfers > 0, "some transfer must be possible")
        self.maximumTransfers = maximumTransfers
        self.connectLimit = connectLimit
    }

    deinit { stop(state.withLock { $0 }) }

    private func mailboxes() throws(OutboundError) -> [Mailbox] {
        try state.withLock { (state) throws(OutboundError) in
            switch state {
            case .running(let mailboxes): return mailboxes
            case .shutDown: throw .notSent("the client was shut down")
            case .unused:
                let mailboxes = try start()
                state = .running(mailboxes)
                return mailboxes
            }
        }
    }

    /// Loads libcurl if necessary. Must be called before any of its functions.
    static func load() throws(OutboundError) {
        if let failure { throw .notSent("libcurl cannot be used: \(failure)") }
    }

    private func start() throws(OutboundError) -> [Mailbox] {
        try Self.load()
        let loops = min(Self.loops, maximumTransfers)
        let share = maximumTransfers / loops
        var started: [(mailbox: Mailbox, loop: TransferLoop)] = []
        for _ in 0..<loops {
            guard let mailbox = Mailbox(),
                let loop = TransferLoop(
                    mailbox,
                    maximumTransfers: share,
                    connectLimit: connectLimit
                )
            else { throw .notSent("there are too many open files, or there is no memory") }
            started.append((mailbox, loop))
        }
        let mailboxes = started.map(\.mailbox)
        for (running, (_, loop)) in started.enumerated() {
            do throws(WorkerThread.Unavailable) {
                try WorkerThread.start { [hasEnded] in
                    loop.run()
                    hasEnded.signal()
                }
            } catch {
                // Threads without an exchange end at once.
                for mailbox in mailboxes.prefix(running) { mailbox.stop() }
                for _ in 0..<running { hasEnded.wait() }
                throw .notSent("\(error)")
            }
        }
        return mailboxes
    }

    private func stop(_ state: State) {
        guard case .running(let mailboxes) = state else { return }
        mailboxes.forEach { $0.stop() }
    }

    /// Makes one attempt. If the task is cancelled, the error is `.notSent` or `.ambiguous`.
    public func send(
        _ request: OutboundRequest
    ) async throws(OutboundError) -> OutboundResponse {
        try await send(request, take: nil)
    }

    /// As `send`, for an answer that comes bit by bit, such as server-sent events: `take` gets the body
    /// of a 2xx answer as it arrives, on libcurl's thread, and the response has none. The time limit is
    /// that of the whole exchange; the limit on the body does not apply.
    public func stream(
        _ request: OutboundRequest,
        take: @escaping @Sendable ([UInt8]) -> Void
    ) async throws(OutboundError) -> OutboundResponse {
        try await send(request, take: Optional(take))
    }

    private func send(
        _ request: OutboundRequest,
        take: (@Sendable ([UInt8]) -> Void)?
    ) async throws(OutboundError) -> OutboundResponse {
        let deadline = ContinuousClock.now + request.timeLimit
        let route = try await route(of: request, until: deadline)
        return try await perform(Transfer(request, by: route, until: deadline, take: take)).get()
    }

    /// The address check cannot see what a proxy connects to. So the name is resolved and checked
    /// here, and the proxy gets the address: a second lookup might return another one.
    private func route(
        of request: OutboundRequest,
        until deadline: ContinuousClock.Instant
    ) async throws(OutboundError) -> TransferRoute {
        let destination = request.destination
        guard !destination.allowsInternalAddresses else { return .free }
        let origin = try URLOrigin(request.url)
        guard let proxy = destination.proxy ?? ProxyEnvironment.current.proxy(to: origin),
            !proxy.isEmpty
        else { return .direct }
        if destination.proxyResolvesNames, InternetAddress(origin.host) == nil {
            return .proxy(proxy, nil)
        }
        let lookup = Transfer(request, by: .lookup, until: deadline)
        let answer = await perform(lookup)
        if let inner = lookup.addresses.first(where: { !$0.isPublic }) {
            throw .forbiddenAddress(inner.description)
        }
        // It is not known whether the proxy has IPv6.
        if let address = lookup.addresses.first(where: { $0.bytes.count == 4 })
            ?? lookup.addresses.first
        {
            return .proxy(proxy, address)
        }
        _ = try answer.get()
        throw .notSent("the name has no address")
    }

    private func perform(_ transfer: Transfer) async -> Transfer.Answer {
        let mailbox: Mailbox
        do { mailbox = Self.leastBusy(try mailboxes()) } catch { return .failure(error) }
        mailbox.load.add(1, ordering: .relaxed)
        defer { mailbox.load.subtract(1, ordering: .relaxed) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                transfer.waiter = waiter
                if !mailbox.post(transfer) {
                    transfer.finish(.failure(.notSent("the client was shut down")))
                }
            }
        } onCancel: {
            mailbox.abandon(transfer)
        }
    }

    private static func leastBusy(_ mailboxes: [Mailbox]) -> Mailbox {
        var best = mailboxes[0]
        var bestLoad = best.load.load(ordering: .relaxed)
        for mailbox in mailboxes.dropFirst() where bestLoad >= share {
            let load = mailbox.load.load(ordering: .relaxed)
            if load < bestLoad { (best, bestLoad) = (mailbox, load) }
        }
        return best
    }

    /// Ends all exchanges, closes all connections, and returns when the threads have ended, within
    /// milliseconds. Later requests fail with `.notSent`.
    public func shutdown() {
        let last = state.withLock { state in
            defer { state = .shutDown }
            return state
        }
        guard case .running(let mailboxes) = last else { return }
        stop(last)
        mailboxes.forEach { _ in hasEnded.wait() }
    }
}
