import Glibc
import Threads

/// Writes bytes to a descriptor on a thread of its own, so that no event loop ever waits for a
/// disk, a pipe or a terminal.
///
/// The queue is bounded: when the reader is too slow, whole lines are dropped and counted, instead
/// of using more memory or blocking loops. It does not rotate files; the reader of the stream does.
final class BackgroundWriter: Sendable {
    private struct State {
        var waiting: [UInt8] = []
        /// A buffer that the thread has written, for reuse.
        var spare: [UInt8] = []
        var isWriting = false
        /// False if the system gave no thread. Then whoever adds a line writes it.
        var hasThread = true
        var isClosed = false
        var dropped = 0
        var droppedUnsaid = 0
        var flushes: [ThreadSemaphore] = []
        var time = TimeText()
    }

    /// How many bytes may wait. At 200 bytes a line, a fifth of a second of a busy service.
    static let limit = 4 << 20

    /// How many microseconds a line may wait for others.
    private static let gathering: UInt32 = 5_000

    private let state = Locked(State())
    private let wake = ThreadSemaphore()
    private let limit: Int
    private let descriptor: Int32

    /// Writes to `descriptor`, which stays the caller's.
    init(descriptor: Int32, limit: Int = BackgroundWriter.limit) {
        self.limit = limit
        self.descriptor = descriptor
        do throws(WorkerThread.Unavailable) {
            try WorkerThread.start { [weak self, wake] in
                while true {
                    wake.wait()
                    // Lines come in bursts: writing each one alone would cost more than making it.
                    if self?.mayGather == true { usleep(Self.gathering) }
                    guard let self, self.drain() else { return }
                }
            }
        } catch {
            state.withLock { $0.hasThread = false }
        }
    }

    deinit {
        state.withLock { $0.isClosed = true }
        wake.signal()
    }

    /// No caller waits in `flush`.
    private var mayGather: Bool { state.withLock { $0.flushes.isEmpty && !$0.isClosed } }

    /// How many lines were dropped so far.
    var dropped: Int { state.withLock { $0.dropped } }

    /// Adds a line: `line` appends it, line break included. It gets the current time as text, and
    /// how many lines were dropped since the last line.
    func append(_ line: (inout [UInt8], _ time: borrowing TimeText, _ dropped: Int) -> Void) {
        let (mustWake, hasThread) = state.withLock { state in
            if state.waiting.count >= limit {
                state.dropped += 1
                state.droppedUnsaid += 1
                return (false, state.hasThread)
            }
            state.time.update()
            let wasEmpty = state.waiting.isEmpty
            line(&state.waiting, state.time, state.droppedUnsaid)
            state.droppedUnsaid = 0
            return (wasEmpty && !state.isWriting, state.hasThread)
        }
        if mustWake { wakeWriter(hasThread) }
    }

    private func wakeWriter(_ hasThread: Bool) {
        if hasThread { wake.signal() } else { _ = drain() }
    }

    /// Returns when everything that was added before is written, or cannot be written. Blocks: for
    /// the end of the process and for tests.
    func flush() {
        let done = ThreadSemaphore()
        let hasThread = state.withLock { state in
            state.flushes.append(done)
            return state.hasThread
        }
        wakeWriter(hasThread)
        done.wait()
    }

    /// Writes what waits. False when the thread is no longer needed.
    private func drain() -> Bool {
        while true {
            let (batch, flushes, isClosed) = state.withLock { state in
                let batch = state.waiting
                state.waiting = state.spare
                state.waiting.removeAll(keepingCapacity: true)
                state.spare = []
                state.isWriting = !batch.isEmpty
                defer { if batch.isEmpty { state.flushes = [] } }
                return (batch, batch.isEmpty ? state.flushes : [], state.isClosed)
            }
            if batch.isEmpty {
                for flush in flushes { flush.signal() }
                return !isClosed
            }
            Self.write(batch, to: descriptor)
            state.withLock { state in
                // A burst's memory goes back to the system.
                state.spare = batch.capacity <= 256 << 10 ? batch : []
                state.isWriting = false
            }
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32) {
        var start = 0
        while start < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress?.advanced(by: start), bytes.count - start)
            }
            if count > 0 {
                start += count
            } else if errno == EAGAIN {
                // Another process that shares the descriptor has made it non-blocking.
                var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                Glibc.poll(&poll, 1, 1000)
            } else if errno != EINTR {
                return
            }
        }
    }
}
