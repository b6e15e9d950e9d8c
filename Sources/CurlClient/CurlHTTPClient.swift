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

    private let mailboxes: [Mailbox]
    private let hasEnded = ThreadSemaphore()
    private let isShutDown = Locked(false)

    /// libcurl wants this before any other call, and once. It is thread-safe since 7.84.
    private static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    /// - Parameters:
    ///   - maximumTransfers: more exchanges than this wait for their turn.
    ///   - connectLimit: for resolving, connecting and the TLS handshake; the request's own time
    ///     limit holds besides.
    public init(maximumTransfers: Int = 256, connectLimit: Duration = .seconds(5)) {
        precondition(maximumTransfers > 0, "some transfer must be possible")
        precondition(Self.isReady, "libcurl starts")
        let loops = min(Self.loops, maximumTransfers)
        mailboxes = (0..<loops).map { _ in
            guard let multi = unsafe curl_multi_init() else {
                preconditionFailure("there is memory for libcurl")
            }
            return unsafe Mailbox(waking: multi)
        }
        let hasEnded = hasEnded
        for mailbox in mailboxes {
            WorkerThread.start {
                TransferLoop(
                    mailbox,
                    maximumTransfers: maximumTransfers / loops,
                    connectLimit: connectLimit
                ).run()
                hasEnded.signal()
            }
        }
    }

    deinit { mailboxes.forEach { $0.stop() } }

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
        let mailbox = leastBusy
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

    private var leastBusy: Mailbox {
        var best = mailboxes[0]
        var bestLoad = best.load.load(ordering: .relaxed)
        for mailbox in mailboxes.dropFirst() where bestLoad >= Self.share {
            let load = mailbox.load.load(ordering: .relaxed)
            if load < bestLoad { (best, bestLoad) = (mailbox, load) }
        }
        return best
    }

    /// Ends every exchange, closes every connection, and returns when the threads have ended, which
    /// takes milliseconds. What is sent afterwards is `.notSent`.
    public func shutdown() {
        let isFirst = isShutDown.withLock { isShutDown in
            defer { isShutDown = true }
            return !isShutDown
        }
        guard isFirst else { return }
        mailboxes.forEach { $0.stop() }
        mailboxes.forEach { _ in hasEnded.wait() }
    }
}
