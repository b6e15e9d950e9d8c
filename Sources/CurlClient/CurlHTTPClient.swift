import CCurl
public import HTTP
import Threads

/// Calls other servers by libcurl: connections are pooled, each exchange has a deadline and a bound
/// on its answer, and a failure says whether the request may have been processed.
///
/// It never follows a redirect, keeps no cookie, and sends nothing twice that could do harm twice.
/// libcurl by itself repeats any request when a pooled connection ends before a byte of answer came
/// (also a POST, which the server may have carried out). Its pre-request function is called before
/// each attempt, so the second attempt of an unsafe method is stopped there, and the caller hears
/// `OutboundError.ambiguous`.
public final class CurlHTTPClient: OutboundHTTP {
    private let mailbox: Mailbox
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
        guard let multi = unsafe curl_multi_init() else {
            preconditionFailure("there is memory for libcurl")
        }
        let mailbox = unsafe Mailbox(waking: multi)
        self.mailbox = mailbox
        let hasEnded = hasEnded
        WorkerThread.start {
            TransferLoop(
                mailbox,
                maximumTransfers: maximumTransfers,
                connectLimit: connectLimit
            ).run()
            hasEnded.signal()
        }
    }

    deinit { mailbox.stop() }

    /// One attempt. Cancelling the task abandons it: `.notSent` or `.ambiguous`, as far as it got.
    public func send(
        _ request: OutboundRequest
    ) async throws(OutboundError) -> OutboundResponse {
        let transfer = Transfer(request)
        let mailbox = mailbox
        let answer: Transfer.Answer = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                transfer.waiter = waiter
                if !mailbox.post(transfer) {
                    transfer.finish(.failure(.notSent("the client was shut down")))
                }
            }
        } onCancel: {
            mailbox.abandon(transfer)
        }
        return try answer.get()
    }

    /// Ends every exchange, closes every connection, and returns when the thread has ended, which
    /// takes milliseconds. What is sent afterwards is `.notSent`.
    public func shutdown() {
        let isFirst = isShutDown.withLock { isShutDown in
            defer { isShutDown = true }
            return !isShutDown
        }
        guard isFirst else { return }
        mailbox.stop()
        hasEnded.wait()
    }
}
