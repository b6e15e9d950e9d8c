import CLinux
import Glibc
import HTTP
import Synchronization
import Threads

/// One thread, one epoll set, and the tasks that prefer to run there.
///
/// A turn has two phases. First every ready socket handles its event: connections are served as far
/// as they need not wait, and other tasks become runnable. Then the runnable tasks run. Only tasks
/// close sockets, so a socket is never closed while an event for it is pending.
///
/// Whatever runs here must never block.
@safe public final class EventLoop: TaskExecutor, @unchecked Sendable {
    // Invariant behind @unchecked: any thread may use `inbox`, `thread`, the times of turns and the
    // descriptors; everything else is touched on the loop's thread only.
    private let epoll: Int32
    private let wakeup: Int32
    private let inbox = Locked(Inbox())
    private let thread = Atomic<UInt>(0)
    /// When the current turn began, in milliseconds of the monotonic clock; 0 while the loop waits.
    private let busySince = Atomic<Int64>(0)
    /// Milliseconds of the longest turn since `takeLag`.
    private let longestTurn = Atomic<Int64>(0)
    // Unchecked exclusivity: used on one thread, with no overlapping accesses; the check costs more
    // than the access.
    @exclusivity(unchecked) private var ready: [UnownedJob] = []
    private var yielded: [UnsafeContinuation<Void, Never>] = unsafe []
    private var holding: [Socket] = []
    private var alarms: [(moment: Int64, action: () -> Void)] = []
    /// By descriptor.
    private var sockets: [Socket?] = []
    @exclusivity(unchecked) private var workspaces: [Workspace.Box] = []
    /// Milliseconds of the monotonic clock, read once a turn.
    private(set) var now: Int64 = 0
    /// No deadline is earlier than this. All of them may be later, because deadlines change.
    private var earliest = Int64.max
    private var lastSweep: Int64 = 0
    /// How long the turn before took.
    private var lastTurn: Int64 = 0
    private var date: (second: Int, turn: UInt64, line: [UInt8]) = (-1, 0, [])
    private var turn: UInt64 = 1

