import CCurl
public import HTTP
import Synchronization
import Threads

/// Calls other servers by libcurl: connections are pooled, each exchange has a deadline and a bound
/// on its answer, and a failure says whether the request may have been processed.
///
/// It never follows a redirect, keeps no cookie, and sends nothing twice that could do harm twice.
/// libcurl by itself repeats any request when a pooled connection ends before a byte of answer came
/// (also a POST, which the server may have carried out). Its pre-request function is called before
/// each attempt, so the second attempt of an unsafe method is stopped there, and the caller hears
/// `OutboundError.ambiguous`.
///
/// One thread drives all transfers until it has many; then a second one shares the work. Each has
/// connections of its own, which is why the second one is not used earlier.
public final class CurlHTTPClient: OutboundHTTP {
    /// One libcurl thread manages some 60,000 exchanges a second. Measured on two cores, a second
    /// one adds a fifth; more of them would take their time from whoever sends.
    private static let loops = 2
    /// Transfers that one loop takes before the next is asked. Fewer would spread idle connections,
    /// more would leave a core unused.
    private static let share = 16

    /// Threads and libcurl itself are there from the first call on: commands never make one.
    private enum State {
        case unused
        case running([Mailbox])
        case shutDown
    }

    private let maximumTransfers: Int
    private let connectLimit: Duration
    private let state = Locked(State.unused)
    private let hasEnded = ThreadSemaphore()

    /// Nil when libcurl is ready, else why it is not. Its initialisation must come before any other
    /// call, and once; it is thread-safe since 7.84.
    private static let failure: String? = {
        if let reason = unsafe beckon_curl_load() { return unsafe String(cString: reason) }
        return curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK ? nil : "it does not start"
    }()

    /// - Parameters:
    ///   - maximumTransfers: more exchanges than this wait for their turn.
    ///   - connectLimit: for resolving, connecting and the TLS handshake; the request's own time
    ///     limit holds besides.
    public init(maximumTransfers: Int = 256, connectLimit: Duration = .seconds(5)) {
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

    /// Loads libcurl if it is not there yet: before this, no function of it may be called.
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
        for (_, loop) in started {
            WorkerThread.start { [hasEnded] in
                loop.run()
                hasEnded.signal()
            }
        }
        return mailboxes
    }

    private func stop(_ state: State) {
        guard case .running(let mailboxes) = state else { return }
        mailboxes.forEach { $0.stop() }
    }

    /// One attempt. Cancelling the task abandons it: `.notSent` or `.ambiguous`, as far as it got.
    public func send(
        _ request: OutboundRequest
    ) async throws(OutboundError) -> OutboundResponse {
        let deadline = ContinuousClock.now + request.timeLimit
        let route = try await route(of: request, until: deadline)
        return try await perform(Transfer(request, by: route, until: deadline)).get()
    }

    /// The guard cannot see what a proxy connects to. So before one the name is resolved here and
    /// judged, and the proxy gets the address: another look at the name might find another.
    private func route(
        of request: OutboundRequest,
        until deadline: ContinuousClock.Instant
    ) async throws(OutboundError) -> Route {
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
        // Whether the proxy has IPv6 is not known.
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

    /// Ends every exchange, closes every connection, and returns when the threads have ended, which
    /// takes milliseconds. What is sent afterwards is `.notSent`.
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
