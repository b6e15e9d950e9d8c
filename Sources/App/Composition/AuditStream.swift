import Access
import Engine
import Glibc
import JSON
import Logins
import Synchronization
import Telemetry
import Threads

/// Writes the entries of the audit to a file or to standard output as they happen, one JSON object per
/// line.
///
/// The audit itself is in the store; this follows it, also what commands append beside the service. So
/// nothing that changes the audit ever waits for it, and when the file cannot be written, it falls
/// behind and catches up later: no entry is left out or repeated.
final class AuditStream: Sendable {
    /// Where entries are written.
    enum Target: Hashable, Sendable {
        case standardOutput
        /// The absolute path of a file, which is created if there is none.
        case file(String)
    }

    /// Entries that are read at a time.
    private static let page = 500
    /// The longest time until entries of another process are seen, and between two attempts.
    private static let longestPause = Duration.seconds(5)

    private let store: any AccessStore
    private let output: AuditOutput
    private let clock: any WallClock
    private let log: Logger
    /// Raised when there may be something to write.
    private let wake: Signal
    /// Raised when everything is written, after `finish`.
    private let ended = Signal()
    private let isFinishing = Atomic<Bool>(false)
    private let failed = Atomic<Int>(0)
    private let behind = Atomic<Int64>(0)

    /// `wake` is raised when there are new entries.
    init(
        _ target: Target,
        store: any AccessStore,
        wake: Signal,
        clock: any WallClock,
        log: Logger
    ) {
        self.store = store
        self.wake = wake
        output = AuditOutput(target)
        self.clock = clock
        self.log = log
    }

    /// How often writing failed.
    var failures: Int { failed.load(ordering: .relaxed) }
    /// How many entries were not written when it last looked.
    var backlog: Int64 { behind.load(ordering: .relaxed) }

    /// Opens the file again before the next entry, because it may have been renamed.
    func reopen() {
        output.reopen()
        wake.raise()
    }

    /// Writes until the task is cancelled, or until everything is written after `finish`.
    func run() async {
        defer { ended.raise() }
        var last: Int64?
        var isFailing = false
        while !Task.isCancelled {
            var pause = Self.longestPause
            do {
                let start = try await position(last)
                last = start
                let page = try await store.auditPage(after: start, limit: Self.page)
                behind.store(page.head.number - start, ordering: .relaxed)
                let lines = page.records.map { $0.line + "\n" }.joined()
                if let number = page.records.last?.number {
                    try await output.write(Array(lines.utf8))
                    if isFailing { log.info("audit.written_again") }
                    isFailing = false
                    last = number
                    pause = .zero
                } else if isFinishing.load(ordering: .relaxed) {
                    return
                }
            } catch is CancellationError {
                return
            } catch {
                failed.add(1, ordering: .relaxed)
                if !isFailing { log.error("audit.not_written") { $0.member("cause", "\(error)") } }
                isFailing = true
                if isFinishing.load(ordering: .relaxed) { return }
            }
            if pause > .zero { await clock.wait(for: wake, atMost: pause) }
        }
    }

    /// The number after which to go on: the last one of the file, else the last one that there is.
    private func position(_ last: Int64?) async throws -> Int64 {
        if let last { return last }
        let head = try await store.auditPage(after: Int64.max, limit: 0).head.number
        guard let written = try await output.lastNumber() else { return head }
        // The file is of another store.
        return min(written, head)
    }

    /// Writes what is left, for at most `limit`.
    func finish(within limit: Duration) async {
        isFinishing.store(true, ordering: .relaxed)
        wake.raise()
        await clock.wait(for: ended, atMost: limit)
    }
}

/// The descriptor that entries are written to, and the thread that writes: a disk or a pipe may take
/// its time.
private final class AuditOutput: Sendable {
    /// Why something was not written.
    struct Failure: Error, CustomStringConvertible {
        let code: Int32
        var description: String { String(cString: strerror(code)) }
    }

    /// Bytes at the end of a file in which its last line begins.
    private static let longestTail = 256 << 10

    private let target: AuditStream.Target
    private let descriptor = Locked<Int32>(-1)
    private let mustReopen = Atomic<Bool>(false)

    init(_ target: AuditStream.Target) { self.target = target }

    deinit {
        let descriptor = descriptor.withLock { $0 }
        if descriptor > STDERR_FILENO { close(descriptor) }
    }

    func reopen() { mustReopen.store(true, ordering: .relaxed) }

    /// Writes all bytes, or none of them if the target is a file.
    func write(_ bytes: [UInt8]) async throws {
        try await onThread { [self] in
            let file = try opened()
            var status = stat()
            let isFile = fstat(file, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
            var start = 0
            while start < bytes.count {
                let count = bytes.withUnsafeBytes { bytes in
                    Glibc.write(
                        file,
                        bytes.baseAddress?.advanced(by: start),
                        bytes.count - start
                    )
                }
                if count > 0 {
                    start += count
                } else if errno == EAGAIN {
                    var poll = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                    Glibc.poll(&poll, 1, 1000)
                } else if errno != EINTR {
                    let failure = Failure(code: count == 0 ? EIO : errno)
                    if isFile { ftruncate(file, status.st_size) }
                    throw failure
                }
            }
        }
    }

    /// The number of the last entry in the file; nil if it has none. A line that was cut off, because the
    /// machine stopped, is removed.
    func lastNumber() async throws -> Int64? {
        guard case .file = target else { return nil }
        return try await onThread { [self] in
            let file = try opened()
            var status = stat()
            guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            let start = max(0, status.st_size - Self.longestTail)
            var tail = [UInt8](repeating: 0, count: status.st_size - start)
            let count = tail.withUnsafeMutableBytes { bytes in
                pread(file, bytes.baseAddress, bytes.count, start)
            }
            guard count == tail.count else { throw Failure(code: EIO) }
            guard let end = tail.lastIndex(of: 0x0A) else {
                if start == 0 { ftruncate(file, 0) }
                return nil
            }
            if end < tail.count - 1 { ftruncate(file, start + end + 1) }
            let line = tail[..<end].split(separator: 0x0A).last ?? []
            return (try? JSONValue(Array(line)))?["number"]?.integer.map { Int64($0) }
        }
    }

    private func opened() throws -> Int32 {
        guard case .file(let path) = target else { return STDOUT_FILENO }
        return try descriptor.withLock { descriptor in
            if mustReopen.exchange(false, ordering: .relaxed), descriptor >= 0 {
                close(descriptor)
                descriptor = -1
            }
            if descriptor < 0 {
                descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
            }
            guard descriptor >= 0 else { throw Failure(code: errno) }
            return descriptor
        }
    }

    /// Runs blocking work on a thread of its own.
    ///
    /// - Throws: `CancellationError` when the task is cancelled; the thread then ends when it can.
    private func onThread<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let done = Signal()
        let result = Locked<Result<Value, any Error>?>(nil)
        try WorkerThread.start {
            let value = Result { try body() }
            result.withLock { $0 = value }
            done.raise()
        }
        await done.wait()
        guard let result = result.withLock({ $0 }) else { throw CancellationError() }
        return try result.get()
    }
}