    /// Milliseconds between two checks of all deadlines: often enough for limits of a second, and
    /// rare enough to cost nothing with ten thousand sockets.
    private static let sweepInterval: Int64 = 100

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var work: [@Sendable () -> Void] = []
        var isStopping = false
        var isEmpty: Bool { jobs.isEmpty && work.isEmpty && !isStopping }
    }

    private init() throws(NetError) {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        guard epoll >= 0 else { throw .system(call: "epoll_create1", code: errno) }
        wakeup = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        guard wakeup >= 0 else {
            let code = errno
            close(epoll)
            throw .system(call: "eventfd", code: code)
        }
        guard watch(wakeup, EPOLLIN.rawValue) else {
            let code = errno
            close(epoll)
            close(wakeup)
            throw .system(call: "epoll_ctl", code: code)
        }
    }

    /// Starts a thread that serves the loop until `stop`.
    public static func start() throws(NetError) -> EventLoop {
        let loop = try EventLoop()
        do throws(WorkerThread.Unavailable) {
            try WorkerThread.start { loop.run() }
        } catch {
            close(loop.epoll)
            close(loop.wakeup)
            throw .system(call: "pthread_create", code: error.code)
        }
        return loop
    }

    /// Ends the thread. Call it only after everything that ran here has ended: tasks that still
    /// wait are never resumed.
    public func stop() { post { inbox in inbox.isStopping = true } }

    /// How long the loop could not respond at most since the last call: the longest turn, and the
    /// current one as far as it has come. From any thread. Accurate to a few milliseconds.
    public func takeLag() -> Duration {
        let since = busySince.load(ordering: .relaxed)
        let current = since == 0 ? 0 : Self.clock() - since
        return .milliseconds(max(current, longestTurn.exchange(0, ordering: .relaxed)))
    }

    /// Runs a job on the loop's thread: in this turn or the next, from any thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if pthread_self() == thread.load(ordering: .relaxed) {
            unsafe ready.append(job)
        } else {
            post { inbox in inbox.jobs.append(job) }
        }
    }

    /// Runs `work` on the loop's thread, in its next turn.
    func perform(_ work: @escaping @Sendable () -> Void) {
        post { inbox in inbox.work.append(work) }
    }

    private func post(_ add: (inout Inbox) -> Void) {
        let wasEmpty = inbox.withLock { inbox in
            let wasEmpty = inbox.isEmpty
            add(&inbox)
            return wasEmpty
        }
        // Only the post that finds the inbox empty wakes the loop: one system call for many posts.
        if wasEmpty { eventfd_write(wakeup, 1) }
    }

    // MARK: Called on the loop's thread

    func add(_ socket: Socket) {
        let index = Int(socket.descriptor)
        while sockets.count <= index { sockets.append(nil) }
        sockets[index] = socket
        // At the system's limit on watches the deadline ends the connection.
        _ = watch(
            socket.descriptor,
            EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLRDHUP.rawValue | EPOLLET.rawValue
        )
    }

    func remove(_ socket: Socket) {
        sockets[Int(socket.descriptor)] = nil
        close(socket.descriptor)
    }

    func forEachSocket(of acceptor: Acceptor, _ body: (Socket) -> Void) {
        for socket in sockets {
            if let socket, socket.acceptor === acceptor { body(socket) }
        }
    }

    /// Memory belongs to connections only while these have something to do, so idle ones cost
    /// little.
    func takeWorkspace(limits: HTTPLimits) -> Workspace.Box {
        let box = unsafe workspaces.popLast() ?? Workspace.Box()
        unsafe box.contents.parser.limits = limits
        return box
    }

    func giveBack(_ box: consuming Workspace.Box) {
        unsafe box.contents.reset()
        // Enough for every connection that is likely to be busy in one turn.
        if unsafe workspaces.count < 64, unsafe box.contents.isWorthKeeping {
            unsafe workspaces.append(box)
        }
    }

    /// Notes a deadline.
    func notice(_ moment: Int64) { if moment < earliest { earliest = moment } }

    func at(_ moment: Int64, _ action: @escaping () -> Void) {
        alarms.append((moment, action))
        notice(moment)
    }

    func sleep(milliseconds: Int64) async {
        unsafe await withUnsafeContinuation { continuation in
            at(now + milliseconds) { unsafe continuation.resume() }
        }
    }

    /// Returns in the next turn, after other tasks have run.
    func nextTurn() async {
        unsafe await withUnsafeContinuation { unsafe yielded.append($0) }
    }

    func flushAfterTurn(_ socket: Socket) { holding.append(socket) }

    /// The `Date` line of a response.
    var dateLine: [UInt8] {
        if date.turn != turn {
            date.turn = turn
            let second = time(nil)
            if second != date.second {
                date.second = second
                date.line = ResponseEncoder.dateLine(secondsSince1970: Int64(second))
            }
        }
        return date.line
    }

    /// False if the descriptor cannot be watched, as at the system's limit on watches.
    private func watch(_ descriptor: Int32, _ events: UInt32) -> Bool {
        var event = unsafe epoll_event()
        unsafe event.events = events
        unsafe event.data.fd = descriptor
        return unsafe epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0
    }

    private func run() {
        thread.store(pthread_self(), ordering: .relaxed)
        var events = unsafe [epoll_event](repeating: epoll_event(), count: 512)
        let executor = unsafe asUnownedTaskExecutor()
        var running: [UnownedJob] = []
        var isStopping = false
        readClock()
        while unsafe !isStopping || !ready.isEmpty {
            let count = unsafe epoll_wait(epoll, &events, Int32(events.count), timeout())
            readClock()
            busySince.store(now, ordering: .relaxed)
            turn &+= 1
            if unsafe !yielded.isEmpty {
                let waiting = unsafe yielded
                unsafe yielded.removeAll(keepingCapacity: true)
                unsafe waiting.forEach { unsafe $0.resume() }
            }
            for index in 0..<max(0, Int(count)) {
                let descriptor = unsafe events[index].data.fd
                if descriptor == wakeup {
                    if emptyInbox() { isStopping = true }
                } else {
                    unsafe sockets[Int(descriptor)]?.signal(events[index].events)
                }
            }
            unsafe swap(&ready, &running)
            for job in running { unsafe job.runSynchronously(on: executor) }
            running.removeAll(keepingCapacity: true)
            sweep()
            if !holding.isEmpty { flushHolding() }
            endTurn()
        }
        // These may refer to the loop: kept, neither would ever be freed.
        alarms = []
        sockets = []
        close(epoll)
        close(wakeup)
    }

    private func readClock() { now = Self.clock() }

    private static func clock() -> Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    private func endTurn() {
        let length = Self.clock() - now
        lastTurn = length
        busySince.store(0, ordering: .relaxed)
        if length > longestTurn.load(ordering: .relaxed) {
            longestTurn.store(length, ordering: .relaxed)
        }
    }

    /// How many milliseconds to wait for events at most; -1 for no limit.
    private func timeout() -> Int32 {
        if unsafe !ready.isEmpty || !yielded.isEmpty { return 0 }
        if earliest == .max { return -1 }
        let wait = max(earliest, lastSweep + Self.sweepInterval) - now
        return Int32(clamping: max(1, wait))
    }

    /// Takes what other threads posted. True when the loop must stop.
    private func emptyInbox() -> Bool {
        var count: eventfd_t = 0
        unsafe eventfd_read(wakeup, &count)
        let taken = inbox.withLock { inbox in
            let taken = inbox
            inbox = Inbox()
            return taken
        }
        unsafe ready.append(contentsOf: taken.jobs)
        for work in taken.work { work() }
        return taken.isStopping
    }

    private func flushHolding() {
        let sockets = holding
        holding.removeAll(keepingCapacity: true)
        for socket in sockets { socket.flushHeld() }
    }

    /// Checks all deadlines when the earliest of them may have passed.
    ///
    /// Runs after the turn's jobs, and without the time that the turn before took: what arrived while
    /// the loop was late did so in time.
    private func sweep() {
        guard now >= earliest, now - lastSweep >= Self.sweepInterval else { return }
        lastSweep = now
        // Computed again below; what expires may add another one.
        earliest = .max
        for index in sockets.indices {
            guard let socket = sockets[index] else { continue }
            if socket.deadline <= now - lastTurn {
                socket.expire()
            } else {
                notice(socket.deadline)
            }
        }
        guard !alarms.isEmpty else { return }
        let due = alarms.filter { $0.moment <= now }
        alarms.removeAll { $0.moment <= now }
        for alarm in alarms { notice(alarm.moment) }
        for alarm in due { alarm.action() }
    }
}
