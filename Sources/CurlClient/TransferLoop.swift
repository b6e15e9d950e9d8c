import CCurl
import Glibc
import HTTP

/// The thread that runs all transfers, with libcurl's multi interface.
///
/// libcurl names the sockets it waits for and its next deadline; the loop reports the sockets that
/// are ready, so that the cost of an exchange does not depend on how many others run. It owns the
/// connections and the handles. When idle, it sleeps until it is woken.
@safe final class TransferLoop: @unchecked Sendable {
    // Invariant behind @unchecked: after `init`, used by one thread.

    /// Maximum number of pooled connections.
    static let pooledConnections = 256
    /// Maximum number of unused handles; each takes about 10 KiB.
    private static let keptHandles = 64
    /// How late a waiting transfer may notice its deadline.
    private static let queueSweep = Duration.milliseconds(50)
    private let multi: UnsafeMutableRawPointer
    private let epoll: Int32
    private var isOpen = true
    /// libcurl's next deadline.
    private var nextCall: ContinuousClock.Instant?
    private let mailbox: Mailbox
    private let maximumTransfers: Int
    private let connectLimit: Duration
    private var waiting: [Transfer] = []
    private var running: [ObjectIdentifier: Transfer] = [:]
    private var spare: [EasyHandle] = []
    private var nextSweep = ContinuousClock.now

    /// Nil when file descriptors or memory are exhausted.
    init?(_ mailbox: Mailbox, maximumTransfers: Int, connectLimit: Duration) {
        guard let multi = unsafe curl_multi_init() else { return nil }
        unsafe self.multi = multi
        self.mailbox = mailbox
        self.maximumTransfers = maximumTransfers
        self.connectLimit = connectLimit
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0, watch(mailbox.bell, EPOLL_CTL_ADD, EPOLLIN.rawValue) else { return nil }
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe beckon_curl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, me)
        unsafe beckon_curl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, me)
        unsafe beckon_curl_multi_set_socket(multi, watchSocket)
        unsafe beckon_curl_multi_set_timer(multi, setTimer)
        unsafe beckon_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, Self.pooledConnections)
    }

    deinit { close() }

    /// Closes all connections.
    private func close() {
        guard isOpen else { return }
        isOpen = false
        unsafe beckon_curl_multi_set_socket(multi, nil)
        unsafe curl_multi_cleanup(multi)
        if epoll >= 0 { Glibc.close(epoll) }
    }

    /// Returns after the mailbox is stopped, when all transfers are finished.
    func run() {
        blockBrokenPipes()
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let mail = mailbox.take()
            waiting += mail.arrivals
            for transfer in mail.abandoned { abandon(transfer) }
            if mail.isStopping { break }
            startWaiting()
            callIfDue()
            let hasFinished = collect()
            if hasFinished, !waiting.isEmpty { continue }
            let limit = mailbox.maySleep() ? sleepLimit : 0
            let ready = unsafe epoll_wait(epoll, &events, Int32(events.count), limit)
            for index in 0..<Int(max(ready, 0)) { unsafe handle(events[index]) }
        }
        end()
    }

    // MARK: Sockets and time

    private func handle(_ event: epoll_event) {
        let descriptor = unsafe event.data.fd
        if descriptor == mailbox.bell { return mailbox.silence() }
        let state = unsafe event.events
        var action: Int32 = 0
        if state & EPOLLIN.rawValue != 0 { action |= CURL_CSELECT_IN }
        if state & EPOLLOUT.rawValue != 0 { action |= CURL_CSELECT_OUT }
        if state & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { action |= CURL_CSELECT_ERR }
        var running: Int32 = 0
        unsafe curl_multi_socket_action(multi, descriptor, action, &running)
    }

    private func callIfDue() {
        guard let moment = nextCall, moment <= .now else { return }
        nextCall = nil
        var running: Int32 = 0
        // CURL_SOCKET_TIMEOUT, a macro.
        unsafe curl_multi_socket_action(multi, -1, 0, &running)
    }

    /// Milliseconds for `epoll_wait`: not less than libcurl's deadline, so that it is not called
    /// twice.
    private var sleepLimit: Int32 {
        let end = waiting.isEmpty ? nextCall : min(nextCall ?? nextSweep, nextSweep)
        guard let end else { return -1 }
        let (seconds, rest) = (end - .now).components
        guard seconds >= 0, rest >= 0 else { return 0 }
        return Int32(clamping: seconds * 1000 + rest / 1_000_000_000_000_000 + 1)
    }

    fileprivate func call(after milliseconds: Int) {
        nextCall = milliseconds < 0 ? nil : .now + .milliseconds(milliseconds)
    }

    /// Watches a socket for libcurl, which also reports it before it closes one.
    fileprivate func watch(_ descriptor: Int32, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            _ = watch(descriptor, EPOLL_CTL_DEL, 0)
            return
        }
        var events: UInt32 = 0
        if what & CURL_POLL_IN != 0 { events |= EPOLLIN.rawValue }
        if what & CURL_POLL_OUT != 0 { events |= EPOLLOUT.rawValue }
        if watch(descriptor, EPOLL_CTL_ADD, events) { return }
        if errno == EEXIST { _ = watch(descriptor, EPOLL_CTL_MOD, events) }
    }

    private func watch(_ descriptor: Int32, _ operation: Int32, _ events: UInt32) -> Bool {
        var event = unsafe epoll_event()
        unsafe event.events = events
        unsafe event.data.fd = descriptor
        return unsafe epoll_ctl(epoll, operation, descriptor, &event) == 0
    }

    /// A closed connection must be an error, not a signal; libcurl's threads inherit this.
    private func blockBrokenPipes() {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        unsafe sigaddset(&set, SIGPIPE)
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
    }

    // MARK: Starting

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

    /// Finishes the transfers that are done. True when there was one.
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
            // A failed handle may keep state of the failure.
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

    /// The task was cancelled. The connection is closed too.
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
        close()
    }
}

// Functions for libcurl. Each gets the loop, which outlives its multi handle, unretained.

private func watchSocket(
    _ handle: UnsafeMutableRawPointer?,
    _ descriptor: curl_socket_t,
    _ what: Int32,
    _ stored: UnsafeMutableRawPointer?,
    _ ofSocket: UnsafeMutableRawPointer?
) -> Int32 {
    guard let stored = unsafe stored else { return -1 }
    unsafe Unmanaged<TransferLoop>.fromOpaque(stored).takeUnretainedValue()
        .watch(descriptor, what)
    return 0
}

private func setTimer(
    _ multi: UnsafeMutableRawPointer?,
    _ milliseconds: Int,
    _ stored: UnsafeMutableRawPointer?
) -> Int32 {
    guard let stored = unsafe stored else { return -1 }
    unsafe Unmanaged<TransferLoop>.fromOpaque(stored).takeUnretainedValue()
        .call(after: milliseconds)
    return 0
}
