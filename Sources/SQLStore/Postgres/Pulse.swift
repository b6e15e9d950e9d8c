import Glibc
import Logins
import Threads

/// Keeps this process alive among the others, hears of their changes, and notices when one of them has
/// died. It has a thread and a connection of its own.
///
/// Changes are in the table `change_log`, numbered without gaps. A notification only says that there
/// are new ones, so one that is lost is made up for by the next look: at the latest when the lease is
/// renewed, or several times a second where no notifications arrive (through a pooler).
final class Pulse: Sendable {
    private struct State {
        var isStopping = false
        var isRunning = false
        var whenEnded: CheckedContinuation<Void, Never>?
    }

    private let place: PostgresOptions
    private let replica: ReplicaIdentity
    private let options: StoreOptions
    private let state = Locked(State())
    private let wake = WakePipe()

    /// Looks where no notifications arrive.
    private static let look = Duration.milliseconds(200)
    /// How long changes are gathered while somebody waits for them, and while nobody does.
    private static let gathering = (
        followed: Duration.milliseconds(3), alone: Duration.milliseconds(30)
    )
    /// Work of others is looked for so long after a change, so that the process that made it comes first.
    private static let grace = Duration.milliseconds(50)

    init(_ place: PostgresOptions, _ replica: ReplicaIdentity, _ options: StoreOptions) {
        self.place = place
        self.replica = replica
        self.options = options
    }

    func start(_ writer: Writer) throws(StoreError) {
        state.withLock { $0.isRunning = true }
        do throws(WorkerThread.Unavailable) {
            try WorkerThread.start { [self] in
                run(writer)
                let waiting = state.withLock { state in
                    state.isRunning = false
                    defer { state.whenEnded = nil }
                    return state.whenEnded
                }
                waiting?.resume()
            }
        } catch {
            state.withLock { $0.isRunning = false }
            throw .unavailable("\(error)")
        }
    }

    /// Ends, without waiting for it.
    func stop() {
        state.withLock { $0.isStopping = true }
        wake.raise()
    }

