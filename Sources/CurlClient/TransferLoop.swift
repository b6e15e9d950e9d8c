import CCurl
import Glibc
import HTTP

/// The thread that drives every transfer, by libcurl's multi interface.
///
/// It owns the connections and the handles. Idle, it sleeps until it is woken.
@safe final class TransferLoop {
    /// Pooled connections that are kept at most.
    static let pooledConnections = 256
    /// Handles that are kept for the next transfers; each holds some 10 KiB.
    private static let keptHandles = 64
    /// How late a transfer that waits for its turn may learn that its time is over.
    private static let queueSweep = Duration.milliseconds(50)
    /// libcurl wakes earlier by itself whenever it has something to do.
    private static let idleSleep: Int32 = 600_000

    private let multi: UnsafeMutableRawPointer
    private let mailbox: Mailbox
    private let maximumTransfers: Int
    private let connectLimit: Duration
    private var waiting: [Transfer] = []
    private var running: [ObjectIdentifier: Transfer] = [:]
    private var spare: [EasyHandle] = []
    private var nextSweep = ContinuousClock.now

    /// Takes over the mailbox's multi handle.
    init(_ mailbox: Mailbox, maximumTransfers: Int, connectLimit: Duration) {
        self.mailbox = mailbox
        unsafe multi = mailbox.multi
        self.maximumTransfers = maximumTransfers
        self.connectLimit = connectLimit
        _ = unsafe beckon_curl_multi_set_long(
            multi,
            CURLMOPT_MAXCONNECTS,
            Self.pooledConnections
        )
    }

    /// Returns when the mailbox is stopped; by then every transfer has been answered.
    func run() {
        blockBrokenPipes()
        while true {
            let mail = mailbox.take()
            waiting += mail.arrivals
            for transfer in mail.abandoned { abandon(transfer) }
            if mail.isStopping { break }
            startWaiting()
            var count: Int32 = 0
            unsafe curl_multi_perform(multi, &count)
            let hasFinished = collect()
            if hasFinished, !waiting.isEmpty { continue }
            if mailbox.maySleep() {
                let sleep = waiting.isEmpty ? Self.idleSleep : 50
                unsafe curl_multi_poll(multi, nil, 0, sleep, nil)
            }
        }
        end()
    }

    /// A peer that goes away must be an error, not a signal; libcurl's threads inherit this.
    private func blockBrokenPipes() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    // MARK: Beginning

    private func startWaiting() {
        guard !waiting.isEmpty else { return }
        let places = min(maximumTransfers - running.count, waiting.count)
        if places > 0 {
            for transfer in waiting[..<places] { start(transfer) }
            waiting.removeFirst(places)
        }
        let now = ContinuousClock.now
        guard !waiting.isEmpty, now >= nextSweep else { return }
        nextSweep = now + Self.queueSweep
        waiting.removeAll { transfer in
            guard transfer.deadline <= now else { return false }
            transfer.finish(.failure(.notSent("too many transfers were under way")))
            return true
        }
    }

    private func start(_ transfer: Transfer) {
        if transfer.isAbandoned { return transfer.finish(.failure(.notSent("cancelled"))) }
        let left = transfer.deadline - .now
        guard left > .zero else {
            return transfer.finish(.failure(.notSent("there was no time left")))
        }
        guard let handle = spare.popLast() ?? EasyHandle() else {
            return transfer.finish(.failure(.notSent("no memory for a transfer")))
        }
        do throws(OutboundError) {
            try handle.carry(transfer, timeLimit: left, connectLimit: connectLimit)
        } catch {
            return transfer.finish(.failure(error))
        }
        guard unsafe curl_multi_add_handle(multi, handle.pointer) == CURLM_OK else {
            handle.release()
            return transfer.finish(.failure(.notSent("libcurl took no more transfers")))
        }
        transfer.handle = handle
        running[ObjectIdentifier(transfer)] = transfer
    }

    // MARK: Ending

    /// Answers what is done. True when something was.
    private func collect() -> Bool {
        var hasFinished = false
        var left: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &left) {
            guard unsafe message.pointee.msg == CURLMSG_DONE,
                let handle = unsafe EasyHandle.of(message.pointee.easy_handle),
                let transfer = handle.transfer
            else { continue }
            let code = unsafe beckon_curl_message_result(message)
            let answer = transfer.answer(code, code == CURLE_OK ? "" : handle.explanation(code))
            take(transfer, off: handle)
            // A handle that failed may remember what led to it.
            if code == CURLE_OK, spare.count < Self.keptHandles { spare.append(handle) }
            transfer.finish(answer)
            hasFinished = true
        }
        return hasFinished
    }

    private func take(_ transfer: Transfer, off handle: EasyHandle) {
        unsafe curl_multi_remove_handle(multi, handle.pointer)
        handle.release()
        running[ObjectIdentifier(transfer)] = nil
    }

    /// Its task was cancelled: nobody wants the answer. The connection is closed with it.
    private func abandon(_ transfer: Transfer) {
        transfer.isAbandoned = true
        if let handle = transfer.handle {
            take(transfer, off: handle)
            transfer.finish(.failure(transfer.interruption("cancelled")))
        } else if let place = waiting.firstIndex(where: { $0 === transfer }) {
            waiting.remove(at: place)
            transfer.finish(.failure(.notSent("cancelled")))
        }
    }

    private func end() {
        for transfer in Array(running.values) {
            if let handle = transfer.handle { take(transfer, off: handle) }
            transfer.finish(.failure(transfer.interruption("the client was shut down")))
        }
        for transfer in waiting + mailbox.close() {
            transfer.finish(.failure(.notSent("the client was shut down")))
        }
        waiting = []
        spare = []
        unsafe curl_multi_cleanup(multi)
    }
}
