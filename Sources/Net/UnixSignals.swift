import Glibc
import Threads

/// What operators tell the process.
public enum UnixSignal: Hashable, Sendable {
    /// SIGHUP: read certificates again.
    case hangup
    /// SIGTERM: drain and end.
    case terminate
    /// SIGINT: the same, from a keyboard.
    case interrupt
}

/// Takes signals on a thread of its own, so that nothing runs inside a signal handler.
public enum UnixSignals {
    /// Keeps the signals from ending the process, and broken pipes from doing so. Call it first of
    /// all: threads that exist already are not affected.
    public static func block() {
        var set = signals()
        unsafe pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Calls `receive` for each signal, on a thread that lives as long as the process. After
    /// `block`, and once.
    public static func start(_ receive: @escaping @Sendable (UnixSignal) -> Void) {
        WorkerThread.start {
            block()
            var set = signals()
            while true {
                var number: Int32 = 0
                guard unsafe sigwait(&set, &number) == 0 else { continue }
                switch number {
                case SIGHUP: receive(.hangup)
                case SIGINT: receive(.interrupt)
                default: receive(.terminate)
                }
            }
        }
    }

    /// The signals as a sequence. After `block`, and once.
    public static func stream() -> AsyncStream<UnixSignal> {
        let (stream, continuation) = AsyncStream.makeStream(of: UnixSignal.self)
        start { continuation.yield($0) }
        return stream
    }

    private static func signals() -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in [SIGHUP, SIGTERM, SIGINT] { unsafe sigaddset(&set, number) }
        return set
    }
}