    /// Ends, and returns when the thread has ended.
    func close() async {
        stop()
        await withCheckedContinuation { continuation in
            let isRunning = state.withLock { state in
                if state.isRunning { state.whenEnded = continuation }
                return state.isRunning
            }
            if !isRunning { continuation.resume() }
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func run(_ writer: Writer) {
        var life = Life(place, replica, options, wake)
        while !isStopping {
            do throws(StoreError) {
                try life.beat { dead in
                    // What it worked on is done by those who are left.
                    let now = options.clock.now()
                    writer.submitLater { (transaction) throws(StoreError) in
                        try transaction.bury(dead, at: now)
                    } done: { [options] in
                        options.othersChanged()
                    }
                }
            } catch {
                life.reset()
                wake.wait(until: Deadline(after: Self.look))
            }
        }
    }

    /// What the thread keeps in mind.
    private struct Life {
        /// Entries of the table that one statement reads.
        private static let step = 1_000

        let session: PostgresSession
        let replica: ReplicaIdentity
        let options: StoreOptions
        let lease: Duration
        let wake: WakePipe
        /// Up to which transaction changes are known; nil at first, or after a connection was lost.
        var known: Int64?
        var hears = false
        var renewAt = ContinuousClock.now
        var renewedAt: ContinuousClock.Instant?
        /// When the lease of another process ends.
        var othersEndAt: ContinuousClock.Instant?
        var looksForWorkAt: ContinuousClock.Instant?

        init(
            _ place: PostgresOptions,
            _ replica: ReplicaIdentity,
            _ options: StoreOptions,
            _ wake: WakePipe
        ) {
            session = PostgresSession(place)
            self.replica = replica
            self.options = options
            lease = place.lease
            self.wake = wake
        }

        /// After a connection was lost.
        mutating func reset() {
            session.rollback()
            known = nil
            hears = false
            isListening = false
        }

        var isListening = false

        mutating func beat(_ bury: (Int64) -> Void) throws(StoreError) {
            let connection = try session.connection()
            if !isListening, !connection.isPooled {
                try connection.queue("LISTEN beckon")
                // Comes back at once, unless something between does not pass it on.
                try connection.queue("SELECT pg_notify('beckon', 'test')")
                try connection.sync()
                isListening = true
            }
            if renewAt <= .now {
                if try !replica.renew(session) { try replica.register(session) }
                // What kept this process from it, such as a restart of the server, has kept the others
                // too: they get the time of a lease to show that they are alive.
                if let renewedAt, .now - renewedAt > lease / 2 { othersEndAt = .now + lease }
                renewedAt = .now
                renewAt = .now + lease / 3
            }
            try catchUp()
            try watchOthers(bury)
            var end = renewAt
            if !hears { end = min(end, .now + Pulse.look) }
            if let othersEndAt { end = min(end, othersEndAt) }
            if let looksForWorkAt {
                if looksForWorkAt <= .now {
                    self.looksForWorkAt = nil
                    options.othersWork()
                } else {
                    end = min(end, looksForWorkAt)
                }
            }
            let own = "\(replica.id)"
            var hasNews = false
            while !hasNews {
                let payloads = try connection.notifications(
                    until: Deadline(after: max(.zero, end - .now)),
                    orReadable: wake.descriptor
                )
                if !payloads.isEmpty { hears = true }
                // Its own changes it knows.
                hasNews = payloads.isEmpty || end <= .now || payloads.contains { $0 != own }
            }
            // What changes at nearly the same time is read at once.
            let gathering =
                options.isFollowed() ? Pulse.gathering.followed : Pulse.gathering.alone
            wake.wait(until: Deadline(after: gathering))
        }

        /// Hears of what others have changed.
        private mutating func catchUp() throws(StoreError) {
            let select = try session.statement(
                """
                SELECT writer.commits, change.number, logins, ended_sessions, audited, replica = ?2,
                    ended_devices
                FROM writer LEFT JOIN LATERAL (
                    SELECT * FROM change_log WHERE number > ?1 ORDER BY number LIMIT ?3) AS change
                    ON TRUE
                """
            )
            select.bind(known ?? .max, at: 1)
            select.bind(replica.id, at: 2)
            select.bind(Int64(Self.step), at: 3)
            defer { select.reset() }
            guard try select.step(), let commits = select.integer(0) else {
                throw StoreError.damaged("the table writer is empty")
            }
            guard let known else {
                // Whatever may have been missed.
                self.known = commits
                options.othersChanged()
                return
            }
            guard commits != known else { return }
            // The changes of before a crash of the server are lost, and maybe the last transactions.
            if commits < known { options.othersChanged() }
            var numbers: Set<LoginNumber> = []
            var devices: [DeviceID] = []
            var (ended, audited, count) = (false, false, 0)
            var reached = known
            repeat {
                guard let number = select.integer(1) else { break }
                count += 1
                reached = number
                if select.integer(5) == 1 { continue }
                for part in try (select.text(2) ?? "").split(separator: ",") {
                    if let number = Int64(part) { numbers.insert(LoginNumber(number)) }
                }
                devices += try (select.text(6) ?? "").split(separator: ",")
                    .compactMap { DeviceID(String($0)) }
                if select.integer(3) == 1 { ended = true }
                if select.integer(4) == 1 { audited = true }
            } while try select.step()
            // Transactions without an entry changed nothing of interest.
            self.known = count == Self.step ? reached : commits
            if ended { options.sessionsEnded() }
            if !devices.isEmpty { options.devicesEnded(devices) }
            if audited { options.audited([]) }
            if !numbers.isEmpty {
                looksForWorkAt = looksForWorkAt ?? .now + Pulse.grace
                if options.isFollowed() {
                    for stored in try session.logins(numbers) { options.changedByOthers(stored) }
                }
            }
            if count == Self.step { try catchUp() }
        }

        /// Notices processes whose lease has ended.
        private mutating func watchOthers(_ bury: (Int64) -> Void) throws(StoreError) {
            guard othersEndAt.map({ $0 <= .now }) ?? true else { return }
            let select = try session.statement(
                """
                SELECT id, CAST(extract(epoch FROM until - clock_timestamp()) * 1000 AS bigint)
                FROM replica WHERE id <> ? ORDER BY until
                """
            )
            select.bind(replica.id, at: 1)
            defer { select.reset() }
            // Others may begin at any time.
            var next = lease
            while try select.step() {
                guard let id = select.integer(0), let left = select.integer(1) else { continue }
                if left < 0 {
                    bury(id)
                } else {
                    next = min(next, .milliseconds(left + 20))
                }
            }
            othersEndAt = .now + max(next, .milliseconds(20))
        }
    }
}

/// Ends the wait of a thread for a descriptor.
final class WakePipe: Sendable {
    /// Readable once it was raised.
    let descriptor: Int32
    private let other: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        if unsafe pipe(&ends) == 0 {
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }
        (descriptor, other) = (ends[0], ends[1])
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        if other >= 0 { close(other) }
    }

    /// For good.
    func raise() {
        var byte: UInt8 = 1
        _ = unsafe write(other, &byte, 1)
    }

    func wait(until deadline: Deadline) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&entry, 1, deadline.millisecondsLeft)
    }
}
